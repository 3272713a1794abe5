-- Variables that nothing assigns to, read in compiled code, and debug functions that change them all the same.

local function turns(f, n)
  local sum = 0
  for i = 1, n do sum = sum + f(i) end
  return sum
end

-- All kinds of values, seen by the function and by one inside it.
local number, text, yes, nothing, list = 3, "four", true, nil, { 5 }
local function reader(i)
  local function inner() return number + #text end
  return inner() + (yes and 1 or 0) + (nothing and 100 or 0) + list[1]
end
print("kinds", turns(reader, 300))
list[1] = 6
print("contents", turns(reader, 300))

-- Each closure has its own.
local function adder(n)
  return function(i) return i + n end
end
local one, ten = adder(1), adder(10)
print("closures", turns(one, 200), turns(ten, 200), turns(one, 200))

-- A variable of a loop's body is another one each turn.
local made = {}
for i = 1, 5 do
  local square = i * i
  made[i] = function() return square + i end
end
for i = 1, 5 do io.write(turns(made[i], 150), " ") end
print()

-- The same with a goto.
local again = {}
do
  local n = 0
  ::top::
  local m = n
  again[#again + 1] = function() return m end
  n = n + 1
  if n < 3 then goto top end
end
print("goto", turns(again[1], 100), turns(again[2], 100), turns(again[3], 100))

-- Assigned to: in the function, in another one, in a nested one, by a function statement, as one of several.
local a, b, c, d = 1, 1, 1, 1
local function assigned(i)
  a = a + 1
  return a + b + c + d
end
local function other() b = b + 1 end
local function outer() return function() c, d = c + 1, d + 2 end end
local function e() return 1 end
local function caller() return e() end
print("before", turns(assigned, 200), turns(caller, 200))
other()
outer()()
function e() return 2 end
print("after", turns(assigned, 200), turns(caller, 200))

-- A parameter that is assigned to behind the closure.
local function parameter(p)
  local f = function() return p end
  local first = turns(f, 100)
  p = p + 1
  return first, turns(f, 100)
end
print("parameter", parameter(7))

-- A recursive function knows itself.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end
print("fib", fib(20))

-- Dumped and loaded, with variables set from outside.
local function scaled(i) return i * number end
local copy = loadstring(string.dump(scaled))
debug.setupvalue(copy, 1, 4)
print("dumped", turns(copy, 200), turns(scaled, 200))

-- debug.setupvalue, in a function that has been compiled.
debug.setupvalue(scaled, 1, 5)
print("setupvalue", turns(scaled, 200), number)
debug.setupvalue(scaled, 1, 6)
print("setupvalue", turns(scaled, 200), number)

-- From inside the loop.
local step = 1
local function add_step(i)
  if i == 150 then debug.setupvalue(debug.getinfo(1, "f").func, 1, 2) end
  return step
end
-- (The number of the upvalue depends on what the function names first.)
for i = 1, 5 do
  local name = debug.getupvalue(add_step, i)
  if name == "step" then print("upvalue", i) end
end
print("inside", turns(add_step, 300), step)

-- debug.setlocal.
local fixed = 10
local function read_fixed() return fixed end
print("setlocal", turns(read_fixed, 200))
for i = 1, 200 do
  local name = debug.getlocal(1, i)
  if name == "fixed" then debug.setlocal(1, i, 20) end
end
print("setlocal", turns(read_fixed, 200), fixed)

-- debug.upvaluejoin: one closure assigns to what nothing assigned to.
local constant, variable = 100, 1
local function read_constant() return constant end
local function write_variable(i) variable = variable + 1 return 0 end
print("join", turns(read_constant, 200), turns(write_variable, 200))
debug.upvaluejoin(read_constant, 1, write_variable, 1)
print("join", turns(read_constant, 200), turns(write_variable, 100), turns(read_constant, 200), constant, variable)
