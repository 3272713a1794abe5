-- A native call of `int(int,int)` in a hot loop. The library's path comes first, then the number of calls.
local ffi = require 'ffi'
local calls = ffi.load(arg[1])
local count = tonumber(arg[2]) or 50000000

ffi.cdef 'int add_int(int a, int b);'

local sum = 0
for i = 1, count do
  sum = calls.add_int(sum, i % 3)
end
print(string.format("%d", sum))
