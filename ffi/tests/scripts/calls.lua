-- Calls of C functions: every kind of argument and result. `lib` is the library probe.
local ffi, lib = require "ffi", lib

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(err):find(message, 1, true), "'" .. tostring(err) .. "' instead of '" .. message .. "'")
end

-- Scalars.
assert(lib.probe_add_int8(100, 27) == 127 and lib.probe_add_int8(100, 28) == -128)
assert(lib.probe_add_uint8(200, 55) == 255 and lib.probe_add_uint8(200, 56) == 0)
assert(lib.probe_add_int16(-30000, -2768) == -32768)
assert(lib.probe_add_uint16(65535, 1) == 0)
assert(lib.probe_add_int(2147483647, 1) == -2147483648)
assert(lib.probe_add_unsigned(4294967295, 0) == 4294967295)
assert(lib.probe_add_int64(2LL ^ 62, -1) == 4611686018427387903LL)
assert(lib.probe_add_uint64(-1, 0) == 18446744073709551615ULL)
assert(lib.probe_add_float(0.5, 0.25) == 0.75)
assert(lib.probe_add_double(0.1, 0.2) == 0.1 + 0.2)
assert(lib.probe_not(false) == true and lib.probe_not(1) == false)
assert(select("#", lib.probe_nothing()) == 0)
assert(lib.probe_half(5) == 2.5)
assert(lib.probe_pointer(nil) == nil and lib.probe_pointer(ffi.cast("void *", 64)) == ffi.cast("void *", 64))
assert(ffi.string(lib.probe_greeting()) == "hello")
local z = lib.probe_conjugate(ffi.new("complex", 3, 4))
assert(z.re == 3 and z.im == -4)
z = lib.probe_conjugate_float(ffi.new("complex float", 1.5, -2))
assert(tostring(z) == "1.5+2i")
assert(lib.probe_many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, true, 16, 17, 18, 19, 20) == 1 + 4 + 9 + 16 + 25 + 36 + 49 +
  64 + 81 + 100 + 121 + 144 + 169 + 196 + 15 + 256 + 289 + 324 + 361 + 400)
assert(lib.probe_many(-1, 0, -2, 0, -3, 0, 255, 0, -4, 0, -5, 0, -6, 0, false, 0, 65535, 0, -7, 0) ==
  -1 - 6 - 15 + 255 * 7 - 36 - 55 - 78 + 65535 * 17 - 133)

