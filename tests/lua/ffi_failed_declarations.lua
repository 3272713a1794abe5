-- A declaration that fails takes back what it declared, and nothing else: not the types that conversions need, nor those of values.
local ffi = require 'ffi'
print((pcall(ffi.cdef, 'struct gone { int x; }; int wrong(int;')))
ffi.cdef 'int abs(int);'
print((pcall(ffi.C.abs, 'text')))
print((pcall(ffi.typeof, 'struct gone[2]')))
local array = ffi.new('short[4]', 1, 2, 3, 4)
local second = array + 1
for turn = 1, 100 do
  pcall(ffi.cdef, 'typedef struct { int a; } also_gone; wrong')
  local third = second + 1
  pcall(ffi.cdef, 'wrong')
  assert(third[0] == 3 and second[0] == 2 and ffi.sizeof(third) == 8)
end
print(ffi.typeof(second), second[1])
for i = 1, 200 do
  local ok = pcall(ffi.C.abs, i < 150 and -i or 'text')
  assert(ok == (i < 150))
end
