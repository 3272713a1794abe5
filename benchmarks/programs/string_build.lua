-- Strings made from pieces: concatenation of short ones, a long one joined from an array, pieces cut out again.
local rounds = tonumber(arg[1]) or 30
local count = 30000

local concat = table.concat
local sub, byte, format = string.sub, string.byte, string.format

local function lines()
  local list = {}
  for i = 1, count do
    list[i] = "item " .. i .. " of " .. count .. (i % 2 == 0 and " even" or " odd")
  end
  return concat(list, "\n")
end

local function checksum(text)
  local sum = 0
  for i = 1, #text, 7 do
    local piece = sub(text, i, i + 6)
    sum = (sum * 31 + byte(piece, 1) + #piece) % 1000003
  end
  return sum
end

local sum, length = 0, 0
for round = 1, rounds do
  local text = lines() .. round
  length = length + #text
  sum = (sum + checksum(text)) % 1000003
end
print(format("%d %d", length, sum))
