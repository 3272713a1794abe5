-- Calls with `...`, pointers, references and copies of structs: as LuaJIT has them.
local ffi = require 'ffi'
local function p(...)
  local t = {}
  for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))):gsub('0x%x+', 'ADDR') end
  print(table.concat(t, '\t'))
end
local function e(f, ...) local r = {pcall(f, ...)} r[2] = tostring(r[2]):gsub('^[^:]+:%d+: ', '') p(unpack(r, 1, 2)) end
ffi.cdef[[
int sprintf(char *, const char *, ...);
int snprintf(char *, size_t, const char *, ...);
int abs(int); long labs(long); double fabs(double); float fabsf(float);
int my_abs(int) __asm__("abs");
double floor(double);
char *getenv(const char *); int setenv(const char *, const char *, int);
void *malloc(size_t); void free(void *); void *calloc(size_t, size_t);
size_t strlen(const char *); int strcmp(const char *, const char *); char *strchr(const char *, int);
void *memcpy(void *, const void *, size_t); int memcmp(const void *, const void *, size_t);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
int isalpha(int); int toupper(int); int atoi(const char *); double atof(const char *); double strtod(const char *, char **); long strtol(const char *, char **, int);
int close(int); int open(const char *, int, ...);
typedef struct { double x, y; } vec;
struct mt { int a; };
struct mtp { int a; };
struct gcs { int id; };
typedef struct node { struct node *next; int v; } node;
extern char **environ;
]] 
local C = ffi.C
local buf = ffi.new('char[256]')
local function fmt(...) local n = C.snprintf(buf, 256, ...) return ffi.string(buf), n end
p(fmt('%d %d', ffi.new('int', 5), ffi.new('int8_t', -3)))
p(fmt('%g %g', 1.5, ffi.new('float', 2.5)))
p(fmt('%s %s', 'abc', buf + 100))
p(fmt('%lld %llu', -5LL, 18446744073709551615ULL))
p(fmt('%d %d', true, false))
p(fmt('%p', nil))
p(fmt('%c%c', ffi.new('char', 65), ffi.new('int', 66)))
p(fmt('%.3f %5.1f|%-5d|%05d', 1/3, 2.25, ffi.new('int', 3), ffi.new('int', 42)))
p(fmt('%g %g %g %g %g %g %g %g %g %g', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
p(fmt('%d %g %d %g %s %g %lld', ffi.new('int', 1), 2, ffi.new('int', 3), 4, 'x', 5, 6LL))
p(fmt('%u %hhu %hd', ffi.new('uint32_t', -1), ffi.new('uint8_t', 255), ffi.new('int16_t', -2)))
e(C.snprintf, buf) e(C.snprintf, buf, 5, nil, {}) e(C.snprintf, buf, 256, '%d', print)
p(C.my_abs(-5), C.abs(-2^31), C.labs(-5), C.fabs(-2.5), C.fabsf(-0.1), C.abs(-3.9), C.abs(true), C.abs(ffi.new('int8_t', -7)))
e(C.abs) e(C.abs, 1, 2) e(C.abs, 'x') e(C.abs, nil) e(C.abs, {}) e(C.strlen, nil == 1) e(C.strlen, 5)
p(C.strlen('hello'), C.strcmp('a', 'b') < 0, ffi.string(C.strchr('hello', 108)), C.strchr('hello', 122) == nil, C.getenv('NOPE_NOT_SET') == nil, C.atoi('42'), C.atof('1.5e3'))
local endp = ffi.new('char *[1]') local s = '12.5abc' p(C.strtod(s, endp), ffi.string(endp[0])) p(C.strtol('ff', nil, 16), C.toupper(97))
p(C.environ ~= nil, ffi.typeof(C.environ), ffi.typeof(C.abs), ffi.typeof(C.snprintf))
p(C.close(-1), ffi.errno(), ffi.errno(5), ffi.errno(), ffi.errno(0))
-- pointers
local a = ffi.new('int[10]') for i = 0, 9 do a[i] = i * i end
local q = a + 3 p(q[0], q[-1], (q + 2)[0], q - a, a - q, (a + 9) - (a + 2), q == a + 3, q > a, q <= a, q ~= a)
p(ffi.typeof(q), ffi.typeof(a + 0), ffi.typeof(q - 1)) e(function() return q + q end) e(function() return q * 2 end) e(function() return q - 'x' end) e(function() return 5 - q end) p((5 + a)[0], (a + 2LL)[0], (a + 1.9)[0], (a - 0)[0])
e(function() return q - ffi.new('double[3]') end) e(function() return q == ffi.new('double[3]') end) e(function() return q < nil end) e(function() return q < 5 end) p(q == nil, nil == q, q ~= nil, ffi.new('void *') == nil, ffi.new('int *') == ffi.new('char *'), ffi.cast('void *', q) == q)
p(ffi.cast('int *', 0x1234), ffi.cast('uintptr_t', ffi.cast('void *', 0x1234)), tonumber(ffi.cast('intptr_t', ffi.cast('int *', -1))), ffi.cast('int *', nil) == nil)
p(ffi.cast('uint8_t *', a)[4], ffi.cast('int32_t', 2^31), ffi.cast('uint8_t', 300), ffi.cast('int8_t', 200), ffi.cast('bool', 5), ffi.cast('float', 0.1), ffi.cast('int', 1.9), ffi.cast('int', -1.9))
e(function() return ffi.cast('int', {}) end) e(function() return ffi.cast('int', 'x') end) e(function() return ffi.cast('point_t', 1) end) e(ffi.cast, 'vec', 1) e(ffi.cast, 'int[3]', 1)
local vp = ffi.cast('void *', a) e(function() return vp[0] end) e(function() vp[0] = 1 end) e(function() return vp + 1 end) e(function() return ffi.new('struct unknown *')[0] end) e(function() return ffi.new('struct unknown *').x end)
e(function() return a.x end) e(function() return a['1'] end) e(function() return a[nil] end) e(function() return a[{}] end) p(a[2LL], a[2.9], a[ffi.new('int', 3)], a[ffi.new('uint8_t', 2)])
e(function() local c = ffi.new('const int[2]', 1) c[0] = 2 end) e(function() local c = ffi.new('const vec') c.x = 2 end) e(function() ffi.cast('const char *', buf)[0] = 1 end)
local n3 = ffi.new('node', nil, 3) local n2 = ffi.new('node', n3, 2) local n1 = ffi.new('node', n2, 1) p(n1.next.next.v, n1.next.next.next == nil, n1.next == n2, ffi.typeof(n1.next)) n1.next = nil p(n1.next == nil) e(function() n1.next = 5 end) e(function() n1.next = a end) e(function() n1.v = n2 end) n1.next = ffi.cast('void *', n3) p(n1.next.v)
-- struct copy and references
local arr = ffi.new('vec[3]') local r = arr[1] r.x = 5 p(arr[1].x, ffi.typeof(r), ffi.typeof(arr[0]), ffi.sizeof(r)) arr[2] = r p(arr[2].x) r.x = 6 p(arr[2].x) arr[0] = {7, 8} p(arr[0].y) arr[0] = {y = 9} p(arr[0].x, arr[0].y) e(function() arr[0] = 5 end) e(function() arr[0] = a end)
local pv = ffi.new('vec *', arr) p(pv.x, pv[1].x, (pv + 1).x, pv == arr, pv[0] == arr[0]) local pp = ffi.new('vec *[1]', pv) p(pp[0].x, pp[0][2].x) e(function() return ffi.new('vec **').x end)
local rr = ffi.new('vec &', arr[1]) 
