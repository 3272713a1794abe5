-- Operands of locals are not copied; constants fold; one CONCAT takes a whole chain.
local a, b = 1, -2
local sum = a + b * 3 - 2 ^ 0.5 / (4 - 1)
local text = "x" .. a .. b .. "y"
local kept = 0 / 0, -0
local neg = -a + #text
local big, small, wide = 70000, -32768, 1.5
local i64, u64, im = -42LL, 7ULL, 2i
