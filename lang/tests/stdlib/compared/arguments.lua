-- Library functions with all kinds of arguments, right and wrong. LuaJIT's answers stand in `arguments.expected` (see `record.lua`).
--
-- Left out is what acts on the world or on the whole machine, and what only fails differently: `math.deg` and `math.rad` of no number,
-- which LuaJIT reports with a position inside its library, and `math.ceil` and `math.floor` without argument, which it does not check.
local names = [[
  assert getmetatable ipairs next pairs rawequal rawget rawset select setmetatable tonumber tostring type unpack xpcall load loadstring
  string.byte string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match string.rep string.reverse
  string.sub string.upper
  table.concat table.insert table.maxn table.move table.remove table.sort table.foreach table.foreachi table.getn
  math.abs math.acos math.asin math.atan math.atan2 math.cos math.cosh math.exp math.fmod math.frexp math.ldexp math.log
  math.log10 math.max math.min math.modf math.pow math.random math.sin math.sinh math.sqrt math.tan math.tanh
  bit.arshift bit.band bit.bnot bit.bor bit.bswap bit.bxor bit.lshift bit.rol bit.ror bit.rshift bit.tobit bit.tohex
  coroutine.create coroutine.resume coroutine.status coroutine.wrap
  os.difftime os.getenv debug.getmetatable io.type newproxy
]]

local values = {
  "nil", "true", "0", "1", "-1", "2", "3.7", "-2.5", "0/0", "1/0", "2^31", "-2^31", "2^53", "300", "''", "'a'", "'hello world'", "'12'", "' 0x10 '",
  "'a\\0b'", "'%d'", "'(%w+)'", "'%'", "'n'", "'-3'", "{}", "{1, 2, 3}", "{3, 1, 2}", "{'x', 'y', z = 1}",
  "setmetatable({5, 6}, {__tostring = function() return 'T' end, __index = function(t, k) return k end, __len = function() return 7 end})",
  "type", "function(...) return ... end", "function(a, b) return a < b end", "coroutine.create(type)", "io.stdout",
}

local lines, state = {}, 1
local function pick(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return math.floor(state / 65536) % n + 1
end
for name in names:gmatch("%S+") do
  lines[#lines + 1] = name .. "()"
  for i = 1, #values, 2 do
    lines[#lines + 1] = ("%s(%s)"):format(name, values[i - 1 + pick(2)] or values[i])
  end
  for _ = 1, 8 do
    local arguments = {}
    for i = 1, pick(3) + 1 do arguments[i] = values[pick(#values)] end
    lines[#lines + 1] = ("%s(%s)"):format(name, table.concat(arguments, ", "))
  end
end
local cases = table.concat(lines, "\n")

return {
  cases = cases,
  -- The sequence of random numbers is part of the answers.
  prepare = function() math.randomseed(42) end,
}
