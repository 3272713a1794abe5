-- Every way to set n queens on a board of n by n: backtracking, recursion with small arrays as sets.
local n = tonumber(arg[1]) or 12

local column, rising, falling = {}, {}, {}
for i = 1, 2 * n do
  column[i], rising[i], falling[i] = false, false, false
end

local function place(row)
  if row > n then return 1 end
  local ways = 0
  for c = 1, n do
    local up, down = row + c - 1, row - c + n
    if not (column[c] or rising[up] or falling[down]) then
      column[c], rising[up], falling[down] = true, true, true
      ways = ways + place(row + 1)
      column[c], rising[up], falling[down] = false, false, false
    end
  end
  return ways
end

print(string.format("%d", place(1)))
