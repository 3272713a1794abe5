#!/bin/sh
# Runs the tests of widely used libraries in Lua, some with the FFI, on moonwake, each with the JIT on, off and under stress. It fetches nothing:
# FOLDER holds a checkout of each, under the name in the table below; one that is not there is left out. See README.md.
#
#   libraries.sh FOLDER [MOONWAKE]        MOONWAKE is the program to test
#   LIBRARIES='serpent lume'              in the environment: only these
#   MODES='on off'                        in the environment: only these modes
#   LIMIT=600                             in the environment: seconds that a run may take

set -u
suites=$(realpath "$(dirname "$0")")
folder=$(realpath "${1:?usage: $0 FOLDER [MOONWAKE]}")
program=$(realpath "${2:-$suites/../../target/release/moonwake}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Spec files are run by a small stand-in for the test framework busted, and lfs, a C library, is stood in for by a few functions.
busted="$suites/busted.lua"
# luaunit expects of -0 and 1.0 what it finds that the language is, by the name in jit.version.
export LUA_INIT="package.preload.lfs = function() return dofile '$suites/lfs.lua' end jit.version = 'LuaJIT 2.1'"

# What others need: the fork of argparse with completions, named apart from the one that is tested, and bit operations and checksums.
argparse="$folder/luarocks-argparse/src/?.lua"
bits="$folder/lua-bit-numberlua/lmod/?.lua;$folder/lua-digest-crc32lua/lmod/?.lua"

failures=0 missing=
check() { # name, folder in the checkout, LUA_PATH, what the output must match, script and arguments ...
  name=$1 sub=$2 path=$3 wanted=$4
  shift 4
  case " ${LIBRARIES:-$name} " in *" $name "*) ;; *) return ;; esac
  if [ ! -d "$folder/$name" ]; then
    missing="$missing $name"
    return
  fi
  for mode in ${MODES:-on off stress}; do
    case $mode in on) option=-jon ;; off) option=-joff ;; stress) option=--stress ;; esac
    # Tests write files, so they run in a copy.
    rm -rf "$work/copy" && cp -r "$folder/$name" "$work/copy" && cd "$work/copy/$sub" || exit 1
    # shellcheck disable=SC2086 # the arguments may be patterns
    LUA_PATH="$path;;" timeout "${LIMIT:-600}" "$program" $option $* >"$work/out" 2>&1 </dev/null
    status=$?
    if [ $status -eq 0 ] && { [ -z "$wanted" ] || grep -aq "$wanted" "$work/out"; }; then
      result="passed${wanted:+: $(grep -a "$wanted" "$work/out" | tail -n 1)}"
    else
      result="FAILED, status $status"
      failures=$((failures + 1))
    fi
    printf '%-24s %-8s %s\n' "$name" "$mode" "$result"
    case $result in FAILED*) tail -n 12 "$work/out" | sed 's/^/    /' ;; esac
  done
}

#     name                     folder search path                          must match               script and arguments
check json.lua                 test   '../?.lua'                           '^0 unexpected'          "$suites/no-failures.lua" test.lua
check dkjson                   .      '?.lua'                              'could not switch'       jsontest.lua
check serpent                  .      'src/?.lua'                          'All tests passed'       t/test.lua
check lume                     test   '../?.lua;?.lua'                     '^0 unexpected'          "$suites/no-failures.lua" test.lua 'lume.lambda'
check luaunit                  .      '?.lua'                              ' 0 failures'            run_unit_tests.lua
check Penlight                 .      'lua/?.lua;lua/?/init.lua'           'files, 0 failed'        "$suites/each-file.lua" 'tests/test-*.lua' \
  -tests/test-app.lua -tests/test-dir.lua -tests/test-path.lua
