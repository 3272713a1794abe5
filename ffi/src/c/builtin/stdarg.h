/* <stdarg.h> for a machine without a compiler: the types; the macros only serve function bodies, which are skipped. */
typedef __builtin_va_list __gnuc_va_list;
#ifndef __need___va_list
typedef __gnuc_va_list va_list;
#endif
#undef __need___va_list
