-- Structs of odd sizes by value: on the stack, where they take eight bytes at a time, and back.
local ffi = require 'ffi'
ffi.cdef [[
typedef struct { int quot, rem; } div_t_; typedef struct { long quot, rem; } ldiv_t_;
div_t_ div(int, int); ldiv_t_ ldiv(long, long);
typedef struct { char c[20]; } c20; typedef struct __attribute__((packed)) { char c; int i; double d[2]; } p21;
typedef struct { float f[3]; } f3; typedef struct { char c[3]; } c3; typedef struct { int64_t v[3]; } l3;
]]
local C = ffi.C
local sum = 0
for i = 1, 200 do
  local d, l = C.div(i * 7, 3), C.ldiv(-i * 7LL, 5)
  sum = sum + d.quot * 2 + d.rem + tonumber(l.quot) + tonumber(l.rem)
end
print(sum)

-- Callbacks take and return them, too.
local function round(ctype, make, take)
  local pass = ffi.cast(('%s (*)(int, %s, double, %s)'):format(ctype, ctype, ctype), function(a, s, b, t)
    return take(s) + a + b == take(t) + a + b and s or t
  end)
  local total = 0
  for i = 1, 100 do
    local s = make(i)
    total = total + take(pass(i, s, 0.5, s)) + take(pass(1, make(i + 1), 2, s))
  end
  pass:free()
  print(ctype, total)
end
local c20, p21, f3, c3, l3 = ffi.typeof 'c20', ffi.typeof 'p21', ffi.typeof 'f3', ffi.typeof 'c3', ffi.typeof 'l3'
round('c20', function(i) local s = c20(); s.c[0], s.c[19] = i, i / 2; return s end, function(s) return s.c[0] + s.c[19] * 3 end)
round('p21', function(i) local s = p21(); s.c, s.i, s.d[1] = i, -i, i / 4; return s end, function(s) return s.c + s.i * 2 + s.d[1] end)
round('f3', function(i) local s = f3(); s.f[0], s.f[2] = i, i / 2; return s end, function(s) return s.f[0] + s.f[2] * 3 end)
round('c3', function(i) local s = c3(); s.c[0], s.c[2] = i, i / 2; return s end, function(s) return s.c[0] + s.c[2] * 3 end)
round('l3', function(i) local s = l3(); s.v[0], s.v[2] = i, i * 2; return s end, function(s) return tonumber(s.v[0] + s.v[2] * 3) end)
