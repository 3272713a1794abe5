-- Operations on C values in hot loops, each in a function of its own. What a loop computes is printed.
local ffi = require 'ffi'
ffi.cdef [[
struct bits { int a : 3; unsigned b : 5; int c : 20; bool d : 1; unsigned e : 30; unsigned f : 32; uint8_t g : 4; int16_t h : 9; };
struct __attribute__((packed)) packed { char c; unsigned x : 13; unsigned y : 14; int z; };
enum color { RED, GREEN = 10, BLUE };
struct colored { enum color c; int n; };
typedef struct { double x, y; } point;
typedef struct { point a, b; const char *name; int n[4]; bool flag; } both;
typedef struct cell { struct cell *next; int v; } cell;
typedef struct { int v; } handled;
struct other { int v; };
int abs(int); double fabs(double); size_t strlen(const char *); int isalpha(int); int toupper(int);
int snprintf(char *, size_t, const char *, ...);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
extern int optind; extern char *optarg; extern char **environ;
int memcmp(const void *, const void *, size_t);
]]
local C = ffi.C
local tests, names = {}, {}
local function test(name, f) names[#names + 1] = name; tests[name] = f end
local N = 200

test('bit-fields', function()
  local s, sum = ffi.new('struct bits'), 0
  for i = 1, N do
    s.a, s.b, s.c, s.e, s.f, s.g, s.h = i, i * 3, -i * 1000, i * 100000, -i, i, -i
    s.d = i % 3 == 0
    sum = sum + s.a + s.b * 2 + s.c * 3 + s.e + s.f + s.g + s.h + (s.d and 1 or 0)
  end
  return sum, s.a, s.b, s.c, s.d, s.e, s.f, s.g, s.h
end)
test('packed bit-fields', function()
  local s, sum = ffi.new('struct packed'), 0
  for i = 1, N do s.c, s.x, s.y, s.z = i, i * 5, i * 7, -i; sum = sum + s.c + s.x + s.y + s.z end
  return sum
end)
test('bool', function()
  local s, count = ffi.new('both'), 0
  for i = 1, N do
    s.flag = i % 2 == 0
    if s.flag then count = count + 1 end
    s.flag = i
    if not s.flag then count = count + 100 end
  end
  return count, s.flag
end)
test('bool array', function()
  local a, count = ffi.new('bool[?]', N), 0
  for i = 0, N - 1 do a[i] = i % 3 end
  for i = 0, N - 1 do if a[i] then count = count + 1 end end
  return count
end)
test('enum', function()
  local s, a, b = ffi.new('struct colored'), 0, 0
  for i = 1, N do
    s.c = 'GREEN'
    if s.c == 'GREEN' then a = a + 1 end
    if s.c ~= 'BLUE' then b = b + 1 end
    s.c = i % 3 == 0 and 'RED' or 'BLUE'
    if s.c == 'RED' then a = a + 10 end
    if s.c == 'NONE' then a = a + 1000 end
    s.n = s.c
  end
  return a, b, s.n
end)
test('pointer difference', function()
  local a, sum = ffi.new('double[100]'), 0
  local p, bytes = a + 50, ffi.cast('char *', a)
  for i = 0, 99 do sum = sum + ((a + i) - p) * 3 + (bytes + i - bytes) end
  return sum
end)
test('pointer comparison', function()
  local a, n = ffi.new('int[100]'), 0
  local p, e = a + 0, a + 100
  while p < e do p[0] = n; n = n + 1; p = p + 1 end
  local q = ffi.cast('int *', e)
  while q > a do q = q - 1; n = n + q[0]; if q == a then n = n + 0.5 end if q ~= nil then n = n + 1 end end
  return n, p == e, q <= a
end)
test('linked list', function()
  local cells, head = {}, ffi.cast('cell *', nil)
  for i = 1, N do local c = ffi.new('cell', head, i); cells[i] = c; head = ffi.cast('cell *', c) end
  local sum = 0
  for _ = 1, 20 do
    local c = head
    while c ~= nil do sum = sum + c.v; c = c.next end
  end
  return sum
end)
test('int64', function()
  local a, b, c = 1LL, 0ULL, 0
  for i = 1, N do
    a = a * 6364136223846793005LL + 1442695040888963407LL
    b = b + bit.bxor(ffi.cast('uint64_t', a), bit.rshift(b, 7))
    if a < 0 then c = c + 1 end
    if b > 0x8000000000000000ULL then c = c + 1000 end
    if a % 3 == 0 then c = c + 1e6 end
    a = a / (i % 5 + 1) - (-a) % 7 + 2LL ^ (i % 20)
  end
  return a, b, c, tonumber(a % 1000)
end)
test('int64 boxed', function()
  local t = {}
  for i = 1, N do t[i] = i * 2LL end
  local sum = 0LL
  for i = 1, N do sum = sum + t[i] end
  return sum, t[N], #t
end)
test('new struct', function()
  local sum, kept = 0, {}
  for i = 1, N do
    local p = ffi.new('point', i, i + 0.5)
    local q = ffi.new('point', { x = p.y, y = p.x })
    local b = ffi.new('both', { p, q, 'name', { i, i + 1 } })
    sum = sum + q.x * q.y + b.a.x + b.b.y + b.n[1]
    kept[i % 7] = b
  end
  return sum, kept[3].a.x, ffi.string(kept[3].name)
end)
test('new by ctype', function()
  local Point, Array, Pair = ffi.typeof('point'), ffi.typeof('int[?]'), ffi.typeof('int[2]')
  local sum = 0
  for i = 1, N do
    local p, a, b = Point(i, 2), Array(i % 10 + 1, i), Pair({ i, i * 2 })
    sum = sum + p.x * p.y + a[i % 10] + b[1] + ffi.sizeof(a)
  end
  return sum
end)
test('struct copies', function()
  local a, sum = ffi.new('point[10]'), 0
  local s = ffi.new('both')
  for i = 1, N do
    a[i % 10].x = i
    a[(i + 1) % 10] = a[i % 10]
    s.a = a[(i + 1) % 10]
    s.b = { i, 3 }
    s.n = { i, 2, 1 }
    s.name = 'constant'
    sum = sum + s.a.x + s.b.x + s.n[0] + s.n[3] + a[(i + 5) % 10].x
  end
  return sum, ffi.string(s.name)
end)
test('cast', function()
  local sum, buffer = 0, ffi.new('uint8_t[64]')
  for i = 1, N do
    local words = ffi.cast('uint32_t *', buffer)
    words[i % 16] = i * 16777619
    sum = sum + buffer[i % 64] + tonumber(ffi.cast('int8_t', i)) + tonumber(ffi.cast('uint16_t', -i)) + tonumber(ffi.cast('int64_t', i + 0.7))
    sum = sum + tonumber(ffi.cast('uint32_t', -i)) + tonumber(ffi.cast('intptr_t', ffi.cast('void *', i)))
    sum = sum + tonumber(ffi.cast('float', i / 3)) + (ffi.cast('bool', i % 2) == true and 1 or 0)
  end
  return sum
end)
test('string', function()
  local buffer, count = ffi.new('char[32]', 'hello world'), 0
  for i = 1, N do
    local s, t = ffi.string(buffer, i % 11), ffi.string(buffer + i % 5)
    count = count + #s + #t
    buffer[i % 11] = 97 + i % 26
  end
  return count, ffi.string(buffer)
end)
test('copy and fill', function()
  local a, b, sum = ffi.new('uint8_t[64]'), ffi.new('uint8_t[64]'), 0
  for i = 1, N do
    ffi.fill(a, 64, i)
    a[3] = 7
    ffi.copy(b, a, 32)
    ffi.copy(b + 32, 'text')
    sum = sum + b[0] + b[3] + b[33] + b[40]
    ffi.fill(b + 40, 4)
  end
  return sum
end)
test('bytes of new objects', function()
  local sum, n = 0, 0
  for i = 1, N do
    local s, t = ffi.new('point', i, 2), ffi.new('point')
    ffi.copy(t, s, i % 2 == 0 and 16 or 8)
    sum = sum + t.x + t.y
    ffi.fill(s, 8)
    sum = sum + s.x + s.y
    t.x = 5
    ffi.copy(s, t, 8)
    local c = ffi.new('char[4]')
    c[0], c[1] = 97 + i % 26, 0
    ffi.fill(c + 1, i % 3, 98)
    n = n + #ffi.string(c) + #ffi.string(c, i % 5) + #ffi.string(ffi.cast('const char *', c)) + s.x
  end
  return sum, n
end)
test('types', function()
  local sum, p, q = 0, ffi.new('point'), ffi.new('int[7]')
  local T = ffi.typeof('point')
  for i = 1, N do
    if ffi.istype('point', p) then sum = sum + 1 end
    if ffi.istype(T, q) or ffi.istype('int', i) then sum = sum + 1000 end
    sum = sum + ffi.sizeof(p) + ffi.sizeof('int[7]') + ffi.alignof(T) + ffi.offsetof('point', 'y') + ffi.sizeof(q)
    if ffi.typeof('point') == T then sum = sum + 1 end
    if ffi.typeof(p) == T then sum = sum + 1 end
  end
  return sum, ffi.sizeof('int[?]', 10)
end)
test('globals', function()
  local sum = 0
  for i = 1, N do
    C.optind = i
    sum = sum + C.optind
    if C.optarg == nil then sum = sum + 1 end
    if C.environ ~= nil then sum = sum + 1 end
  end
  C.optind = 1
  return sum
end)
test('varargs', function()
  local buffer, total = ffi.new('char[128]'), 0
  for i = 1, N do
    total = total + C.snprintf(buffer, 128, '%d %g %s %lld', ffi.cast('int', i), i / 2, 'text', 1LL * i)
  end
  return total, ffi.string(buffer)
end)
test('errno', function()
  local sum = 0
  for i = 1, N do ffi.errno(i); sum = sum + ffi.errno() end
  return sum
end)
test('calls', function()
  local sum, s = 0, 'some text'
  for i = 1, N do
    sum = sum + C.abs(-i) + C.fabs(-i / 2) + tonumber(C.strlen(s)) + C.toupper(97 + i % 26)
    if C.isalpha(i % 128) ~= 0 then sum = sum + 1 end
    if C.memcmp(s, 'some', 4) == 0 then sum = sum + 1 end
  end
  return sum
end)
test('callback', function()
  local a, calls = ffi.new('int[8]'), 0
  local compare = ffi.cast('int (*)(const void *, const void *)', function(x, y)
    calls = calls + 1
    return ffi.cast('const int *', x)[0] - ffi.cast('const int *', y)[0]
  end)
  local sum = 0
  for i = 1, 60 do
    for j = 0, 7 do a[j] = (j * 5 + i) % 8 end
    C.qsort(a, 8, 4, compare)
    sum = sum + a[0] * 100 + a[7]
  end
  compare:free()
  return sum, calls > 0
end)
local Handled
Handled = ffi.metatype('handled', {
  __add = function(a, b) return Handled(a.v + b.v) end,
  __eq = function(a, b) return type(a) == 'cdata' and type(b) == 'cdata' and a.v == b.v end,
  __lt = function(a, b) return a.v < b.v end,
  __le = function(a, b) return a.v <= b.v end,
  __len = function(a) return a.v end,
  __concat = function(a, b) return tostring(a) .. '|' .. tostring(b) end,
  __call = function(a, n) return a.v * n end,
  __unm = function(a) return Handled(-a.v) end,
  __tostring = function(a) return 'h' .. a.v end,
  __index = { twice = function(a) return a.v * 2 end, K = 5 },
  __newindex = function(a, k, v) a.v = a.v + v end,
})
test('metatype', function()
  local a, n = Handled(0), 0
  for i = 1, N do
    a = a + Handled(i)
    if a == Handled(i * (i + 1) / 2) then n = n + 1 end
    if a ~= Handled(3) then n = n + 1 end
    if Handled(i) < Handled(100) then n = n + 1 end
    if Handled(i) <= Handled(100) then n = n + 1 end
    if a == nil then n = n + 1000 end
    n = n + #a + a(2) + (-a).v + a:twice() + a.K + Handled.K
    a.other = 1
    a.other = -1
  end
  return a.v, n
end)
test('metatype text', function()
  local a, n = Handled(0), 0
  for i = 1, N do n = n + #(Handled(i) .. Handled(2)) + #tostring(Handled(i)) end
  return n
end)
local Fancy = ffi.metatype('struct other', {
  __new = function(ct, v) return ffi.new(ct, v * 2) end,
  __index = function(o, k) return k end,
  __newindex = function(o, k, v) o.v = v end,
})
test('metatype functions', function()
  local n = 0
  for i = 1, N do
    local f = Fancy(i)
    f.zip = f.v + 1
    n = n + f.v + #f.name + f[i]
  end
  return n
end)
test('identity', function()
  local a, b, n = ffi.new('struct bits'), ffi.new('struct bits'), 0
  local p, array = ffi.new('cell'), ffi.new('cell[2]')
  local q = ffi.cast('cell *', p)
  for i = 1, N do
    if a == b then n = n + 1000 end
    if a == a then n = n + 1 end
    if p == q then n = n + 1 end
    if array[i % 2] == array[1] then n = n + 1 end
    if a == nil or a == 'x' or a == i then n = n + 1000 end
  end
  return n
end)
test('gc', function()
  local n = 0
  local function note() n = n + 1 end
  for i = 1, N do ffi.gc(ffi.new('int[1]'), note) end
  collectgarbage() collectgarbage()
  return n >= N - 2
end)
test('text', function()
  local n = 0
  for i = 1, N do n = n + #tostring(i * 3LL) + #string.format('%d %s', 5LL, 7ULL) + #tostring(ffi.typeof('int')) end
  return n
end)
test('complex', function()
  local z, n = ffi.new('complex', 3, 4), 0
  for i = 1, N do n = n + z.re * z.im + z[0] + ffi.new('complex', i, 1).re end
  return n
end)
test('unions', function()
  local u = ffi.new('union { double d; uint32_t u[2]; uint8_t b[8]; }')
  local n = 0
  for i = 1, N do u.d = i / 3; n = n + u.u[0] % 1000 + u.b[7]; u.u[1] = i; n = n + u.b[4] end
  return n
end)
test('numbers', function()
  local sum, out = 0, {}
  for _, name in ipairs { 'int8_t', 'uint8_t', 'int16_t', 'uint16_t', 'int32_t', 'uint32_t', 'int64_t', 'uint64_t', 'float', 'double' } do
    local a = ffi.new(name .. '[4]')
    for i = 1, N do
      a[0], a[1], a[2], a[3] = i * 3.7, -i * 1.5, i * 2 ^ 25, a[0] + a[1]
      sum = sum + tonumber(a[0]) + tonumber(a[1]) % 1024 + tonumber(a[2]) % 1024 + tonumber(a[3]) % 1024
    end
    out[#out + 1] = sum
  end
  return unpack(out)
end)

for _, name in ipairs(names) do
  if not arg or not arg[1] or arg[1] == name then print(name, pcall(tests[name])) end
end
