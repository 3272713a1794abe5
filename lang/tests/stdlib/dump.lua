-- string.dump, and loading what it made.

local check = dofile("support/check.lua")
local shows, fails, fails_in = check.shows, check.fails, check.fails_in

local function reloaded(f, strip)
  return assert(loadstring(string.dump(f, strip)))
end

shows("3 4", reloaded(function(a, ...) return a, ... end)(3, 4))
shows("1 a nil true 2.5", reloaded(function() return 1, "a", nil, true, 2.5 end, true)())
shows("55", reloaded(function(n)
  local function sum(i) return i == 0 and 0 or i + sum(i - 1) end
  return sum(n)
end)(10))
shows("1 2 x", unpack(reloaded(function() return { 1, 2, "x" } end)()))
shows("6", reloaded(function()
  local t, sum = { a = 1, b = 2, c = { 3 } }, 0
  for _, v in pairs(t) do sum = sum + (type(v) == "table" and v[1] or v) end
  return sum
end)())

-- Upvalues come back empty.
local up = 5
shows("nil", reloaded(function() return up end)())

-- Debug information is kept, or stripped.
local f = loadstring("local x = 1\nerror('here')", "@chunk.lua")
fails("chunk.lua:2: here", reloaded(f))
shows("@chunk.lua 0", debug.getinfo(reloaded(f), "S").source, debug.getinfo(reloaded(f), "S").linedefined)
assert(not pcall(reloaded(f, true)))
assert(#string.dump(f, true) < #string.dump(f))
-- Text is letters, of which `s` strips.
assert(#string.dump(f, "s") == #string.dump(f, true) and #string.dump(f, "ds") == #string.dump(f, 1))
assert(#string.dump(f, "") == #string.dump(f) and #string.dump(f, "d") == #string.dump(f, false))

-- What cannot be dumped or loaded.
fails("unable to dump given function", string.dump, print)
fails("bad argument #1 to '?' (function expected, got number)", string.dump, 5)
shows("nil attempt to load chunk with wrong mode", load(string.dump(f), "n", "t"))
shows("nil (binary): cannot load incompatible bytecode", loadstring("\27Lua"))
shows("nil (binary): cannot load malformed bytecode", loadstring(string.dump(f):sub(1, -2)))
shows("nil file.lua: cannot load malformed bytecode", loadstring(string.dump(f) .. "x", "@file.lua"))
shows("=named", debug.getinfo(loadstring(string.dump(f, true), "=named"), "S").source)
shows("=?", debug.getinfo(loadstring(string.dump(f, true)), "S").source)

-- Every damaged byte is noticed; LuaJIT trusts them.
local bytes = jit.version:find("moonwake") and string.dump(f) or ""
for i = 2, #bytes do
  local damaged = bytes:sub(1, i - 1) .. string.char((bytes:byte(i) + 1) % 256) .. bytes:sub(i + 1)
  assert(not loadstring(damaged), i)
end
