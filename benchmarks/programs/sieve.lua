-- The sieve of Eratosthenes over an array of booleans: stores with a stride, and a scan.
local times = tonumber(arg[1]) or 40
local limit = 500000

local function primes()
  local composite = {}
  for i = 1, limit do
    composite[i] = false
  end
  local count = 0
  for i = 2, limit do
    if not composite[i] then
      count = count + 1
      for k = i + i, limit, i do
        composite[k] = true
      end
    end
  end
  return count
end

local count
for _ = 1, times do
  count = primes()
end
print(string.format("%d", count))
