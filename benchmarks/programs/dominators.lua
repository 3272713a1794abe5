-- What a compiler does all day: dominators and natural loops of control-flow graphs. Objects that point at each other, lists
-- that grow, sets keyed by objects, and little arithmetic. (The algorithm is Cooper, Harvey and Kennedy's "A Simple, Fast
-- Dominance Algorithm", not Havlak's.)
local graphs = tonumber(arg[1]) or 150

local Block = {}
Block.__index = Block

function Block.new(id)
  return setmetatable({ id = id, successors = {}, predecessors = {}, order = 0, dominator = false, depth = 0 }, Block)
end

function Block:edge(to)
  self.successors[#self.successors + 1] = to
  to.predecessors[#to.predecessors + 1] = self
end

local Graph = {}
Graph.__index = Graph

function Graph.new()
  local graph = setmetatable({ blocks = {}, postorder = {} }, Graph)
  graph.entry = graph:block()
  return graph
end

function Graph:block()
  local block = Block.new(#self.blocks + 1)
  self.blocks[block.id] = block
  return block
end

-- A small generator of our own, so that every implementation sees the same graphs: products stay exact in a double.
local seed = 1
local function random(below)
  seed = seed * 16807 % 2147483647
  return seed % below
end

-- Adds a random structured region after `from`, and returns the block where it ends.
function Graph:region(from, depth)
  local kind = depth == 0 and 0 or random(4)
  if kind == 0 then
    local next = self:block()
    from:edge(next)
    return next
  elseif kind == 1 then
    return self:region(self:region(from, depth - 1), depth - 1)
  elseif kind == 2 then
    local yes, no, join = self:block(), self:block(), self:block()
    from:edge(yes)
    from:edge(no)
    self:region(yes, depth - 1):edge(join)
    self:region(no, depth - 1):edge(join)
    return join
  end
  local head = self:block()
  from:edge(head)
  local last = self:region(head, depth - 1)
  last:edge(head)
  local after = self:block()
  head:edge(after)
  return after
end

-- Numbers the blocks as a depth-first walk leaves them, with a stack of its own.
function Graph:walk()
  local order, seen = self.postorder, { [self.entry] = true }
  local stack, places = { self.entry }, { 1 }
  while #stack > 0 do
    local top = #stack
    local block = stack[top]
    local next = block.successors[places[top]]
    if next then
      places[top] = places[top] + 1
      if not seen[next] then
        seen[next] = true
        stack[top + 1], places[top + 1] = next, 1
      end
    else
      stack[top], places[top] = nil, nil
      order[#order + 1] = block
      block.order = #order
    end
  end
end

local function meet(a, b)
  while a ~= b do
    while a.order < b.order do a = a.dominator end
    while b.order < a.order do b = b.dominator end
  end
  return a
end

function Graph:dominate()
  local order, entry = self.postorder, self.entry
  entry.dominator = entry
  local changed = true
  while changed do
    changed = false
    for i = #order - 1, 1, -1 do
      local block, best = order[i], nil
      for _, from in ipairs(block.predecessors) do
        if from.dominator then
          best = best and meet(best, from) or from
        end
      end
      if block.dominator ~= best then
        block.dominator = best
        changed = true
      end
    end
  end
end

local function dominates(head, block)
  while block.order < head.order do block = block.dominator end
  return block == head
end

-- An edge back to a block that dominates its start closes a loop: everything that reaches that start belongs to it.
function Graph:loops()
  local count = 0
  for _, head in ipairs(self.postorder) do
    local body, work = { [head] = true }, {}
    for _, from in ipairs(head.predecessors) do
      if dominates(head, from) then work[#work + 1] = from end
    end
    if #work > 0 then
      count = count + 1
      head.depth = head.depth + 1
    end
    while #work > 0 do
      local block = work[#work]
      work[#work] = nil
      if not body[block] then
        body[block] = true
        block.depth = block.depth + 1
        for _, from in ipairs(block.predecessors) do work[#work + 1] = from end
      end
    end
  end
  return count
end

local blocks, loops, depth, deepest = 0, 0, 0, 0
for _ = 1, graphs do
  local graph = Graph.new()
  local last = graph.entry
  for _ = 1, 40 do
    last = graph:region(last, 7)
  end
  graph:walk()
  graph:dominate()
  loops = loops + graph:loops()
  for _, block in ipairs(graph.blocks) do
    blocks = blocks + 1
    depth = depth + block.depth
    deepest = math.max(deepest, block.depth)
  end
end
print(string.format("%d blocks, %d loops, depth %d in all, %d at most", blocks, loops, depth, deepest))
