-- Coroutines: resuming, yielding across pcall, metamethods and iterators, errors, wrap.
local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(c * 2)
  return d + e, 'done'
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.resume(co, 10))
print(coroutine.status(co))
print(coroutine.resume(co, 3, 4))
print(coroutine.status(co), coroutine.resume(co))
local gen = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i) end end)
for v in gen do io.write(v, ' ') end print()
local co2 = coroutine.create(function() error('oops') end)
print(coroutine.resume(co2))
local co3 = coroutine.wrap(function() local ok, e = pcall(function() coroutine.yield(1) error('after', 0) end) coroutine.yield(e) return 'end' end)
print(co3(), co3(), co3())
print(pcall(co3))
local mt = {__add = function(a, b) return coroutine.yield('in add') + b end, __index = function(t, k) return coroutine.yield('in index ' .. k) end,
  __lt = function() return coroutine.yield('in lt') end, __concat = function(a, b) return coroutine.yield('in concat') end,
  __eq = function() return coroutine.yield('in eq') end, __newindex = function(t, k, v) coroutine.yield('in newindex') end,
  __call = function(self, x) return coroutine.yield('in call ' .. x) end}
local m, m2 = setmetatable({}, mt), setmetatable({}, mt)
local co4 = coroutine.wrap(function()
  local r = {}
  r[#r + 1] = m + 5
  r[#r + 1] = m.key
  r[#r + 1] = tostring(m < m2)
  r[#r + 1] = 'a' .. 'b' .. m .. 'c'
  r[#r + 1] = tostring(m == m2)
  m.x = 1
  r[#r + 1] = m('arg')
  for k in function(s, c) return coroutine.yield('in iterator') end do r[#r + 1] = k break end
  return table.concat(r, ' ')
end)
print(co4()) print(co4(10)) print(co4('v')) print(co4(false)) print(co4('S')) print(co4(nil)) print(co4()) print(co4('called')) print(co4('it'))
print(coroutine.running())
print(coroutine.resume(coroutine.create(function() return coroutine.status(coroutine.running()) end)))
print(pcall(coroutine.yield))
local n = 0
local cs = {}
for i = 1, 1000 do cs[i] = coroutine.wrap(function(x) while true do n = n + x x = coroutine.yield(n) end end) end
for round = 1, 10 do for i = 1, 1000 do cs[i](i) end end
print(n)
local function nested(d) if d == 0 then coroutine.yield('deep') return 0 end return 1 + coroutine.wrap(function() return nested(d - 1) end)() end
print(pcall(coroutine.wrap(function() return nested(3) end)))
print(coroutine.isyieldable and coroutine.isyieldable())
local producer = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i, i * i) end end)
local s = 0
for i, sq in producer do s = s + sq end
print(s)
