// The twin of loop.lua. The empty asm keeps each addition: without it the compiler would count for itself.
#include <stdio.h>
#include <stdlib.h>

static double count(void) {
  double x = 0;
  for (int i = 1; i <= 20000; i++) {
    x = x + 1;
    __asm__ volatile("" : "+x"(x));
  }
  return x;
}

int main(int argc, char **argv) {
  int times = argc > 1 ? atoi(argv[1]) : 10000;
  double total = 0;
  for (int i = 0; i < times; i++) total += count();
  printf("%.0f\n", total);
  return 0;
}
