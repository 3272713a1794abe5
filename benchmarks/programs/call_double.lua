-- A native call of `double(double)` in a hot loop.
local ffi = require 'ffi'
local calls = ffi.load(arg[1])
local count = tonumber(arg[2]) or 50000000

ffi.cdef 'double add_half(double x);'

local sum = 0
for _ = 1, count do
  sum = calls.add_half(sum)
end
print(string.format("%.1f", sum))
