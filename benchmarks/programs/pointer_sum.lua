-- A million doubles summed through a pointer, again and again.
local ffi = require 'ffi'
local times = tonumber(arg[1]) or 100
local count = 1000000

local numbers = ffi.new('double[?]', count)
for i = 0, count - 1 do
  numbers[i] = i % 17
end

local function sum(p)
  local total = 0
  for i = 0, count - 1 do
    total = total + p[i]
  end
  return total
end

local p = ffi.cast('double *', numbers)
local total = 0
for _ = 1, times do
  total = total + sum(p)
end
print(string.format("%.0f", total))
