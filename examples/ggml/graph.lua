-- A graph built node by node in a loop: rabbits on an island, whose number next year is r x (1 - x) of the most that it feeds.
-- Whatever number a colony starts with, it ends at 1 - 1/r; ggml computes six hundred years of 64 colonies as one graph.
--
--     cargo run --release --features ggml -- examples/ggml/graph.lua [years]
local ffi = require 'ffi'

ffi.cdef [[
  #include <ggml.h>
  #include <ggml-cpu.h>
]]
local ggml = ffi.load 'ggml'

local years = tonumber(arg[1]) or 600
local colonies, r = 64, 2.8
assert(3 * years <= ggml.GGML_DEFAULT_GRAPH_SIZE, 'a default graph has no room for that many years')

-- Each year makes three tensors. The numbers of one are few; what ggml remembers about it is most of its size.
local bytes = (3 * years + 2) * (ggml.ggml_tensor_overhead() + 4 * colonies) + ggml.ggml_graph_overhead()
local params = ffi.new('struct ggml_init_params', { mem_size = bytes + 1024 * 1024 })
local context = assert(ggml.ggml_init(params))

local first = ggml.ggml_new_tensor_1d(context, ggml.GGML_TYPE_F32, colonies)
ggml.ggml_set_name(first, 'first year')
local start = ffi.cast('float *', first.data)
for i = 0, colonies - 1 do
  start[i] = (i + 1) / (colonies + 1)
end

-- r x (1 - x) is r (x - x x): a square, a difference and a scaling.
local x = first
for _ = 1, years do
  local square = ggml.ggml_sqr(context, x)
  local difference = ggml.ggml_sub(context, x, square)
  x = ggml.ggml_scale(context, difference, r)
end
ggml.ggml_set_name(x, 'last year')

local graph = ggml.ggml_new_graph(context)
ggml.ggml_build_forward_expand(graph, x)

-- Reads the graph back: how many nodes of each kind?
local nodes = ggml.ggml_graph_n_nodes(graph)
local kinds, names = {}, {}
for i = 0, nodes - 1 do
  local name = ffi.string(ggml.ggml_op_name(ggml.ggml_graph_node(graph, i).op))
  if not kinds[name] then names[#names + 1] = name end
  kinds[name] = (kinds[name] or 0) + 1
end
table.sort(names)
for i, name in ipairs(names) do
  names[i] = kinds[name] .. ' ' .. name
end
print(string.format('%d nodes: %s', nodes, table.concat(names, ', ')))
assert(nodes == 3 * years, 'nodes are missing')

local before = ggml.ggml_time_us()
local status = ggml.ggml_graph_compute_with_ctx(context, graph, 1)
local microseconds = tonumber(ggml.ggml_time_us() - before)
assert(status == ggml.GGML_STATUS_SUCCESS, 'the graph was not computed')
print(string.format('%d years of %d colonies in %.2f ms', years, colonies, microseconds / 1e3))

local goal, worst = 1 - 1 / r, 0
for i = 0, colonies - 1 do
  worst = math.max(worst, math.abs(ggml.ggml_get_f32_1d(x, i) - goal))
end
print(string.format('%s: %.6f of the most, expected %.6f, off by %.1g at worst', ffi.string(x.name),
  ggml.ggml_get_f32_1d(x, 0), goal, worst))
assert(worst < 1e-6, 'some colony is elsewhere')

ggml.ggml_free(context)
