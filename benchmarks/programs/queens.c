// The twin of queens.lua.
#include <stdio.h>
#include <stdlib.h>

static int n;
static char column[64], rising[128], falling[128];

static long place(int row) {
  if (row > n) return 1;
  long ways = 0;
  for (int c = 1; c <= n; c++) {
    int up = row + c - 1, down = row - c + n;
    if (column[c] || rising[up] || falling[down]) continue;
    column[c] = rising[up] = falling[down] = 1;
    ways += place(row + 1);
    column[c] = rising[up] = falling[down] = 0;
  }
  return ways;
}

int main(int argc, char **argv) {
  n = argc > 1 ? atoi(argv[1]) : 12;
  if (n > 60) return EXIT_FAILURE;
  printf("%ld\n", place(1));
  return 0;
}
