-- Every metamethod, called by instructions, in loops as well.
local V = {}
V.__index = V
local function new(x) return setmetatable({x = x}, V) end
local function x(v) return type(v) == 'table' and v.x or v end
V.__add = function(a, b) return new(x(a) + x(b)) end
V.__sub = function(a, b) return new(x(a) - x(b)) end
V.__mul = function(a, b) return new(x(a) * x(b)) end
V.__div = function(a, b) return new(x(a) / x(b)) end
V.__mod = function(a, b) return new(x(a) % x(b)) end
V.__pow = function(a, b) return new(x(a) ^ x(b)) end
V.__unm = function(a) return new(-a.x) end
V.__concat = function(a, b) return 'C(' .. tostring(x(a)) .. ',' .. tostring(x(b)) .. ')' end
V.__eq = function(a, b) return a.x == b.x end
V.__lt = function(a, b) return x(a) < x(b) end
V.__le = function(a, b) return x(a) <= x(b) end
V.__call = function(self, y) return self.x + y end
V.__tostring = function(self) return 'V' .. self.x end
local a, b = new(7), new(3)
print((a + b).x, (a - 1).x, (2 * b).x, (a / b).x, (a % b).x, (b ^ 2).x, (-a).x)
print(a .. b, a .. 'x', 'x' .. a, 1 .. a .. 2)
print(a == b, a == new(7), a ~= b, a < b, a <= b, a > b, a >= b)
print(a(10), tostring(a))
local s = new(0)
for i = 1, 200 do s = s + new(i) if s < a then s = s + 1 end end
print(s.x)
local log = {}
local p = setmetatable({}, {__index = function(t, k) log[#log + 1] = k return k .. '!' end, __newindex = function(t, k, v) rawset(t, k, v * 2) end})
print(p.foo, p[1], rawget(p, 'foo'))
p.bar = 21
print(p.bar, #log)
for i = 1, 100 do p[i] = i end
print(p[50], p[100])
local base = {greet = function(self) return 'hi ' .. self.name end}
base.__index = base
local mid = setmetatable({}, base)
mid.__index = mid
local obj = setmetatable({name = 'joe'}, mid)
print(obj:greet())
for i = 1, 100 do assert(obj:greet() == 'hi joe') end
function mid:greet() return 'hello ' .. self.name end
print(obj:greet())
for i = 1, 100 do assert(obj:greet() == 'hello joe') end
local le = setmetatable({}, {__lt = function() return true end})
print(pcall(function() return le <= le end))
print(pcall(function() return a + {} end))
print(pcall(function() return {} .. 'x' end))
local mt = {}
local late = setmetatable({}, mt)
for i = 1, 100 do late.x = i late.x = nil end
mt.__newindex = function(t, k, v) rawset(t, k, 'late') end
late.y = 1
print(late.y)
local same = setmetatable({}, {__index = function(t, k) return k end})
local n = 0
for i = 1, 100 do n = n + same[i] end
print(n)
