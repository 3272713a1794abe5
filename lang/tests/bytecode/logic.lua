-- Conditions are jumps; a value is made of them only where one is wanted.
local a, b, c = ...
local and_or = a and b or c
local with_constant = a and 1 or 2
local compared = a == b
local negated = not (a and b)
local chained = a < 1 and 2 <= b or c ~= nil
local primitive = a == nil or b == "s" or c == 3
if a and (b or c) then c = 1 elseif not a then c = 2 else c = 3 end
while not (a > b) do a = a + 1 end
local dead = nil and a.b.c
