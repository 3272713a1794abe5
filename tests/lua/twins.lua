-- Objects that each have a metatable of their own: what they share must not show.

local Point = {}
function Point.new(x, y) return setmetatable({x = x, y = y}, {__index = Point}) end
function Point:sum() return self.x + self.y end

local points = {}
for i = 1, 100 do points[i] = Point.new(i, -i * 2) end
local sum = 0
for i = 1, 100 do sum = sum + points[i]:sum() end
print(sum)

-- Each has its own metatable, always the same one.
local distinct, same = 0, 0
for i = 2, 100 do
  if getmetatable(points[i]) ~= getmetatable(points[i - 1]) then distinct = distinct + 1 end
  if getmetatable(points[i]) == getmetatable(points[i]) then same = same + 1 end
end
print(distinct, same, getmetatable(points[7]).__index == Point)

-- Traversals see nothing but what was put in.
local keys = {}
for k in pairs(points[50]) do keys[#keys + 1] = k end
table.sort(keys)
print(table.concat(keys, ' '), (next(getmetatable(points[50]))))

-- One is changed, and only that one.
getmetatable(points[60]).__index = {sum = function() return 'changed' end}
getmetatable(points[61]).__add = function(a, b) return 'added' end
getmetatable(points[62]).__newindex = function(t, k, v) rawset(t, k, v .. '!') end
points[62].z, points[63].z = 'z', 'z'
local texts = {}
for i = 59, 64 do texts[#texts + 1] = tostring(points[i]:sum()) end
print(table.concat(texts, ' '), points[61] + 1, points[62].z, points[63].z)
print((pcall(function() return points[63] + 1 end)))

-- A metatable given to a second object, and an object given another one.
local shared = getmetatable(points[70])
setmetatable(points[71], shared)
shared.__len = nil
shared.__call = function(self, n) return self.x * n end
print(points[70](2), points[71](3), pcall(points[72], 2))
setmetatable(points[73], nil)
print(pcall(function() return points[73]:sum() end))
setmetatable(points[73], {__index = Point})
print(points[73]:sum(), rawequal(getmetatable(points[73]), getmetatable(points[74])))

-- Kept by a name before it is given.
local kept = {}
for i = 1, 60 do
  local metatable = {__index = Point}
  kept[i] = {setmetatable({x = i, y = 1}, metatable), metatable}
end
for i = 1, 60 do
  if i % 10 == 0 then kept[i][2].__index = function(t, k) return function() return k .. i end end end
end
local mixed = {}
for i = 1, 60 do
  assert(getmetatable(kept[i][1]) == kept[i][2])
  local v = kept[i][1]:sum()
  if i % 10 < 2 then mixed[#mixed + 1] = tostring(v) end
end
print(table.concat(mixed, ' '))

-- Fields added later, many fields, fields removed.
for i = 80, 90 do
  local p = points[i]
  for n = 1, i do p['field' .. n] = n end
  if i % 2 == 0 then p.x = nil end
end
local total = 0
for i = 80, 90 do
  for k, v in pairs(points[i]) do total = total + v end
end
print(total, points[80].x, points[80].sum == Point.sum, points[89]:sum())

-- Through collections, with weak modes that come later.
local weak = setmetatable({}, {__index = Point})
getmetatable(weak).__mode = 'k'
weak[{}] = 1
collectgarbage()
collectgarbage()
print(next(weak), weak.sum == Point.sum)

-- A chain of two.
local Base = {name = function() return 'base' end}
local Derived = setmetatable({}, {__index = Base})
local names = 0
for i = 1, 80 do
  local o = setmetatable({i = i}, {__index = Derived})
  if o:name() == 'base' and getmetatable(o).__index == Derived then names = names + o.i end
end
print(names)
