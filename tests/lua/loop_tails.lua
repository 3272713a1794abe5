-- Loops that end where another jump begins, and loops whose values are constants in the trace that leads to them.

local function nested(n)
  local sum, i = 0, 0
  while i < n do
    i = i + 1
    if i % 3 == 0 then
      for k = 1, i do
        if k % 5 == 0 then break end
        sum = sum + k
      end
    else
      for k = i, 1, -1 do
        sum = sum + k * 2
      end
    end
  end
  return sum
end
print(nested(60))

-- A side trace that is a loop itself: what was a constant where it began is not one in its next turn.
local function flips(n)
  local list, total = {}, 0
  for round = 1, n do
    for i = 1, 7 do list[i] = (i * round) % 7 + 1 end
    local count, first = 0, list[1]
    repeat
      local low, high = 1, first
      while low < high do
        list[low], list[high] = list[high], list[low]
        low, high = low + 1, high - 1
      end
      count = count + 1
      first = list[1]
    until first == 1 or count == 20
    total = total + count * round
  end
  return total
end
print(flips(40))

-- The sign of a remainder that is zero.
local z = -0
for i = 1, 20 do
  local r = (-z * i) % (i + 1)
  if i == 20 then print(1 / r, 1 / ((z * -i) % 7)) end
end
