-- Random expressions of `and`, `or`, `not`, constants and comparisons, in all places where an expression can stand: what is compiled
-- gives what a walk over the tree gives.
local random = math.random
math.randomseed(5)

local variables = { a = 0, b = 'b', f = false, t = true }
local constants = { ['false'] = false, ['true'] = true, ['1'] = 1, ["'s'"] = 's' }
local leaves = { 'a', 'b', 'n', 'f', 't', 'nil', 'false', 'false', 'true', '1', "'s'" }

local function leaf()
  local name = leaves[random(#leaves)]
  local value = variables[name]
  if value == nil then value = constants[name] end
  return name, value
end

-- Source and value of an expression.
local function expression(depth)
  local kind = depth == 0 and 0 or random(12)
  if kind <= 1 then return leaf() end
  local one, x = expression(depth - 1)
  if kind == 2 then return 'not (' .. one .. ')', not x end
  if kind == 3 then return 'same(' .. one .. ')', x end
  local two, y = expression(depth - 1)
  if kind == 4 then return '(' .. one .. ') == (' .. two .. ')', x == y end
  if kind == 5 then return '(' .. one .. ') ~= (' .. two .. ')', x ~= y end
  if kind <= 8 then return '(' .. one .. ') and (' .. two .. ')', x and y end
  return '(' .. one .. ') or (' .. two .. ')', x or y
end

function same(x) return x end

local places = [[
local a, b, n, f, t = 0, 'b', nil, false, true
local new = @
local old = 5 old = @
local branch if @ then branch = true else branch = false end
local turned = false while @ do turned = true break end
local turns = 0 repeat turns = turns + 1 until turns == 2 or (@)
local list = {@, k = @}
return new, old, branch, turned, turns == 1, same(@), list[1], list.k, @]]

local wrong = 0
for _ = 1, 1000 do
  local source, value = expression(random(5))
  local results = { assert(loadstring((places:gsub('@', function() return source end))))() }
  local truth = not not value
  local expected = { value, value, truth, truth, truth, value, value, value, value }
  for i = 1, 9 do
    if results[i] ~= expected[i] then
      wrong = wrong + 1
      print(source, value, i, results[i])
    end
  end
end
print(wrong .. ' wrong')
