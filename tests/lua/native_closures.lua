-- Loops over native functions that have variables of their own: each loop has another one, of the same or of other code.

local text = 'one = 1, two = 22, three = 333, four = 4444'
local total, names = 0, {}
for k = 1, 60 do
  for name, value in text:gmatch('(%a+) = (%d+)') do
    total = total + value * k
    names[name] = (names[name] or 0) + #value
  end
end
print(total, names.one, names.two, names.three, names.four)

-- One loop, called with iterators of gmatch, Lua functions, next, wrapped coroutines, and what has __call.
local function count(f, s, c)
  local n, sum = 0, 0
  for a, b in f, s, c do
    n, sum = n + 1, sum + #tostring(a) + #tostring(b)
    if n == 50 then break end
  end
  return n, sum
end
local function upto(limit) local i = 0 return function() i = i + 1 if i <= limit then return i end end end
local callable = setmetatable({left = 0}, {__call = function(self) self.left = self.left - 1 if self.left > 0 then return self.left end end})
local lines = {}
for k = 1, 80 do
  local n, sum
  local kind = k % 16
  if kind < 10 then n, sum = count(text:gmatch(kind % 2 == 0 and '%a+' or '(%d)(%d)'))
  elseif kind == 10 then n, sum = count(upto(k))
  elseif kind == 11 then n, sum = count(next, {1, 2, 3, k})
  elseif kind == 12 then n, sum = count(coroutine.wrap(function() for i = 1, k do coroutine.yield(i) end end))
  elseif kind == 13 then callable.left = k n, sum = count(callable)
  elseif kind == 14 then n, sum = count(ipairs {k, k, k})
  else n, sum = count(string.gmatch(('x'):rep(k), 'x')) end
  lines[#lines + 1] = n .. ':' .. sum
end
print(table.concat(lines, ' '))

-- Two iterators that take turns, and one that is called by hand.
local a, b = text:gmatch('%a+'), text:gmatch('%d')
local parts = {}
for i = 1, 8 do parts[#parts + 1] = tostring((i % 2 == 0 and a or b)()) end
print(table.concat(parts, ' '))
local left = 0
for i = 1, 40 do
  local step = text:gmatch('%d')
  while true do
    local digit = step()
    if not digit then break end
    left = left + digit
  end
end
print(left)
print(pcall(count, text:gmatch('(')))
print(select('#', pcall(count, 5)), (select(2, pcall(count, 5)):gsub('^.-: ', '')))
