-- A struct of 16 bytes by value, two in and one out, each result an argument of the next call.
local ffi = require 'ffi'
local calls = ffi.load(arg[1])
local count = tonumber(arg[2]) or 3000000

ffi.cdef [[
  typedef struct { double x, y; } Pair;
  Pair pair_add(Pair a, Pair b);
]]

local sum, step = ffi.new('Pair', 0, 0), ffi.new('Pair', 1, 0.5)
for _ = 1, count do
  sum = calls.pair_add(sum, step)
end
print(string.format("%.1f %.1f", sum.x, sum.y))
