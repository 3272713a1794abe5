-- Initialisers, members, bit-fields, enumerations, complex numbers, vectors, 64-bit integers: as LuaJIT has them.
local ffi = require 'ffi'
local function p(...)
  local t = {}
  for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))):gsub('0x%x+', 'ADDR') end
  print(table.concat(t, '\t'))
end
local function e(f, ...) local r = {pcall(f, ...)} r[2] = tostring(r[2]):gsub('^[^:]+:%d+: ', '') p(unpack(r, 1, 2)) end
ffi.cdef[[
typedef struct { int x, y; } point;
struct nested { int a; struct { int b; union { int c; float d; }; } in; int e[3]; };
struct anon { int a; struct { int b; int c; }; union { int d; double f; }; };
union un { int i; float f; char c[8]; };
struct bits { int a:3; unsigned b:5; int :0; int c:20; bool d:1; unsigned e:30; };
struct __attribute__((packed)) pk { char a; int b; double c; };
struct al { char a; int b __attribute__((aligned(16))); };
struct vls { int n; double d[?]; };
struct flex { int n; char s[]; };
enum col { RED, GREEN = 10, BLUE };
typedef enum { NEG = -1, POS = 1 } sgn;
struct en { enum col c; };
struct consts { static const int K = 42; enum { IN1 = 7, IN2 }; int v; };
static const int TOP = 1 << 5;
typedef int (*cbt)(int, double);
typedef double v2 __attribute__((vector_size(16)));
typedef complex double cd;
struct big { int a[10]; };
struct strs { char s[8]; const char *p; uint8_t u[4]; };
int sprintf(char *, const char *, ...);
int abs(int);
long labs(long);
int my_abs(int) __asm__("abs");
double my_floor(double) asm("floor");
]]
-- initialisers
local pt = ffi.typeof('point')
p(pt().x, pt(1).x, pt(1,2).y, pt({1,2}).y, pt({x=3}).x, pt({y=4}).x, pt(pt(5,6)).y)
e(pt, 1, 2, 3)
e(pt, {1,2,3})
e(pt, {z = 1})
e(pt, 'x')
local n = ffi.new('struct nested', {1, {2, 3}, {4, 5}})
p(n.a, n['in'].b, n['in'].c, n.e[0], n.e[1], n.e[2])
n = ffi.new('struct nested', {1, {2, 3}, {4}})
p(n.a, n['in'].b, n['in'].c, n.e[0], n.e[1], n.e[2])
n = ffi.new('struct nested', 1, {2, 3}, {7})
p(n.a, n['in'].b, n['in'].c, n.e[0], n.e[1], n.e[2])
local an = ffi.new('struct anon', 1, 2, 3, 4)
p(an.a, an.b, an.c, an.d)
an = ffi.new('struct anon', {1, 2, 3, 4})
p(an.a, an.b, an.c, an.d)
an = ffi.new('struct anon', {a = 1, c = 3, f = 0.5})
p(an.a, an.b, an.c, an.f)
e(ffi.new, 'struct anon', 1, 2, 3, 4, 5)
local un = ffi.new('union un', 5) p(un.i)
un = ffi.new('union un', {f = 1}) p(un.i, un.f)
e(ffi.new, 'union un', 1, 2)
e(ffi.new, 'union un', {1, 2})
p(ffi.string(ffi.new('union un', {c = 'abc'}).c))
local a = ffi.new('int[5]', 7) p(a[0], a[4])
a = ffi.new('int[5]', {7}) p(a[0], a[4])
a = ffi.new('int[5]', {1, 2}) p(a[0], a[1], a[2])
a = ffi.new('int[5]', 1, 2) p(a[0], a[1], a[2])
a = ffi.new('int[5]', {[0]=1, 2, 3}) p(a[0], a[1], a[2])
e(ffi.new, 'int[2]', 1, 2, 3)
e(ffi.new, 'int[2]', {1, 2, 3})
a = ffi.new('int[2][3]', {{1,2,3},{4,5,6}}) p(a[1][2], a[0][0])
a = ffi.new('int[2][3]', {{1},{4}}) p(a[1][2], a[0][1])
a = ffi.new('char[8]', 'hello') p(ffi.string(a))
a = ffi.new('char[3]', 'hello') p(ffi.string(a, 3))
a = ffi.new('char[?]', 6, 'hello') p(ffi.string(a))
a = ffi.new('uint8_t[4]', 'abcd') p(a[0], a[3])
e(ffi.new, 'int[4]', 'abcd')
a = ffi.new('point[3]', {{1,2},{3,4}}) p(a[0].y, a[1].x, a[2].x)
a = ffi.new('point[3]', {{x=1},{y=4}}) p(a[0].x, a[1].y, a[1].x)
a = ffi.new('point[2]', pt(8,9)) p(a[0].x, a[1].y)
local v = ffi.new('struct vls', 3, 9, {1.5, 2.5}) p(v.n, v.d[0], v.d[1], v.d[2], ffi.sizeof(v))
v = ffi.new('struct vls', 3, {9, {1.5}}) p(v.n, v.d[0])
e(ffi.new, 'struct vls')
e(ffi.new, 'struct vls', -5)
e(ffi.sizeof, 'struct vls')
p(ffi.sizeof('struct vls', 4), ffi.sizeof('struct flex'), ffi.alignof('struct vls'))
local st = ffi.new('struct strs', 'abc') p(ffi.string(st.s), st.p == nil)
st = ffi.new('struct strs', {s = 'abcdefghij', u = 'xy'}) p(ffi.string(st.s, 8), st.u[1], st.u[2])
e(ffi.new, 'struct strs', {p = 5})
-- bitfields
local b = ffi.new('struct bits', 7, 33, 5, true, 2^29) p(b.a, b.b, b.c, b.d, b.e, ffi.sizeof(b))
p(ffi.offsetof('struct bits', 'a')) p(ffi.offsetof('struct bits', 'b')) p(ffi.offsetof('struct bits', 'c')) p(ffi.offsetof('struct bits', 'd')) p(ffi.offsetof('struct bits', 'e'))
b.a = -1 p(b.a) b.b = -1 p(b.b) b.d = false p(b.d) b.e = -1 p(b.e) b.c = 2^31 p(b.c)
e(function() b.d = 'x' end)
e(function() b.a = 'x' end)
p(ffi.sizeof('struct pk'), ffi.alignof('struct pk'), ffi.offsetof('struct pk', 'c'), ffi.sizeof('struct al'), ffi.alignof('struct al'), ffi.offsetof('struct al', 'b'))
-- enums
local c = ffi.new('enum col', 'GREEN') p(c, tonumber(c), c == 10, c == 'GREEN', c ~= 'RED')
e(function() return c == 'NOPE' end)
p(ffi.new('enum col', 11) == 'BLUE', ffi.cast('enum col', 10) == c, ffi.typeof(c), ffi.new('enum col') == 'RED')
e(ffi.new, 'enum col', 'PURPLE')
local en = ffi.new('struct en', 'BLUE') p(en.c, tonumber(en.c)) en.c = 'RED' p(tonumber(en.c)) en.c = 10 p(en.c == 'GREEN')
p(ffi.C.RED, ffi.C.GREEN, ffi.C.BLUE, ffi.C.NEG, ffi.C.TOP)
p(ffi.new('sgn', 'NEG'), tonumber(ffi.new('sgn', 'NEG')), ffi.new('sgn', -1) == 'NEG')
e(function() return c < 'BLUE' end)
e(function() return c + 1 end) e(function() return c + 'GREEN' end) e(function() return c + c end)
p(ffi.new('struct consts').K, ffi.typeof('struct consts').K, ffi.new('struct consts').IN2, ffi.new('struct consts', 3).v)
e(function() ffi.new('struct consts').K = 1 end)
e(function() return ffi.typeof('struct consts').nope end)
e(function() return ffi.typeof('struct consts').v end)
e(function() return ffi.C.K end)
e(function() ffi.C.TOP = 1 end)
-- complex
local z = ffi.new('complex', 3, 4) p(z, z.re, z.im, z[0], z[1], ffi.sizeof(z))
e(function() z.re = 1 return z.re end) p(ffi.new('complex float', 1.5)) p(3i, 2.5i) p(ffi.new('complex', {1,2}))
e(function() return z + z end) e(function() return z == z end) e(function() return z == ffi.new('complex', 3, 4) end) e(function() return -z end)
p(ffi.cast('double', z), tonumber(z), ffi.new('cd', z))
e(function() return z.foo end)
-- vectors
local v2 = ffi.new('v2', 1, 2) p(v2[0], v2[1], ffi.sizeof(v2), ffi.alignof(v2)) e(function() v2[1] = 5 end) p(v2[1], ffi.new('v2', 7)[1], ffi.new('v2', {3, 4})[1])
p(ffi.typeof(v2))
-- 64 bit
p(1LL, 1ULL, -1LL, -1ULL, 0x7fffffffffffffffLL, 0xffffffffffffffffULL, 9007199254740993LL)
p(5LL/2, -5LL/2, 5LL%3, -5LL%3, 5ULL/2, 2LL^10, 2ULL^63, 2LL^-1, (-2LL)^3, 2LL^64, 0LL^0, 1LL^-5, (-1LL)^-5, 0LL^-1 == 0)
e(function() return 1LL/0 end) e(function() return 1LL%0 end) e(function() return 1ULL/0LL end) e(function() return (-9223372036854775807LL-1)/-1 end) e(function() return (-9223372036854775807LL-1)%-1 end)
p(1LL + 1.5, 1.9 + 1LL, 1LL + 1ULL, -1LL < 1ULL, 1LL < 2, 2^53 < 9007199254740993LL, 1LL == 1, 1LL == 1ULL, 1LL == '1', -1LL == -1ULL, 1LL ~= 2)
p(tonumber(2^53+1LL), tonumber(0xffffffffffffffffULL), tonumber(-1LL))
p(ffi.new('int64_t', 1.9), ffi.new('uint64_t', -1), ffi.new('int64_t', 2^63), ffi.new('uint64_t', 2^63), ffi.new('uint64_t', 1e20), ffi.new('int64_t', -1e20), ffi.new('int64_t', 0/0))
p(ffi.new('int', 2^31), ffi.new('int', 2^32+5), ffi.new('uint32_t', -1), ffi.new('int8_t', 200), ffi.new('uint8_t', -1), ffi.new('uint8_t', 300.7), ffi.new('int16_t', 40000))
for _, t in ipairs{'int8_t','uint8_t','int16_t','uint16_t','int32_t','uint32_t','int64_t','uint64_t','float','double','bool'} do
  for _, x in ipairs{0, 1, -1, 1.5, -1.5, 127, 128, 255, 256, 65535, 2^31, 2^32, 2^33+3, -2^31, 1e10} do
    local ok, r = pcall(function() local a = ffi.new(t..'[1]') a[0] = x return a[0] end)
    io.write(tostring(r), ' ')
  end
  print()
end
p(({[1LL] = 1})[1LL], #tostring(1LL))
p(ffi.istype('int64_t', 1LL), ffi.istype('long', 1LL), ffi.istype('uint64_t', 1LL), ffi.istype('point', pt()), ffi.istype('point', ffi.new('point *')), ffi.istype('point *', ffi.new('point *')), ffi.istype(pt, pt()), ffi.istype('const point', pt()), ffi.istype('int', 5), ffi.istype('struct nested', pt()), ffi.istype('int[3]', ffi.new('int[3]')), ffi.istype('int[?]', ffi.new('int[?]', 3)), ffi.istype('int[3]', ffi.new('int[?]', 3)), ffi.istype('int *', ffi.new('int[3]')))
