# The twin of sieve.lua.
import sys

LIMIT = 500000


def primes():
    composite = [False] * (LIMIT + 1)
    count = 0
    for i in range(2, LIMIT + 1):
        if not composite[i]:
            count += 1
            for k in range(i + i, LIMIT + 1, i):
                composite[k] = True
    return count


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    for _ in range(times):
        count = primes()
    print(count)


main()
