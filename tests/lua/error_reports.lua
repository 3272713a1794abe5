-- What a script is told of its stack and its errors: frames below the main chunk and inside the library, handlers called where errors are
-- thrown, limits. The expected output is LuaJIT's.
local function show(...)
  local texts = {}
  for i = 1, select('#', ...) do
    local text = tostring((select(i, ...)))
    text = text:gsub('0x%x+', 'ADDRESS'):gsub('[%w_./\\-]*error_reports%.lua', 'THIS'):gsub('%.%.%.[%w_./\\-]*THIS', 'THIS')
    texts[i] = text
  end
  print(table.concat(texts, '\t'))
end

-- The host is the bottom of the stack.
show(debug.traceback('at the top'))
show(debug.traceback('beyond', -1), debug.traceback('none', 100))
local bottom = debug.getinfo(2, 'S')
show(bottom.what, bottom.short_src, debug.getinfo(3))

-- Functions of the library are known by number, and those written in Lua by their chunk.
show(print, string.gsub, io.write, coroutine.wrap(print), ipairs {}, ('x'):gmatch 'x')
show(type(table.remove), tostring(table.remove):match 'builtin')
for _, f in ipairs { table.remove, table.foreach, string.len, math.deg, print } do
  local info = debug.getinfo(f, 'Su')
  show(info.what, info.short_src, info.source, info.linedefined, info.nparams, info.isvararg)
end
show(pcall(table.foreach, { 1 }, function() error('two levels up', 2) end))
show(xpcall(string.rep, debug.traceback))
show(xpcall(function() return ('x'):gsub('x', function() error 'in gsub' end) end, debug.traceback))
show(xpcall(function() table.sort({ 3, 2, 1, 4, 5, 6 }, function() error 'in sort' end) end, debug.traceback))
show(pcall(table.sort, { 3, 2, 1 }, function() error('level 3', 3) end))

-- A handler runs where the error was thrown, even if a native function stands between.
local thrower = setmetatable({}, { __tostring = function() error 'no text' end })
show(xpcall(function() print(thrower) end, debug.traceback))
show(xpcall(function() string.format('%s', thrower) end, debug.traceback))
local calls = 0
show(xpcall(function() pcall(print, thrower) error 'the second' end, function(m) calls = calls + 1 return m end), calls)
show(xpcall(function() error 'first' end, function() print(thrower) end))
show(xpcall(function() load(function() error 'reader' end) return 'loaded' end, function() return 'not called' end))

-- Gaps in tracebacks.
local function deep(n) if n == 0 then error 'deep' end deep(n - 1) end
for n = 18, 24 do show(n, select(2, xpcall(deep, debug.traceback, n))) end
for n = 20, 24 do show(n, select(2, xpcall(deep, function(m) return debug.traceback(m, 3) end, n))) end

-- Stripped functions.
local stripped = loadstring(string.dump(loadstring "local function g() error 'stripped' end g()", true))
show(xpcall(stripped, debug.traceback))
local info = debug.getinfo(stripped, 'S')
show(info.what, info.linedefined, info.lastlinedefined)
show(pcall(loadstring(string.dump(loadstring 'local t; t.x = 1', true), 'named')))
show(debug.getinfo(loadstring('return 1', 'a\0b'), 'S').source)

-- What cannot be indexed or called is what stands at the end of the chain.
local function with(metatable) return setmetatable({}, metatable) end
local indexed, stored = with { __index = 5 }, with { __newindex = 'text' }
show(pcall(function() return indexed.x end))
show(pcall(function() return indexed[1] end))
show(pcall(function() stored.x = 1 end))
show(pcall(function() indexed.x.y = 1 end))
local chained = with { __call = with { __call = print } }
show(pcall(function() return chained(1) end))
show(pcall(function() chained(1) end))
show(pcall(function() return with { __add = 5 } + 1 end))
show(pcall(function() return with { __concat = 5 } .. 1 end))

-- A loop over `next` may begin at a key.
for round = 1, 100 do
  local list, seen = { 10, 20, 30, 40 }, {}
  for k, v in next, list, 2 do seen[#seen + 1] = k .. '=' .. v end
  for k, v in next, list do seen[#seen + 1] = k .. '=' .. v end
  if round % 50 == 0 then show(table.concat(seen, ' ')) end
end
local function count(t, from)
  local n = 0
  for _ in next, t, from do n = n + 1 end
  return n
end
local list = {}
for i = 1, 200 do list[i] = i end
show(count(list), count(list, 1), count(list, 150), count(list), count(list, 200))
show(pcall(count, list, 'no key'))

-- Limits: of the stack, of what natives return, and of their arguments.
local depth = 0
local function endless() depth = depth + 1 return 1 + endless() end
show(pcall(endless))
show(depth > 20000 and depth < 22000)
show(xpcall(endless, function() return endless() end))
show(pcall(unpack, {}, 1, 8001))
show(select('#', unpack({}, 1, 7900)))
show(pcall(string.byte, ('x'):rep(9000), 1, -1))
local text_of
function text_of(n)
  if n == 0 then return '.' end
  return string.format('%s', setmetatable({}, { __tostring = function() return text_of(n - 1) end })) .. n % 10
end
show(#text_of(1000))

-- Hooks see the library's functions as one.
local seen = {}
debug.sethook(function(event)
  local info = debug.getinfo(2, 'nS')
  seen[#seen + 1] = event .. ' ' .. tostring(info.name or info.what)
end, 'c')
table.sort({ 3, 2, 1 }, function(a, b) return a < b end)
local _ = ('ab'):gsub('.', function(c) return c end)
debug.sethook()
show(table.concat(seen, ', '))
show(pcall(debug.setlocal, 1))
show(pcall(debug.upvalueid))
