-- Objects that a loop makes and only its exits see: structs from C in registers and in memory, and tables with a metatable.
local ffi = require 'ffi'
ffi.cdef [[
  typedef struct { int quot, rem; } div_result;
  typedef struct { long quot, rem; } ldiv_result;
  div_result div(int a, int b);
  ldiv_result ldiv(long a, long b);
]]
local C = ffi.C

-- Two ints that came back in one register.
local sum, last = 0, nil
for i = 1, 300 do
  local d = C.div(i, 7)
  sum = sum + d.quot * 10 + d.rem
  if i % 100 == 0 then last = d end
end
print(sum, last.quot, last.rem)

-- The struct of the turn before goes around.
local q = C.div(100000, 3)
for i = 1, 200 do
  local next = C.div(q.quot + i, 3)
  if i == 150 then print(i, q.quot, q.rem, next.quot, next.rem) end
  q = next
end
print(q.quot, q.rem)

-- Two names for one object.
local a, b = C.ldiv(7, 2), nil
for i = 1, 200 do
  b = a
  a = C.ldiv(i * 5, 4)
end
print(tonumber(a.quot), tonumber(a.rem), tonumber(b.quot), tonumber(b.rem))

-- A field is changed after the struct was made; what another name shows must change, too.
local kept
for i = 1, 200 do
  local d = C.div(i, 3)
  local e = d
  d.quot = d.quot + 1000
  if i > 190 then kept = e end
end
print(kept.quot, kept.rem)

-- Objects of a class, and one that shows up before it has its metatable.
local class = {__index = {}, __tostring = function(o) return 'P(' .. o.x .. ', ' .. o.y .. ')' end}
local function new(x, y) return setmetatable({x = x, y = y}, class) end
class.__add = function(p, q) return new(p.x + q.x, p.y + q.y) end
local p, step = new(0, 0), new(1, 2)
for i = 1, 200 do
  p = p + step
  if i == 120 then print(tostring(p)) end
end
print(tostring(p), getmetatable(p) == class)
local bare, with = 0, 0
for i = 1, 200 do
  local o = {x = i}
  if i % 50 == 0 then bare = bare + (getmetatable(o) and 1 or 0) end
  setmetatable(o, class)
  if i % 50 == 1 then with = with + (getmetatable(o) == class and 1 or 0) end
end
print(bare, with)

-- Arrays that grow by one, of numbers and of objects; and one whose later items wait in its dictionary.
local numbers, objects = {}, {}
for i = 1, 500 do
  numbers[#numbers + 1] = i
  objects[#objects + 1] = {i}
end
print(#numbers, numbers[500], #objects, objects[500][1], objects[1][1])
for round = 1, 5 do
  local far = {[100] = 'a', [101] = 'b', name = 'n'}
  for i = 1, 99 do far[i] = i end
  print(#far, far[99], far[100], far[101])
end
local shrinking = {}
for i = 1, 300 do
  shrinking[i] = i
  if i % 3 == 0 then shrinking[i] = nil shrinking[i - 1] = nil for k = i - 1, i do shrinking[k] = -k end end
end
print(#shrinking, shrinking[299], shrinking[300])
