-- Callbacks that C calls below compiled code: what they see, and errors that they throw.
local ffi = require 'ffi'
ffi.cdef 'void qsort(void *base, size_t n, size_t size, int (*compare)(const int *, const int *));'
local C = ffi.C
local a = ffi.new('int[16]')
local calls, failing = 0, nil
local compare = ffi.cast('int (*)(const int *, const int *)', function(x, y)
  calls = calls + 1
  if calls == failing then error { 'thrown', calls } end
  return x[0] - y[0]
end)

local function sort_many()
  local sum = 0
  for i = 1, 100 do
    for j = 0, 15 do a[j] = (j * 7919 + i) % 31 end
    C.qsort(a, 16, 4, compare)
    for j = 1, 15 do assert(a[j - 1] <= a[j]) end
    sum = sum + a[15]
  end
  return sum
end

print(sort_many() == sort_many())
failing = calls + 500
local ok, err = pcall(sort_many)
print(ok, err[1], err[2] == failing, calls == failing)
print(pcall(sort_many))

-- A function that is set anew, and one for each call.
compare:set(function(x, y) return y[0] - x[0] end)
for _ = 1, 100 do
  for j = 0, 15 do a[j] = j end
  C.qsort(a, 16, 4, compare)
  assert(a[0] == 15 and a[15] == 0)
end
compare:free()
local made = 0
for i = 1, 200 do
  for j = 0, 15 do a[j] = j end
  local callback = ffi.cast('int (*)(const int *, const int *)', function(x, y)
    made = made + 1
    return (y[0] - x[0]) * (i % 2 == 0 and 1 or -1)
  end)
  C.qsort(a, 16, 4, callback)
  callback:free()
  assert(a[0] == (i % 2 == 0 and 15 or 0))
end
print(made > 200)

-- Coroutines inside callbacks; a yield from one to outside is refused.
local callback = ffi.cast('int (*)(const int *, const int *)', function(x, y)
  local resumed = coroutine.wrap(function(d) return coroutine.yield(d) end)
  return resumed(x[0] - y[0])
end)
for i = 1, 60 do
  for j = 0, 15 do a[j] = 15 - j end
  C.qsort(a, 16, 4, callback)
  assert(a[3] == 3)
end
callback:set(function() return coroutine.yield(1) end)
print(coroutine.resume(coroutine.create(function()
  for i = 1, 60 do C.qsort(a, 16, 4, callback) end
end)))
callback:free()
