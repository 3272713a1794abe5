-- `string.format`. One case a line; LuaJIT's answers stand in `format.expected` (see `record.lua`).
local lines = {}

-- Every conversion with flags, widths and precisions.
local numbers = {
  "0", "-0", "1", "-1", "0.5", "2.5", "3.7", "123456789", "1e15", "1e17", "-1e15", "1e-5", "1e-4", "0.1", "1/3", "1e100", "-1e-100", "2^31",
  "2^53", "2^63", "-2^31", "1/0", "-1/0", "0/0", "99.5", "999999.5", "9.5", "65535", "1e21", "4.35", "7.0625", "97",
}
local flags = { "", "-", "+", " ", "#", "0", "-+", "0+", "# ", "-#0", "+ ", "-0" }
local sizes = { "", "1", "5", "20", ".", ".0", ".1", ".3", ".14", ".17", ".50", "5.1", "10.3", "20.10", "99.99", "0.2" }
local conversions = { "d", "i", "u", "o", "x", "X", "c", "e", "E", "f", "g", "G", "a", "A", "s" }
local state = 7
local function pick(list)
  state = (state * 1103515245 + 12345) % 2147483648
  return list[math.floor(state / 65536) % #list + 1]
end
for _, number in ipairs(numbers) do
  local all = {}
  for i, conversion in ipairs(conversions) do all[i] = "%" .. conversion end
  lines[#lines + 1] = ("string.format('%s', %s)"):format(table.concat(all, "|"), ((number .. ","):rep(#all):sub(1, -2)))
end
for _ = 1, 1500 do
  lines[#lines + 1] = ("string.format('[%%%s%s%s]', %s)"):format(pick(flags), pick(sizes), pick(conversions), pick(numbers))
end

return {
  cases = table.concat(lines, "\n") .. [==[

string.format()
string.format({})
string.format("%")
string.format("%z")
string.format("%123d", 1)
string.format("%.123d", 1)
string.format("%ld", 1)
string.format("%5")
string.format("%d")
string.format("%d", nil)
string.format("%d", {})
string.format("%d", "x")
string.format("%d", "10"), string.format("%d", 3.99), string.format("%d", -3.99), string.format("%x", -1), string.format("%d", 2^63)
string.format("%s %s", 1)
string.format("%s", nil), string.format("%s", true), string.format("%5s|%-5s|%.2s|%5.1s|", "abc", "abc", "abc", "abc")
string.format("%s", setmetatable({}, {__tostring = function() return "T" end}))
string.format("%s", setmetatable({}, {__tostring = function() return 5 end}))
string.format("%s", setmetatable({}, {__tostring = function() error("E") end}))
string.format("%s", "a\0b"), string.format("%5s", "a\0b"), #string.format("%s", ("x"):rep(1000))
string.format("%q", "a\0b\n\r\t\"\\\1\127\200\0005"), string.format("%q", "\r\n"), string.format("%q", 1/3), string.format("%q", nil)
string.format("%10q", "x")
string.format("%c%c%c", 65, 256 + 66, 0)
string.format("%5c|%-5c|%05c|", 65, 65, 65)
string.format("%%"), string.format("%5%")
string.format("%#######d", 1)
string.format("%1$d", 1)
string.format("%*d", 1)
string.format("%n", 1)
local t, u = {}, {} return string.format("%p", nil), string.format("%p", 1), string.format("%p", t) == string.format("%p", u)
]==],
}
