// The twin of spectral_norm.lua.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int n;

static double cell(double i, double j) {
  double diagonal = i + j;
  return 1 / (diagonal * (diagonal + 1) / 2 + i + 1);
}

static void times(const double *from, double *to) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += from[j] * cell(i, j);
    to[i] = sum;
  }
}

static void times_transposed(const double *from, double *to) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += from[j] * cell(j, i);
    to[i] = sum;
  }
}

int main(int argc, char **argv) {
  n = argc > 1 ? atoi(argv[1]) : 1000;
  double *u = calloc(n, sizeof *u), *v = calloc(n, sizeof *v), *between = calloc(n, sizeof *between);
  if (u == NULL || v == NULL || between == NULL) return EXIT_FAILURE;
  for (int i = 0; i < n; i++) u[i] = 1;
  for (int k = 0; k < 10; k++) {
    times(u, between);
    times_transposed(between, v);
    times(v, between);
    times_transposed(between, u);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < n; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  printf("%.9f\n", sqrt(uv / vv));
  return 0;
}
