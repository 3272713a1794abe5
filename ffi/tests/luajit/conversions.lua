-- What `ffi.new` and `ffi.cast` make of values.
--
-- One expression a line. What LuaJIT gives for each, or its message, is in the file of the same name that ends in `.expected`;
-- `luajit record.lua conversions` writes it.
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
ffi.new('struct foo', 1,2,3)
ffi.new('int', 'x')
ffi.new('int', {})
ffi.new('int', nil)
ffi.new('int', true)
ffi.new('int', print)
ffi.new('int', 1, 2)
ffi.new('int[2]', 1, 2, 3)
ffi.new('int[2]', {1,2,3})
ffi.new('int[?]')
ffi.new('int[?]', -1)
ffi.new('int[?]', 'x')
ffi.new('struct inc')
ffi.new('void')
ffi.new('int(int)')
ffi.new('int[]')
ffi.new('nope')
ffi.new('struct foo')[0]
ffi.new('struct foo')[1]
ffi.new('int')[0]
ffi.new('int[3]')[{}]
ffi.new('int[3]')[nil]
ffi.new('int[3]')[true]
ffi.new('int[3]')['1']
ffi.new('void*')[0]
ffi.new('struct inc*')[0]
ffi.new('int')()
ffi.new('struct foo')()
ffi.new('enum en', 'EB')
ffi.new('enum en', 'EX')
ffi.new('enum en', 5)
ffi.new('enum en', 17)
tonumber(ffi.new('enum en', 5))
tonumber(ffi.new('int*'))
tonumber(ffi.new('struct foo'))
tonumber(ffi.new('bool', true))
tonumber(ffi.new('complex', 3, 4))
ffi.new('bool', 0.5)
ffi.new('bool', 2)
ffi.new('bool', 0)
ffi.new('bool', 0/0)
ffi.cast('int', 'x')
ffi.cast('int', ffi.new('int*'))
ffi.cast('intptr_t', ffi.new('int*'))
ffi.cast('int', nil)
ffi.new('int', ffi.new('int*'))
ffi.new('int*', 5)
ffi.cast('int*', 5)
ffi.cast('int*', -1)
ffi.cast('int*', 5LL)
ffi.cast('int*', 1.5)
ffi.cast('int*', ffi.new('float', 3))
ffi.new('int*', ffi.new('char*'))
ffi.new('int*', ffi.new('void*'))
ffi.new('void*', ffi.new('int*'))
ffi.new('int*', ffi.new('const int*'))
ffi.new('const int*', ffi.new('int*'))
ffi.new('int*', ffi.new('unsigned int*'))
ffi.new('long*', ffi.new('long long*'))
ffi.new('char*', ffi.new('unsigned char*'))
ffi.new('int*', ffi.new('struct foo'))
ffi.new('char*', 'abc')
ffi.new('void*', 'abc')
ffi.new('const int*', 'abc')
ffi.new('struct foo', ffi.new('struct foo', 1, 2), 5)
ffi.new('int[3]', ffi.new('int[3]', 1,2,3))[2]
ffi.new('int[3]', ffi.new('int[2]', 1,2))[1]
ffi.new('int[3]', ffi.new('float[3]', 1,2))[1]
ffi.new('int[2]', ffi.new('int[3]', 1,2))[1]
ffi.new('int[3]', ffi.new('int*'))
ffi.new('int[3]', 5)[2]
ffi.new('int[3]', 5, 6)[2]
ffi.new('int[?]', 3, 5)[2]
ffi.new('char[4]', 'abcdef')[3]
ffi.new('char[?]', 3, 'abcdef')[2]
ffi.new('int[3]', 'abc')
ffi.new('uint16_t[3]', 'abc')
ffi.new('char[3]', {'a'})
ffi.new('char[3]', 65)[1]
ffi.new('char[2][3]', {'ab','cd'})[1][0]
ffi.new('char[2][3]', 'ab','cd')[1][0]
ffi.new('const char*[2]', 'ab','cd')[1] ~= nil
ffi.new('bool[2]', true)[1]
ffi.new('bool', 'x')
ffi.new('int', ffi.new('struct foo'))
ffi.new('int', ffi.new('int[3]'))
ffi.new('double', 5LL)
tonumber(ffi.new('double', 5LL))
ffi.new('int', 1i)
tonumber(ffi.new('int', 3+0i))
tonumber(ffi.new('int', ffi.new('complex', 7, 2)))
ffi.new('complex', 3)
ffi.new('complex', 3, 4)
ffi.new('complex', {3,4})
ffi.new('complex', 1,2,3)
ffi.new('complex float', 1.5, 2)
ffi.new('complex', ffi.new('complex float', 1.5, 2))
ffi.new('complex',3,4)[1]
ffi.new('complex',3,4)[2]
ffi.new('complex[2]', 1i)[0]
ffi.new('bool[1]',true)[0]==true
ffi.new('int &', 5)
ffi.new('int[1]') [0LL]
ffi.new('int[2]', 1,2) [1ULL]
ffi.new('int[2]', 1,2) [ffi.new('float',1.9)]
ffi.new('int[2]', 1,2) [1.9]
ffi.new('int[2]', 1,2) [ffi.new('enum en','EA')]
ffi.new('int[2]', 1,2) [ffi.new('bool', true)]
ffi.new('int[2]', 1,2)[ffi.new('int*')]
ffi.new('int[2]')[1i]
ffi.new('int[2]')[ffi.new('struct foo')]
ffi.new('int', 5)
ffi.new('float', 5)
ffi.new('int*')
ffi.cast('void*', 0x12345678)
ffi.cast('void*', 0x123456789)
ffi.new('int[1]')[0]
ffi.cast('enum en', 5)
ffi.new('complex', -0.0, -1)
ffi.new('complex', 0/0, 1/0)
ffi.new('complex float', 0.1, 0.2)
ffi.new('uint8_t', 5)
ffi.new('const int64_t', 5)
ffi.cast('int(*)(int)', 0)
ffi.new('bool', true)
ffi.cast('int&', ffi.new('int[1]', 42))
ffi.new('int64_t[1]')[0]
ffi.new('long', 7)
ffi.new('size_t', 7)
ffi.new('struct foo[3]')[0]
ffi.new('int[3][4]')[0]
ffi.new('const int[3]', 1,2,3)[0]
ffi.new('const int[3]')[0] = 1
ffi.new('const int*')[0] = 1
ffi.new('struct outer', 1)
ffi.new('struct outer', {f=true})
ffi.new('struct foo', {a='x'})
ffi.new('struct foo', print)
ffi.new('struct foo', 'x')
ffi.new('struct foo', nil)
ffi.new('struct foo*', true)
ffi.new('struct foo*', print)
ffi.new('int', io.stdout)
ffi.new('int', coroutine.create(print))
ffi.new('void*', coroutine.create(print))
ffi.new('struct anon', 1,2,3,4)
ffi.new('struct anon', 1,2,3,4,5,6)
ffi.new('struct en2', {e='XX'})
ffi.new('struct bf', 'x')
ffi.new('struct emp')
ffi.new('struct emp', 1)
ffi.new('struct emp', {1})
ffi.new('struct foo&', 5)
ffi.new('struct foo&')
ffi.cast('struct foo', 1)
ffi.cast('struct foo', ffi.new('struct foo'))
ffi.cast('int[3]', 1)
ffi.cast('int', 1, 2)
ffi.cast('int')
ffi.cast('void', 1)
ffi.cast('nope', 1)
ffi.cast('complex', 1)
ffi.cast('enum en', 'EB')
ffi.cast('bool', ffi.new('int*'))
tonumber(ffi.cast('bool', ffi.new('int*')))
ffi.new('bool', ffi.new('int*'))
ffi.cast('bool', 'x')
ffi.cast('double', ffi.new('int*'))
ffi.cast('int64_t', true)
ffi.cast('int64_t', {})
ffi.cast('int*', {})
ffi.cast('int*', true)
ffi.cast('int*', print)
ffi.cast('int(int)', 5)
ffi.new('int(*)(int)', ffi.C.abs)(-4)
ffi.cast('int(*)(int)', ffi.C.abs)(-4)
ffi.new('double(*)(double)', ffi.C.abs)
ffi.new('int*', ffi.C.abs)
ffi.new('int(**)(int)', ffi.C.abs)
ffi.cast('int(*)(int)', ffi.C.abs)[0]
ffi.cast('int(*)(int)', ffi.C.abs):free()
ffi.cast('int(*)(int)', ffi.C.abs):set(print)
ffi.cast('int(*)(int)', print):set(5)
ffi.cast('int(*)(int)', print):set(type)
ffi.cast('int(*)(int)', print):free()
ffi.cast('int(*)(int,...)', print)
]],
}
