-- Loops that were compiled while one closure of a function was known, and meet others: each with variables of its own, shared
-- ones, joined ones, and some that are of another function after all.

local function each(n, f) for i = 1, n do f(i) end end

-- A fresh closure each time, over a variable of the loop that calls.
local total = 0
for k = 1, 40 do
  local s = 0
  each(k % 7 + 20, function(i) s = s + i * k end)
  total = total + s
end
print(total)

-- The variables are closed, and change; two closures share one.
local function counter(n)
  local function add(i) n = n + i end
  local function get() return n end
  return add, get
end
local list = {}
for k = 1, 30 do
  local add, get = counter(k)
  each(15, add)
  list[k] = get
end
local sum = 0
for round = 1, 5 do for k = 1, #list do sum = sum + list[k]() * round end end
print(sum)

-- Two closures in turn, then one whose variable has another type, then another function.
local function scale(by) return function(i) total = total + by * i end end
local function other(i) total = total - i end
local a, b = scale(2), scale(3)
total = 0
for k = 1, 30 do each(12, k % 2 == 0 and a or b) end
each(20, scale('4'))
each(20, other)
each(20, a)
print(total)
print(pcall(each, 20, scale {}))

-- Loops in closures: the running function is another one each time.
local function filler(value)
  local t = {}
  return function(n)
    for i = 1, n do t[i] = value + i end
    return #t, t[n]
  end
end
local length, last = 0, 0
for k = 1, 30 do
  local fill = filler(k)
  local l, x = fill(k % 5 + 10)
  l = fill(k % 3 + 12)
  length, last = length + l, last + x
end
print(length, last)

-- Iterators that are closures, in nested loops.
local function range(n) local i = 0 return function() i = i + 1 if i <= n then return i end end end
local count = 0
for k = 1, 20 do
  for i in range(k) do
    for j in range(i % 4) do count = count + i * j end
  end
end
print(count)

-- Two variables of a closure are joined in some closures, and stored to.
local function pair() local x, y = 0, 0 return function(i) x = x + i y = y * 2 + x % 7 return x, y end end
local text = {}
for k = 1, 24 do
  local f = pair()
  if k % 3 == 0 then debug.upvaluejoin(f, 1, f, 2) end
  each(12, f)
  text[#text + 1] = table.concat({f(1)}, ':')
end
print(table.concat(text, ' '))

-- A variable of a closure lies in the frame of the loop itself, or in a coroutine.
local function inner(n, set)
  local v = 0
  local own = function(i) v = v + i end
  local f = set or own
  for i = 1, n do f(i) v = v + 1 end
  return v, own
end
local outer, got = 0, 0
local previous
for k = 1, 30 do
  local v, own = inner(14, k % 4 == 0 and previous or nil)
  previous, got = own, got + v
end
print(got)
local co = coroutine.wrap(function()
  local c = 0
  while true do
    coroutine.yield(function(i) c = c + i end)
    coroutine.yield(c)
  end
end)
for k = 1, 20 do
  each(13, co())
  outer = outer + co()
end
print(outer)
