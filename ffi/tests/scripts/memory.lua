-- Structs, arrays, bit-fields, variable lengths, finalisers: C values as memory.
local ffi, lib = require "ffi", lib

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(err):find(message, 1, true), "'" .. tostring(err) .. "' instead of '" .. message .. "'")
end

ffi.cdef [[
struct inner { int a; int b[3]; };
struct outer { char c; struct inner i; struct inner a[2]; struct outer *next; const char *s; bool flag; };
struct flags { unsigned a : 1; int b : 4; unsigned c : 7; bool d : 1; uint64_t e : 36; int64_t f : 33; };
union view { uint32_t u; float f; uint8_t b[4]; struct { uint16_t low, high; }; };
struct tail { int n; double d[?]; };
struct flexible { int n; short v[]; };
struct __attribute__((aligned(64))) aligned { int x; };
typedef struct node node;
struct node { node *next; int value; };
]]

-- Nested members are places, not copies.
local o = ffi.new("struct outer")
o.i.a = 5
o.a[1].b[2] = 7
local inner = o.a[1]
inner.a = 9
assert(o.i.a == 5 and o.a[1].b[2] == 7 and o.a[1].a == 9)
o.i = inner
assert(o.i.a == 9 and o.i.b[2] == 7)
inner.a = 1
assert(o.i.a == 9, "an assignment copies")
o.next = o
assert(o.next.next.i.a == 9 and o.next == o.next.next)
o.c = 300
assert(o.c == 44)
o.s = "literal"
assert(ffi.string(o.s) == "literal")
o.flag = 2
assert(o.flag == true)
o.i.b = { 1, 2 }
assert(o.i.b[0] == 1 and o.i.b[1] == 2 and o.i.b[2] == 0)
fails("too many initializers for 'int [3]'", function() o.i.b = { 1, 2, 3, 4 } end)
fails("cannot convert 'number' to 'struct inner'", function() o.i = 1 end)

-- Bit-fields.
local f = ffi.new("struct flags")
f.a, f.b, f.c, f.d, f.e, f.f = 3, 7, 200, true, 2 ^ 36 - 1, -1
assert(f.a == 1 and f.b == 7 and f.c == 72 and f.d == true)
assert(f.e == 68719476735ULL and f.f == -1LL)
f.b = 8
assert(f.b == -8 and f.a == 1 and f.c == 72)
local offset, first, width = ffi.offsetof("struct flags", "c")
assert(offset == 0 and first == 5 and width == 7)

-- Unions.
local v = ffi.new("union view")
v.f = 1
assert(v.u == 0x3f800000 and v.b[3] == 0x3f and v.high == 0x3f80 and v.low == 0)

-- Variable lengths.
local t = ffi.new("struct tail", 10, { 3 })
assert(ffi.sizeof(t) == 88 and ffi.sizeof("struct tail", 10) == 88 and t.n == 3)
for i = 0, 9 do t.d[i] = i end
assert(t.d[9] == 9)
local array = ffi.new("int[?]", 1000)
assert(ffi.sizeof(array) == 4000 and array[999] == 0)
assert(ffi.new("int[?]", 3, 7)[2] == 7 and ffi.new("int[?]", 3, { 7 })[2] == 0)
assert(ffi.sizeof(ffi.new("char[?]", 0)) == 0)
assert(ffi.new("char[?]", 2, "long text")[1] == ("o"):byte())
fails("size of C type is unknown or too large", ffi.new, "int[?]", 2 ^ 40)
fails("size of C type is unknown or too large", ffi.new, "int[?]", -1)
local buffer = ffi.new("char[64]")
local flexible = ffi.cast("struct flexible *", buffer)
flexible.v = { 1, 2, 3 }
assert(flexible.v[2] == 3 and buffer[4] == 1 and ffi.sizeof("struct flexible") == 4)

-- Alignment.
for i = 1, 20 do
  local a = ffi.new("struct aligned", i)
  assert(a.x == i and ffi.cast("intptr_t", ffi.cast("void *", a)) % 64 == 0)
end
assert(ffi.alignof("struct aligned") == 64 and ffi.sizeof("struct aligned") == 64)

-- Lists through pointers.
local nodes, head = {}, nil
for i = 1, 10 do
  nodes[i] = ffi.new("node", head, i)
  head = nodes[i]
end
local sum, n = 0, ffi.cast("node *", head)
while n ~= nil do
  sum = sum + n.value
  n = n.next
end
assert(sum == 55)

