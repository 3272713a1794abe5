-- Complete binary trees, built, counted and dropped while one large tree stays alive: allocation and collection.
local depth = tonumber(arg[1]) or 15
local least = 4

local function build(levels)
  if levels == 0 then return {} end
  return { build(levels - 1), build(levels - 1) }
end

local function count(tree)
  local left = tree[1]
  if not left then return 1 end
  return 1 + count(left) + count(tree[2])
end

local lasting = build(depth)
for levels = least, depth, 2 do
  local trees = 2 ^ (depth - levels + least)
  local nodes = 0
  for _ = 1, trees do
    nodes = nodes + count(build(levels))
  end
  print(string.format("%d trees of depth %d: %d nodes", trees, levels, nodes))
end
print(string.format("lasting tree: %d nodes", count(lasting)))
