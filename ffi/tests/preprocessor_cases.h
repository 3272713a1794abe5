/* blue paint: a macro does not expand inside itself */
#define f(x) x + f(x)
#define a b
#define b a
#define self self
f(1) f(f(1)) f(f)(1) a b self f
----
/* the examples of C17 6.10.3.5 */
#define x 3
#define f(a) f(x * (a))
#undef x
#define x 2
#define g f
#define z z[0]
#define h g(~
#define m(a) a(w)
#define w 0,1
#define t(a) a
#define p() int
#define q(x) x
#define r(x,y) x ## y
#define str(x) # x
f(y+1) + f(f(z)) % t(t(g)(0) + t)(1);
g(x+(3,4)-w) | h 5) & m
(f)^m(m);
p() i[q()] = { q(1), r(2,3), r(4,), r(,5), r(,) };
char c[2][6] = { str(hello), str() };
----
/* # and ##, from the same section */
#define str(s) # s
#define xstr(s) str(s)
#define debug(s, t) printf("x" # s "= %d, x" # t "= %s", \
 x ## s, x ## t)
#define INCFILE(n) vers ## n
#define glue(a, b) a ## b
#define xglue(a, b) glue(a, b)
#define HIGHLOW "hello"
#define LOW LOW ", world"
debug(1, 2);
fputs(str(strncmp("abc\0d", "abc", '\4') // this goes away
 == 0) str(: @\n), s);
xstr(INCFILE(2).h)
glue(HIGH, LOW);
xglue(HIGH, LOW)
----
/* placemarkers */
#define t(x,y,z) x ## y ## z
int j[] = { t(1,2,3), t(,4,5), t(6,,7), t(8,9,), t(10,,), t(,11,), t(,,12), t(,,) };
#define hash_hash # ## #
#define mkstr(a) # a
#define in_between(a) mkstr(a)
#define join(c, d) in_between(c hash_hash d)
char p[] = join(x, y);
----
/* variadic macros, the GNU comma, named rests */
#define debug(...) fprintf(stderr, __VA_ARGS__)
#define showlist(...) puts(#__VA_ARGS__)
#define report(test, ...) ((test)?puts(#test): printf(__VA_ARGS__))
#define gnu(fmt, ...) printf(fmt, ##__VA_ARGS__)
#define named(fmt, args...) printf(fmt, ## args)
#define only(...) call(0, ## __VA_ARGS__)
debug("Flag"); debug("X = %d\n", x); showlist(The first, second, and third items.);
report(x>y, "x is %d but y is %d", x, y);
gnu("a") gnu("a",) gnu("a", b) gnu("a", b, (c, d)) named("a") named("a", b, c) only() only(1) only(1, 2)
----
/* an argument for the comma that itself expands */
#define EMPTY
#define gnu(fmt, ...) printf(fmt, ##__VA_ARGS__)
#define one 1
gnu(a, EMPTY) gnu(a, one) gnu(EMPTY) gnu(a, EMPTY, EMPTY)
----
/* __VA_OPT__ */
#define F(a, ...) f(0 __VA_OPT__(,) __VA_ARGS__)
#define G(X, ...) f(0, X __VA_OPT__(,) __VA_ARGS__)
#define SDEF(sname, ...) S sname __VA_OPT__(= { __VA_ARGS__ })
#define EMP
#define H2(X, Y, ...) __VA_OPT__(X ## Y,) __VA_ARGS__
F(a, b, c) F() F(EMP) F(a, EMP) G(a, b, c) G(a, ) G(a) SDEF(foo); SDEF(bar, 1, 2); H2(a, b, c, d)
----
/* white space in a string: one blank for any, none at the ends, comments count */
#define s(x) #x
#define xs(x) s(x)
#define e
#define i(x) x
#define foo 4
s(  a   +  b  ) s(a/**/b) s(a
  b) xs(a foo b) xs(a e b) xs(a i(c)d) xs(i( c )d) xs([e]) xs(a e) s("a\n" 'b\'' \n) s(a,b) s()
----
/* spacing around expansions that turn out empty or begin with a space */
#define s(x) #x
#define xs(x) s(x)
#define plus +
#define sp  + 
#define id(x) x
#define pre(x) x a
#define two(x, y) x y
xs(-plus -sp- id(-)- id( -)) xs(two(,a)b) xs(two(a,)b) xs(pre()b) xs( id() id() x)
----
/* a function-like macro's name without arguments; the parenthesis may come later, from anywhere */
#define f(x) [x]
#define g f
#define lp (
#define pf f
f g
(1) f
 /* comment */ (2) g (3) f lp 1) pf
