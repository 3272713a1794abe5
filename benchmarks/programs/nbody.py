# The twin of nbody.lua.
import sys
from math import pi, sqrt

SOLAR_MASS = 4 * pi * pi
DAYS_PER_YEAR = 365.24


class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "mass")

    def __init__(self, x, y, z, vx, vy, vz, mass):
        self.x, self.y, self.z = x, y, z
        self.vx, self.vy, self.vz = vx * DAYS_PER_YEAR, vy * DAYS_PER_YEAR, vz * DAYS_PER_YEAR
        self.mass = mass * SOLAR_MASS


BODIES = [
    Body(0, 0, 0, 0, 0, 0, 1),
    Body(4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01,
         1.66007664274403694e-03, 7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04),
    Body(8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01,
         -2.76742510726411856e-03, 4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04),
    Body(1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01,
         2.96460137564761618e-03, 2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05),
    Body(1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01,
         2.68067772490389322e-03, 1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05),
]


def rest():
    sun = BODIES[0]
    sun.vx = -sum(b.vx * b.mass for b in BODIES) / SOLAR_MASS
    sun.vy = -sum(b.vy * b.mass for b in BODIES) / SOLAR_MASS
    sun.vz = -sum(b.vz * b.mass for b in BODIES) / SOLAR_MASS


def energy():
    e = 0.0
    for i, b in enumerate(BODIES):
        e += 0.5 * b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
        for c in BODIES[i + 1:]:
            dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
            e -= b.mass * c.mass / sqrt(dx * dx + dy * dy + dz * dz)
    return e


def advance(dt):
    count = len(BODIES)
    for i in range(count):
        b = BODIES[i]
        bx, by, bz, bmass = b.x, b.y, b.z, b.mass
        vx, vy, vz = b.vx, b.vy, b.vz
        for j in range(i + 1, count):
            c = BODIES[j]
            dx, dy, dz = bx - c.x, by - c.y, bz - c.z
            square = dx * dx + dy * dy + dz * dz
            pull = dt / (square * sqrt(square))
            mine, theirs = c.mass * pull, bmass * pull
            vx -= dx * mine
            vy -= dy * mine
            vz -= dz * mine
            c.vx += dx * theirs
            c.vy += dy * theirs
            c.vz += dz * theirs
        b.vx, b.vy, b.vz = vx, vy, vz
        b.x = bx + dt * vx
        b.y = by + dt * vy
        b.z = bz + dt * vz


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    rest()
    before = energy()
    for _ in range(steps):
        advance(0.01)
    print("%.9f %.9f" % (before, energy()))


main()
