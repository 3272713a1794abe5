-- Hot loops that call ggml in every iteration: a million numbers into a tensor and out again, and through half precision.
--
--     cargo run --release --features ggml -- examples/ggml/hot_loop.lua [count]
--
-- Look at the loops with -jv or -jdump: each call is one machine call, and what it needs to know is checked before the loop.
local ffi = require 'ffi'

ffi.cdef [[
  #include <ggml.h>
  #include <ggml-cpu.h>
]]
local ggml = ffi.load 'ggml'

local count = tonumber(arg[1]) or 1000000

-- Runs a loop, says how long one iteration took, and returns what the loop returns.
local function timed(what, loop)
  local start = os.clock()
  local result = loop()
  local seconds = os.clock() - start
  print(string.format('%-34s %7.2f ms, %6.2f ns each', what, seconds * 1e3, seconds * 1e9 / count))
  return result
end

print(string.format('ggml %s, tensors of up to %d dimensions', ffi.string(ggml.ggml_version()), ggml.GGML_MAX_DIMS))

-- Room for the numbers and for what ggml remembers about one tensor.
local params = ffi.new('struct ggml_init_params', { mem_size = 4 * count + 4096 })
local context = assert(ggml.ggml_init(params))
local tensor = ggml.ggml_new_tensor_1d(context, ggml.GGML_TYPE_F32, count)
assert(ggml.ggml_nelements(tensor) == count)

timed('ggml_set_f32_1d, one call', function()
  for i = 0, count - 1 do
    ggml.ggml_set_f32_1d(tensor, i, i % 100 / 4)
  end
end)

local sum = timed('ggml_get_f32_1d, one call', function()
  local total = 0
  for i = 0, count - 1 do
    total = total + ggml.ggml_get_f32_1d(tensor, i)
  end
  return total
end)

local direct = timed('the same through a pointer', function()
  local data = ffi.cast('float *', tensor.data)
  local total = 0
  for i = 0, count - 1 do
    total = total + data[i]
  end
  return total
end)

-- Every number is a multiple of a quarter, so that all three sums are exact.
local expected = 0
for i = 0, count - 1 do
  expected = expected + i % 100 / 4
end
print(string.format('sums: %.2f by calls, %.2f by pointer, %.2f by heart', sum, direct, expected))
assert(sum == expected and direct == expected, 'the tensor does not hold what went in')

-- Ten bits of mantissa: a number comes back within one part in 2048 of itself.
local worst = timed('to half precision and back, two', function()
  local most = 0
  for i = 1, count do
    local x = i % 1000 + 1 / 3
    local back = ggml.ggml_fp16_to_fp32(ggml.ggml_fp32_to_fp16(x))
    local off = math.abs(back - x) / x
    if off > most then most = off end
  end
  return most
end)
print(string.format('half precision is off by one part in %.0f at worst', 1 / worst))
assert(worst > 0 and worst <= 1 / 2048, 'half precision is less precise than it should be')

ggml.ggml_free(context)
