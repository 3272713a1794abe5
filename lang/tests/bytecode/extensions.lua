-- What LuaJIT adds to the syntax compiles to operations that are there anyway, but for the bit operators.
const a, b = ...
local choice = a ? b : b ? 1 : "none"
local default = a ?? b ?? 0
local safe = a?.b?.c, a?.(b), a?.:m()
a?.x = b
a?.f(b).y += 1
local count = 1
count += 2
a.list[count] ..= "!"
local bits = a & b | 1 << 2 ~ ~a
local short = |x, y| -> x + y
local block = x -> do return x(1) end
for i = 1, 3 do
  if a[i] != b && !b[i] then continue end
  a[i] -= 1_000
end
