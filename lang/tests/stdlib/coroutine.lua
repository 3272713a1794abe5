-- Coroutines.

local check = dofile("support/check.lua")
local shows, fails = check.shows, check.fails

local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  error("E" .. c, 0)
end)
shows("suspended true 3", coroutine.status(co), coroutine.resume(co, 1, 2))
shows("false Ex", coroutine.resume(co, "x"))
shows("dead false cannot resume dead coroutine", coroutine.status(co), coroutine.resume(co))

shows("nil false", coroutine.running(), coroutine.isyieldable())
co = coroutine.create(function() return coroutine.running(), coroutine.isyieldable() end)
local _, running, yieldable = coroutine.resume(co)
assert(running == co and yieldable)

local outer
outer = coroutine.create(function()
  local inner = coroutine.create(function()
    return coroutine.status(outer), coroutine.resume(outer)
  end)
  return coroutine.resume(inner)
end)
shows("true true normal false cannot resume running coroutine", coroutine.resume(outer))

local wrapped = coroutine.wrap(function() error("x", 0) end)
fails("x", wrapped)
fails("cannot resume dead coroutine", wrapped)
fails("attempt to yield across C-call boundary", coroutine.yield, 1)
fails("bad argument #1 to '?' (function expected, got number)", coroutine.create, 5)
fails("bad argument #1 to '?' (coroutine expected)", coroutine.resume, 5)
fails("bad argument #1 to '?' (coroutine expected)", coroutine.status)

-- Yields from everywhere.
local function yields(f)
  local got = {}
  local generator = coroutine.wrap(function() f() return "end" end)
  repeat
    local value = generator(#got + 1)
    got[#got + 1] = value
  until value == "end"
  return table.concat(got, " ")
end
shows("a end", yields(function() pcall(coroutine.yield, "a") end))
shows("a b end", yields(function() pcall(function() coroutine.yield("a") error("x") end) coroutine.yield("b") end))
local meta = {}
for _, event in ipairs({ "__add", "__concat", "__index", "__newindex", "__call", "__lt", "__le", "__len", "__unm", "__eq" }) do
  meta[event] = function() return coroutine.yield(event) end
end
local function object() return setmetatable({}, meta) end
shows("__add __concat __index __newindex __call __lt __le __unm __eq end", yields(function()
  local a, b = object(), object()
  local _ = a + b, a .. b, a.x
  a.x = 1
  a()
  _ = a < b
  _ = a <= b
  _ = -a
  _ = a == b
end))
shows("1 2 end", yields(function() for v in function() return coroutine.yield(1) and nil end do local _ = v end coroutine.yield(2) end))
shows("1 2 end", yields(function() table.foreachi({ 1, 2 }, function(_, v) coroutine.yield(v) end) end))

-- Many at once.
local many = {}
for i = 1, 10000 do
  many[i] = coroutine.wrap(function() while true do coroutine.yield(i) end end)
end
local sum = 0
for i = 1, 10000 do sum = sum + many[i]() end
shows("50005000", sum)

-- Library functions that call back let a coroutine yield; LuaJIT's do not.
if not jit or not jit.version:find("LuaJIT") then
  shows("y y end", yields(function()
    local list = { 3, 1, 2 }
    table.sort(list, function(a, b) coroutine.yield("y") return a < b end)
    assert(table.concat(list, ",") == "1,2,3")
  end))
  shows("a b end", yields(function() string.gsub("ab", "%w", function(c) coroutine.yield(c) end) end))
  shows("x end", yields(function() string.gsub("x", "%w", setmetatable({}, { __index = function(_, c) return coroutine.yield(c) end })) end))
end

-- Coroutines that resume new ones without end meet a limit; a few thousand may wait for each other.
local function nested(n)
  if n == 0 then return 'bottom' end
  return (coroutine.wrap(function() return (nested(n - 1)) end)())
end
assert(nested(3000) == 'bottom')
local ok, message = pcall(nested, math.huge)
assert(not ok and message:find 'C stack overflow')
assert(nested(3000) == 'bottom')
local function resumed() return select(-1, coroutine.resume(coroutine.create(resumed))) end
assert(resumed():find 'C stack overflow')
