-- The four loops, and the ways out of them.
local t = ...
for i = 1, 10 do t[i] = i end
for i = 10, 1, -1 do if t[i] then break end end
for k, v in pairs(t) do t[v] = k end
while t.x do t.x = t.next end
repeat local done = t.step() until done
for i = 1, 3 do
  if i == 2 then goto continue end
  t(i)
  ::continue::
end
::top::
if t.again then goto top end
