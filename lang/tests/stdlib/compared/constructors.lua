-- Table constructors in which keys occur several times, as items, names, constants and computed keys. LuaJIT's answers stand in
-- `constructors.expected` (see `record.lua`).
local keys = {
  "a = ", "['a'] = ", "[('a')] = ", "[k] = ", "b = ", "[1] = ", "[2] = ", "[3] = ", "[1.0] = ", "[n1] = ", "[2 ^ 1] = ", "[true] = ",
  "[not nil] = ", "[0] = ", "[-1] = ", "", "", "", "",
}
local values = { "1", "2", "'s'", "v", "n", "nil", "false", "not 1", "f()", "-3", "2 * 3", "(4)" }

local lines, state = {}, 1
local function pick(list)
  state = (state * 1103515245 + 12345) % 2147483648
  return list[math.floor(state / 65536) % #list + 1]
end
for i = 1, 400 do
  local fields = {}
  for j = 1, i % 6 + 1 do fields[j] = pick(keys) .. pick(values) end
  lines[i] = "local v, n, k, n1, f = unpack(c, 1, 5) return {" .. table.concat(fields, ", ") .. "}"
end
lines[#lines + 1] = "return {false, [c[3]] = 1, [2] = 's', [1] = 2, a = nil, [c[4]] = false}"

return {
  cases = table.concat(lines, "\n"),
  prepare = function() return { "v", nil, "a", 1, function() return 7, 8, 9 end } end,
}