-- Pointers into arrays.
local numbers = ffi.new("double[10]")
local p = numbers + 3
p[0], p[-1] = 3.5, 2.5
assert(numbers[3] == 3.5 and numbers[2] == 2.5 and p - numbers == 3 and p > numbers)
local matrix = ffi.new("int[3][4]", { { 1, 2 }, { 3 }, { 4, 5, 6, 7 } })
assert(matrix[0][1] == 2 and matrix[1][3] == 3 and matrix[2][3] == 7 and ffi.sizeof(matrix[0]) == 16)

-- ffi.string, ffi.copy, ffi.fill.
ffi.copy(buffer, "hello")
assert(ffi.string(buffer) == "hello" and ffi.string(buffer, 3) == "hel" and ffi.string(buffer + 1) == "ello")
ffi.copy(buffer, "HELLO", 2)
assert(ffi.string(buffer) == "HEllo")
ffi.copy(buffer + 1, buffer, 6)
assert(ffi.string(buffer) == "HHEllo", "places may overlap")
ffi.fill(buffer, 3, ("x"):byte())
assert(ffi.string(buffer) == "xxxllo")
ffi.fill(buffer, 64)
assert(ffi.string(buffer) == "" and ffi.string(buffer, 4) == "\0\0\0\0")
assert(ffi.string(ffi.new("char[3]", "abc")) == "abc", "an array's size is a limit")
fails("NULL pointer", ffi.string, nil)
fails("cannot be negative", ffi.fill, buffer, -1)
fails("string length overflow", ffi.string, buffer, -1)

-- Finalisers: once, the latest first, and not when taken away.
local order = {}
do
  local function make(i) return ffi.gc(ffi.new("int[1]", i), function(x) order[#order + 1] = x[0] end) end
  local all = {}
  for i = 1, 5 do all[i] = make(i) end
  all[6] = ffi.gc(make(6), nil)
end
for i = 1, 3 do collectgarbage() end
assert(table.concat(order, " "):find("^5 4 3 2 1$"), table.concat(order, " "))
ffi.cdef "void *malloc(size_t); void free(void *); void *realloc(void *, size_t);"
do
  local memory = ffi.gc(ffi.C.malloc(100), ffi.C.free)
  ffi.fill(memory, 100, 1)
  memory = nil
end
collectgarbage()
fails("bad argument #1 to 'gc' (cdata expected, got number)", function() ffi.gc(5, print) end)

-- Types that define something are new each time; others are the same.
assert(ffi.typeof("struct { int a; }") ~= ffi.typeof("struct { int a; }"))
assert(ffi.typeof("int (*)[4]") == ffi.typeof("int (*)[4]") and ffi.typeof("long") == ffi.typeof("int64_t"))
local anonymous = ffi.typeof("struct { int a; union { int b; float c; }; }")
assert(anonymous(1, 2).b == 2 and anonymous({ c = 0.5 }).b == 0x3f000000)

-- Parameters.
assert(ffi.typeof("$ *", ffi.typeof("int")) == ffi.typeof("int *"))
assert(ffi.sizeof(ffi.typeof("$[$][$]", ffi.typeof("short"), 3, 4)) == 24)
local named = ffi.typeof("struct { int $; $ $; }", "first", ffi.typeof("double"), "second")
assert(named(1, 2.5).second == 2.5)
ffi.cdef("typedef struct { $ member; } $;", ffi.typeof("float"), "parametrised")
assert(ffi.new("parametrised", 1.5).member == 1.5)

-- Constants and macros.
assert(lib.PROBE_ANSWER == 42 and lib.PROBE_BIG == 0x123456789abcdefLL and lib.PROBE_RATIO == 2.5)
assert(lib.PROBE_NAME == "probe" and lib.GREEN == 5 and ffi.C.BLUE == 6 and lib.PROBE_TWICE(21) == 42)
assert(lib.probe_alias(1, 2) == 3)
ffi.cdef "#undef PROBE_ANSWER\n#define PROBE_ANSWER 43"
assert(lib.PROBE_ANSWER == 43)
fails("missing declaration for symbol 'PROBE_NONE'", function() return lib.PROBE_NONE end)

-- Boxes are copies and never change.
local cell = ffi.new("int64_t[1]", 5)
local five = cell[0]
cell[0] = 6
assert(five == 5 and cell[0] == 6)

-- FILE * of the io library.
ffi.cdef "typedef struct FILE FILE; int fputs(const char *, FILE *); int fflush(FILE *);"
local file = io.tmpfile()
file:write("from Lua, ")
assert(ffi.C.fputs("from C", file) >= 0)
ffi.C.fflush(file)
file:seek("set")
assert(file:read("*a") == "from Lua, from C")

