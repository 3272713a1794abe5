-- Methods of string buffers in compiled code.
local buffer = require "string.buffer"
local b = buffer.new()

for i = 1, 300 do b:put("a", i, "-", i / 4) end
local text = b:tostring()
print(#b, #text, text:sub(1, 40), text:sub(-40))
b:reset()

-- Other values now and then: a buffer, what has __tostring, an error after some were put.
local other = buffer.new():put("<other>")
local thing = setmetatable({}, { __tostring = function() return "<thing>" end })
for i = 1, 200 do
  b:put(i % 50 == 0 and other or i % 70 == 0 and thing or "x")
end
print(#b, b:get())
for i = 1, 200 do
  local ok, message = pcall(b.put, b, "x", i == 150 and true or i)
  if not ok then print(i, message, #b) end
end
print(b:get())

-- putf with a wrong value leaves what was formatted before it, once.
for i = 1, 200 do
  local ok, message = pcall(b.putf, b, "%d;%d ", i, i == 120 and "no" or i)
  if not ok then print(i, message) end
end
print(b:get())

-- Reading, in turn with writing.
local sum = 0
for i = 1, 300 do
  b:put("abc", i)
  if i % 3 == 0 then sum = sum + #b:get(4) + #b end
  if i % 50 == 0 then b:skip(7) end
end
print(sum, #b, b:get(10))
b:reset()

-- Of something else.
for i = 1, 100 do
  local ok, message = pcall(b.put, i == 80 and io.stdout or b, "z")
  if not ok then print(message) end
end
print(#b)
b:reset()

-- Encoded and decoded again.
for i = 1, 100 do b:encode({ i, "s" .. i }) end
sum = 0
for i = 1, 100 do local t = b:decode() sum = sum + t[1] + #t[2] end
print(sum, #b)

-- A string is one, whichever way it was put together.
for i = 1, 100 do b:reset():put("k", i % 10) if b:tostring() == "k5" then sum = sum + 1 end end
print(sum)
