# The twin of float.lua.
import sys
from math import cos, sin, sqrt

COUNT = 100000


class Point:
    __slots__ = ("x", "y", "z")

    def __init__(self, i):
        self.x = x = sin(i)
        self.y = cos(i) * 3
        self.z = x * x / 2

    def normalize(self):
        length = sqrt(self.x * self.x + self.y * self.y + self.z * self.z)
        self.x /= length
        self.y /= length
        self.z /= length

    def cover(self, other):
        if other.x > self.x:
            self.x = other.x
        if other.y > self.y:
            self.y = other.y
        if other.z > self.z:
            self.z = other.z
        return self


def corner():
    points = [Point(i + 1) for i in range(COUNT)]
    for p in points:
        p.normalize()
    best = points[0]
    for i in range(1, COUNT):
        best = best.cover(points[i])
    return best


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    for _ in range(rounds):
        best = corner()
    print("%.9f %.9f %.9f" % (best.x, best.y, best.z))


main()
