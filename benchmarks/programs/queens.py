# The twin of queens.lua.
import sys

n = int(sys.argv[1]) if len(sys.argv) > 1 else 12
column, rising, falling = [False] * (2 * n + 1), [False] * (2 * n + 1), [False] * (2 * n + 1)


def place(row):
    if row > n:
        return 1
    ways = 0
    for c in range(1, n + 1):
        up, down = row + c - 1, row - c + n
        if not (column[c] or rising[up] or falling[down]):
            column[c] = rising[up] = falling[down] = True
            ways += place(row + 1)
            column[c] = rising[up] = falling[down] = False
    return ways


print(place(1))
