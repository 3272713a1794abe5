-- A matrix product by ggml, beside the same product in plain Lua: tensors filled by hot loops through their data pointers, a
-- graph of one node, and the two results compared.
--
--     cargo run --release --features ggml -- examples/ggml/mul_mat.lua [threads]
local ffi = require 'ffi'

ffi.cdef [[
  #include <ggml.h>
  #include <ggml-cpu.h>
]]
local ggml = ffi.load 'ggml'

local threads = tonumber(arg[1]) or 1
local rows, inner, columns = 256, 384, 192

local params = ffi.new('struct ggml_init_params', { mem_size = 16 * 1024 * 1024 })
local context = assert(ggml.ggml_init(params))

-- A matrix in ggml is a list of rows, whose length is its first dimension. Values are small and vary without a pattern that
-- would hide a transposed or shifted result.
local function matrix(height, width, seed)
  local tensor = ggml.ggml_new_tensor_2d(context, ggml.GGML_TYPE_F32, width, height)
  local data = ffi.cast('float *', tensor.data)
  for i = 0, height * width - 1 do
    seed = seed * 16807 % 2147483647
    data[i] = seed / 2147483647 - 0.5
  end
  return tensor, data
end

local a, a_data = matrix(rows, inner, 1)
local b, b_data = matrix(columns, inner, 2)

-- ggml multiplies rows with rows: element (i, j) of the product is row i of a times row j of b.
local product = ggml.ggml_mul_mat(context, a, b)
print(string.format('a %d x %d, b %d x %d, product %d x %d', rows, inner, columns, inner,
  tonumber(product.ne[0]), tonumber(product.ne[1])))
assert(product.ne[0] == rows and product.ne[1] == columns)

local graph = ggml.ggml_new_graph(context)
ggml.ggml_build_forward_expand(graph, product)
assert(ggml.ggml_graph_n_nodes(graph) == 1)

-- The first time, ggml also fills its tables and starts its threads; the second time it only multiplies.
local by_ggml, start
for _ = 1, 2 do
  start = ggml.ggml_time_us()
  local status = ggml.ggml_graph_compute_with_ctx(context, graph, threads)
  by_ggml = tonumber(ggml.ggml_time_us() - start)
  assert(status == ggml.GGML_STATUS_SUCCESS, 'the graph was not computed')
end

local worst = 0
start = ggml.ggml_time_us()
local result = ffi.cast('float *', product.data)
for j = 0, columns - 1 do
  for i = 0, rows - 1 do
    local sum = 0
    for k = 0, inner - 1 do
      sum = sum + a_data[i * inner + k] * b_data[j * inner + k]
    end
    local off = math.abs(sum - result[j * rows + i])
    if off > worst then worst = off end
  end
end
local by_lua = tonumber(ggml.ggml_time_us() - start)

local operations = 2 * rows * columns * inner
print(string.format('ggml  %8.2f ms  %6.2f GFLOPS on %d thread%s', by_ggml / 1e3, operations / by_ggml / 1e3, threads,
  threads == 1 and '' or 's'))
print(string.format('Lua   %8.2f ms  %6.2f GFLOPS', by_lua / 1e3, operations / by_lua / 1e3))
print(string.format('largest difference %.2g', worst))
-- ggml adds in single precision, Lua in double: 384 products below 1/4 leave at most some 1e-5 between the two.
assert(worst < 1e-4, 'the two products differ')

ggml.ggml_free(context)
