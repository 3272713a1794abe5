-- A struct of 12 bytes returned by value, its fields read at once.
local ffi = require 'ffi'
local calls = ffi.load(arg[1])
local count = tonumber(arg[2]) or 3000000

ffi.cdef [[
  typedef struct { float x, y, z; } Triple;
  Triple triple_make(float x, float y, float z);
]]

local sum = 0
for i = 1, count do
  local t = calls.triple_make(i % 8, 0.5, 2)
  sum = sum + t.x + t.y * t.z
end
print(string.format("%.1f", sum))
