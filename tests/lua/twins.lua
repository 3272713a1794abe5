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

-- The first objects of each class, while there are few and once there are more: their metatables stay what they are.
local function class_of(k)
  local Class = {scale = k}
  function Class:get() return self.v * Class.scale end
  local objects, metatables = {}, {}
  for i = 1, 3 do
    metatables[i] = {__index = Class}
    objects[i] = setmetatable({v = i, w = -i}, metatables[i])
  end
  return Class, objects, metatables
end
local record = {}
for k = 1, 40 do
  local Class, objects, metatables = class_of(k)
  if k % 5 == 1 then metatables[1].__index = {get = function() return 1000 end} end
  if k % 5 == 2 then metatables[2].__call = function(self, n) return self.v + n end end
  if k % 5 == 3 then objects[4] = setmetatable({v = 9}, metatables[3]) end
  if k % 5 == 4 then setmetatable(objects[1], {__index = {get = function() return 7 end}}) end
  local order = {}
  for key in pairs(objects[3]) do
    order[#order + 1] = key
    if #order == 1 then
      for i = 5, 8 do objects[i] = setmetatable({v = i, w = 0}, {__index = Class}) end
    end
  end
  local s = #order
  for i = 1, 8 do
    local o = objects[i]
    if o then s = s + o:get() * i end
  end
  for i = 1, 3 do
    if getmetatable(objects[i]) == metatables[i] then s = s + 10000 end
    if next(metatables[i]) then s = s + 100000 end
  end
  if k % 5 == 2 then s = s + objects[2](5) end
  metatables[3].__index = nil
  s = s + (pcall(objects[3].get or error, objects[3]) and 1 or 2)
  if k % 5 == 3 then s = s + (objects[4].get and 1 or 2) end
  record[#record + 1] = s
end
print(table.concat(record, ' '))

-- Objects that take another metatable: as a derived class's constructor gives them one after the base class's, and at any time later.
local Base = {} function Base.new(v) return setmetatable({v = v}, {__index = Base}) end
function Base:get() return self.v end
function Base:name() return 'base' end
local Derived = setmetatable({}, {__index = Base})
function Derived.new(v) return setmetatable(Base.new(v), {__index = Derived}) end
function Derived:name() return 'derived' end
local Fixed = setmetatable({}, {__index = Base})
Fixed.meta = {__index = Fixed, __len = function() return 5 end, __tostring = function(o) return 'fixed ' .. o.v end}
function Fixed.new(v) return setmetatable(Base.new(v), Fixed.meta) end
local total, kinds = 0, {}
for i = 1, 60 do
  local base, derived, fixed = Base.new(i), Derived.new(i), Fixed.new(i)
  total = total + base:get() + derived:get() * 2 + fixed:get() * 3
  kinds[i % 3] = base:name() .. derived:name() .. fixed:name() .. tostring(fixed)
  assert(getmetatable(fixed) == Fixed.meta and getmetatable(derived).__index == Derived)
  for k, v in pairs(derived) do assert(k == 'v' and v == i) end
  -- The twin that was left: it is changed, given back, or given to another object.
  local old = getmetatable(base)
  setmetatable(base, i % 2 == 0 and Fixed.meta or {__index = Derived})
  assert(next(old) == '__index' and next(old, '__index') == nil and old.__index == Base)
  kinds[3 + i % 3] = base:name()
  if i % 5 == 0 then old.__index = Fixed end
  if i % 4 == 0 then setmetatable(base, old) end
  if i % 3 == 0 then setmetatable(derived, old) old.extra = i end
  if i % 7 == 0 then setmetatable(base, nil) assert(base.get == nil and getmetatable(base) == nil) end
  total = total + (base.v or 0) + #(derived.name and derived:name() or '') + (base.name and #base:name() or 100)
end
print(total, table.concat(kinds, ' ', 0, 5))
