-- Callbacks: Lua functions that C calls. `lib` is the library probe.
local ffi, lib = require "ffi", lib

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  assert(not ok, "no error")
  assert(tostring(err):find(message, 1, true), "'" .. tostring(err) .. "' instead of '" .. message .. "'")
  return err
end

-- Created for an argument.
assert(lib.probe_call(function(a, b) return a * b end, 6, 7) == 42)
assert(lib.probe_call_double(function(a, b) return a + b end, 1.5, 0.25) == 1.75)
assert(lib.probe_call_bool(function(b) return b end))
assert(lib.probe_call_int8(function(a, b) return a + b end, -100, 200) == 100)
assert(lib.probe_call_int8(function(a, b) return a - 1 end, -128, 0) == 127)

-- Structs by value, in and out.
local m = lib.probe_call_mixed(function(m, l) return { m.x * 2, m.n + tonumber(l.v[4]), m.d - 1 } end, { 1.5, 10, 3 })
assert(m.x == 3 and m.n == 15 and m.d == 2)
local l = lib.probe_call_large(function(n) return ffi.new("struct large", { { n, n + 1, n + 2, n + 3, n + 4 } }) end, 5)
assert(l.v[0] == 5 and l.v[4] == 9)
local b = lib.probe_call_bytes(function(b) return { { b.b[2], b.b[1], b.b[0] } } end, { { 1, 2, 3 } })
assert(b.b[0] == 3 and b.b[2] == 1)
local kept
lib.probe_call_mixed(function(m, l) kept = l return m end, { 0, 0, 0 })
collectgarbage()
assert(kept.v[2] == 3, "a struct that came by value is a copy")

-- Created by a cast, freed and set.
local cb = ffi.cast("int (*)(int, int)", function(a, b) return a + b end)
assert(cb(3, 4) == 7 and lib.probe_call(cb, 5, 6) == 11)
cb:set(function(a, b) return a - b end)
assert(cb(3, 4) == -1)
cb:free()
fails("bad callback", function() cb:free() end)
fails("bad callback", function() cb:set(print) end)
fails("bad argument #1 to 'set' (function expected, got number)", function()
  ffi.cast("int (*)(int)", print):set(1)
end)
fails("has no member named 'zap'", function() return ffi.cast("int (*)(int)", print).zap end)
fails("bad callback", function() ffi.cast("int (*)(int, int)", lib.probe_add_int):free() end)
for i = 1, 2000 do
  local cb = ffi.cast("int (*)(int)", function(n) return n + i end)
  assert(cb(1) == i + 1)
  cb:free()
end

-- Kept by C and called later, though Lua has forgotten the function.
local seen
lib.probe_keep(function(n) seen = n end)
collectgarbage()
collectgarbage()
lib.probe_call_kept(9)
assert(seen == 9)
lib.probe_keep(nil)

-- Inside a struct.
local sum = 0
local handler = ffi.new("struct handler", { function(state, n) sum = sum + n return sum end, nil })
assert(lib.probe_handle(handler, 5) == 5 and lib.probe_handle(handler, 6) == 11)

-- Errors wait until C returns, and Lua does not run again before.
local calls = 0
local err = fails("callbacks.lua:", lib.probe_repeat, function(n)
  calls = calls + 1
  if n == 2 then error("stop here") end
  return 1
end, 5)
assert(calls == 3 and err:find("stop here", 1, true))
local token = {}
local ok, value = pcall(lib.probe_repeat, function() error(token) end, 1)
assert(not ok and value == token, "any value can be thrown")
fails("cannot convert 'string' to 'int'", lib.probe_repeat, function() return "x" end, 1)
fails("cannot convert 'nil' to 'int'", lib.probe_repeat, function() end, 1)
assert(lib.probe_repeat(function(n) return n end, 4) == 6, "all is well afterwards")

-- Callbacks that call C that calls back.
local function nested(depth)
  return lib.probe_call(function(a, b)
    if a == 0 then return b end
    return nested(a - 1) + 1
  end, depth, 0)
end
assert(nested(20) == 20)
local ok, inner = pcall(function()
  return lib.probe_call(function(a, b)
    local ok, err = pcall(lib.probe_repeat, function() error("inner") end, 1)
    assert(not ok and err:find("inner"))
    return 77
  end, 0, 0)
end)
assert(ok and inner == 77)
fails("C stack overflow", nested, 1000)

-- A collection inside a callback sees the arguments of the call under way.
local text = lib.probe_call_kept and ("x"):rep(100)
local result = lib.probe_repeat(function(n)
  collectgarbage()
  local t = {}
  for i = 1, 100 do t[i] = { i } end
  return n
end, 10)
assert(result == 45)
l = lib.probe_call_large(function(n) collectgarbage() return { { n } } end, 3)
assert(l.v[0] == 3 and l.v[4] == 3)

-- In a coroutine; but it cannot yield through C.
local co = coroutine.wrap(function()
  coroutine.yield(lib.probe_call(function(a, b) return a + b end, 1, 2))
  lib.probe_call(function(a, b) coroutine.yield(1) return 0 end, 1, 2)
end)
assert(co() == 3)
fails("attempt to yield across C-call boundary", co)

-- On another thread it is refused.
fails("callback from another thread", lib.probe_call_on_thread, function(n) return n + 1 end, 1)
assert(lib.probe_call_on_thread(lib.probe_next and ffi.cast("int (*)(int)", lib.probe_set_errno), 1) == -1)

-- What cannot be one.
fails("cannot convert 'function' to 'int (*)()'", ffi.cast, "int (*)(int, ...)", print)
fails("cannot convert 'function' to 'int *'", ffi.cast, "int *", print)
fails("cannot convert 'function' to 'void *'", ffi.cast, "void *", print)

-- qsort of the C library.
ffi.cdef "void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));"
local numbers = ffi.new("int[8]", 5, 3, 8, 1, 9, 2, 7, 4)
ffi.C.qsort(numbers, 8, 4, function(a, b) return ffi.cast("const int *", a)[0] - ffi.cast("const int *", b)[0] end)
for i = 1, 7 do assert(numbers[i - 1] <= numbers[i]) end
