// The bodies of calls.h, compiled to a shared library of their own: no caller can inline them, in C as little as elsewhere.
#include "calls.h"

int add_int(int a, int b) { return a + b; }

double add_half(double x) { return x + 0.5; }

Pair pair_add(Pair a, Pair b) { return (Pair){a.x + b.x, a.y + b.y}; }

Triple triple_make(float x, float y, float z) { return (Triple){x, y, z}; }

Range range_make(int64_t first, int64_t count) { return (Range){first, count, 2}; }
