-- How many points of a square grid stay bounded under z = z*z + c: float arithmetic in registers, one exit that depends on
-- the data.
local n = tonumber(arg[1]) or 800

local inside, steps = 0, 0
for row = 0, n - 1 do
  local ci = 2 * row / n - 1
  for column = 0, n - 1 do
    local cr = 2 * column / n - 1.5
    local zr, zi = 0, 0
    local zr2, zi2 = 0, 0
    local left = 200
    while left > 0 and zr2 + zi2 <= 4 do
      zi = 2 * zr * zi + ci
      zr = zr2 - zi2 + cr
      zr2, zi2 = zr * zr, zi * zi
      left = left - 1
    end
    steps = steps + 200 - left
    if left == 0 then inside = inside + 1 end
  end
end
print(string.format("%d %d", inside, steps))
