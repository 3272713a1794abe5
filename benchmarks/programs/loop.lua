-- A for loop of 20,000 increments, entered again and again: the smallest hot loop there is, and the price of entering one.
local times = tonumber(arg[1]) or 10000

local function count()
  local x = 0
  for _ = 1, 20000 do
    x = x + 1
  end
  return x
end

local total = 0
for _ = 1, times do
  total = total + count()
end
print(string.format("%d", total))
