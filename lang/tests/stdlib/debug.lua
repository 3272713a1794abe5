-- debug.

local check = dofile("support/check.lua")
local shows, fails, count = check.shows, check.fails, check.count
if jit then jit.off() end -- compiled loops run without hooks

local function fields(info, names)
  local parts = {}
  for name in names:gmatch("%S+") do parts[#parts + 1] = tostring(info[name]) end
  return table.concat(parts, " ")
end

-- getinfo
local SOURCE = "source short_src linedefined lastlinedefined what"
local chunk = assert(loadstring([[
local up = 1
local function inner(a, b, ...)
  return debug.getinfo(1), debug.getinfo(2, "Sl"), up
end
local info, outer = inner(1)
return info, outer, inner
]], "@sample.lua"))
local info, outer, inner = chunk()
shows("@sample.lua sample.lua 2 4 Lua", fields(info, SOURCE))
shows("inner local 3 1 2 true true nil", fields(info, "name namewhat currentline nups nparams isvararg"), info.func == inner, info.activelines)
shows("@sample.lua sample.lua 0 7 main 5", fields(outer, SOURCE .. " currentline"))
shows("=[C] [C] -1 -1 C", fields(debug.getinfo(print), SOURCE))
shows("-1 0 true", fields(debug.getinfo(print), "currentline nparams isvararg"))
shows("getinfo field", fields(debug.getinfo(0, "n"), "name namewhat"))
local lines = {}
for line in pairs(debug.getinfo(loadstring("local x = 1\n\nreturn x"), "L").activelines) do lines[#lines + 1] = line end
table.sort(lines)
shows("1,3", table.concat(lines, ","))
local object = {}
function object.method() return (debug.getinfo(1, "n")) end
shows("method method", fields(object:method(), "name namewhat"))
shows("nil nil", debug.getinfo(100), debug.getinfo(-1))
fails("bad argument #2 to '?' (invalid option)", debug.getinfo, 1, "x")
fails("bad argument #2 to '?' (invalid option)", debug.getinfo, 1, ">S")
fails("bad argument #1 to '?' (function or level expected)", debug.getinfo, {})

-- Locals.
local function locals(first, ...)
  local second = "b"
  local names = {}
  for number = 1, 8 do
    local name, value = debug.getlocal(1, number)
    if name == "names" then break end
    names[number] = name .. "=" .. tostring(value)
  end
  return table.concat(names, " "), debug.getlocal(1, -1), select(2, debug.getlocal(1, -2)), debug.getlocal(1, -3)
end
shows("first=a second=b (*vararg) y nil", locals("a", "x", "y"))
local function changed(x)
  assert(debug.setlocal(1, 1, "new") == "x")
  return x
end
shows("new", changed("old"))
shows("first nil nil", debug.getlocal(locals, 1), debug.getlocal(locals, 2), debug.getlocal(print, 1))
fails("bad argument #1 to '?' (level out of range)", debug.getlocal, 100, 1)
fails("bad argument #2 to '?' (number expected, got no value)", debug.getlocal, 1)

-- Another coroutine.
local co = coroutine.create(function(x)
  local y = x + 1
  coroutine.yield(y)
  error("failed")
end)
shows("nil stack traceback:", debug.getinfo(co, 0), (debug.traceback(co)))
coroutine.resume(co, 1)
shows("yield x 1 y 2 nil", debug.getinfo(co, 0, "n").name, (table.concat({ debug.getlocal(co, 1, 1) }, " ")),
  (table.concat({ debug.getlocal(co, 1, 2) }, " ")), debug.getlocal(co, 1, 3))
shows("y 42", debug.setlocal(co, 1, 2, 42), (select(2, debug.getlocal(co, 1, 2))))
local here = debug.getinfo(1, "l").currentline
shows(("m\nstack traceback:\n\tdebug.lua:%d: in function <debug.lua:%d>"):format(here - 8, here - 10), debug.traceback(co, "m", 1))
coroutine.resume(co)
shows(("stack traceback:\n\t[C]: in function 'error'\n\tdebug.lua:%d: in function <debug.lua:%d>"):format(here - 7, here - 10),
  debug.traceback(co))

-- traceback
local function traced() return (debug.traceback("message")) end
assert(traced():match("^message\nstack traceback:\n\tdebug.lua:%d+: in function 'traced'\n\tdebug.lua:%d+: in main chunk"))
shows("5\nstack traceback:", (debug.traceback(5):match("^.-:")))
assert(debug.traceback(co) ~= nil and debug.traceback(object) == object)
shows("nil", debug.traceback(nil))
local _, trace = xpcall(function() local x = nil + 1 end, debug.traceback)
assert(trace:match("^debug.lua:%d+: attempt to perform arithmetic on a nil value\nstack traceback:\n\tdebug.lua:%d+: in function <"))

-- Upvalues.
local u1, u2 = 1, 2
local function uses() return u1, u2 end
local function shares() return u2 end
shows("u1 1 u2 2 0", (table.concat({ debug.getupvalue(uses, 1) }, " ")), (table.concat({ debug.getupvalue(uses, 2) }, " ")),
  count(debug.getupvalue(uses, 3)))
shows("u1 10", debug.setupvalue(uses, 1, 10), u1)
shows("false true userdata", debug.upvalueid(uses, 1) == debug.upvalueid(uses, 2), debug.upvalueid(uses, 2) == debug.upvalueid(shares, 1),
  type(debug.upvalueid(uses, 1)))
debug.upvaluejoin(uses, 1, shares, 1)
shows("2 2", uses())
fails("bad argument #2 to '?' (index out of range)", debug.upvalueid, uses, 3)
fails("bad argument #2 to '?' (index out of range)", debug.upvaluejoin, uses, 3, shares, 1)
fails("bad argument #3 to '?' (Lua function expected)", debug.upvaluejoin, uses, 1, print, 1)

-- Metatables of everything, environments, the registry.
shows("true", debug.setmetatable(5, { __index = function(n, key) return key .. n end }))
shows("key5", (5).key)
debug.setmetatable(5, nil)
assert(debug.getmetatable("").__index == string and debug.getmetatable(5) == nil)
fails("bad argument #2 to '?' (nil or table expected)", debug.setmetatable, 5, 5)
assert(debug.getfenv(print) == _G and debug.getfenv(co) == _G and type(debug.getregistry()) == "table")
do
  local registry = debug.getregistry()
  assert(registry["FILE*"] == getmetatable(io.stdout) and registry["FILE*"].__index.read == io.stdout.read)
  assert(type(registry._LOADLIB.__gc) == "function" and registry._LOADED == package.loaded and registry._PRELOAD == package.preload)
end
fails("'setfenv' cannot change environment of given object", debug.setfenv, 5, {})

-- Hooks.
local function hooked_lines(source)
  local seen = {}
  local f = assert(loadstring(source))
  local function hook(_, line) seen[#seen + 1] = line end
  debug.sethook(hook, "l") f() debug.sethook()
  assert(table.remove(seen, 1) == table.remove(seen)) -- the line above, for what remains of it after each call
  return table.concat(seen, " ")
end
shows("2 3 2 4 5", hooked_lines("local function f()\nend\nf()\nA = 1\nA = 2\n"))
shows("1 1 2 3 2 3 2 4 4", hooked_lines("for i = 1, 2 do A = i end\nfor i = 1, 2 do\nA = i end\nwhile A < 3 do A = A + 1 end"))
local events = {}
debug.sethook(function(event) events[#events + 1] = event .. ":" .. tostring(debug.getinfo(2, "n").name) end, "cr")
local function called() return 1 end
called() math.sin(1)
debug.sethook()
shows("call:called return:called call:sin call:sethook", table.concat(events, " "))
local counted = 0
debug.sethook(function() counted = counted + 1 end, "", 100)
for _ = 1, 1000 do end
debug.sethook()
assert(counted >= 9, counted)
local hook = function() end
debug.sethook(hook, "crl", 7)
local now, mask, every = debug.gethook()
debug.sethook()
shows("true crl 7", now == hook, mask, every)
shows("nil  0", debug.gethook())
debug.sethook(function() error("stopped", 0) end, "", 1000)
fails("stopped", function() while true do end end)
debug.sethook()
-- A hook between a call with many results and the call that takes them.
debug.sethook(function() local t = {} for i = 1, 20 do t[i] = { i } end end, "l", 1)
shows("1 2 3 4 5", unpack({ unpack({ 1, 2,
  3, 4, 5 }) }))
debug.sethook()
-- What finalisers do is not seen.
counted = 0
local proxy = newproxy(true)
local finalised = false
getmetatable(proxy).__gc = function() for _ = 1, 1000 do finalised = true end end
proxy = nil
debug.sethook(function() counted = counted + 1 end, "crl", 1)
collectgarbage() collectgarbage()
debug.sethook()
shows("true true", finalised, counted < 100)