check LuLPeg                   .      '?.lua'                              'Success: 	609[23]	'     tests/lpeg.0.12.test.lua lulpeg
check markdown                 .      '?.lua'                              ''                       markdown-tests.lua
check luafun                   tests  '../?.lua'                           'All tests have passed'  runtest '*.lua'
check middleclass              .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'
check inspect.lua              .      '?.lua'                              ' 0 failed'              "$busted" spec/inspect_spec.lua
check lustache                 .      'src/?.lua'                          ' 0 failed'              "$busted" 'spec/*_spec.lua'
check argparse                 .      'src/?.lua'                          ' 0 failed'              "$busted" 'spec/[!i]*_spec.lua'

# Encodings and digests.
check pure_lua_SHA             .      '?.lua'                              'All tests passed'       "$suites/up-to.lua" BENCHMARK sha2_test.lua
check md5.lua                  .      '?.lua'                              ' 0 failed'              "$busted" spec/md5_spec.lua
check basexx                   .      'lib/?.lua'                          ' 0 failed'              "$busted" 'test/*_spec.lua'
check lbase64                  .      '?.lua'                              ''                       test.lua
check binser                   .      '?.lua'                              ' 0 failed'              "$busted" spec/binser_spec.lua
check lua-struct               .      'src/?.lua'                          ' 0 failed'              "$busted" spec/struct_spec.lua
check vstruct                  .      "$folder/?.lua;$folder/?/init.lua"   'Failed:	0'              test.lua
check luajit-msgpack-pure      tests  '../?.lua'                           ''                       pr-11.lua
check lua-bit-numberlua        .      'lmod/?.lua'                         'DONE'                   test.lua
check lua-digest-crc32lua      .      "lmod/?.lua;$bits"                   'DONE'                   test.lua
check lua-compress-deflatelua  .      "lmod/?.lua;$bits"                   'DONE'                   test/test.lua
check LibDeflate               .      "?.lua;$folder/luaunit/?.lua"        'TEST OK'                tests/Test.lua TestErrors TestEncode TestPresetDict
check utf8.lua                 .      '?.lua;?/init.lua'                   'tests passed'           test/test.lua
check lua-csv                  lua    '?.lua'                              'Passed'                 test.lua
check lua-tinyyaml             .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'

# Compilers, parsers and what reads programs.
check Fennel                   .      '?.lua'                              '^15[12] passed'         "$suites/fennel.lua"
check tl                       .      "?.lua;$argparse"                    'Type checked'           tl check tl.tl
check luacheck                 .      "?.lua;src/?.lua;src/?/init.lua;$argparse" ' 0 failed'              "$busted" spec/lexer_spec.lua \
  spec/parser_spec.lua spec/linearize_spec.lua spec/resolve_locals_spec.lua
check LPegLJ                   tests  '../src/?.lua'                       '^OK'                    test.lua

# Collections, classes, time, events and games.
check Moses                    .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*.lua'
check lua-matrix               test   '../lua/?.lua'                       'ALL PASSED'             test.lua
check stateful.lua             .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'
check memoize.lua              .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'
check i18n.lua                 .      '?.lua;?/init.lua'                   ' 0 failed'              "$busted" 'spec/*_spec.lua'
check date                     .      'src/?.lua'                          ' 0 failed'              "$busted" 'spec/*_spec.lua'
check luatz                    .      '?.lua;?/init.lua'                   ' 0 failed'              "$busted" spec/parse_spec.lua \
  spec/strftime_spec.lua spec/timetable_spec.lua
check cron.lua                 .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'
check tween.lua                .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'
check hump                     .      '?.lua'                              ' 0 failed'              "$busted" 'spec/*_spec.lua'
check coxpcall                 .      'src/?.lua'                          '^OK'                    tests/test.lua
check RxLua                    .      '?.lua;tests/?.lua'                  ' passed'                tests/runner.lua
check luapower-all             .      '?.lua'                              ' 0 failed'              "$suites/each-file.lua" affine2d_test.lua \
  amoeba_test.lua eq_test.lua linkedlist_test.lua msgpack_test.lua path_test.lua pp_test.lua sha1_test.lua \
  sha1_hmac_test.lua tuple_test.lua uri_test.lua

[ -z "$missing" ] || echo "no checkout of:$missing"
[ $failures -eq 0 ] && echo 'everything passed' || { echo "$failures runs failed"; exit 1; }
