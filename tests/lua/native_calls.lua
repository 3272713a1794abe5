-- Library functions called from compiled loops, with results in all places and numbers.

local out = {}
local function add(...) out[#out + 1] = table.concat({...}, ',') end

-- The trace returns from a metamethod's frame, and calls on below it.
local Text = {}
Text.__index = Text
function Text.new(s) return setmetatable({s = s}, Text) end
function Text.__concat(a, b) return (type(a) == 'table' and a.s or a) .. (type(b) == 'table' and b.s or b) end
local text = ''
do
  local i = 0
  ::top::
  i = i + 1
  do
    local s = ''
    for w in (tostring(i % 2 == 0)):gmatch('%a+') do
      s = ((Text.new(w) .. text):sub(1, 60) .. s):sub(-60)
    end
    text = s:sub(1, 5)
  end
  if i < 98 then goto top end
end
print(text)

-- Native functions under pcall.
local good, bad = 0, 0
for i = 1, 80 do
  local ok, v = pcall(tonumber, i % 5 == 0 and 'x' or tostring(i))
  if ok and v then good = good + v else bad = bad + 1 end
  local ok, s = pcall(string.rep, 'ab', i % 3)
  good = good + #s
  local ok, why = pcall(string.rep)
  if not ok and i == 77 then print(why) end
  local ok, m = pcall(math.max, i, 40, 7)
  good = good + m
end
print(good, bad)

-- unpack of a part.
local t = {1, 2, 3, nil, 5}
local sum = 0
for i = 1, 80 do
  local a, b, c = unpack(t, 2, 4)
  local d = select('#', unpack(t, 1, i % 3 + 3))
  sum = sum + a + b + (c or 10) + d + select('#', unpack(t, 3, 2))
end
print(sum)

-- print itself, files, and what is counted.
for i = 1, 60 do
  if i % 20 == 0 then print(i, i / 8, nil, true, 'text') end
end
local name = os.tmpname()
local f = assert(io.open(name, 'w'))
for i = 1, 70 do f:write(i, ' ', i * 0.5, '\n') end
f:close()
local lines, numbers = 0, 0
for line in io.lines(name) do
  lines = lines + 1
  numbers = numbers + tonumber(line:match('%S+$'))
end
print(lines, numbers)
local f = io.open(name)
local read = 0
for i = 1, 70 do
  local a, b = f:read('*n', '*n')
  read = read + a + b
end
print(read, f:read('*n'))
f:close()
os.remove(name)
local used = 0
for i = 1, 60 do if collectgarbage('count') > 0 then used = used + 1 end end
print(used)

-- A tostring of one's own, set while the loop is hot.
local own = tostring
for i = 1, 60 do
  if i == 50 then tostring = function(v) return '<' .. own(v) .. '>' end end
  if i > 47 and i < 53 then print(i, 'x') end
end
tostring = own

-- What calls back into Lua does so as anywhere else.
local calls = 0
local words = setmetatable({}, {__index = function(_, k) calls = calls + 1 return k:upper() end})
local object = setmetatable({}, {__tostring = function() calls = calls + 1 return 'object' end})
for i = 1, 60 do
  add((('a b'):gsub('%a', words)), tostring(object), (('x'):gsub('x', function(c) return c .. i end)))
end
print(#out, out[1], out[60], calls)
