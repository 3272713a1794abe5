-- Doubly recursive Fibonacci: calls and returns, and next to nothing between them.
local n = tonumber(arg[1]) or 37

local function fib(k)
  if k < 2 then return k end
  return fib(k - 1) + fib(k - 2)
end

print(string.format("%d", fib(n)))
