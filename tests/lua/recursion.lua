-- Recursion that is compiled: calls that go on in the function's own trace, returns that go back through many frames.

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end
print(fib(20))

local function ackermann(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ackermann(m - 1, 1) end
  return ackermann(m - 1, ackermann(m, n - 1))
end
print(ackermann(2, 30))

local is_odd
local function is_even(n)
  if n == 0 then return true end
  return is_odd(n - 1)
end
function is_odd(n)
  if n == 0 then return false end
  return is_even(n - 1)
end
print(is_even(1001), is_odd(1001))

-- Not in tail position, with varargs and several results.
local function count(n, ...)
  if n == 0 then return select("#", ...), ... end
  local a, b = count(n - 1, n, ...)
  return a, b
end
print(count(40))

local function hanoi(n, from, to, by)
  if n == 0 then return 0 end
  return hanoi(n - 1, from, by, to) + 1 + hanoi(n - 1, by, to, from)
end
print(hanoi(12, "a", "b", "c"))

-- An error far down unwinds through frames that only compiled code had made.
local depth = 0
local function fall(n)
  depth = depth + 1
  if n == 0 then error("bottom", 0) end
  return 1 + fall(n - 1)
end
for i = 1, 60 do
  local ok, message = pcall(fall, i)
  assert(not ok and message == "bottom")
end
print(depth)

local function endless(n)
  return 1 + endless(n + 1)
end
local ok, message = pcall(endless, 1)
print(ok, (message:gsub("^.*: ", "")))

-- A tree that is built and summed.
local function build(n)
  if n == 0 then return { value = 1 } end
  return { left = build(n - 1), right = build(n - 1), value = n }
end
local function sum(t)
  return t.value + (t.left and sum(t.left) or 0) + (t.right and sum(t.right) or 0)
end
print(sum(build(10)))

-- Closures that call each other through upvalues that change.
local step
local function first(n) return n <= 0 and 0 or 1 + step(n - 1) end
local function second(n) return n <= 0 and 0 or 2 + step(n - 1) end
local total = 0
for i = 1, 200 do
  step = i % 3 == 0 and second or first
  total = total + first(i % 17)
end
print(total)
