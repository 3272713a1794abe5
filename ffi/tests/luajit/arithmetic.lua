-- Arithmetic, comparison and printing of 64-bit integers and complex numbers.
--
-- One expression a line. What LuaJIT gives for each, or its message, is in the file of the same name that ends in `.expected`;
-- `luajit record.lua arithmetic` writes it.
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
1 + ffi.new('struct foo')
-5ULL
2 - ffi.new('int*')
2 + ffi.new('int*')
1LL < 2ULL, -1LL < 1ULL, -1 < 1ULL, 1LL==1, 1LL==1ULL
#5LL
5LL .. 5LL
tonumber(5ULL), tonumber(-5LL), tonumber(0xffffffffffffffffULL), tonumber(ffi.new('float', 0.1))
1i+1i
1i+1
1i==1i
1i<2i
-(1i)
5LL == 5.5
5LL == '5'
5LL < 5.5
5ULL < -1
5LL == true
5LL == nil
5LL
5ULL
1.5i
-1LL
ffi.sizeof(5LL)
ffi.string(5LL)
getmetatable(5LL)
ffi.typeof(5LL)
10LL/3
-10LL/3
-10LL%3
10LL%-3
10ULL/3
-10ULL%3
2LL^10
2LL^-1
(-1LL)^-1
(1LL)^-5
0LL^-1
2ULL^64
2LL^63
10LL/0
10LL%0
10ULL/0
10ULL%0
-2LL^63/-1
(-0x8000000000000000LL)/-1
(-0x8000000000000000LL)%-1
5LL*5ULL
5.9+1LL
1LL+2^63
1LL+1e300
(-3LL)^3
3ULL^41
true+1LL
'1'+1LL
1LL+nil
1LL < 'x'
1LL < nil
1LL < {}
1LL <= 1
1LL >= 1.5
1LL == {}
]],
}
