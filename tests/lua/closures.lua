-- Upvalues: shared, open, closed, in loops.
local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc, get = counter()
for _ = 1, 100 do inc() end
print(get(), inc(), get())
local fs = {}
for i = 1, 5 do fs[i] = function() i = i + 10 return i end end
for i = 1, 5 do io.write(fs[i](), ' ', fs[i](), ' ') end print()
local a = {}
do local x = 1; a.get = function() return x end; a.set = function(v) x = v end end
for i = 1, 100 do a.set(a.get() + i) end
print(a.get())
local k = 1
local gs = {}
while k <= 3 do local j = k; gs[k] = function() j = j + 1 return j end; k = k + 1 end
print(gs[1](), gs[1](), gs[2](), gs[3]())
local function outer(x) return function(y) return function(z) x = x + 1 return x + y + z end end end
local o = outer(1)(2)
local sum = 0
for i = 1, 100 do sum = sum + o(i) end
print(sum)
do
  local i = 1
  local hs = {}
  ::top::
  local v = i
  hs[i] = function() v = v * 2 return v end
  i = i + 1
  if i <= 4 then goto top end
  print(hs[1](), hs[2](), hs[3](), hs[4](), hs[1]())
end
local up = 0
local function bump() up = up + 1 end
for i = 1, 300 do bump() end
print(up)