-- Variadic functions: the default promotions.
assert(lib.probe_sum(0) == 0 and lib.probe_sum(3, 1, 2.5, ffi.new("float", 4)) == 7.5)
assert(lib.probe_sum(10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 55)
local buffer = ffi.new("char[100]")
local function format(...)
  local length = lib.probe_format(buffer, 100, ...)
  return ffi.string(buffer, length)
end
assert(format("plain") == "plain")
assert(format("%s-%g-%d", "a", 1.5, ffi.new("int", -7)) == "a-1.5--7")
assert(format("%d %d %u", ffi.new("int8_t", -1), ffi.new("int16_t", -2), ffi.new("uint8_t", 255)) == "-1 -2 255")
assert(format("%lld %llu", -5LL, 18446744073709551615ULL) == "-5 18446744073709551615")
assert(format("%d %d", true, ffi.new("bool", false)) == "1 0")
assert(format("%p", nil) == "(nil)")
assert(format("%s", buffer) ~= nil and format("%s", ffi.new("char[4]", "xyz")) == "xyz")
assert(format("%d", ffi.new("enum color", "GREEN")) == "5")
assert(format("%s %s %s %s %s %s %s %s", "a", "b", "c", "d", "e", "f", "g", "h") == "a b c d e f g h")

-- Enumerations.
assert(lib.probe_next("RED") == "GREEN" and lib.probe_next(5) == ffi.C.BLUE and lib.probe_next("BLUE") == lib.RED)
assert(lib.probe_minus() == "MINUS" and tonumber(lib.probe_minus()) == -1)
fails("bad argument #1 to 'probe_next' (cannot convert 'string' to 'enum color')", function() lib.probe_next("PINK") ; end)

-- Structs by value.
local p = lib.probe_swap(ffi.new("struct pair", 1, 2))
assert(p.a == 2 and p.b == 1 and tostring(ffi.typeof(p)) == "ctype<struct pair>")
p = lib.probe_swap({ 5, 6 })
assert(p.a == 6 and p.b == 5, "a table initialises a parameter")
p = lib.probe_swap({ a = 1 })
assert(p.a == 0 and p.b == 1)
local m = lib.probe_mixed({ 0.5, 1, 2.5 }, 10)
assert(m.x == 10.5 and m.n == 11 and m.d == 12.5)
local b = lib.probe_rotate({ { 1, 2, 3 } })
assert(b.b[0] == 2 and b.b[1] == 3 and b.b[2] == 1)
local l = lib.probe_large({ { 1, 2, 3, 4, 5 } }, 100)
assert(l.v[0] == 101 and l.v[4] == 105)
local f = lib.probe_scale({ 1, 2, 3 }, 2)
assert(f.x == 2 and f.y == 4 and f.z == 6)
assert(lib.probe_union({ i = 41 }).i == 42)
local bits = lib.probe_bits({ 3, 30, true, -1099511627LL, 131071 })
assert(bits.a == -3 and bits.b == 31 and bits.c == false and bits.wide == -2199023254LL and bits.e == 0)
local packed = lib.probe_packed({ 1, 2, 3.5 })
assert(packed.c == 2 and packed.i == 3 and packed.d == 4.5)
assert(lib.probe_crowded(1, 2, 3, 4, { 5, 6 }, { { 7, 0, 0, 0, 8 } }, { 9, 10, 11 }, { 12, 13 }, 14) ==
  1 + 4 + 9 + 16 + 25 + 36 + 49 + 64 + 81 + 100 + 121 + 144 + 169 + 196)
fails("cannot convert 'number' to 'struct pair'", function() lib.probe_swap(5) end)
fails("cannot convert 'struct large' to 'struct pair'", function() lib.probe_swap(l) end)

-- Pointers to structs.
local left, right = ffi.new("struct tree", 2), ffi.new("struct tree", 3)
assert(lib.probe_tree_sum(ffi.new("struct tree", 1, left, right)) == 6 and lib.probe_tree_sum(nil) == 0)

-- Variables.
assert(lib.probe_counter == 7)
lib.probe_counter = 8
assert(lib.probe_counter == 8)
lib.probe_counter = 7
assert(lib.probe_constant == 11)
fails("attempt to write to constant location", function() lib.probe_constant = 1 end)
assert(lib.probe_pair.a == 3 and lib.probe_pair.b == 4)
lib.probe_pair.a = 30
lib.probe_pair.b = 40
assert(lib.probe_swap(lib.probe_pair).a == 40)
lib.probe_pair = { 3, 4 }
assert(lib.probe_array[3] == 4 and ffi.sizeof(lib.probe_array) == 16)
assert(ffi.string(lib.probe_text) == "text")
fails("missing declaration for symbol 'nothing'", function() return lib.nothing end)
fails("attempt to write to constant location", function() lib.probe_swap = 1 end)

-- errno.
ffi.errno(0)
assert(lib.probe_set_errno(13) == -1 and ffi.errno() == 13 and ffi.errno(5) == 13 and ffi.errno() == 5)

-- Arguments.
fails("wrong number of arguments for function call", lib.probe_add_int)
fails("wrong number of arguments for function call", lib.probe_add_int, 1, 2, 3)
fails("wrong number of arguments for function call", lib.probe_sum)
fails("bad argument #2 to 'probe_add_int' (cannot convert 'table' to 'int')", function() lib.probe_add_int(1, {}) end)
fails("cannot convert 'nil' to 'int'", function() lib.probe_add_int(nil, 1) end)
fails("cannot convert 'table' to 'void *'", function() lib.probe_sum(1, {}) end)
assert(lib.probe_add_int(true, ffi.new("float", 2.9)) == 3)
assert(lib.probe_add_double(1LL, 2ULL) == 3)

-- Functions as values.
local add = ffi.cast("int (*)(int, int)", lib.probe_add_int)
assert(add(1, 2) == 3 and add == lib.probe_add_int)
fails("NULL pointer", ffi.new("void (*)(void)"))
