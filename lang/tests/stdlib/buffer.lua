-- string.buffer: what needs no FFI.

local check = dofile("support/check.lua")
local shows, fails, fails_in = check.shows, check.fails, check.fails_in
local buffer = require("string.buffer")

local function hex(text)
  return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function encoded(value)
  return hex(buffer.encode(value))
end

-- Objects.
local b = buffer.new()
shows("userdata buffer 0  true", type(b), getmetatable(b), #b, b, b == b)
assert(b:put() == b and b:put("x") == b and b:reset() == b and b:free() == b and b:set("x") == b and b:skip(0) == b)
assert(b:putf("x") == b and b:commit(0) == b and b:encode(1) == b and b.none == nil)
fails_in("t:1: attempt to index local 'b' (a userdata value)", "local b = require('string.buffer').new() b.x = 1")
for _, size in ipairs { 0, 10, 2 ^ 20 } do shows("0", #buffer.new(size)) end
fails("bad argument #1 to '?' (number expected, got string)", buffer.new, "10")
fails("bad argument #1 to '?' (number out of range)", buffer.new, -1)
fails("bad argument #1 to '?' (number out of range)", buffer.new, 2 ^ 31)
fails("bad argument #2 to '?' (table expected, got number)", buffer.new, 10, 10)
for _, options in ipairs { { dict = { 1 } }, { metatable = { 1 } }, { dict = { "a", {} } } } do
  fails("bad options table", buffer.new, options)
end

-- put and putf.
b:reset():put(1, "x", 2.5, setmetatable({}, { __tostring = function() return "T" end }), buffer.new():put("other"))
shows("1x2.5Tother 11", b, #b)
for _, method in ipairs { "put", "get", "reset", "skip", "encode", "decode", "tostring", "putf", "set", "ref", "reserve", "commit" } do
  fails("bad argument #1 to '?' (buffer expected, got number)", b[method], 5)
  fails("bad argument #1 to '?' (buffer expected, got no value)", b[method])
end
b:reset()
fails("bad argument #2 to '?' (string/number/__tostring expected, got nil)", b.put, b, nil)
fails("bad argument #3 to '?' (string/number/__tostring expected, got boolean)", b.put, b, "A", true)
fails("bad argument #3 to '?' (string/number/__tostring expected, got table)", b.put, b, "B",
  setmetatable({}, { __tostring = function() return {} end }))
fails("bad argument #3 to '?' (cannot put buffer into itself)", b.put, b, "C", b)
shows("ABC", b)
fails_in("t:1: bad argument #1 to 'put' (string/number/__tostring expected, got nil)", "require('string.buffer').new():put(nil)")
b:put(setmetatable({}, { __tostring = function() b:put("inner") return "outer" end }))
shows("ABCinnerouter", b)
shows("a5-x", b:reset():put("a"):putf("%d-%s", 5, "x"))
fails("invalid option '%y' to 'format'", b.putf, b, "abc%y")
fails("bad argument #3 to '?' (number expected, got table)", b.putf, b, "%d", {})
fails("bad argument #2 to '?' (string expected, got no value)", b.putf, b)
shows("a5-xabc", b)

-- get and skip.
b:reset():put("hello world")
shows("h el  lo world ", b:get(1, 2, 0, nil, 3))
shows("ab cd", b:put("abcd"):get(2, 1e9))
shows("left", b:put("skipleft"):skip(4))
shows(" 0", b:skip(100), #b)
for _, method in ipairs { "get", "skip", "commit", "reserve" } do
  fails("bad argument #2 to '?' (number out of range)", b[method], b, -1)
  fails("bad argument #2 to '?' (number out of range)", b[method], b, 2 ^ 31)
  fails("bad argument #2 to '?' (number expected, got string)", b[method], b, "2")
end
b:put("abcdef")
fails("bad argument #3 to '?' (number expected, got table)", b.get, b, 2, {})
shows("cdef", b)

-- set.
local text = ("x"):rep(100)
shows("100 xx", #b:set(text), b:get(2))
shows("98 99", #b, #b:put("y"))
fails("bad argument #2 to '?' (string expected, got no value)", b.set, b)
fails("bad argument #2 to '?' (string expected, got number)", b.set, b, 5)
do
  local set = buffer.new():set(("abc"):rep(1000))
  for _ = 1, 3 do collectgarbage() end
  local _ = ("xyz"):rep(1000)
  assert(set:get() == ("abc"):rep(1000))
end

-- In the place of strings.
b:reset():put("5")
shows("5x x5 55 15 52.5 true", b .. "x", "x" .. b, b .. b, 1 .. b, b .. 2.5, 1 .. b .. "x" .. b == "15x5")
fails_in("t:1: attempt to concatenate local 'b' (a userdata value)", "local b = require('string.buffer').new() return b .. nil")
shows("userdata table", b .. setmetatable({}, { __concat = function(x, y) return type(x) .. " " .. type(y) end }))
fails("bad argument #1 to '?' (string expected, got userdata)", string.upper, b)
fails("invalid value (userdata) at index 1 in table for 'concat'", table.concat, { b })
shows("5 5", string.format("%s", b), tonumber(tostring(b)))
shows("1 2", load(buffer.new():put("return 1, 2"))())
shows('nil [string ""]:1: \'=\' expected near \'<eof>\'', load(buffer.new():put("x")))

-- A queue under load.
do
  local queue, written, read = buffer.new(), {}, {}
  for i = 1, 5000 do
    local piece = ("%d,"):format(i)
    queue:put(piece)
    written[i] = piece
    read[i] = queue:get(i % 7)
  end
  assert(table.concat(read) .. queue:get() == table.concat(written))
end

-- The format.
for value, expected in pairs {
  [1] = "07000000000000f03f", [-1.5] = "07000000000000f8bf", [1e300] = "079c7500883ce4377e",
  [""] = "20", abc = "23616263", [true] = "02", [false] = "01",
} do
  shows(expected, encoded(value))
  assert(buffer.decode(buffer.encode(value)) == value)
end
shows("00 0700000000000000 80", encoded(nil), (encoded(-0):gsub("80$", " 80")))
for length, prefix in pairs {
  [0x60] = "80", [0xbf] = "df", [0xc0] = "e000", [300] = "e06c", [0x1fdf - 0x20] = "feff", [0x1fe0 - 0x20] = "ffe01f0000",
} do
  local long = ("x"):rep(length)
  shows(prefix, encoded(long):sub(1, -2 * length - 1))
  assert(buffer.decode(buffer.encode(long)) == long)
end
shows("08 0c0202 0a020201", encoded({}), encoded({ true }), encoded({ [0] = true, false }))
shows("0c03 00 02", (encoded({ nil, true }):gsub("^(0c03)(00)(02)$", "%1 %2 %3")))
shows("09 01 2161 02", (encoded({ a = true }):gsub("^(..)(..)(....)", "%1 %2 %3 ")))
shows("0d02 01 02 2161 01", (encoded({ true, a = false }):gsub("^(....)(..)(..)(....)", "%1 %2 %3 %4 ")))
shows("09 01 070000000000001440 02", (encoded({ [5] = true }):gsub("^(..)(..)(" .. (".."):rep(9) .. ")", "%1 %2 %3 ")))
shows("100500000000000000 11ffffffffffffffff 1200000000000000000000000000000040", encoded(5LL), encoded(-1ULL), encoded(2i))
for _, number in ipairs { 5LL, -1ULL, 2i } do
  shows(encoded(number), encoded(buffer.decode(buffer.encode(number))))
end
for _, value in ipairs { print, coroutine.create(print), io.stdout, newproxy(), b, { print }, { [print] = 1 }, { a = { b = print } } } do
  assert(not pcall(buffer.encode, value))
end
fails("cannot serialize 'function'", buffer.encode, { print })
fails("cannot serialize 'userdata'", buffer.encode, b)
fails("bad argument #1 to '?' (value expected)", buffer.encode)
b:reset():put("kept")
fails("cannot serialize 'thread'", b.encode, b, { 1, 2, coroutine.create(print) })
shows("kept", b)

-- What comes back.
local function same(x, y)
  if type(x) ~= "table" or type(y) ~= "table" then return x == y end
  for k, v in pairs(x) do if not same(v, y[k]) then return false end end
  for k in pairs(y) do if x[k] == nil then return false end end
  return true
end
local value = { 1, 2, { a = { b = { "deep" } } }, [0] = 0, x = "y", [-1] = {}, [1.5] = true, [true] = false, [100] = "far" }
assert(same(buffer.decode(buffer.encode(value)), value))
shows("userdata: NULL -1 true", buffer.decode("\3"), buffer.decode("\6\255\255\255\255"), buffer.decode("\4\16\0\0\0") ~= nil)
local nan = buffer.decode("\7\255\255\255\255\255\255\255\255")
assert(nan ~= nan and type(nan) == "number")
for input, message in pairs {
  [""] = "unexpected end of buffer", ["\7\0"] = "unexpected end of buffer", ["\34a"] = "unexpected end of buffer",
  ["\12\4\1"] = "unexpected end of buffer", ["\9\1\33a"] = "unexpected end of buffer", ["\14"] = "unexpected end of buffer",
  ["\255\255\255\255\127"] = "unexpected end of buffer", ["\224"] = "unexpected end of buffer",
  ["\1\1"] = "left-over data in buffer", ["\33ab"] = "left-over data in buffer",
  ["\19"] = "cannot deserialize tag 0x13", ["\31"] = "cannot deserialize tag 0x1f",
  ["\14\0\8"] = "cannot deserialize dictionary index 1", ["\15\1"] = "cannot deserialize dictionary index 2",
  ["\9\2\33a\1\33a\2"] = "duplicate table key", ["\9\1\0\1"] = "table index is nil",
  ["\9\1\7\0\0\0\0\0\0\248\127\1"] = "table index is NaN",
  ["\10\255\255\255\255\127"] = "table overflow", ["\9\255\255\255\255\127"] = "table overflow",
  [("\10\1"):rep(101) .. "\0"] = "too deep to serialize", [("\10\1"):rep(100000)] = "too deep to serialize",
} do
  fails(message, buffer.decode, input)
end
assert(buffer.decode(("\10\1"):rep(100) .. "\0"))
fails("bad argument #1 to '?' (string expected, got number)", buffer.decode, 5)
do
  local deep = {}
  for _ = 1, 99 do deep = { deep } end
  shows("199", #buffer.encode(deep))
  fails("too deep to serialize", buffer.encode, { deep })
  local cycle = {}
  cycle[1] = cycle
  fails("too deep to serialize", buffer.encode, cycle)
end

-- A stream of values; a failed decode consumes nothing.
b:reset():encode(1):encode({ "two" }):put("\19")
shows("1 two 1", b:decode(), b:decode()[1], #b)
fails("cannot deserialize tag 0x13", b.decode, b)
shows("1", #b)

-- Dictionaries of keys and of metatables.
do
  local point = {}
  local options = { dict = { "name", "size" }, metatable = { {}, point } }
  local out = buffer.new(options)
  shows("09010f0102", hex(out:encode({ size = true }):get()))
  shows("09010f0024" .. hex("size"), hex(out:encode({ name = "size" }):get()))
  shows("0e010c0202", hex(out:encode(setmetatable({ true }, point)):get()))
  shows("0c0202", hex(out:encode(setmetatable({ true }, {})):get()))
  out:encode(setmetatable({ name = 1, size = 2 }, point))
  local back = out:decode()
  assert(getmetatable(back) == point and back.name == 1 and back.size == 2)
  fails("cannot deserialize dictionary index 3", out.decode, out:reset():put("\15\2"))
  fails("cannot deserialize dictionary index 3", out.decode, out:reset():put("\14\2\8"))
end

-- Input from anywhere reads nothing that is not there.
do
  local bytes = buffer.encode({ 1, "two", { x = 3LL, y = { true, false } }, z = "end" })
  for i = 1, #bytes do
    for _, byte in ipairs { 0, 1, 8, 9, 12, 13, 14, 15, 18, 32, 127, 223, 224, 255 } do
      pcall(buffer.decode, bytes:sub(1, i - 1) .. string.char(byte) .. bytes:sub(i + 1))
    end
    assert(not pcall(buffer.decode, bytes:sub(1, i - 1)))
  end
end
