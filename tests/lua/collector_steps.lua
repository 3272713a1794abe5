-- A collection in steps of the script's own comes to its end, also while finalisers make objects.
local finalised = 0

do
  local proxy = newproxy(true)
  getmetatable(proxy).__gc = function(o)
    finalised = finalised + 1
    newproxy(o)
  end
end

local function steps(size)
  collectgarbage()
  collectgarbage 'stop'
  local kept = {}
  for i = 1, 100 do kept[i] = {{}} end
  local n = 0
  repeat
    n = n + 1
  until collectgarbage('step', size)
  return n, kept
end

for _ = 1, 3 do
  print(steps(0) > 1, (steps(100000)))
end
print(finalised > 3, collectgarbage 'isrunning')
