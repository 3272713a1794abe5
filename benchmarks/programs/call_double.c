// The twin of call_double.lua.
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 50000000;
  double sum = 0;
  for (int i = 0; i < count; i++) sum = add_half(sum);
  printf("%.1f\n", sum);
  return 0;
}
