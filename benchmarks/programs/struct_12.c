// The twin of struct_12.lua.
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 3000000;
  double sum = 0;
  for (int i = 1; i <= count; i++) {
    Triple t = triple_make(i % 8, 0.5f, 2);
    sum = sum + t.x + t.y * t.z;
  }
  printf("%.1f\n", sum);
  return 0;
}
