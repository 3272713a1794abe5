// The twin of nbody.lua.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 5 };

typedef struct {
  double x, y, z, vx, vy, vz, mass;
} Body;

static Body bodies[COUNT] = {
    {0, 0, 0, 0, 0, 0, 1},
    {4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01, 1.66007664274403694e-03,
     7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04},
    {8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01, -2.76742510726411856e-03,
     4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04},
    {1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01, 2.96460137564761618e-03,
     2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05},
    {1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01, 2.68067772490389322e-03,
     1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05},
};

static void rest(void) {
  const double pi = 3.14159265358979323846, solar_mass = 4 * pi * pi, days_per_year = 365.24;
  double px = 0, py = 0, pz = 0;
  for (Body *b = bodies; b < bodies + COUNT; b++) {
    b->vx *= days_per_year;
    b->vy *= days_per_year;
    b->vz *= days_per_year;
    b->mass *= solar_mass;
    px += b->vx * b->mass;
    py += b->vy * b->mass;
    pz += b->vz * b->mass;
  }
  bodies[0].vx = -px / solar_mass;
  bodies[0].vy = -py / solar_mass;
  bodies[0].vz = -pz / solar_mass;
}

static double energy(void) {
  double e = 0;
  for (Body *b = bodies; b < bodies + COUNT; b++) {
    e += 0.5 * b->mass * (b->vx * b->vx + b->vy * b->vy + b->vz * b->vz);
    for (Body *c = b + 1; c < bodies + COUNT; c++) {
      double dx = b->x - c->x, dy = b->y - c->y, dz = b->z - c->z;
      e -= b->mass * c->mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}

static void advance(double dt) {
  for (Body *b = bodies; b < bodies + COUNT; b++) {
    for (Body *c = b + 1; c < bodies + COUNT; c++) {
      double dx = b->x - c->x, dy = b->y - c->y, dz = b->z - c->z;
      double square = dx * dx + dy * dy + dz * dz;
      double pull = dt / (square * sqrt(square));
      double mine = c->mass * pull, theirs = b->mass * pull;
      b->vx -= dx * mine;
      b->vy -= dy * mine;
      b->vz -= dz * mine;
      c->vx += dx * theirs;
      c->vy += dy * theirs;
      c->vz += dz * theirs;
    }
    b->x += dt * b->vx;
    b->y += dt * b->vy;
    b->z += dt * b->vz;
  }
}

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 1000000;
  rest();
  double before = energy();
  for (int i = 0; i < steps; i++) advance(0.01);
  printf("%.9f %.9f\n", before, energy());
  return 0;
}
