-- Mistakes, in declarations and in what is done with C values. LuaJIT's answers stand in `mistakes.expected` (see `record.lua`).
return {
  declarations = [[
    int abs(int);
  ]],
  cases = [==[
ffi.cdef "foo bar;"
ffi.cdef "int\n\n x y;"
ffi.cdef "int x y;"
ffi.cdef "int f(foo);"
ffi.cdef "int f(int, );"
ffi.cdef "int f(int"
ffi.cdef "int x[3;"
ffi.cdef "int (*x;"
ffi.cdef "struct m1 { int a }"
ffi.cdef "struct m2 { int a;"
ffi.cdef "struct {"
ffi.cdef "enum m3 { A B };"
ffi.cdef "enum m4 { };"
ffi.cdef "enum m5 { M5, M5 };"
ffi.cdef "struct 1"
ffi.cdef "struct m6 { int x; };\nstruct m6 { int y; };"
ffi.cdef "struct m7 { int x; }; struct m7 { int y; };"
ffi.cdef "}"
ffi.cdef "@"
ffi.cdef "\1"
ffi.cdef "int a[-1];"
ffi.cdef "static const int m8 = z;"
ffi.cdef "static const int m9 = 1/0;"
ffi.cdef "struct m10 { struct m10 x; };"
ffi.cdef(1)
ffi.cdef()
ffi.cdef({})
ffi.cdef("int m11;", "more")
ffi.typeof "struct undefined_tag"
ffi.new "undefined_type"
ffi.new "int["
ffi.new "int[-1]"
ffi.new "int[?]"
ffi.new "void"
ffi.new "int (int)"
ffi.new("$")
ffi.new("$", 1)
ffi.new("int", 1, 2)
ffi.new("int[2]", 1, 2, 3)
ffi.new("int *", 1)
ffi.new("int", "a")
ffi.cast("int *", 8)()
ffi.cast("int **", 8)()
ffi.cast("void *", 8)()
ffi.cast("int", 8)()
ffi.new("int[3]")()
local f = ffi.cast("int (*)(int)", function(x) return x * 2 end) local r = f(21) f:free() return { r, pcall(f, 1) }
local f = ffi.cast("int (*)(int)", function(x) return x * 2 end) f:free() return { pcall(f.free, f) }
local f = ffi.cast("int (*)(int)", function(x) return x * 2 end) f:free() return { pcall(f.set, f, print) }
bit.tobit(ffi.new("complex", 3, 4)), bit.band(ffi.new("complex", 7), 3), bit.rshift(-1, 1i)
bit.bor(1i, 2), bit.bnot(1i), bit.tohex(ffi.new("complex", 255, 1)), bit.lshift(1, ffi.new("complex", 3)), bit.bxor(ffi.new("complex float", -1), 0)
#ffi.new("int[3]")
#ffi.cast("int *", 0)
-ffi.new("int[3]")
ffi.new("int[3]") .. "x"
ffi.C.abs("x")
ffi.C.abs()
ffi.C.abs(1, 2)
ffi.C.no_such_symbol
ffi.C[5]
]==],
}
