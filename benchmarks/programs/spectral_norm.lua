-- The largest singular value of the matrix 1 / ((i+j)(i+j+1)/2 + i + 1), by power iteration: arrays of floats, and a small
-- function called in the innermost loop.
local n = tonumber(arg[1]) or 1000

-- Both indexes count from 0, as in the formula.
local function cell(i, j)
  local diagonal = i + j
  return 1 / (diagonal * (diagonal + 1) / 2 + i + 1)
end

local function times(from, to)
  for i = 1, n do
    local sum = 0
    for j = 1, n do
      sum = sum + from[j] * cell(i - 1, j - 1)
    end
    to[i] = sum
  end
end

local function times_transposed(from, to)
  for i = 1, n do
    local sum = 0
    for j = 1, n do
      sum = sum + from[j] * cell(j - 1, i - 1)
    end
    to[i] = sum
  end
end

local u, v, between = {}, {}, {}
for i = 1, n do
  u[i], v[i], between[i] = 1, 0, 0
end
for _ = 1, 10 do
  times(u, between)
  times_transposed(between, v)
  times(v, between)
  times_transposed(between, u)
end

local uv, vv = 0, 0
for i = 1, n do
  uv = uv + u[i] * v[i]
  vv = vv + v[i] * v[i]
end
print(string.format("%.9f", math.sqrt(uv / vv)))
