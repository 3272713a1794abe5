-- Types, metatypes and constants that change while compiled loops use them.
local ffi = require 'ffi'
ffi.cdef 'typedef struct { const char *s; int n; } item; int abs(int); double strtod(const char *, char **);'
local C = ffi.C
local t = {}
for i = 1, 300 do
  local s = ('str' .. i)
  t[i] = s
  local it = ffi.new('item', s, #s)
  assert(ffi.string(it.s) == s and it.n == #s)
  assert(C.strtod(tostring(i), nil) == i)
  local T = ffi.typeof('int[' .. (i % 7 + 1) .. ']')
  assert(ffi.sizeof(T) == (i % 7 + 1) * 4 and ffi.sizeof(T()) == ffi.sizeof(T))
  local v = ffi.new('int[?]', i % 10 + 1, i)
  assert(v[i % 10] == i or i % 10 > 0, i)
  local g = ffi.gc(ffi.new('int[1]', i), function(x) assert(x[0] == i) end)
  assert(g[0] == i)
end
print 'ok'
-- wide loop with changing ctypes
local sum = 0
local types = { ffi.typeof 'int8_t[4]', ffi.typeof 'uint16_t[4]', ffi.typeof 'float[4]', ffi.typeof 'int64_t[4]', ffi.typeof 'bool[4]' }
for i = 1, 500 do
  local a = types[i % 5 + 1]()
  a[i % 4] = i % 2
  local x = a[i % 4]
  sum = sum + (x == true and 1 or x == false and 0 or tonumber(x))
end
print(sum)
-- enumerators, metatypes defined while traces exist
local late = ffi.typeof 'struct { int v; }'
local n = 0
local function eq(a, b) return a == b end
for round = 1, 3 do
  for i = 1, 100 do if eq(late(1), late(1)) then n = n + 1 end end
  if round == 1 then ffi.metatype(late, { __eq = function(a, b) return a.v == b.v end }) end
end
print(n)
-- extern variable redeclared elsewhere, macro constants changing
ffi.cdef '#define KK 1'
local m = 0
for i = 1, 200 do
  m = m + C.KK
  if i == 100 then ffi.cdef '#undef KK\n#define KK 5' end
end
print(m)
-- ffi.cast of differing values
local p = ffi.new('int[10]') for i = 0, 9 do p[i] = i end
local c = 0
for i = 1, 300 do
  local v = i % 3 == 0 and p or i % 3 == 1 and nil or ffi.cast('void *', p)
  local q = ffi.cast('int *', v)
  if q ~= nil then c = c + q[i % 10] end
end
print(c)
