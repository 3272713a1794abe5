-- The basic functions.

local check = dofile("support/check.lua")
local shows, fails, fails_in, count = check.shows, check.fails, check.fails_in, check.count

-- assert and error
shows("1 nil 3", assert(1, nil, 3))
fails("bad argument #1 to '?' (value expected)", assert)
fails("assertion failed!", assert, false)
fails("message", assert, nil, "message")
fails("nil", assert, nil, nil)
fails("42", assert, false, 42)
fails_in("t:1: assertion failed!", "assert(false)")
fails_in("t:1: message", "assert(nil, 'message')")
fails_in("t:1: 42", "error(42)")
fails_in("t:1: message", "error('message')")
fails_in("message", "error('message', 0)")
fails_in("t:1: message", "local function f() error('message', 2) end f()")
fails_in("message", "error('message', 100)")
fails_in("t:1: message", "error('message', '1')")
fails_in("nil", "error()")
fails_in("true", "error(true)")
local object = {}
assert(select(2, pcall(error, object)) == object)

-- tonumber
shows("10 1.5 16 10 5", tonumber(10), tonumber("1.5"), tonumber("0x10"), tonumber("1e1"), tonumber("  5  "))
shows("nil nil nil nil nil", tonumber(nil), tonumber({}), tonumber(""), tonumber("5x"), tonumber("1e"))
shows("2 1295 30 -255 255", tonumber("10", 2), tonumber("zz", 36), tonumber("1e", 16), tonumber("-ff", 16), tonumber("ff ", 16))
shows("nil nil 16 1.5 3", tonumber("8", 8), tonumber("9", 2), tonumber(10, 16), tonumber("1.5", 10), tonumber("0b11"))
fails("bad argument #1 to '?' (value expected)", tonumber)
fails("bad argument #2 to '?' (base out of range)", tonumber, "10", 1)
fails("bad argument #2 to '?' (base out of range)", tonumber, "10", 37)
fails("bad argument #1 to '?' (string expected, got table)", tonumber, {}, 16)

-- tostring and type
shows("nil true 1.5 x", tostring(nil), tostring(true), tostring(1.5), tostring("x"))
assert(tostring({}):match("^table: 0x%x+$"))
assert(tostring(print):match("^function: builtin"))
assert(tostring(function() end):match("^function: 0x%x+$"))
shows("text", tostring(setmetatable({}, { __tostring = function() return "text" end })))
fails("bad argument #1 to '?' (value expected)", tostring)
fails("bad argument #1 to '?' (table expected, got no value)", next)
fails("attempt to call a number value", tostring, setmetatable({}, { __tostring = 5 }))
shows("nil number string boolean table function thread", type(nil), type(1), type(""), type(true), type({}), type(print),
  type(coroutine.create(print)))
fails("bad argument #1 to '?' (value expected)", type)

-- select and unpack
shows("0 2 b", select("#"), select("#", nil, nil), select(2, "a", "b"))
shows("b", select(-1, "a", "b"))
shows("", select(5, "a"))
shows("b", select("2", "a", "b"))
fails("bad argument #1 to '?' (index out of range)", select, 0)
fails("bad argument #1 to '?' (index out of range)", select, -3, "a")
fails("bad argument #1 to '?' (number expected, got no value)", select)
shows("1 2 3", unpack({ 1, 2, 3 }))
shows("2 3 nil nil", unpack({ 1, 2, 3 }, 2, 5))
shows("nil nil 1", unpack({ 1, 2 }, -1, 1))
shows("0", count(unpack({ 1, 2 }, 2, 1)))
fails("too many results to unpack", unpack, {}, 1, 1e7)
fails("bad argument #1 to '?' (table expected, got string)", unpack, "x")

-- raw access
shows("true false", rawequal(1, 1), rawequal({}, {}))
fails("bad argument #2 to '?' (value expected)", rawequal, 1)
local silent = setmetatable({}, { __index = error, __newindex = error, __eq = error })
shows("nil", rawget(silent, "x"))
shows("5", rawget(rawset(silent, "x", 5), "x"))
fails("table index is nil", rawset, {}, nil, 1)
fails("table index is NaN", rawset, {}, 0 / 0, 1)
fails("bad argument #3 to '?' (value expected)", rawset, {}, 1)

-- metatables
local protected = setmetatable({}, { __metatable = "hands off" })
shows("hands off", getmetatable(protected))
fails("cannot change a protected metatable", setmetatable, protected, {})
fails("cannot change a protected metatable", setmetatable, setmetatable({}, { __metatable = false }), {})
fails("bad argument #2 to '?' (nil or table expected)", setmetatable, {})
fails("bad argument #2 to '?' (nil or table expected)", setmetatable, {}, 5)
fails("bad argument #1 to '?' (table expected, got number)", setmetatable, 5, {})
assert(getmetatable("").__index == string)
shows("nil", getmetatable(setmetatable({}, nil)))

