/* <stddef.h> for a machine without a compiler. Every type comes whatever __need_ macro asks, since a typedef may be repeated. */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef __WCHAR_TYPE__ wchar_t;
typedef __WINT_TYPE__ wint_t;
#undef __need_size_t
#undef __need_ptrdiff_t
#undef __need_wchar_t
#undef __need_wint_t
#undef __need_NULL
#undef NULL
#define NULL ((void *)0)
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#ifndef __MOONWAKE_MAX_ALIGN_T
#define __MOONWAKE_MAX_ALIGN_T
typedef struct {
    long long __long_long __attribute__((aligned(__alignof__(long long))));
    long double __long_double __attribute__((aligned(__alignof__(long double))));
} max_align_t;
#endif
