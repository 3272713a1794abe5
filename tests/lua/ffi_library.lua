-- Metatypes, finalisers, parameterised types, what is known of types, strings, callbacks: as LuaJIT has them.
local ffi = require 'ffi'
local function p(...)
  local t = {}
  for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))):gsub('0x%x+', 'ADDR') end
  print(table.concat(t, '\t'))
end
local function e(f, ...) local r = {pcall(f, ...)} r[2] = tostring(r[2]):gsub('^[^:]+:%d+: ', '') p(unpack(r, 1, 2)) end
ffi.cdef[[ typedef struct vec { double x, y; } vec; struct mt { int a; }; struct mt2 { int a; }; struct gcs { int id; }; struct ni { int a; }; struct nn { int a; }; struct it { int n; }; int abs(int); void free(void *); void *malloc(size_t);]]
local C = ffi.C
-- metatypes
local log = {}
local mt = { __index = { m = function(s, k) return s.a + k end, const = 5 }, __add = function(x, y) return 'add' .. type(x) .. type(y) end, __sub = function() return 'sub' end, __mul = function() return 'mul' end, __div = function() return 'div' end, __mod = function() return 'mod' end, __pow = function() return 'pow' end, __unm = function() return 'unm' end, __len = function() return 99 end, __concat = function(x, y) return 'cat' .. type(x) .. type(y) end, __call = function(s, ...) return s.a, ... end, __eq = function(x, y) return type(x) == type(y) end, __lt = function() return true end, __le = function() return false end, __tostring = function(s) return 'mt' .. s.a end, __pairs = function(s) return next, { a = s.a } end, __ipairs = function(s) return function(_, i) if i < 3 then return i + 1, i end end, s, 0 end }
local T = ffi.metatype('struct mt', mt)
local x, y = T(1), T(2)
p(x:m(10), x.const, T.const, T.m, x + y, x + 1, 1 + x, x + 'z', 'z' + x, x + nil == nil)
p(x - 1, x * 1, 1 / x, x % 2, x ^ 2, -x, #x, x .. y, x .. 1, 'a' .. x, x .. 'a', (x(4, 5)))
p(x == y, x == 1, x == nil, x ~= y, x ~= 5, 1 == x, x < y, x <= y, x > 1, x >= 1, 1 < x, tostring(x))
for k, v in pairs(x) do p(k, v) end for i, v in ipairs(x) do p(i, v) end
local px = ffi.new('struct mt *', x) p(px:m(1), px + px, px .. 1, #px, -px, tostring(px) ~= nil, px(7), px == x, px < 1)
e(function() return px + 1 == 'addcdatanumber' or ffi.typeof(px + 1) end)
e(function() return x.nope end) e(function() x.nope = 1 end) e(function() return T.nope end) e(function() return x[1] end)
local ai = ffi.new('struct mt[2]', {{3}, {4}}) p(ai[1]:m(1), ai[0] + ai[1], #ai[0])
e(function() return #ai end)
p(select('#', x(1, nil, nil)))
e(ffi.metatype, 'struct mt', {}) e(ffi.metatype, 'int', {}) e(ffi.metatype, 'struct mt2 *', {}) e(ffi.metatype, 'struct mt2', 5)
ffi.metatype('struct mt2', { __index = function(s, k) return 'idx' .. tostring(k) end, __newindex = function(s, k, v) log[#log + 1] = tostring(k) .. tostring(v) end })
local z = ffi.new('struct mt2', 8) p(z.a, z.foo, z[1], z[true], z[z] ~= nil) z.foo = 1 z[2] = 3 z.a = 9 p(table.concat(log, ','), z.a)
local M = ffi.metatype('struct ni', { __index = setmetatable({}, { __index = function(_, k) return 'deep' .. k end }) }) p(M(1).zip, M.zap)
local nn = ffi.metatype('struct nn', { __new = function(ct, ...) log[#log+1] = tostring(ct) return ffi.new(ct, select('#', ...)) end }) p(nn(1, 2, 3).a, nn().a, ffi.new('struct nn', 7).a, ffi.typeof(nn), ffi.new(nn, 4).a, tostring(ffi.typeof('struct nn')))
e(function() return ffi.metatype('struct it', { __call = 5, __index = 5, __add = 5, __tostring = 5, __len = 5 }) end)
local it = ffi.new('struct it', 3) e(function() return it() end) e(function() return it.foo end) e(function() return it + 1 end) e(function() return #it end) e(function() return tostring(it) end)
-- gc
local freed = {}
do for i = 1, 5 do ffi.gc(ffi.new('struct gcs', i), function(o) freed[#freed + 1] = o.id end) end end collectgarbage() collectgarbage() table.sort(freed) p(table.concat(freed, ','))
freed = {}
local keep = ffi.gc(ffi.new('struct gcs', 1), function() freed[1] = 'no' end) ffi.gc(keep, nil) keep = nil collectgarbage() p(#freed)
local m = ffi.gc(C.malloc(10), C.free) p(ffi.typeof(m), m ~= nil) m = nil collectgarbage() collectgarbage()
e(ffi.gc, ffi.new('int'), print) e(ffi.gc, 5) e(ffi.gc, ffi.new('int[1]')) e(ffi.gc)
do local order = {} local list = {} for i = 1, 4 do list[i] = ffi.gc(ffi.new('int[1]', i), function(o) order[#order+1] = o[0] end) end list = nil collectgarbage() collectgarbage() p(table.concat(order, ',')) end
local G = ffi.metatype('struct gcs', { __gc = function(o) freed[#freed+1] = 'gc' .. o.id end }) do for i = 1, 3 do G(i) end local no = G(4) ffi.gc(no, nil) end collectgarbage() collectgarbage() table.sort(freed) p(table.concat(freed, ','))
-- parameterised
local int = ffi.typeof('int') p(ffi.typeof('$', int), ffi.typeof('$ *', int), ffi.typeof('$[$]', int, 5), ffi.sizeof('int[$]' and ffi.typeof('int[$]', 7)), ffi.typeof('struct { $ $; }', int, 'name')(3).name, ffi.typeof('$ (*)($, $)', int, int, ffi.typeof('vec')))
e(ffi.typeof, '$') e(ffi.typeof, '$', 1, 2) e(ffi.typeof, 'int', 1) e(ffi.typeof, '$ x', {}) e(ffi.typeof, 'struct $', 'vec')
ffi.cdef('typedef struct $ { $ v; } $;', 'ptag', int, 'ptype') p(ffi.new('ptype', 5).v, ffi.typeof('struct ptag')) e(ffi.cdef, 'int $;') e(ffi.cdef, 'int x;', 1)
-- types
p(ffi.typeof('int') == ffi.typeof('int'), ffi.typeof('int'), ffi.typeof('unsigned'), ffi.typeof('long long'), ffi.typeof('unsigned char'), ffi.typeof('signed char'), ffi.typeof('char'), ffi.typeof('long double') ~= nil, ffi.typeof('size_t'), ffi.typeof('const char * const *'), ffi.typeof('int (*[3])(void)'), ffi.typeof('int (*(*)(int))(double)'), ffi.typeof('volatile int'), ffi.typeof('int[2][3]'), ffi.typeof('int *(*)[4]'), ffi.typeof('int &'), ffi.typeof('vec'), ffi.typeof('struct vec'), ffi.typeof('bool'), ffi.typeof('float'), ffi.typeof('complex'), ffi.typeof('complex float'), ffi.typeof('wchar_t'), ffi.typeof('intptr_t'), ffi.typeof('ptrdiff_t'), ffi.typeof('uint16_t'), ffi.typeof('void'), ffi.typeof('int(int)'), ffi.typeof('int[?]'), ffi.typeof('int[]'), ffi.typeof('__int128') ~= nil)
for _, t in ipairs{'char','short','int','long','long long','float','double','long double','void *','size_t','wchar_t','bool','complex','complex float','vec','int[3]','char[7]','uint8_t','intptr_t','int(*)(void)','vec *'} do p(t, ffi.sizeof(t), ffi.alignof(t)) end
e(ffi.sizeof, 'void') e(ffi.sizeof, 'int(int)') e(ffi.sizeof, 'int[]') e(ffi.sizeof, 'int[?]') e(ffi.sizeof, 'int[?]', 3) e(ffi.sizeof, 'struct nope') e(ffi.alignof, 'struct nope') e(ffi.offsetof, 'struct nope', 'x') e(ffi.offsetof, 'vec', 'y') e(ffi.offsetof, 'vec', 'z') e(ffi.offsetof, 'int', 'z') e(ffi.sizeof, ffi.new('vec')) e(ffi.sizeof, ffi.new('vec *')) e(ffi.new, 'void') e(ffi.new, 'int(int)') e(ffi.new, 'int[]') e(ffi.sizeof)
for _, a in ipairs{'32bit','64bit','le','be','fpu','softfp','hardfp','eabi','win','uwp','gc64','pauth','nope'} do io.write(tostring(ffi.abi(a)), ' ') end print() p(ffi.os, ffi.arch, type(ffi.C), tostring(ffi.C):match('^%w+'))
-- strings
local b = ffi.new('char[10]', 'hello') p(ffi.string(b), ffi.string(b, 2), #ffi.string(b, 10), ffi.string(b + 1), ffi.string(ffi.cast('void *', b), 3), ffi.string('lua'), ffi.string('lua', 2), ffi.string(ffi.cast('const char *', 'lit')), ffi.string(ffi.new('uint8_t[3]', 65, 66, 67), 3), ffi.string(ffi.new('int[2]', 0x41424344), 4))
e(ffi.string) e(ffi.string, 5) e(ffi.string, {}) e(ffi.string, ffi.new('int[2]')) e(ffi.string, ffi.new('vec')) e(ffi.string, ffi.new('vec'), 0) e(ffi.string, ffi.cast('void *', b)) e(ffi.string, b, 'x')
ffi.copy(b, 'xyz') p(ffi.string(b)) ffi.copy(b, 'ABCDEF', 3) p(ffi.string(b)) ffi.fill(b, 2, 66) p(ffi.string(b)) ffi.fill(b, 10) p(#ffi.string(b)) e(ffi.copy, b) e(ffi.copy) e(ffi.copy, b, ffi.new('char[3]')) e(ffi.fill, b) e(ffi.fill, 'x', 1) e(ffi.copy, 'x', b, 1)
-- callbacks
local cb = ffi.cast('int (*)(int, double)', function(i, d) return i + d * 2 end) p(cb(1, 2.5), ffi.typeof(cb)) cb:set(function(i) return i * 100 end) p(cb(3, 0)) cb:free() e(cb.free, cb) e(function() cb:set(print) end) e(function() return ffi.new('int *'):free() end)
local vcb = ffi.cast('void (*)(void)', function() log = 'called' end) p(vcb(), log) vcb:free() local ecb = ffi.cast('int (*)(void)', function() error('inside') end) e(function() return ecb() end) e(function() return ecb() end) ecb:set(function() return 'notanumber' end) e(function() return ecb() end) ecb:set(function() end) e(function() return ecb() end) ecb:free()
local bcb = ffi.cast('bool (*)(bool, const char *)', function(b, s) return not b and ffi.string(s) == 'x' end) p(bcb(false, 'x'), bcb(true, 'x')) bcb:free() e(ffi.cast, 'int (*)(int, ...)', function() end) e(ffi.cast, 'int (*)(struct nope)', function() end) local pcb = ffi.cast('vec *(*)(vec *)', function(v) v.x = 42 return v end) local vv = ffi.new('vec') p(pcb(vv).x, vv.x) pcb:free()
local fcb = ffi.cast('float (*)(float, int8_t, uint16_t, int64_t)', function(a, b, c, d) return a + b + c + tonumber(d) end) p(fcb(0.5, -1, 65535, 10LL)) fcb:free()
-- misc
p(type(1LL), type(ffi.typeof('int')), ffi.typeof(ffi.typeof('int')), tostring(ffi.typeof(1LL)), tostring(ffi.new('int', 5)):match('^cdata<int>'), ffi.new('bool', true), ffi.new('bool', 0), not not ffi.new('bool', false))
local t = {} t[1LL] = 1 p(t[1LL], next(t) == 1LL) local k = ffi.new('vec') t[k] = 'k' p(t[k]) p(rawequal(1LL, 1LL), 1LL == 1LL, math.abs(-1LL == -1 and -5 or 0), pcall(math.floor, 5LL)) p(pcall(string.format, "%d %x", 5LL, 255ULL)) p(pcall(string.format, "%s", 7LL)) p(pcall(string.format, "%5.1f", 2LL)) p(pcall(string.format, "%d", ffi.new("int", 9))) p(pcall(string.format, "%i %u %X %o", -5LL, -1ULL, -1LL, 8LL)) p(pcall(string.format, "%c", 65LL)) p(pcall(string.format, "%q", 65LL)) e(string.rep, "x", 3LL) e(function() for i = 1LL, 3 do end end) e(function() return ("x"):rep(2LL) end)
e(function() local v = ffi.new('vec') return v.x .. 'a', v .. 'a' end) e(function() return 1LL .. 'a' end) e(function() return {} + 1LL end) e(function() return 'a' < 1LL end) e(function() return nil == 1LL, {} == 1LL, '1' == 1LL end) e(function() return '5' + 1LL end) e(function() return 1LL + '5' end) e(function() return '0x10' * 2LL end) e(function() return 'abc' * 2LL end)