-- iteration
shows("1 10", next({ 10 }))
shows("nil", next({ 10 }, 1))
fails("invalid key to 'next'", next, {}, "x")
fails("bad argument #1 to '?' (table expected, got number)", pairs, 5)
fails("bad argument #1 to '?' (value expected)", ipairs)
local sum = 0
for i, v in ipairs({ 1, 2, nil, 4 }) do sum = sum + i * v end
shows("5", sum)
local keys = {}
for k in pairs({ a = 1, [1] = 2, [2.5] = 3, [true] = 4 }) do keys[#keys + 1] = tostring(k) end
table.sort(keys)
shows("1 2.5 a true", unpack(keys))
local cleared = { a = 1, b = 2, c = 3, 1, 2, 3 }
for k in pairs(cleared) do cleared[k] = nil end
shows("nil", next(cleared))

-- protected calls
shows("true 1 2", pcall(function(...) return ... end, 1, 2))
shows("false attempt to call a nil value", pcall(nil))
shows("true false attempt to call a number value", pcall(pcall, 5))
fails("bad argument #1 to '?' (value expected)", pcall)
shows("false Hm", xpcall(error, function(m) return "H" .. m end, "m"))
shows("true 1 2 3", xpcall(function(...) return ... end, print, 1, 2, 3))
shows("false Hattempt to call a nil value", xpcall(nil, function(m) return "H" .. m end))
fails("bad argument #2 to '?' (function expected, got no value)", xpcall, print)
shows("3", select(2, pcall(setmetatable({}, { __call = function(...) return select("#", ...) end }), 1, 2)))

-- load and friends
shows("7", loadstring("return ...", "name")(7))
shows("nil [string \"x=\"]:1: unexpected symbol near '<eof>'", loadstring("x="))
shows("nil n:1: unexpected symbol near '<eof>'", load("x=", "@n"))
local pieces = { "return ", "1", "+1", "", "ignored" }
shows("2", load(function() return table.remove(pieces, 1) end)())
shows("true nil reader function must return a string", pcall(load, function() return {} end))
shows("true nil t:1: wrong", pcall(load, loadstring("error('wrong')", "=t")))
shows("nil attempt to load chunk with wrong mode", load("return 1", "n", "b"))
shows("5", load("return x", "n", "t", { x = 5 })())
fails("bad argument #1 to '?' (function expected, got no value)", load)
shows("1", loadstring("# a comment\nreturn 1")())
shows("nil cannot open /nonexistent: No such file or directory", loadfile("/nonexistent"))
fails("cannot open /nonexistent: No such file or directory", dofile, "/nonexistent")
shows("3", dofile("support/three.lua"))
fails_in("t:2: x", "# line\nerror('x')")

-- environments
local function variable() return x end
setfenv(variable, { x = "own" })
shows("own", variable())
assert(getfenv(0) == _G and getfenv(1) == _G and getfenv(print) == _G)
shows("inner", (function() setfenv(1, { x = "inner" }) return x end)())
fails("bad argument #1 to '?' (invalid level)", getfenv, 100)
fails("bad argument #1 to '?' (invalid level)", getfenv, -1)
fails("'setfenv' cannot change environment of given object", setfenv, print, {})
fails("bad argument #2 to '?' (table expected, got no value)", setfenv, 1)

-- userdata proxies and finalisers
assert(getmetatable(newproxy()) == nil)
local proxy = newproxy(true)
assert(type(getmetatable(proxy)) == "table" and getmetatable(newproxy(proxy)) == getmetatable(proxy))
fails("bad argument #1 to '?' (boolean or proxy expected)", newproxy, 5)
local finalised = 0
for _ = 1, 10 do
  local mortal = newproxy(true)
  getmetatable(mortal).__gc = function() finalised = finalised + 1 end
end
collectgarbage()
collectgarbage()
assert(finalised >= 9, finalised)

-- the collector
shows("0 0 true", collectgarbage("stop"), collectgarbage("restart"), collectgarbage("isrunning"))
assert(collectgarbage("count") > 1 and gcinfo() >= 1)
local pause = collectgarbage("setpause", 150)
shows("150", collectgarbage("setpause", pause))
local completed = false
for _ = 1, 100 do completed = completed or collectgarbage("step", 10000) end
assert(completed)
fails("bad argument #1 to '?' (invalid option 'foo')", collectgarbage, "foo")
