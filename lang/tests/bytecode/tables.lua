-- Each constructor by the cheapest means that fits it.
local a = ...
local empty = {}
local constant = { 1, 2, "three", x = true, y = -1 }
local object = { x = a, y = a.z, z = 1 }
local mixed = { 1, 2, a, n = 3, f = a.f, [10] = "ten", [a] = 1, ... }
local nested = { { 1 }, { a }, { x = { y = a } } }
a.b.c[1], a[a], a["s"], a[256], a[-1] = 1, 2, 3, 4, 5
