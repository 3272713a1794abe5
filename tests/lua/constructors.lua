-- Tables that compiled code makes with items, constants and metatables, seen by others at all kinds of moments.

local function show(t)
  local list = {}
  for k, v in pairs(t) do list[#list + 1] = tostring(k) .. "=" .. tostring(type(v) == "table" and "table" or v) end
  table.sort(list)
  return "#" .. #t .. " {" .. table.concat(list, " ") .. "}" .. (getmetatable(t) and " with metatable" or "")
end

local seen
local function at(i, n, t) if i == n then seen = t end return i end

-- Lists.
local sum = 0
for i = 1, 200 do local t = { i, i + 1, i + 2 } sum = sum + t[1] + t[3] + #t if i == 150 then print(show(t)) end end
print("list", sum)

-- With holes, and with nil at the end, now and then.
sum = 0
for i = 1, 200 do
  local maybe = i % 50 ~= 0 and i or nil
  local t = { i, maybe, i }
  local u = { i, maybe }
  local w = { maybe }
  sum = sum + (t[2] or 1000) + #u + #w
  if i == 99 or i == 100 then print(show(u), show(w), t[3]) end
end
print("holes", sum)

-- With fields, constants, and both.
sum = 0
for i = 1, 200 do
  local t = { i, x = i, "c" }
  local u = { x = 1, y = 2, "a", "b" }
  u.x = i
  u[3] = i
  sum = sum + t.x + u.x + u.y + #t + #u
  if i == 177 then print(show(t), show(u)) end
end
print("fields", sum)

-- The template is not changed by what is done to a copy.
local function constant() return { 1, 2, n = 0 } end
for i = 1, 200 do local t = constant() t[1] = i t[3] = i t.n = i t.m = i end
print("template", show(constant()))

-- Elements that leave the trace, or look at nothing yet.
local function element(i, n) if i == n then error("at " .. i, 0) end return i end
local count = 0
for i = 1, 300 do
  local ok, t = pcall(function() return { element(i, 100), element(i, 200), z = element(i, 250) } end)
  if ok then count = count + #t else print(t) end
end
print("elements", count)

-- Metatables before the fields.
local Class = {}
Class.__index = Class
function Class.area(o) return o.w * o.h end
local function new(w, h)
  local o = setmetatable({}, Class)
  o.w = w
  o.h = h
  return o
end
sum = 0
for i = 1, 200 do local o = new(i, 2) sum = sum + o:area() if i == 160 then seen = o end end
print("class", sum, show(seen), seen:area())

-- Left between the metatable and the fields, and before the metatable.
local log = {}
for i = 1, 300 do
  local o = {}
  at(i, 100, o)
  setmetatable(o, Class)
  if i == 150 then log[#log + 1] = show(o) end
  o.w = i
  if i == 200 then log[#log + 1] = show(o) end
  o.h = 3
  sum = sum + o:area()
end
print("between", sum, table.concat(log, ", "), show(seen))

-- A metatable that hears of new keys.
local heard = 0
local Proxy = { __newindex = function(t, k, v) heard = heard + 1 rawset(t, k, v * 2) end }
for i = 1, 200 do
  local o = setmetatable({}, Proxy)
  o.x = i
  o.x = i
  sum = sum + o.x
end
print("newindex", heard, sum)

-- Other metatables for the same constructor.
local Other = { __index = function(_, k) return k end }
for i = 1, 300 do
  local o = setmetatable({ i }, i % 3 == 0 and Other or Class)
  o.n = i
  sum = sum + (type(o.area) == "function" and 1 or 2) + #o + o.n
end
print("others", sum)

-- Kept: all of them are there afterwards.
local kept = {}
for i = 1, 500 do kept[i] = { i, { i, n = i }, tag = "t" .. i % 3 } end
local check = 0
for i = 1, 500 do
  local t = kept[i]
  assert(t[1] == i and t[2][1] == i and t[2].n == i and t.tag == "t" .. i % 3 and #t == 2 and #t[2] == 1)
  check = check + t[1]
end
kept[1][3] = "more"
kept[2][4] = "far"
print("kept", check, show(kept[1]), show(kept[2]), show(kept[3]))

-- Growing behind the room that there is.
local last
for i = 1, 200 do
  local t = { 1, 2 }
  for j = 3, 6 do t[j] = j * i end
  t[#t + 1] = i
  last = t
end
print("growing", show(last))

-- Passed around in a loop.
local point = { 0, 0 }
for i = 1, 300 do point = { point[1] + i, point[2] - 1 } end
print("around", show(point))
local link
for i = 1, 100 do link = { i, link } end
local depth = 0
while link do depth, link = depth + link[1], link[2] end
print("links", depth)

-- Multiple results at the end.
local function two(i) return i, i + 1 end
sum = 0
for i = 1, 200 do local t = { i, two(i) } sum = sum + #t + t[3] local u = { two(i), 5 } sum = sum + #u end
print("multiple", sum)
