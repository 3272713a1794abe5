-- Closures over local variables, made and used in compiled loops.

local function each(list, f)
  for i = 1, #list do f(list[i], i) end
end

-- A closure that changes a variable of the function that made it.
local function total(list)
  local sum = 0
  each(list, function(v) sum = sum + v end)
  return sum
end

local list = {}
for i = 1, 20 do list[i] = i end
local grand = 0
for i = 1, 60 do
  list[1] = i
  grand = grand + total(list)
end
print(grand)

-- A variable for each turn, kept by the closures of that turn.
local adders = {}
for i = 1, 80 do
  local n = i * 2
  adders[i] = function(x) n = n + x return n end
end
print(adders[1](1), adders[1](1), adders[80](5), adders[80](-5), adders[40](0))

-- Two closures share a variable, before and after it is closed.
local pairs_made = {}
for i = 1, 70 do
  local shared = i
  local function get() return shared end
  local function set(v) shared = v end
  if i % 3 == 0 then set(-i) end
  shared = shared + 1000
  pairs_made[i] = {get, set}
end
pairs_made[5][2]('five')
print(pairs_made[1][1](), pairs_made[3][1](), pairs_made[5][1](), pairs_made[69][1](), pairs_made[70][1]())

-- A variable that has its first value again when it is closed.
local seen = {}
local function swap(a)
  local v = a
  local first = v
  local function get() return v end
  v = 'other'
  local during = get()
  v = first
  seen[#seen + 1] = get
  return during
end
local others = 0
for i = 1, 90 do if swap(i) == 'other' then others = others + 1 end end
print(others, seen[1](), seen[45](), seen[90]())

-- The loop leaves early, while a variable is open.
local function find(list, wanted)
  local at
  for i = 1, #list do
    local v = list[i]
    local function hit() at = i return v end
    if v == wanted then return hit(), at end
  end
end
local count = 0
for i = 1, 60 do
  local v, at = find(list, i % 20 + 1)
  if v then count = count + v * at end
end
print(count)

-- Closures in inlined functions, and recursion.
local function counter()
  local n = 0
  return function() n = n + 1 return n end
end
local sum = 0
for i = 1, 100 do
  local c = counter()
  c()
  sum = sum + c() + c()
end
print(sum)

local function walk(n, visit)
  visit(n)
  if n > 0 then return walk(n - 1, function(v) visit(v) end) end
end
local visited = 0
for i = 1, 40 do walk(4, function(v) visited = visited + v end) end
print(visited)

-- A captured variable in a loop that changes the types it holds.
local results = {}
for i = 1, 60 do
  local v = i % 4 == 0 and tostring(i) or i
  results[i] = function() return v end
end
print(type(results[4]()), type(results[5]()), results[60](), results[59]())

-- An error between the making of a closure and its end.
local caught = {}
for i = 1, 60 do
  local kept
  local ok, why = pcall(function()
    local v = i
    kept = function() return v end
    v = v + 0.5
    if i % 7 == 0 then error('at ' .. i, 0) end
    v = v + 1
  end)
  caught[#caught + 1] = (ok and 'ok' or why) .. ' ' .. kept()
end
print(caught[1], caught[7], caught[56], caught[60])
-- The register of a captured variable is, in another scope, the hidden position of a loop over pairs.
do
  local sum, last = 0
  local list = {}
  for i = 1, 100 do
    do
      local a, b, c, d, e, f, g = 1, 2, 3, 4, 5, 6, 7
      if i > 1000 then sum = sum + (function() return a + b + c + d + e + f + g end)() end
    end
    local own = function() return i end
    for _, v in pairs(list) do sum = sum + v end
    last = own
  end
  print(sum, last())
end

-- Variables of loops, captured in each turn: what they were made from goes around a compiled loop.
do
  local list = {} for i = 1, 200 do list[i] = 'e' .. i end
  local t = {}
  for _, e in ipairs(list) do t[#t+1] = function() return e end end
  local bad = 0
  for i = 1, 200 do if t[i]() ~= 'e' .. i then bad = bad + 1 end end
  print('closures over a variable of a generic loop', bad)
  t = {}
  for i, e in ipairs(list) do local k = i * 2 t[i] = function() return e, k, i end end
  bad = 0
  for i = 1, 200 do local e, k, n = t[i]() if e ~= 'e' .. i or k ~= 2 * i or n ~= i then bad = bad + 1 end end
  print(bad)
  local w = {}
  for e in table.concat(list, ' '):gmatch('%w+') do w[#w+1] = function() return e end end
  bad = 0
  for i = 1, 200 do if w[i]() ~= 'e' .. i then bad = bad + 1 end end
  print(bad)
  local h, n = {}, 0
  for i = 1, 200 do h['k' .. i] = i end
  local fs = {}
  for k, v in pairs(h) do fs[#fs+1] = function() return k, v end end
  for i = 1, 200 do local k, v = fs[i]() if k ~= 'k' .. v then n = n + 1 end end
  print(n, #fs)
  -- A while loop whose variable is captured and then changes.
  local x, y = 0, 0
  local caught = {}
  while x < 200 do
    local z = x
    x = x + 1
    caught[x] = function() z = z + 1 return z end
  end
  n = 0
  for i = 1, 200 do if caught[i]() ~= i then n = n + 1 end end
  print(n)
end
