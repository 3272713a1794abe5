/* <stdnoreturn.h> for a machine without a compiler. */
#pragma once
#define noreturn _Noreturn
