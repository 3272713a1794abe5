-- Thousands of objects with finalisers that stand in weak tables, while those tables grow.
local finalised, alive = 0, {}
local by_value, by_key = setmetatable({}, {__mode = 'v'}), setmetatable({}, {__mode = 'k'})

local function object(number)
  local p = newproxy(true)
  local meta = getmetatable(p)
  meta.__gc = function(me)
    finalised = finalised + 1
    -- As in Lua 5.1: gone as a value, there as a key.
    if by_value[number] ~= nil then error 'a weak value lives longer than its object' end
    if by_key[me] ~= number then error 'a weak key went before its object' end
  end
  by_value[number], by_key[p] = p, number
  return p
end

for number = 1, 1800 do
  local p = object(number)
  if number % 3 == 0 then alive[#alive + 1] = p end
end
-- Collections run while the tables get new bodies.
local kept = {}
for i = 1, 6000 do
  local t = {i}
  by_key[t], by_value['k' .. i] = i, t
  if i % 4 == 0 then kept[#kept + 1] = t end
end
collectgarbage()
collectgarbage()
collectgarbage()
print(finalised, #alive)

local keys, values = 0, 0
for key, value in pairs(by_key) do
  keys = keys + 1
  if type(key) == 'table' and key[1] ~= value then error 'a key has another one\'s value' end
end
for key, value in pairs(by_value) do
  values = values + 1
  if type(key) == 'string' and key ~= 'k' .. value[1] then error 'a value has another one\'s key' end
end
print(keys, values, #kept)
alive = nil
collectgarbage()
collectgarbage()
print(finalised)
