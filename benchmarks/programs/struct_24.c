// The twin of struct_24.lua.
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 3000000;
  double sum = 0;
  for (int i = 1; i <= count; i++) {
    Range r = range_make(i % 8, 10);
    sum += r.first + r.count * r.step;
  }
  printf("%.0f\n", sum);
  return 0;
}
