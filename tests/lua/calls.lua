-- Calls, returns, varargs, tail calls, multiple results.
local function f(a, b, c) return c, b, a end
print(f(1, 2, 3))
print((f(1, 2, 3)))
print(f(1), f(1, 2))
local function v(...) local a, b = ... return select('#', ...), a, b, ... end
print(v())
print(v(nil, nil))
print(v(1, 2, 3, 4, 5))
local t = {f(1, 2, 3), f(4, 5, 6)}
print(#t, t[1], t[2], t[3], t[4])
local function loop(n, acc) if n == 0 then return acc end return loop(n - 1, acc + n) end
print(loop(100000, 0))
local function count(...) return select('#', ...) end
print(count(f(1, 2, 3), f(1, 2, 3)))
print(pcall(f, 1, 2, 3))
print(select(-1, 1, 2, 3), select(2, 'a', 'b', 'c'))
local function va2(a, ...) local x = {...} return a, #x, ... end
print(va2(1, 2, 3))
local function tailv(...) return va2(...) end
print(tailv('x', nil, 'z'))
local function deep(n) if n == 0 then return 'bottom' end local r = deep(n - 1) return r end
print(deep(10000))
local fib
function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(20))
local obj = {n = 0}
function obj:inc(d) self.n = self.n + (d or 1) return self end
print(obj:inc():inc(5):inc().n)
for i = 1, 100 do obj:inc(i) end
print(obj.n)
local callable = setmetatable({}, {__call = function(self, a, b) return self == callable, a, b end})
print(callable(1, 2))
for i = 1, 50 do callable(i, i) end
print(pcall(callable, 'p', 'q'))
local s = 0
for i = 1, 200 do s = s + select('#', v(i, i)) end
print(s)
