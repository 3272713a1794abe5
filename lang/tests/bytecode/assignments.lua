-- Stores go from right to left; a target that a local is the key of is protected from the assignment to that local.
local i, a = 1, {}
i, a[i] = i + 1, 20
i, g, a.x = a.x, i
local p, q, r
p, q = q, p
r = i and p or q
g = nil
local function counter() i = i + 1; g = nil; a = "s"; i = 5; i = nil end
function a.b.c:d(x) return self, x end
