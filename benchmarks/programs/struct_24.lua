-- A struct of 24 bytes returned by value, which travels through memory, its fields read at once.
local ffi = require 'ffi'
local calls = ffi.load(arg[1])
local count = tonumber(arg[2]) or 3000000

ffi.cdef [[
  typedef struct { int64_t first, count, step; } Range;
  Range range_make(int64_t first, int64_t count);
]]

local sum = 0
for i = 1, count do
  local r = calls.range_make(i % 8, 10)
  sum = sum + tonumber(r.first + r.count * r.step)
end
print(string.format("%d", sum))
