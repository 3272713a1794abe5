-- Runs the lines of a script before the first that matches a pattern: a test at whose end stands something else, such as a benchmark.
--
--     moonwake up-to.lua BENCHMARK a_test.lua

local pattern, file = ...
local lines = {}
for line in io.lines(file) do
  if line:find(pattern) then break end
  lines[#lines + 1] = line
end
assert(loadstring(table.concat(lines, '\n'), '@' .. file))()