----
/* names that call across the end of an expansion */
#define f(a) a*g
#define g(a) f(a)
f(2)(9)
f(2)(9)(4)
#define NIL(xxx) xxx
#define G_0(arg) NIL(G_1)(arg)
#define G_1(arg) NIL(arg)
G_0(42)
----
/* nested arguments */
#define max(a, b) ((a) > (b) ? (a) : (b))
#define call(f, ...) f(__VA_ARGS__)
max(max(1, 2), max(3, (4, 5))) call(max, 1, 2) call(call, max, 1, 2)
----
/* deferred expansion and counting arguments, as preprocessor libraries do it */
#define EMPTY()
#define DEFER(id) id EMPTY()
#define OBSTRUCT(...) __VA_ARGS__ DEFER(EMPTY)()
#define EXPAND(...) __VA_ARGS__
#define A() 123
DEFER(A)() EXPAND(DEFER(A)()) OBSTRUCT(A)() EXPAND(EXPAND(OBSTRUCT(A)()))
#define COUNT_(_1, _2, _3, _4, n, ...) n
#define COUNT(...) COUNT_(__VA_ARGS__, 4, 3, 2, 1, 0)
COUNT(a) COUNT(a, b) COUNT(a, b, c, d)
#define CAT(a, ...) a ## __VA_ARGS__
#define IIF(c) CAT(IIF_, c)
#define IIF_0(t, ...) __VA_ARGS__
#define IIF_1(t, ...) t
IIF(1)(yes, no) IIF(0)(yes, no, maybe)
#define EVAL(...) EVAL1(EVAL1(EVAL1(__VA_ARGS__)))
#define EVAL1(...) EVAL2(EVAL2(EVAL2(__VA_ARGS__)))
#define EVAL2(...) __VA_ARGS__
#define REPEAT_INDIRECT() REPEAT
#define REPEAT(x) x DEFER(REPEAT_INDIRECT)()(x)
EVAL(REPEAT(z))
----
/* conditions */
#if 1 + 2 * 3 == 7 && (1 ? 2 : 3) == 2 && !0 && ~0 == -1 && 7 / 2 == 3 && -7 % 3 == -1
arithmetic
#endif
#if -1 > 0u
unsigned wins
#endif
#if (0 ? 1u : -1) > 0
also through the conditional
#endif
#if 0x7fffffffffffffff + 1 < 0
wraps
#endif
#if 18446744073709551615u == -1
equal
#endif
#if 1 << 40 == 0x10000000000 && 'a' == 97 && '\377' < 0 && L'\xff' == 255 && 'ab' == 24930
sixty-four bits
#endif
#if undefined_name || 0 && 1 / 0 || (1 || 1 / 0) && (1 ? 1 : 1 / 0)
short circuits
#endif
#if 2 || 3 != 1 && 4 == (5, 4)
precedence
#endif
----
/* defined, also out of a macro */
#define X
#define HAS_X defined(X)
#define HAS_Y defined Y
#define BOTH(a) (defined(a) && HAS_X)
#if defined X && defined(X) && !defined Y && HAS_X && !HAS_Y && BOTH(X)
all
#endif
#ifdef X
X1
#elif 1 / 0
never
#else
never
#endif
----
/* the shape of conditionals */
#if 0
#if 1
a
#else
b
#endif
# error don't
#elif 0
c
#elif 1
d
#elif 1
e
#else
f
#endif
#ifndef a
#ifdef b
#else
g
#endif
#else
h
#endif
#if 0
"unbalanced
' and /* a comment
#endif
*/
#else
i
#endif
#
# /* null */
----
/* line splices everywhere */
#def\
ine LONG(a, \
   b) a \
 + b
LO\
NG(1, 2) "a\
b" // comment \
goes on
/\
* comment *\
/ x
#if 1 \
 && 1
y
#endif
----
/* __LINE__, __FILE__, __COUNTER__, #line */
#define line __LINE__
#define two(a, b) a b
__LINE__ line two(__LINE__,
 __LINE__) line
__COUNTER__ __COUNTER__ __INCLUDE_LEVEL__
#line 700
__LINE__
#line 800 "other.c"
__LINE__ __FILE__
# 900 "third.c"
__LINE__ __FILE__ __COUNTER__
#define L 5
#line L
__LINE__
----
/* headers found by macro, and asked about */
#define STD <stddef.h>
#define LIMITS "limits.h"
#include STD
#include LIMITS
#if __has_include(<stdio.h>) && !__has_include("no such file") && __has_include(STD) && defined __has_include
CHAR_BIT
#endif
#ifdef __has_attribute
#if __has_attribute(packed) && __has_attribute(__format__) && !__has_attribute(nonsense)
attributes
#endif
#endif
----
/* redefinition and #undef */
#define a 1
a
#define a 2
a
#undef a
#undef a
a
#define a(x) <x>
a a(3)
#pragma push_macro("a")
#undef a
#define a 5
a
#pragma pop_macro("a")
a(4)
----
/* directives inside of arguments */
#define f(x) [x]
f(1
#define inner 2
inner
#if 0
3
#else
4
#endif
)
----
/* digraph spelling of the directive's mark, and pasting punctuators */
%:define cat(a, b) a %:%: b
cat(<, <) cat(-, >) cat(+, +) cat(., 5) cat(1, e5) cat(L, "x") cat(L, 'x') cat(x, 1) cat(<<, =) cat(&, &)
----
/* _Pragma vanishes like a pragma */
#define p _Pragma("GCC diagnostic push") int x; _Pragma("GCC diagnostic \"pop\"")
a p b
----
/* errors: both must complain */
#error message
----
#include "no/such/file.h"
----
#if
----
#if 1 +
#endif
----
#if (1
#endif
----
#if 1
----
#else
----
#endif
----
#if 1
#else
#else
#endif
----
#if 1
#else
#elif 1
#endif
----
#if 1 / 0
#endif
----
#if 1.0
#endif
----
#define f(x) x
f(
----
#define f(x) x
f(1, 2)
----
#define f(x, y) x
f(1)
----
#define f(x) #y
----
#define f ## x
----
#define f x ##
----
#define f(x, x) x
----
#define f(x
----
#define f(..., x) x
----
#define defined
----
#define 3
----
#define
----
#undef
----
#ifdef 3
#endif
----
#define c(a, b) a ## b
c(+, x)
----
#unknown
----
#line x
----
#if defined
#endif
----
#if f(1)
#endif
----
#include
----
#include <stdio.h
----
#include __FILE__
----
/* unfinished
