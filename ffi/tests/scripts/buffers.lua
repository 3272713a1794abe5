-- Buffers and C: pointers into a buffer, and C's bytes in it.

local buffer = require "string.buffer"
local ffi = require "ffi"

local function fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and message == expected, message)
end

local b = buffer.new()
local text = ffi.new("char[10]", "hello")

-- putcdata
assert(tostring(b:putcdata(text, 5):putcdata(ffi.cast("const char *", text) + 1, 3)) == "helloell")
assert(b:reset():putcdata(ffi.new("int[2]", { 65, 66 }), 8):get() == "A\0\0\0B\0\0\0")
assert(b:putcdata(ffi.new("struct { char c[4]; }", { { 65, 66, 67, 68 } }), 4):get() == "ABCD")
fails("bad argument #3 to '?' (number expected, got no value)", b.putcdata, b, text)
fails("bad argument #3 to '?' (number out of range)", b.putcdata, b, text, -1)
fails("bad argument #2 to '?' (cdata expected, got string)", b.putcdata, b, "str", 2)
fails("bad argument #2 to '?' (cannot convert 'int' to 'const void *')", b.putcdata, b, ffi.new("int", 5), 4)
fails("bad argument #2 to '?' (cannot convert 'int64_t' to 'const void *')", b.putcdata, b, 5LL, 4)

-- set refers to C's bytes until more is written.
b:set(text, 5)
text[0] = 74
assert(tostring(b) == "Jello")
b:put("x")
text[0] = 75
assert(tostring(b) == "Jellox")
assert(b:set(text, 5):get(2) == "Ke" and tostring(b:skip(1)) == "lo" and not pcall(b.commit, b, 1))
fails("bad argument #3 to '?' (number expected, got no value)", b.set, b, text)
fails("bad argument #2 to '?' (string expected, got nil)", b.set, b, nil, 2)
do
  local held = buffer.new():set(ffi.new("char[100]", ("z"):rep(99)), 99)
  for _ = 1, 3 do collectgarbage() end
  local _ = ffi.new("char[100]", ("y"):rep(99))
  assert(held:get() == ("z"):rep(99))
end

-- reserve, write, commit
b:free()
local room, size = b:reserve(10)
assert(tostring(ffi.typeof(room)) == "ctype<unsigned char *>" and size >= 10)
room[0], room[1] = 65, 66
assert(tostring(b:commit(2)) == "AB")
fails("bad argument #2 to '?' (number out of range)", b.commit, b, size)
for i = 1, 1000 do
  room, size = b:reserve(i)
  assert(size >= i)
  ffi.fill(room, i, 99)
  b:commit(i)
end
assert(b:get() == "AB" .. ("c"):rep(500500))

-- ref
local start, length = b:put("hello"):ref()
assert(length == 5 and ffi.string(start, length) == "hello")
start, length = b:skip(2):ref()
assert(ffi.string(start, length) == "llo")
start, length = b:free():ref()
assert(start == nil and length == 0)

-- A buffer where C wants bytes.
b:put("abc")
assert(ffi.string(ffi.cast("const char *", b), 3) == "abc")
ffi.cdef "int memcmp(const void *a, const void *b, size_t n);"
assert(ffi.C.memcmp(b, "abc", 3) == 0)

-- C numbers as bytes.
for _, number in ipairs { ffi.new("int64_t", -5), ffi.new("uint64_t", 5), ffi.new("size_t", 7), ffi.new("complex", 1, 2) } do
  assert(tostring(buffer.decode(buffer.encode(number))) == tostring(number))
end
assert(not pcall(buffer.encode, ffi.new("int", 1)) and not pcall(buffer.encode, ffi.typeof("int")))
