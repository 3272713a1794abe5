-- `debug`, but hooks. One case a line; LuaJIT's answers stand in `inspection.expected` (see `record.lua`).
-- Left out is what differs for functions of the library, which here have no upvalues that can be seen.
local c = {}

-- The fields of `debug.getinfo` in order.
function c.info(...)
  local info = debug.getinfo(...)
  if type(info) ~= "table" then return info end
  local parts = {}
  for key, value in pairs(info) do
    if key == "activelines" then
      local lines = {}
      for line in pairs(value) do lines[#lines + 1] = line end
      table.sort(lines)
      value = table.concat(lines, ",")
    end
    parts[#parts + 1] = key .. "=" .. (type(value) == "function" and "f" or tostring(value))
  end
  table.sort(parts)
  return table.concat(parts, " ")
end

local up1, up2 = 1, 2

function c.f(a, b, ...)
  local sum = a + up1

  return sum, b, up2, ...
end

-- How the function that runs is named by its caller.
local function name()
  local info = debug.getinfo(2, "n")
  return tostring(info.name) .. "/" .. info.namewhat
end

c.named = function() return (name()) end
c.object = setmetatable({}, {
  __index = function(_, key) return key == "m" and c.named or name() end, __add = function() return name() end, __concat = function() return name() end,
  __call = function() return name() end, __unm = function() return name() end, __lt = function() c.seen = name() return true end,
  __eq = function() c.seen = name() return true end, __newindex = function() c.seen = name() end, __len = function() return name() end,
})
c.other = setmetatable({}, getmetatable(c.object))

function c.locals(a, b, ...)
  local x = 3
  do local gone = 4 end
  local found = {}
  for i = 1, 1 do
    local inner = i
    for n = -3, 9 do found[#found + 1] = n .. ":" .. table.concat({ tostring((debug.getlocal(1, n))), tostring((select(2, debug.getlocal(1, n)))) }, "=") end
  end
  local set = { debug.setlocal(1, 1, "A"), debug.setlocal(1, -1, "V"), tostring(debug.setlocal(1, 50, 1)) }
  return table.concat(found, " "), table.concat(set, " "), a, b, x, ...
end

function c.deep(n)
  if n == 0 then return debug.traceback("deep") end
  local text = c.deep(n - 1)
  return text
end

function c.closures()
  local a, b = 1, 2
  return function() return a end, function() return b, a end
end

return {
  prepare = function() return c end,
  cases = [==[
c.info(c.f)
c.info(c.f, "S"), c.info(c.f, "l"), c.info(c.f, "L"), c.info(c.f, "u"), c.info(c.f, "n"), c.info(c.f, "f")
c.info(print, "S"), c.info(print, "L"), c.info(print, "l")
c.info(loadstring("return 1", "=x"), "S"), c.info(loadstring("\n\nlocal function g()\n\nend return g", "@y.lua")(), "SL")
c.info(loadstring(("x"):rep(100) .. "=1"), "S")
c.info(1, "l")
c.info(50)
c.info(-1)
debug.getinfo()
debug.getinfo("x")
debug.getinfo({})
debug.getinfo(1, "x")
debug.getinfo(1, ">S")
debug.getinfo(1, {})
debug.getinfo("1", "l") ~= nil, debug.getinfo(1.5, "l") ~= nil
debug.getinfo(coroutine.create(c.f)), debug.getinfo(coroutine.create(c.f), 0)
(c.named())
local r = c.named() return r
local l = c.named local r = l() return r
g1 = c.named local r = g1() local s = _G.g1() g1 = nil return r, s
local t = {m = c.named} local r, s, u = t.m(), t:m(), t["m"]() return r, s, u
local r = (function() return (debug.getinfo(1, "n").name) end)() return r
local o = c.object local r = {o.x, o + 1, 1 + o, o .. "", o(), -o} return table.concat(r, " ")
local o, seen = c.object, {} local _ = o < c.other seen[1] = c.seen _ = o == c.other seen[2] = c.seen o.z = 1 seen[3] = c.seen return table.concat(seen, " ")
for k in c.named do return k end
pcall(c.named)
(string.gsub("a", "a", c.named))
c.locals(1, 2, "v1", "v2")
debug.getlocal(c.f, 1), debug.getlocal(c.f, 2), debug.getlocal(c.f, 3), debug.getlocal(c.f, -1), debug.getlocal(print, 1)
debug.getlocal(50, 1)
debug.getlocal(-1, 1)
debug.getlocal()
debug.getlocal(1)
debug.getlocal({}, 1)
debug.setlocal(1, 1)
debug.setlocal(50, 1, 1)
debug.getupvalue(c.f, 1)
debug.getupvalue(c.f, 2)
debug.getupvalue(c.f, 3)
debug.getupvalue(c.f, -1)
debug.getupvalue(5, 1)
debug.getupvalue(c.f)
debug.setupvalue(c.f, 1, 10), (c.f(1)), debug.setupvalue(c.f, 1, 1)
debug.setupvalue(c.f, 50, 1)
debug.setupvalue(c.f, 1)
debug.upvalueid(c.f, 50)
debug.upvalueid(5, 1)
local g, h = c.closures() return debug.upvalueid(g, 1) == debug.upvalueid(h, 2), debug.upvalueid(g, 1) == debug.upvalueid(h, 1)
local g, h = c.closures() debug.upvaluejoin(g, 1, h, 1) return g(), debug.setupvalue(h, 1, 7), g()
local g, h = c.closures() debug.upvaluejoin(g, 5, h, 1)
local g, h = c.closures() debug.upvaluejoin(g, 1, h, 5)
local g, h = c.closures() debug.upvaluejoin(g, 1, print, 1)
debug.upvaluejoin(c.f)
debug.getmetatable("").__index == string, debug.getmetatable(5), debug.setmetatable(5, {__index = function(n, k) return k end}), (5).foo, debug.setmetatable(5, nil)
debug.setmetatable({}, 1)
debug.setmetatable()
debug.getmetatable()
debug.setmetatable(nil, {__index = function() return "of nil" end}) local r = (nil).x debug.setmetatable(nil, nil) return r
type(debug.getregistry()), debug.getregistry()._LOADED == package.loaded
debug.getfenv(print) == _G, debug.getfenv(c.f) == _G, debug.getfenv(coroutine.create(print)) == _G, debug.getfenv(5)
debug.setfenv(5, {})
debug.setfenv(c.f, 5)
debug.getfenv()
debug.gethook()
debug.sethook(5)
debug.sethook(print)
debug.sethook(print, {})
debug.traceback({}) ~= nil, debug.traceback(nil), debug.traceback(true), (debug.traceback("msg", 100))
debug.traceback("x", {})
(c.deep(3):gsub("\n%s*%[C%]: in function 'pcall'.*", ""))
]==],
}
