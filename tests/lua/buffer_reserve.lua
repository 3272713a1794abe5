-- What is written to a buffer's reserved room and not committed is still there when more is reserved, unless bytes before it were read.

local buffer = require 'string.buffer'

local function kept(put, skip, first, second)
  local b = buffer.new()
  b:put(('x'):rep(put)):skip(skip)
  local room, size = b:reserve(first)
  for i = 0, first - 1 do room[i] = 65 + i % 26 end
  local larger, larger_size = b:reserve(second)
  local same = 0
  for i = 0, first - 1 do
    if larger[i] == 65 + i % 26 then same = same + 1 end
  end
  b:commit(first)
  return size, larger_size, same, #b
end

for _, case in ipairs {
  { 0, 0, 1, 60 }, { 0, 0, 20, 200 }, { 0, 0, 100, 5000 }, { 10, 0, 20, 30 }, { 40, 0, 20, 200 }, { 60, 0, 100, 300 },
  { 10, 10, 20, 64 }, { 30, 10, 5, 12 }, { 60, 32, 5, 36 }, { 60, 33, 5, 37 },
} do
  print(unpack(case))
  print('', kept(unpack(case)))
end

-- A dynamic array of bytes over a buffer that nothing is ever committed to.
local b, n = buffer.new(), 0
for i = 1, 3000 do
  n = n + 1
  b:reserve(n)[n - 1] = i % 251
end
local p, sum = b:reserve(n), 0
for i = 0, n - 1 do sum = sum + p[i] * (i % 7) end
print(n, sum)
