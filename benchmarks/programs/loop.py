# The twin of loop.lua.
import sys


def count():
    x = 0
    for _ in range(20000):
        x = x + 1
    return x


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    print(sum(count() for _ in range(times)))


main()
