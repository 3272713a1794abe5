// The twin of fib.lua, in doubles as Lua counts.
#include <stdio.h>
#include <stdlib.h>

static double fib(double k) { return k < 2 ? k : fib(k - 1) + fib(k - 2); }

int main(int argc, char **argv) {
  printf("%.0f\n", fib(argc > 1 ? atoi(argv[1]) : 37));
  return 0;
}
