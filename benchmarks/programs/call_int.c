// The twin of call_int.lua.
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 50000000, sum = 0;
  for (int i = 1; i <= count; i++) sum = add_int(sum, i % 3);
  printf("%d\n", sum);
  return 0;
}
