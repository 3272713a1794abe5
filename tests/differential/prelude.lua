-- Stands before every batch of generated programs: what they call to be seen, and to stay within bounds.
--
-- Nothing here may print what two right implementations could print differently: no addresses, no order of `pairs`, no sign of
-- a NaN. Only the base library and a few plain string functions are used, so that the harness works before they all do.

local type, tostring, pairs, select, pcall, print = type, tostring, pairs, select, pcall, print
local concat, sort, floor, gsub = table.concat, table.sort, math.floor, string.gsub

local show

-- A table as its sorted entries, three levels deep.
local function entries(t, depth)
  if depth > 3 then return '{...}' end
  local list = {}
  for k, v in pairs(t) do
    list[#list + 1] = show(k, depth + 1) .. '=' .. show(v, depth + 1)
  end
  sort(list)
  return '{' .. concat(list, ',') .. '}'
end

function show(v, depth)
  local kind = type(v)
  if kind == 'number' then
    return v ~= v and 'nan' or tostring(v)
  elseif kind == 'string' then
    return '"' .. gsub(v, ': 0x%x+', ': address') .. '"'
  elseif kind == 'table' then
    return entries(v, depth or 0)
  elseif kind == 'nil' or kind == 'boolean' then
    return tostring(v)
  end
  return kind
end

-- Prints its arguments, in a form that tells values of different types apart.
function out(...)
  local list = {}
  for i = 1, select('#', ...) do
    list[i] = show((select(i, ...)))
  end
  print(concat(list, ' '))
end

-- A number that a string may be made of: every implementation spells it the same.
function fin(x)
  if x ~= x then return 0 end
  return x + 0
end

-- All its arguments, and how many.
function pack(...)
  return { n = select('#', ...), ... }
end

-- A whole number from 0 to n - 1 made of any number.
function int(x, n)
  if x ~= x or x >= 2 ^ 53 or x <= -2 ^ 53 then return 0 end
  return floor(x) % n
end

local known = {}
for name in pairs(_G) do known[name] = true end

-- Runs one program and forgets the globals that it made.
return function(index, source)
  print('@ ' .. index)
  local chunk, message = loadstring(source, '=program')
  if chunk then
    print('end', show((select(2, pcall(chunk)))))
  else
    print('refused', message)
  end
  local mine = {}
  for name in pairs(_G) do
    if not known[name] then mine[#mine + 1] = name end
  end
  for i = 1, #mine do _G[mine[i]] = nil end
end
