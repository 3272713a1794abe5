-- `ffi.metatype`: every metamethod, on structs and on pointers to them.
local ffi = require "ffi"

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(err):find(message, 1, true), "'" .. tostring(err) .. "' instead of '" .. message .. "'")
end

ffi.cdef [[
typedef struct vec { double x, y; } vec;
struct plain { int a; };
struct counted { int n; };
struct derived { int a; };
]]

local vec
local methods = { length = function(v) return math.sqrt(v.x * v.x + v.y * v.y) end, zero = 0 }
vec = ffi.metatype("vec", {
  __index = methods,
  __add = function(a, b)
    if type(a) == "number" then return vec(a + b.x, a + b.y) end
    if type(b) == "number" then return vec(a.x + b, a.y + b) end
    return vec(a.x + b.x, a.y + b.y)
  end,
  __sub = function(a, b) return vec(a.x - b.x, a.y - b.y) end,
  __mul = function(a, b) return a.x * b.x + a.y * b.y end,
  __div = function(a, b) return vec(a.x / b, a.y / b) end,
  __mod = function(a, b) return vec(a.x % b, a.y % b) end,
  __pow = function(a, b) return vec(a.x ^ b, a.y ^ b) end,
  __unm = function(a) return vec(-a.x, -a.y) end,
  __len = function() return 2 end,
  __eq = function(a, b) return ffi.istype(vec, a) and ffi.istype(vec, b) and a.x == b.x and a.y == b.y end,
  __lt = function(a, b) return a:length() < b:length() end,
  __le = function(a, b) return a:length() <= b:length() end,
  __concat = function(a, b) return tostring(a) .. "|" .. tostring(b) end,
  __call = function(self, a, b) return self.x * a + self.y * b end,
  __tostring = function(v) return "(" .. v.x .. ", " .. v.y .. ")" end,
  __pairs = function(v) return coroutine.wrap(function()
    coroutine.yield("x", v.x)
    coroutine.yield("y", v.y)
  end) end,
  __ipairs = function(v) return function(_, i) if i < 2 then return i + 1, i == 0 and v.x or v.y end end, v, 0 end,
})

local a, b = vec(3, 4), vec(1, 2)
assert(a:length() == 5 and a.zero == 0 and vec.zero == 0)
assert((a + b).x == 4 and (a + 1).y == 5 and (1 + a).x == 4 and (a - b).y == 2 and a * b == 11)
assert((a / 2).x == 1.5 and (a % 2).x == 1 and (a ^ 2).y == 16 and (-a).x == -3 and #a == 2)
assert(a == vec(3, 4) and a ~= b and not (a == 5) and not (a == nil) and a ~= "x")
assert(b < a and b <= a and not (a < b) and a > b and a >= b)
assert(a .. b == "(3, 4)|(1, 2)" and a .. "x" == "(3, 4)|x" and "x" .. a == "x|(3, 4)")
assert(a(10, 100) == 430 and tostring(a) == "(3, 4)")
local seen = {}
for k, v in pairs(a) do seen[k] = v end
assert(seen.x == 3 and seen.y == 4)
for i, v in ipairs(a) do seen[i] = v end
assert(seen[1] == 3 and seen[2] == 4)

-- Through pointers, references and arrays.
local p, array = ffi.new("vec *", a), ffi.new("vec[2]", { { 6, 8 }, { 1, 1 } })
assert(p:length() == 5 and p.zero == 0 and array[0]:length() == 10)
assert((array[0] + array[1]).x == 7 and tostring(array[1]) == "(1, 1)" and tostring(p) == "(3, 4)")
assert(p(1, 0) == 3 and #p == 2)
assert((p + 1) ~= p and (p + 1) - p == 1, "arithmetic of pointers comes first")
fails("has no member named 'length'", function() return array.length end)

-- What is defined beforehand comes first.
methods.x = "never seen"
assert(a.x == 3)

-- What is not defined.
fails("'struct vec' has no member named 'nothing'", function() return a.nothing end)
fails("'struct vec' has no member named 'nothing'", function() a.nothing = 1 end)
fails("'struct vec' cannot be indexed with 'number'", function() return a[1] end)
fails("'struct plain' is not callable", function() ffi.new("struct plain")() end)
fails("'struct plain' has no '__pairs' metamethod", function() pairs(ffi.new("struct plain")) end)
fails("attempt to perform arithmetic on 'struct plain' and 'number'", function() return ffi.new("struct plain") + 1 end)
fails("attempt to get length of 'struct plain'", function() return #ffi.new("struct plain") end)
fails("attempt to concatenate 'struct plain' and 'string'", function() return ffi.new("struct plain") .. "x" end)
fails("attempt to compare 'struct plain' with 'number'", function() return ffi.new("struct plain") < 1 end)
assert(ffi.new("struct plain") ~= ffi.new("struct plain"))

-- Functions as `__index` and `__newindex`; `__new`.
local log = {}
local derived = ffi.metatype("struct derived", {
  __index = function(o, k) return type(k) == "number" and o.a + k or "no " .. tostring(k) end,
  __newindex = function(o, k, v) log[k] = v end,
  __new = function(ct, a, b) return ffi.new(ct, a * b) end,
})
local d = derived(6, 7)
assert(d.a == 42 and d.foo == "no foo" and d[8] == 50 and d[true] == "no true" and derived.bar == "no bar")
d.zap, d[5] = 1, 2
assert(log.zap == 1 and log[5] == 2)
d.a = 3
assert(d.a == 3)
assert(ffi.new("struct derived", 5).a == 5, "ffi.new does not ask __new")

-- `__gc` belongs to each object that is made, and to none that is inside another.
local freed = 0
ffi.metatype("struct counted", { __gc = function(o) freed = freed + o.n end })
do
  local function make() for i = 1, 100 do ffi.new("struct counted", 1) end end
  make()
  ffi.new("struct counted[10]", { { 1000 } })
  ffi.gc(ffi.new("struct counted", 100000), nil)
end
for i = 1, 4 do collectgarbage() end
assert(freed >= 90 and freed <= 100, freed)

-- A metatype is for good, and only for structs.
fails("cannot change a protected metatable", ffi.metatype, "vec", {})
fails("bad argument #1 to 'metatype' (invalid C type)", function() ffi.metatype("int", {}) end)
fails("bad argument #2 to 'metatype' (table expected, got nil)", function() ffi.metatype("struct plain", nil) end)

-- Coroutines can yield in metamethods.
ffi.cdef "struct lazy { int a; };"
ffi.metatype("struct lazy", { __add = function(a, b) return coroutine.yield(b) end, __index = function(o, k) return coroutine.yield(k) end })
local co = coroutine.wrap(function()
  local l = ffi.new("struct lazy")
  return (l + 5) .. (l.foo)
end)
assert(co() == 5 and co("x") == "foo" and co("y") == "xy")
