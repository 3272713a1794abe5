-- Indexing, operators and the functions of the library.
--
-- One expression a line. What LuaJIT gives for each, or its message, is in the file of the same name that ends in `.expected`;
-- `luajit record.lua operations` writes it.
return {
  declarations = [[
struct foo { int a; int b; };
struct outer { struct foo f; int arr[3]; const struct foo cf; const int carr[2]; struct foo *pf; const struct foo *cpf; };
struct nest { struct foo f; int arr[3]; const int k; static const int ZZ = 77; };
union un { int i; double d; struct foo f; };
enum en { EA, EB = 5, EC };
struct bf { int a : 3; unsigned b : 5; bool c : 1; int w : 20; };
struct vls { int n; double d[?]; };
struct inc;
struct emp { };
struct pp { struct inc *p; struct foo *f; char *s; const char *cs; void (*fn)(int); };
struct anon { int a; struct { int b; union { int c; float d; }; }; int e[2]; };
struct ch { char s[4]; int n; };
struct en2 { enum en e; enum en f[2]; bool b; };
int printf(const char *format, ...);
int abs(int);
size_t strlen(const char *);
char *strdup(const char *);
void *malloc(size_t);
]],
  cases = [[
ffi.new('struct foo').x
ffi.new('struct foo').x = 1
ffi.new('struct foo', {1,2,3}).b
ffi.new(1)
ffi.new()
ffi.new({})
ffi.new('int').x
ffi.new('int*').x
ffi.new('int[3]').x
ffi.new('void*').x
ffi.new('struct inc*').x
ffi.new('struct nest').k
ffi.new('struct nest').k = 1
ffi.new('struct nest').ZZ
ffi.new('struct nest').ZZ = 1
ffi.typeof('struct nest').ZZ
ffi.typeof('struct nest').k
ffi.typeof('enum en').EB
ffi.C.EB
ffi.C.EB = 3
ffi.C.undeclared
ffi.C.printf = 1
ffi.C[1]
ffi.C.abs
ffi.C.abs()
ffi.C.abs(1,2)
ffi.C.abs('x')
ffi.C.abs({})
ffi.C.abs(nil)
ffi.C.abs(-3.7)
ffi.C.printf()
ffi.C.printf(1)
ffi.new('struct foo') + 1
ffi.new('struct foo') + {}
ffi.new('int') + {}
ffi.new('int') + 'x'
ffi.new('int',3) + '5'
ffi.new('int',3) + 5.7
ffi.new('int',3) + nil
ffi.new('int',3) + 5ULL
ffi.new('float',3.7) + 5.7
-ffi.new('struct foo')
-ffi.new('int', 5)
-ffi.new('int*')
ffi.new('int*') + ffi.new('int*')
ffi.new('int*',nil) - ffi.new('char*')
ffi.new('int*') - ffi.new('int*')
ffi.new('void*') + 1
ffi.new('void*') - ffi.new('void*')
ffi.new('int*') * 2
ffi.new('int[3]') + 1
ffi.new('int*') + 1.5
ffi.new('int*') + 1LL
ffi.new('int*') < ffi.new('char*')
ffi.new('int*') < ffi.new('int*')
ffi.new('int*') <= nil
ffi.new('int*') < 1
ffi.new('int*') == nil
ffi.new('int*') == ffi.new('char*')
ffi.new('int*') == 0
ffi.new('struct foo') == ffi.new('struct foo')
ffi.new('struct foo') < ffi.new('struct foo')
ffi.new('int') < {}
ffi.new('int') < 'x'
#ffi.new('int[3]')
#ffi.new('struct foo')
ffi.new('struct foo') .. 'x'
'x' .. 5LL
ffi.new('enum en', 5) == 'EB'
ffi.new('enum en', 5) == 'EX'
ffi.new('enum en', 5) < 'EC'
ffi.new('enum en', 5) < 'EX'
ffi.new('enum en', 5) + 'EC'
ffi.new('enum en', 5) + 1
ffi.cast('intptr_t', ffi.new('int[3]')) ~= 0
ffi.new('int**', ffi.new('int*[3]')) ~= nil
ffi.new('struct foo*', ffi.new('struct foo')) ~= nil
ffi.new('void*', ffi.new('struct foo')) ~= nil
ffi.new('const char*', 'abc') ~= nil
ffi.new('const uint8_t*', 'abc') ~= nil
ffi.new('const void*', 'abc') ~= nil
ffi.cast('char*', 'abc') ~= nil
ffi.cast('int*', 'abc') ~= nil
ffi.new('struct foo', ffi.new('struct foo', 1, 2)).b
ffi.string(ffi.new('char[4]', 'abcdef'), 4)
ffi.string(ffi.new('char[10]', 'abc'))
ffi.sizeof(ffi.new('char[?]', 3, 'abcdef'))
ffi.new('complex').re
ffi.new('complex',3,4).im
ffi.new('complex',3,4).x
ffi.new('complex').re = 1
tonumber(2i)
ffi.new('int', 5) == 5
ffi.new('int', 5) == 5.5
ffi.new('double',5.5) == 5.5
ffi.new('double',5.5) == 5
ffi.new('bool',true)==true
ffi.new('bool',true)==1
ffi.C.strlen('abc')
ffi.C.strlen(ffi.new('char[4]','xyz'))
ffi.C.strdup(5)
ffi.C.strdup(ffi.new('int[3]'))
ffi.string(ffi.C.strdup('abc'))
ffi.typeof('int')
ffi.typeof('struct foo')
ffi.typeof('int(*)(int)')
ffi.typeof('enum en')
ffi.typeof('const char * const *')
ffi.typeof('unsigned')
ffi.typeof('long')
ffi.typeof('char')
ffi.typeof('signed char')
ffi.typeof('unsigned char')
ffi.typeof('bool')
ffi.typeof('complex')
ffi.typeof('complex float')
ffi.typeof('void')
ffi.typeof('int[?]')
ffi.typeof('int[]')
ffi.typeof('int[3][4]')
ffi.typeof('int(&)[3]')
ffi.typeof('struct {int a;}') ~= nil
ffi.typeof('float __attribute__((vector_size(16)))')
ffi.typeof('long double')
ffi.typeof('volatile int')
ffi.typeof('int (*(*)(int))(double)')
ffi.typeof('int')(5)
ffi.sizeof('int')
ffi.sizeof('void')
ffi.sizeof('int[?]')
ffi.sizeof('int[?]', 5)
ffi.sizeof(ffi.new('int[?]', 5))
ffi.sizeof('struct inc')
ffi.sizeof('int(int)')
ffi.sizeof(5)
ffi.sizeof('int', 5)
ffi.sizeof('int[]')
ffi.sizeof('int[?]', -1)
ffi.alignof('int')
ffi.alignof('void')
ffi.alignof('double[3]')
ffi.alignof('struct inc')
ffi.offsetof('struct foo','b')
ffi.offsetof('struct foo','c')
ffi.offsetof('int','c')
ffi.offsetof('struct bf','b')
ffi.offsetof('struct bf','w')
ffi.offsetof('struct foo*','b')
ffi.offsetof(ffi.new('struct foo'),'b')
ffi.offsetof('struct foo', 1)
ffi.offsetof('struct foo')
ffi.offsetof('struct inc', 'x')
ffi.istype('int', 5)
ffi.istype('int', ffi.new('int'))
ffi.istype('const int', ffi.new('int'))
ffi.istype('int', ffi.new('unsigned'))
ffi.istype('struct foo', ffi.new('struct foo*'))
ffi.istype('struct foo*', ffi.new('struct foo'))
ffi.istype('int*', ffi.new('const int*'))
ffi.istype('int*', ffi.new('int[3]'))
ffi.istype('void*', ffi.new('int*'))
ffi.istype('int*', ffi.new('void*'))
ffi.istype('int*', ffi.new('int**'))
ffi.istype('long', ffi.new('long long'))
ffi.istype('int[3]', ffi.new('int[3]'))
ffi.istype('int[3]', ffi.new('int[2]'))
ffi.istype('int', ffi.typeof'int')
ffi.istype(5, 5)
ffi.istype('enum en', ffi.new('enum en'))
ffi.istype('int64_t', 5LL)
ffi.istype('struct foo', ffi.new('struct foo[1]')[0])
ffi.istype('int')
ffi.istype('int *', ffi.new('unsigned *'))
ffi.istype('char *', ffi.new('signed char *'))
ffi.istype('int(*)(int)', ffi.new('int(*)(int)'))
ffi.istype('int(*)(int)', ffi.new('int(*)(double)'))
ffi.istype('int[?]', ffi.new('int[3]'))
ffi.istype('struct foo &', ffi.new('struct foo'))
ffi.istype('unsigned long', 5ULL)
ffi.typeof(ffi.new('struct outer').arr)
ffi.typeof(ffi.new('struct outer').cf)
ffi.typeof(ffi.new('struct outer').carr)
ffi.new('struct outer').f
ffi.new('struct outer').f = 5
ffi.new('struct outer').f = {7,8}
ffi.new('struct outer').arr = 5
ffi.new('struct outer').arr = {1,2,3,4}
ffi.new('struct outer').arr = 'abc'
ffi.new('struct outer').arr = ffi.new('int[3]')
ffi.new('struct outer').arr = ffi.new('int[2]')
ffi.new('struct outer').pf = 0
ffi.new('struct outer').cpf = ffi.new('const struct foo')
ffi.new('struct outer').pf = ffi.new('const struct foo')
ffi.new('struct outer', {1,2}).f.a
ffi.new('struct outer', {{1,2},{3}}).arr[2]
ffi.new('struct outer', {f={b=4},arr={5,6}}).f.b
ffi.new('struct outer', {arr=true}).arr[2]
ffi.new('struct foo', {a=1, [1]=7}).a
ffi.new('struct foo', {[0]=1,2}).b
ffi.new('struct foo', {nil,2}).b
ffi.new('struct foo', true).a
ffi.new('struct foo*', io.stdout) ~= nil
ffi.new('void*', io.stdout) ~= nil
ffi.new('union un', 1).i
ffi.new('union un', 1, 2).i
ffi.new('union un', {1, 2}).i
ffi.new('union un', {d=2}).d
ffi.new('union un', {f={3,4}}).f.b
ffi.new('struct anon', 1,2,3).c
ffi.new('struct anon', 1,{2,{3}}).c
ffi.new('struct anon', 1,2,3,{7,8}).e[1]
ffi.new('struct anon', {1,2,3,{7,8}}).e[1]
ffi.new('struct anon', {1,{2,{3}},{7,8}}).e[1]
ffi.new('struct anon', {a=1,b=2,d=2.5,e={9}}).d
ffi.new('struct anon', {a=1,b=2,d=2.5,e={9}}).e[1]
ffi.offsetof('struct anon', 'd')
ffi.new('struct ch', 'ab', 5).n
ffi.string(ffi.new('struct ch', 'ab', 5).s)
ffi.new('struct ch', {'abcdef', 5}).n
ffi.new('struct en2', 'EB').e
ffi.new('struct en2', {'EB', {'EC','EA'}, true}).f[0]
ffi.new('struct en2').e
ffi.new('struct en2').b
local x=ffi.new('struct en2') x.e='EC' return {n=1,x.e}
local x=ffi.new('struct en2') x.e=true return {n=1,x.e}
local x=ffi.new('struct en2') x.b=5 return {n=1,x.b}
ffi.new('struct bf', 3, 31, true).a
ffi.new('struct bf', 4, 32, true).a
ffi.new('struct bf', 4, 33, true).b
ffi.new('struct bf', 4, 33, true).c
ffi.new('struct bf', 4, 33, true, -5).w
ffi.new('struct bf', 1.9).a
ffi.new('struct bf', 0, 0, 3).c
ffi.sizeof('struct emp')
ffi.new('struct emp').x
ffi.new('struct foo&', ffi.new('struct foo', 1)).a
ffi.new('int&', ffi.new('int[1]', 5)) + 1
ffi.cast('int', ffi.new('enum en', 'EB')) == 5
ffi.cast('uint8_t', ffi.cast('void*', 0x1ff)) == 255
ffi.new('void*', ffi.C.abs) ~= nil
ffi.C.abs == ffi.C.abs
ffi.typeof(ffi.C.abs)
ffi.C.abs.x
ffi.C.abs[0]
ffi.C.abs + 1
ffi.cast('int(*)(int)', ffi.C.abs) + 1
ffi.cast('int(*)(int)', ffi.C.abs).x
ffi.cast('int(*)(int)', print).x
ffi.string(5)
ffi.string('abc')
ffi.string('abc', 2)
ffi.string()
ffi.string(ffi.new('int[3]'))
ffi.string(ffi.new('int[3]'), 4) == '\0\0\0\0'
ffi.string(ffi.new('struct foo'))
#ffi.string(ffi.new('struct foo'), 8)
ffi.string(ffi.new('char[3]',{65,66,67}))
ffi.string(ffi.new('char[3]',{65,66,67}), 2)
ffi.string(ffi.new('const char*','hey'))
ffi.string(ffi.new('char[3]','abc'), -1)
ffi.string(ffi.new('char[3]','abc'), 'x')
ffi.string(ffi.new('uint8_t[4]','abc'))
ffi.string({})
ffi.string(nil, 0)
ffi.string(ffi.new('int*'), 0)
#ffi.string(ffi.new('int[2]'), 2.9)
ffi.copy(ffi.new('char[4]'), 'abc')
ffi.copy(ffi.new('char[4]'), 'abc', 2)
ffi.copy(ffi.new('char[4]'), ffi.new('char[4]'))
ffi.copy('x', 'y')
ffi.copy(ffi.new('const char[4]'), 'abc', 2)
ffi.copy(5, 'y')
ffi.copy()
ffi.copy(ffi.new('char[4]'))
ffi.copy(ffi.new('char[4]'), nil, 0)
ffi.copy(ffi.new('char[4]'), {}, 0)
ffi.copy(ffi.new('struct foo'), ffi.new('struct foo'), 8)
ffi.copy(ffi.new('char[4]'), 5)
ffi.fill(ffi.new('char[4]'), 4)
ffi.fill(ffi.new('char[4]'), 4, 65)
ffi.fill(ffi.new('char[4]'))
ffi.fill(5, 4)
ffi.fill(ffi.new('int[1]'), 4, 'x')
ffi.fill('abc', 0)
ffi.fill(ffi.new('const char[4]'), 4)
ffi.fill(ffi.new('char[4]'), '4', 300)
ffi.errno()
ffi.errno(5)
ffi.errno('x')
ffi.errno(nil)
ffi.abi('64bit')
ffi.abi('le')
ffi.abi('be')
ffi.abi('win')
ffi.abi('foo')
ffi.abi()
ffi.abi('fpu')
ffi.abi('hardfp')
ffi.abi('softfp')
ffi.abi('eabi')
ffi.abi('gc64')
ffi.abi('dualnum')
ffi.abi('uwp')
ffi.abi('32bit')
ffi.abi('pauth')
ffi.abi(5)
ffi.os
ffi.arch
getmetatable(ffi.C)
getmetatable(ffi.typeof'int')
type(ffi.C)
tostring(ffi.C):gsub('0x%x+','X')
getmetatable(ffi)
ffi.gc(5, print)
ffi.gc(ffi.new('int'), print)
ffi.gc(ffi.new('int[1]'))
ffi.gc(ffi.new('int[1]'), nil) ~= nil
ffi.gc(ffi.new('int64_t'), print)
ffi.gc(nil, print)
ffi.gc(ffi.typeof('int'), print)
ffi.gc(ffi.new('complex'), nil)
ffi.gc(ffi.new('enum en'), print)
ffi.load('no.such')
ffi.load(5)
ffi.load()
type(ffi.load('m'))
tostring(ffi.load('m')):gsub('0x%x+','X')
ffi.load({})
ffi.metatype('struct foo', {})
ffi.metatype('int', {})
ffi.metatype('pt')
ffi.metatype('pt', 5)
ffi.metatype('int*', {})
ffi.metatype('enum en', {})
ffi.metatype('complex', {})
ffi.metatype('int[3]', {})
ffi.metatype()
ffi.metatype('const struct ch', {})
ffi.metatype('struct ch', {})
ffi.typeof('struct foo') == ffi.typeof('struct foo')
ffi.typeof('int') == ffi.typeof('long')
ffi.typeof('int') == 5
ffi.typeof()
ffi.typeof(5)
ffi.typeof('int', 5)
ffi.typeof('$')
ffi.typeof('$', 'int')
ffi.typeof('$*', ffi.typeof'int')
ffi.typeof('int[$]', 5)
ffi.typeof('$', 5)
ffi.typeof('$', {})
ffi.typeof('struct {int $;}', 'xx')().xx
ffi.typeof('$[$]', ffi.new('struct foo'), 3LL)
ffi.typeof(ffi.typeof'int')
ffi.typeof('int', nil)
ffi.typeof('struct foo x')
ffi.typeof('int x;')
ffi.typeof('')
tonumber(ffi.typeof('int'))
ffi.typeof('int')+1
-ffi.typeof('int')
ffi.typeof('int') < ffi.typeof('int')
ffi.typeof('int')..'x'
ffi.typeof('int').x
ffi.typeof('int')[1]
ffi.typeof('int').x = 1
ffi.typeof('struct foo').a = 1
ffi.typeof('int')(1,2)
ffi.typeof('int[?]')()
ffi.cdef()
ffi.cdef('')
ffi.cdef({})
ffi.new('struct foo', 1,2) == ffi.new('struct foo', 1, 2)
ffi.new('struct foo') == nil
ffi.new('int[2]') == ffi.new('int[2]')
ffi.new('int[2]') == nil
ffi.new('int[2]') < ffi.new('int[2]') ~= nil
ffi.new('struct foo') == 5
ffi.new('struct foo') == {}
ffi.cast('int*',5) == 5
ffi.cast('int*',0) == 'x'
ffi.cast('void*',0) <= nil
ffi.C.abs == nil
ffi.cast('int*',5) > ffi.cast('int*', 3)
ffi.cast('void*',5) > ffi.cast('int*', 3)
ffi.cast('const int*',5) > ffi.cast('int*', 3)
ffi.cast('unsigned*',5) > ffi.cast('int*', 3)
ffi.C.abs < ffi.C.abs
ffi.new('struct foo*') - ffi.new('struct foo')
ffi.new('struct foo') - ffi.new('struct foo')
ffi.cast('const int*', 8) - ffi.cast('int*', 4)
ffi.cast('struct inc2*', 8) - ffi.cast('struct inc2*', 4)
ffi.cast('struct emp*', 8) - ffi.cast('struct emp*', 4)
ffi.cast('char*', 8) - 4
ffi.cast('char*', 8) - 4LL
ffi.cast('char*', 8) - 4ULL
ffi.cast('char*', 8) + ffi.new('enum en', 'EB')
ffi.cast('char*', 8) + 'x'
ffi.cast('char*', 8) + ffi.new('float', 2)
ffi.cast('const char*', 8) + 1
ffi.cast('char*', 8) % 3
ffi.new('int[3][4]') + 1 ~= nil
ffi.typeof(ffi.new('int[3][4]') + 1)
ffi.typeof(ffi.new('struct outer').arr + 1)
ffi.typeof(ffi.new('const int[3]') + 1)
ffi.new('uint8_t',200)+ffi.new('uint8_t',100)
'a' < 1LL
ffi.new('float', 1.5) == 1
ffi.new('float', 1.5) < 1.2
nil == ffi.new('int*')
ffi.new('int*') ~= nil
not ffi.new('int*')
(function() local p = ffi.new('struct nest[2]'); p[0] = {} end)()
(function() local p = ffi.new('struct nest[2]'); p[0] = p[1] end)()
(function() local p = ffi.new('struct { struct nest a[2]; int b; }'); p.b = 1; p.a[0].arr[1] = 2; return p.a[0].arr[1] end)()
(function() local p = ffi.new('struct { struct nest a[2]; int b; }'); p.a = {} end)()
(function() local p = ffi.new('struct { struct nest a[2]; int b; }'); p.a[1] = {} end)()
(function() local p = ffi.new('struct { int *const p; const int *q; }'); p.q = nil; p.p = nil end)()
(function() local p = ffi.new('struct { struct { const int a : 3; }; int b; }[1]'); p[0].b = 1; p[0] = {} end)()
ffi.offsetof('struct { int a : 32; char b : 8; short c : 16; bool d : 1; unsigned e : 32; }', 'e')
ffi.offsetof('struct { int a : 32; char b : 8; short c : 16; bool d : 1; unsigned e : 32; }', 'd')
]],
}
