// The twin of float.lua. Each point is allocated on its own, since that is what the object costs elsewhere.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 100000 };

typedef struct {
  double x, y, z;
} Point;

static Point *point_new(int i) {
  Point *p = malloc(sizeof *p);
  if (p == NULL) abort();
  double x = sin(i);
  *p = (Point){x, cos(i) * 3, x * x / 2};
  return p;
}

static void normalize(Point *p) {
  double length = sqrt(p->x * p->x + p->y * p->y + p->z * p->z);
  p->x /= length;
  p->y /= length;
  p->z /= length;
}

static void cover(Point *p, const Point *other) {
  if (other->x > p->x) p->x = other->x;
  if (other->y > p->y) p->y = other->y;
  if (other->z > p->z) p->z = other->z;
}

static Point corner(void) {
  static Point *points[COUNT];
  for (int i = 0; i < COUNT; i++) points[i] = point_new(i + 1);
  for (int i = 0; i < COUNT; i++) normalize(points[i]);
  for (int i = 1; i < COUNT; i++) cover(points[0], points[i]);
  Point best = *points[0];
  for (int i = 0; i < COUNT; i++) free(points[i]);
  return best;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 12;
  Point best = {0, 0, 0};
  for (int i = 0; i < rounds; i++) best = corner();
  printf("%.9f %.9f %.9f\n", best.x, best.y, best.z);
  return 0;
}
