-- Captured locals are closed on every way out of their block; what captures nothing costs nothing.
local up = 1
local function f(a, ...)
  local function g() return a, up end
  if g() then return g end
  return select("#", ...)
end
while true do
  local fresh = up
  if fresh > 3 then break end
  up = function() return fresh end
end
repeat
  local seen = up
  up = function() return seen end
until seen
for i = 1, 2 do
  if i > 1 then goto continue end
  local each = function() return i end
  ::continue::
end
do local free = 1 end
