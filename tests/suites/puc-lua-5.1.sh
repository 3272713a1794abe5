#!/bin/sh
# Runs the PUC-Rio Lua 5.1 test suite, as adapted for LuaJIT, on moonwake: each file with the JIT on, off and under stress, in
# a process of its own, and then all of them in one. Says how each run ended, and fails if one did not end well. See README.md.
#
#   puc-lua-5.1.sh FOLDER [MOONWAKE]      FOLDER holds the suite's all.lua; MOONWAKE is the program to test
#   FILES='gc.lua pm.lua'                 in the environment: only these
#   MODES='on off'                        in the environment: only these modes
#   LIMIT=600                             in the environment: seconds that a run may take

set -u
suite=${1:?usage: $0 FOLDER [MOONWAKE]}
program=$(realpath "${2:-$(dirname "$0")/../../target/release/moonwake}")
files=${FILES:-main.lua gc.lua db.lua calls.lua strings.lua literals.lua attrib.lua locals.lua constructs.lua code.lua \
  big.lua nextvar.lua pm.lua api.lua events.lua vararg.lua closure.lua errors.lua math.lua sort.lua verybig.lua files.lua all.lua}

# The tests write files beside themselves, so they run in a copy.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp -r "$suite" "$work/suite" && mkdir -p "$work/suite/libs/P1" && cd "$work/suite" || exit 1

# What the suite expects of who runs it: its own search path, and the names of the functions that load its files.
export LUA_PATH='?;./?.lua'
unset LUA_INIT
cat >run-one.lua <<'END'
_loadfile, _loadstring = loadfile, loadstring
local assert = assert -- all.lua ends without any globals
local file = arg[1]
arg[1] = nil
math.randomseed(0)
-- Like all.lua: the file's chunk is called from a main chunk, big.lua yields once, and some return a value that is looked at.
local expected = { ['attrib.lua'] = 27, ['locals.lua'] = 5, ['events.lua'] = 12, ['verybig.lua'] = 10 }
if file == 'big.lua' then
  local f = coroutine.wrap(assert(loadfile(file)))
  assert(f() == 'b' and f() == 'a')
else
  local f = assert(loadfile(file))
  local result = f()
  assert(expected[file] == nil or result == expected[file])
end
END

failures=0
run() { # file, mode
  case $2 in on) option=-jon ;; off) option=-joff ;; stress) option=--stress ;; esac
  started=$(date +%s)
  timeout "${LIMIT:-600}" "$program" "$option" run-one.lua "$1" >"$work/out" 2>&1 </dev/null
  status=$?
  printf '%-16s %-8s %4ss  ' "$1" "$2" $(($(date +%s) - started))
  case $status in
    0) echo passed ;;
    124) echo "still running after ${LIMIT:-600} s" ;;
    *) echo "status $status"; tail -n 12 "$work/out" | sed 's/^/    /' ;;
  esac
  [ $status -eq 0 ] || failures=$((failures + 1))
}

for file in $files; do
  for mode in ${MODES:-on off stress}; do
    run "$file" "$mode"
  done
done
[ $failures -eq 0 ] && echo 'everything passed' || { echo "$failures runs failed"; exit 1; }
