// What the call benchmarks call: functions that do as little as their signatures allow, so that the call itself is what
// is timed. The scripts paste these declarations.
#ifndef CALLS_H
#define CALLS_H

#include <stdint.h>

typedef struct { double x, y; } Pair;                 // 16 bytes: two SSE registers in, two out.
typedef struct { float x, y, z; } Triple;             // 12 bytes: two SSE registers, the second half full.
typedef struct { int64_t first, count, step; } Range; // 24 bytes: through memory.

int add_int(int a, int b);
double add_half(double x);
Pair pair_add(Pair a, Pair b);
Triple triple_make(float x, float y, float z);
Range range_make(int64_t first, int64_t count);

#endif
