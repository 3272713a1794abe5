// The twin of sieve.lua.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 500000 };

static int primes(void) {
  char *composite = calloc(LIMIT + 1, 1);
  if (composite == NULL) abort();
  int count = 0;
  for (int i = 2; i <= LIMIT; i++) {
    if (composite[i]) continue;
    count++;
    for (int k = i + i; k <= LIMIT; k += i) composite[k] = 1;
  }
  free(composite);
  return count;
}

int main(int argc, char **argv) {
  int times = argc > 1 ? atoi(argv[1]) : 40, count = 0;
  for (int i = 0; i < times; i++) count = primes();
  printf("%d\n", count);
  return 0;
}
