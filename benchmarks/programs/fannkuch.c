// The twin of fannkuch.lua.
#include <stdio.h>
#include <stdlib.h>

static int n, perm[20], work[20], turns[20];

static void swap(int *a, int *b) {
  int t = *a;
  *a = *b;
  *b = t;
}

static void fannkuch(int *checksum, int *most) {
  int sign = 1;
  for (int i = 0; i < n; i++) {
    perm[i] = i;
    turns[i] = i + 1;
  }
  for (;;) {
    int first = perm[0];
    if (first != 0) {
      for (int i = 0; i < n; i++) work[i] = perm[i];
      int flips = 0;
      do {
        for (int low = 0, high = first; low < high; low++, high--) swap(&work[low], &work[high]);
        flips++;
        first = work[0];
      } while (first != 0);
      if (flips > *most) *most = flips;
      *checksum += sign * flips;
    }
    if (sign == 1) {
      swap(&perm[0], &perm[1]);
      sign = -1;
      continue;
    }
    swap(&perm[1], &perm[2]);
    sign = 1;
    int i = 2;
    while (turns[i] == 1) {
      if (i == n - 1) return;
      turns[i] = i + 1;
      int head = perm[0];
      for (int k = 0; k <= i; k++) perm[k] = perm[k + 1];
      perm[++i] = head;
    }
    turns[i]--;
  }
}

int main(int argc, char **argv) {
  n = argc > 1 ? atoi(argv[1]) : 10;
  if (n < 3 || n > 19) return EXIT_FAILURE;
  int checksum = 0, most = 0;
  fannkuch(&checksum, &most);
  printf("%d %d\n", checksum, most);
  return 0;
}
