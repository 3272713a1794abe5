// The twin of struct_16.lua.
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 3000000;
  Pair sum = {0, 0}, step = {1, 0.5};
  for (int i = 0; i < count; i++) sum = pair_add(sum, step);
  printf("%.1f %.1f\n", sum.x, sum.y);
  return 0;
}
