// The twin of mandelbrot.lua.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 800;
  long inside = 0, steps = 0;
  for (int row = 0; row < n; row++) {
    double ci = 2.0 * row / n - 1;
    for (int column = 0; column < n; column++) {
      double cr = 2.0 * column / n - 1.5, zr = 0, zi = 0, zr2 = 0, zi2 = 0;
      int left = 200;
      while (left > 0 && zr2 + zi2 <= 4) {
        zi = 2 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
        zr2 = zr * zr;
        zi2 = zi * zi;
        left--;
      }
      steps += 200 - left;
      inside += left == 0;
    }
  }
  printf("%ld %ld\n", inside, steps);
  return 0;
}
