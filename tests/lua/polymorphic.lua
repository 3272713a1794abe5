-- Places that see many functions, shapes and types: trace after trace begins where the one before did not fit.
local shapes = {}
for n = 1, 12 do
  local t = {}
  for k = 1, n do t['k' .. (k * 7 + n) % 13] = k end
  t.value = n
  if n % 3 == 0 then t.extra = -n end
  shapes[n] = t
end

local handlers = {
  function(t, n) return t.value + n end,
  function(t, n) return t.value * n, n end,
  function(t, n) t.value = t.value + 0.5 return t.value end,
  function(t, n) return -n, t.extra, n end,
  function(t, n) t['new' .. n % 5] = n return n end,
  function(t, n) return select('#', t, n, nil) end,
  function(t, n) return (t.extra or 1) - n end,
  math.max and function(t, n) return math.max(t.value, n) end,
  function(t, n) return tostring(n) end,
  function() end,
  function(...) return select(2, ...) end,
  string.rep and function(t, n) return #string.rep('x', n % 7) end,
}

local function sum(...)
  local total = 0
  for i = 1, select('#', ...) do total = total + (tonumber((select(i, ...))) or 0.25) end
  return total
end

-- Which handler gets which table: a fixed order without a pattern.
local state = 1
local function random(n)
  state = (state * 16807) % 2147483647
  return state % n + 1
end

local total = 0
for i = 1, 3000 do
  local handler, t = handlers[random(#handlers)], shapes[random(#shapes)]
  total = total + sum(handler(t, i % 10))
  -- The function's argument list and results are of varying length.
  total = total + select('#', handler(t, i % 10)) + sum(i % 3, handler(t, i % 4))
end
print(('%.2f'):format(total))
for n = 1, #shapes do io.write(('%.1f '):format(shapes[n].value)) end
print()

-- Methods of many classes, one after the other in one loop.
local objects = {}
for c = 1, 9 do
  local class = {scale = c}
  class.__index = class
  function class:area() return self.side * self.scale end
  if c % 2 == 0 then function class:grow(by) self.side = self.side + by return self end
  else function class:grow(by) self['by' .. c] = by self.side = self.side + 1 return self end end
  for k = 1, 3 do objects[#objects + 1] = setmetatable(k == 2 and {tag = c, side = 1} or {side = k}, class) end
end
local area = 0
for i = 1, 3000 do
  local o = objects[random(#objects)]
  area = area + o:grow(i % 3):area()
end
print(area)

-- Stores through one instruction into tables of many shapes, one of them with __newindex, one of them an array.
local seen, log = {}, 0
seen[1] = setmetatable({}, {__newindex = function(t, k, v) log = log + v rawset(t, k, nil) end})
for n = 2, 10 do seen[n] = {['f' .. n] = n, n, n + 1} end
for i = 1, 2000 do
  local t = seen[random(#seen)]
  t.x = i
  t[i % 4 + 1] = i
end
local left = 0
for n = 2, #seen do left = left + seen[n].x + (seen[n][3] or 0) + #seen[n] end
print(log, left)
