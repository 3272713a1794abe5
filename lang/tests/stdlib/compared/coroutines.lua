-- Coroutines: yields across everything, states, errors. One case a line; LuaJIT's answers stand in `coroutines.expected` (see `record.lua`).
-- What LuaJIT cannot yield across (`table.sort`, `string.gsub`, error handlers) is tested in `../coroutine.lua`.
--
-- `c.all(f)` gives all that a coroutine yields and returns, and what its `c.log` noted.
local c = { yield = coroutine.yield }
local notes

function c.log(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  notes[#notes + 1] = table.concat(texts, ",")
end

function c.all(f, ...)
  notes = {}
  local co = coroutine.create(f)
  local function noted(...)
    c.log("->", ...)
  end
  noted(coroutine.resume(co, ...))
  while coroutine.status(co) == "suspended" and #notes < 40 do noted(coroutine.resume(co, "in")) end
  return table.concat(notes, " ")
end

-- An object whose every metamethod yields.
local mt = {}
for _, event in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "concat", "len", "eq", "lt", "le", "index", "newindex", "call" } do
  mt["__" .. event] = function()
    c.yield(event)
    return event == "eq" or event == "lt" or event == "le" or event == "len" and 7 or "r" .. event
  end
end
c.a, c.b = setmetatable({}, mt), setmetatable({}, mt)

return {
  prepare = function() return c end,
  cases = [==[
coroutine.create()
coroutine.create(5)
coroutine.wrap(5)
coroutine.resume()
coroutine.resume(5)
coroutine.status()
coroutine.status(5)
coroutine.yield(1)
coroutine.isyieldable(), coroutine.running()
c.all(function(...) c.log(...) c.log(coroutine.isyieldable(), type(coroutine.running())) return c.yield(1, nil, 3) end, "a", nil)
c.all(function() c.yield(1) error("E") end)
c.all(function() c.yield(1) error({}, 2) end):gsub("0x%x+", "")
c.all(function() return pcall(function() c.yield(1) error("x") end) end)
c.all(function() return xpcall(function() c.yield(1) error("x") end, function(m) return "handled " .. m end) end)
c.all(function() return pcall(pcall, c.yield, 1) end)
c.all(function() return c.yield(c.yield(c.yield(1))) end)
c.all(function() return select("#", c.yield(1, 2, 3)) end)
c.all(function() return c.a + c.b, c.a - 1, 2 * c.a, c.a / c.b, c.a % 3, c.a ^ c.b, -c.a end)
c.all(function() return c.a .. c.b, c.a .. "x", "y" .. c.a, 1 .. c.a .. 2 end)
c.all(function() return c.a == c.b, c.a ~= c.b, c.a < c.b, c.a <= c.b, c.a > c.b, c.a >= c.b, not (c.a < c.b) end)
c.all(function() if c.a < c.b then c.log("less") end if c.a == c.b then c.log("equal") end while c.a < c.b do break end end)
c.all(function() local x = c.a.foo c.a.bar = 1 local y = c.a[1] c.a[2] = x return x, y, c.a(1) end)
c.all(function() local t = setmetatable({}, {__index = function(t, k) return c.yield(k) end}) return t.a, t[1], t.a .. t.b end)
c.all(function() for v in function(_, last) c.yield("step") if not last then return 1 end end do c.log(v) end end)
c.all(function() for k, v in pairs({10, 20}) do c.yield(k, v) end for i = 1, 3 do c.yield(i) end end)
c.all(function() local w = coroutine.wrap(function() c.yield(1) c.yield(2) return 3 end) return w(), w(), w(), pcall(w) end)
c.all(function() return pcall(coroutine.wrap(function() c.yield(1) error("deep") end)) end)
c.all(function() local w = coroutine.wrap(function() error("deep") end) w() end)
c.all(function() local w = coroutine.wrap(function() error({}) end) return type(select(2, pcall(w))) end)
c.all(coroutine.wrap(function() c.yield(1) c.yield(2) end))
c.all(function() return unpack({c.yield(1), c.yield(2)}) end)
c.all(function(...) local a, b = ... c.yield(a) local function f(...) return c.yield(...) end return f(b, a) end, 1, 2)
c.all(error, "z")
c.all(c.yield, 1, 2)
c.all(pcall, error, "e")
c.all(print == nil and 1 or type, 5)
c.all(function() local function rec(n) if n == 0 then return c.yield("bottom") or 0 end return (rec(n - 1)) end return rec(5000) end)
c.all(function() local function f() return f() + 1 end f() end):sub(1, 40)
local self self = coroutine.create(function() return coroutine.status(self), coroutine.resume(self) end) return coroutine.resume(self)
local co = coroutine.create(function() end) coroutine.resume(co) return coroutine.status(co), coroutine.resume(co)
local outer outer = coroutine.create(function() return coroutine.resume(coroutine.create(function() return coroutine.status(outer), coroutine.resume(outer) end)) end) return coroutine.resume(outer)
local function nest(n) if n == 0 then return "bottom" end return select(2, coroutine.resume(coroutine.create(nest), n - 1)) end return nest(100)
select("#", coroutine.resume(coroutine.create(function() return unpack({}, 1, 200) end)))
coroutine.wrap(function(...) return select("#", ...) end)(unpack({}, 1, 250))
local co = coroutine.create(function() local x = 1 c.yield() end) coroutine.resume(co) return debug.traceback(co), debug.traceback(co, "m", 1), debug.traceback(co, "m", 9)
local co = coroutine.create(function(x) local y = x c.yield(y) end) coroutine.resume(co, 5) return debug.getlocal(co, 1, 1), debug.getlocal(co, 1, 2), debug.setlocal(co, 1, 1, 9), select(2, debug.getlocal(co, 1, 1))
local co = coroutine.create(function() c.yield() end) coroutine.resume(co) return debug.getinfo(co, 1, "l").currentline, debug.getinfo(co, 0, "S").what, debug.getinfo(co, 9)
local w w = coroutine.wrap(function() return pcall(w) end) return w()
setfenv(0, getfenv(0)) == nil, getfenv(coroutine.wrap(function() return 1 end)) == _G
]==],
}
