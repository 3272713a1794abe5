-- Corners of many library functions. LuaJIT's answers stand in `corners.expected` (see `record.lua`).
return {
  prepare = function()
    return { stripped = function(f) return loadstring(string.dump(f, true)) end }
  end,
  cases = [==[
for k, v in next, {10, 20, 30}, 1 do return k, v end
local t = {} for k, v in next, {10, 20, 30, a = 1, b = 2}, 2 do t[#t + 1] = k end return #t
for k in next, {}, 5 do end
for k in next, {a = 1}, "b" do end
local n = 0 for round = 1, 200 do for k in next, {1, 2, 3, x = 4}, round % 3 + 1 do n = n + 1 end end return n
local n = 0 for round = 1, 300 do for k in next, {1, 2, 3, x = 4}, round % 2 == 0 and 2 or nil do n = n + 1 end end return n
local n = 0 for round = 1, 200 do local ok = pcall(function() for k in next, {1}, round > 150 and 7 or nil do n = n + 1 end end) n = ok and n or n + 1000 end return n
table.sort({1, 2, 3, 4, 5}, function() return true end)
local t = {} for i = 1, 50 do t[i] = i % 7 end table.sort(t, function(a, b) return a <= b end)
pcall(table.sort, {1, 2, 3, 4, 5}, function() return true end)
local function sorted() table.sort({5, 4, 3, 2, 1}, function() return true end) end return pcall(sorted)
require "table.new"(-1, 0)
require "table.new"(-2, 0)
require "table.new"(0, -1)
require "table.new"(2 ^ 27 + 1, 0)
collectgarbage("setstepmul", -1) == 200, collectgarbage("setstepmul", 200)
collectgarbage("setpause", -7) == 200, collectgarbage("setpause", 200)
pcall(c.stripped(function(a) return a + 1 end))
pcall(c.stripped(function() error("x") end))
pcall(c.stripped(function() error("x", 0) end))
pcall(c.stripped(function() local t = nil; t.x = 1 end))
local i = debug.getinfo(c.stripped(function() local a = 1; return a end), "SlLu") return i.linedefined, i.lastlinedefined, i.what, i.short_src, i.source, i.currentline, i.activelines
local i = debug.getinfo(c.stripped(loadstring("local a = 1\nreturn a", "=foo")), "SlLu") return i.linedefined, i.lastlinedefined, i.what, i.short_src, i.source, i.currentline, i.activelines
debug.setlocal()
debug.upvalueid()
math.deg()
math.deg("x")
math.deg("180") == 180 * (180 / math.pi)
math.rad({})
math.rad(print)
math.deg(setmetatable({}, {__mul = function(a, b) return type(a), b end}))
math.rad(setmetatable({}, {__mul = function(a, b) error("m") end}))
string.format("%\0d", 5)
os.time {year = 1969, month = 12, day = 31, hour = 23, min = 59, sec = 59, isdst = false} ~= nil
local f = io.tmpfile() f:close() return io.input(f)
local f = io.tmpfile() f:close() return io.output(f)
package.loaders = package.loaders return package.loadlib("/nonexistent.so", "f")
package.loadlib("/nonexistent.so", "*")
package.loadlib("libm.so.6", "*")
select(3, package.loadlib("libm.so.6", "no_such_function"))
local loaders = package.loaders package.loaders = {function() return "A" end, function() return 5 end, function() return {} end} local ok, e = pcall(require, "zzz") package.loaders = loaders return e
local path = package.cpath package.cpath = "compared/?.lua" local ok, e = pcall(require, "record") package.cpath = path return e
]==],
}
