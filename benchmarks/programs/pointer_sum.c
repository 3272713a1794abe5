// The twin of pointer_sum.lua.
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000000 };

static double sum(const double *p) {
  double total = 0;
  for (int i = 0; i < COUNT; i++) total += p[i];
  return total;
}

int main(int argc, char **argv) {
  int times = argc > 1 ? atoi(argv[1]) : 100;
  double *numbers = malloc(COUNT * sizeof *numbers);
  if (numbers == NULL) return EXIT_FAILURE;
  for (int i = 0; i < COUNT; i++) numbers[i] = i % 17;
  double total = 0;
  for (int i = 0; i < times; i++) {
    total += sum(numbers);
    __asm__ volatile("" ::: "memory");
  }
  printf("%.0f\n", total);
  free(numbers);
  return 0;
}
