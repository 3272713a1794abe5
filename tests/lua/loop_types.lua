-- A loop that ends where a side trace begins, and that the side trace comes back to: it must see whether it ends there again.
local C0 = {}
C0.__index = C0
function C0.new(v) return setmetatable({f0 = v, f4 = v, f3 = 1, f2 = {v}}, C0) end
function C0:each(g) for i = 1, 2 do g(i, self) end end
local C1 = {}
local objs, outs, fns = {}, {}, {}
local made = {C0.new, C1.new}
local total = 0 objs[1] = made[1](0)
for i = 1, 50 do
  do local o = objs[i % #objs + 1] for k, v in pairs(o) do if type(v) == 'number' then total = total + v elseif k == 'f1' then total = total + 3 end end end
  do local s = 0 objs[i % #objs + 1]:each(function(k, o) s = s + k if k == 3 and i % 5 == 0 then o.late = s end end) total = total + s end
  do if i == 43 then getmetatable(objs[#objs]).__add = function(a, b) return 1000 end end end
end
print(total, #objs)

-- The same with values that were known by their types alone.
local flags = {}
for i = 1, 60 do flags[i] = i % 7 ~= 0 and {i % 3 == 0} or nil end
local seen, kept = 0, nil
for round = 1, 60 do
  for k, v in pairs(flags[round] or {}) do
    if v then seen = seen + 1 else seen = seen + 100 end
    kept = v
  end
  if kept then seen = seen + 10000 end
  if round % 11 == 0 then kept = nil end
end
print(seen)

-- Variables that are exchanged each turn, where one is looked at as a number and the other goes around as it is.
for turns = 100, 103 do
  local a, b, n = 1000, 0, 0
  repeat
    n = n + 1
    a, b = b, a
    local seen = (true and b or nothing)
  until n >= turns or nil
  print(turns, a, b)
end
