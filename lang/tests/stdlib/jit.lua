-- jit: what does not depend on the compiler.

local check = dofile("support/check.lua")
local shows, fails = check.shows, check.fails

assert(jit.version:find("LuaJIT 2.1", 1, true) and jit.version_num >= 20100 and jit.os and jit.arch)
assert(type(jit.status()) == "boolean")
local function f(a, ...)
  local x = "s"
  return function() return x, a, 1.5 end
end
jit.off(f)
jit.on(f, true)
jit.off(f, false)
jit.on(f, false)
jit.flush(f)
jit.flush()
fails("bad argument #1 to '?' (function expected, got number)", jit.on, 5)
fails("bad argument #1 to '?' (function expected, got function)", jit.off, print)
fails("bad argument #1 to '?' (function expected, got string)", jit.flush, "x")
shows("1 1", jit.security("prng"), jit.security("mcode"))
fails("bad argument #1 to '?' (invalid option 'x')", jit.security, "x")
require("jit.opt").start("hotloop=56")

local util = require("jit.util")
local info = util.funcinfo(f)
shows("8 11 1 0 true true jit.lua:8 @jit.lua", info.linedefined, info.lastlinedefined, info.params, info.upvalues, info.isvararg,
  info.children, info.loc, info.source)
assert(info.stackslots > 0 and info.bytecodes > 1 and util.funcinfo(print).addr)
assert(type(util.funcbc(f, 0)) == "number" and util.funcbc(f, 1000) == nil)
shows("s", util.funck(f, -1) == "s" and "s" or util.funck(f, -2), util.funck(f, 10))
shows("1.5 x", util.funck(f(1), 0), util.funcuvname(f(1), 0))
shows("", util.traceinfo(100000))

-- Functions of the library have numbers, whatever they are written in.
for _, native in ipairs({ print, string.gsub, table.sort, io.stdout.read, pcall }) do
  local native_info = util.funcinfo(native)
  local names = {}
  for name in pairs(native_info) do names[#names + 1] = name end
  table.sort(names)
  shows("addr ffid upvalues builtin#" .. native_info.ffid, table.concat(names, " "), tostring(native):match("builtin#%d+"))
end
local ok, vmdef = pcall(require, "jit.vmdef")
if ok then
  shows("Lua C print string.gsub", vmdef.ffnames[0], vmdef.ffnames[1], vmdef.ffnames[util.funcinfo(print).ffid],
    vmdef.ffnames[util.funcinfo(string.gsub).ffid])
  local word, modes = util.funcbc(f, 0)
  local at = 6 * bit.band(word, 255)
  shows("FUNC number", vmdef.bcnames:sub(at + 1, at + 4), type(modes))
  for _, field in ipairs({ "bcnames", "irnames" }) do assert(#vmdef[field] % 6 == 0) end
  for _, field in ipairs({ "irfpm", "irfield", "ircall", "traceerr" }) do assert(type(vmdef[field]) == "table") end
end

-- Events.
local compiled = {}
local function on_compile(func) compiled[#compiled + 1] = util.funcinfo(func).source end
jit.attach(on_compile, "bc")
loadstring("return function() end", "=seen")
jit.attach(on_compile)
loadstring("return 1", "=unseen")
assert(table.concat(compiled, " "):match("=seen"))
assert(not table.concat(compiled, " "):match("=unseen"))

local finalised
local function on_error(message) finalised = message end
jit.attach(on_error, "errfin")
local proxy = newproxy(true)
getmetatable(proxy).__gc = function() error("gone", 0) end
proxy = nil
collectgarbage()
jit.attach(on_error)
shows("gone", finalised)

-- The profiler.
local profile = require("jit.profile")
local samples, state, top = 0, nil, nil
profile.start("i1", function(thread, n, vmstate)
  samples, state = samples + n, vmstate
  -- LuaJIT crashes here now and then.
  top = jit.version:find("moonwake") and profile.dumpstack(thread, "l", 1) or ""
end)
local start = os.clock()
while samples < 3 and os.clock() - start < 5 do
  for _ = 1, 1000 do end
end
profile.stop()
assert(samples >= 3 and #state == 1 and not top:find("dumpstack"), top)
local function named() return (profile.dumpstack("f|l|F;", 2)) end
shows("named", named():match(";(named)|jit.lua:%d+|jit.lua:named;$"))
shows("named", profile.dumpstack("l;fZ;", -1):match("named") or "named")
fails("bad argument #2 to '?' (function expected, got no value)", profile.start, "i1")

-- Zones.
local zone = require("jit.zone")
zone("outer") zone("inner")
shows("inner", zone:get()) shows("inner", zone()) shows("outer", zone:get())
zone:flush()
assert(zone:get() == nil)
fails("empty zone stack", zone)
if jit.version:find("moonwake") then
  -- Listings of bytecode.
  local bc = require("jit.bc")
  local function looping(n) for i = 1, n do n = n + i end return n end
  local lines, targets = {}, 0
  for at = 0, require("jit.util").funcinfo(looping).bytecodes - 1 do lines[#lines + 1] = bc.line(looping, at, "=>") end
  for at in pairs(bc.targets(looping)) do targets = targets + (bc.line(looping, at) and 1 or 100) end
  assert(#lines == 8 and lines[1]:find("^0000 => FUNC") and targets == 2, table.concat(lines) .. targets)
  assert(bc.line(looping, 1000) == nil)
  fails("bad argument #1 to '?' (function expected, got function)", bc.line, print, 0)
end
