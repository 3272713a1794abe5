-- Pancake flips: for every permutation of 1..n, how often must the prefix named by its first number be turned round until
-- that number is 1? Small arrays, swapped and shifted, with branches that no one can predict.
local n = tonumber(arg[1]) or 10

local function fannkuch()
  local perm, work, turns = {}, {}, {}
  for i = 1, n do
    perm[i] = i
    turns[i] = i
  end
  local checksum, most, sign = 0, 0, 1

  while true do
    local first = perm[1]
    if first ~= 1 then
      for i = 1, n do
        work[i] = perm[i]
      end
      local flips = 0
      repeat
        local low, high = 1, first
        while low < high do
          work[low], work[high] = work[high], work[low]
          low = low + 1
          high = high - 1
        end
        flips = flips + 1
        first = work[1]
      until first == 1
      if flips > most then most = flips end
      checksum = checksum + sign * flips
    end

    -- The next permutation: two neighbours change places every other time, longer prefixes rotate in between.
    if sign == 1 then
      perm[1], perm[2] = perm[2], perm[1]
      sign = -1
    else
      perm[2], perm[3] = perm[3], perm[2]
      sign = 1
      local i = 3
      while turns[i] == 1 do
        if i == n then return checksum, most end
        turns[i] = i
        local head = perm[1]
        for k = 1, i do
          perm[k] = perm[k + 1]
        end
        i = i + 1
        perm[i] = head
      end
      turns[i] = turns[i] - 1
    end
  end
end

local checksum, most = fannkuch()
print(string.format("%d %d", checksum, most))
