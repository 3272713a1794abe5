-- What LuaJIT 2.1 has beyond Lua 5.1: bit operators, compound assignments, `const`, `continue`, conditions, `??`, `?.`, short functions.
local ffi = require 'ffi'

-- Bit operators on numbers, in loops that compile.
do
  local hash, parity = 5381, 0
  for i = 1, 200 do
    hash = (hash << 5) + hash ~ i & 0xffffffff
    parity ~= 0
    parity = parity ~ (hash >> 3) & 1 | (hash ~>> 31) & 2
    hash = ~hash
  end
  print(hash, parity)
  local fraction = 0
  for i = 1, 100 do fraction = fraction + (i / 4 | 0) end
  print(fraction)
  local wide = 0
  for i = 1, 100 do wide = wide ~ (i * 2 ^ 31 << i) end
  print(wide)
end

-- Of C integers: 64 bits.
do
  local a, b = 1LL, 0x8000000000000000ULL
  for i = 1, 100 do
    a = a << 1 | i & 1
    b = b >> 1 ~ 0x10ULL
  end
  print(a, b, ~a, ~b, a ~>> 60)
  local sum = 0LL
  for i = 1, 100 do sum = sum + (i & 0xffLL) + (ffi.new('uint8_t', i) | 1) end
  print(sum)
  for i = 1, 100 do sum = 1 << 3LL end
  print(sum, 1LL | 1.5, 0ULL | -1, 0ULL | 2 ^ 63, 1LL << 1.5, 2 ^ 40 >> 1LL, ffi.new('double', 3.7) | 4, ~ffi.new('uint32_t', 3))
end

-- What they refuse.
for _, operands in ipairs { { '3', 1 }, { 1, {} }, { 1LL, 'x' }, { true, 1LL }, { 1, nil } } do
  local a, b = operands[1], operands[2]
  print(pcall(function() return a & b end))
  print(pcall(function() return a << b end))
  if type(a) ~= 'number' then b = a end
  print(pcall(function() return ~b end))
end
print(pcall(function() return setmetatable({}, { __band = function() return 1 end }) & 1 end))

-- Compound assignments and conditions.
do
  local t = { n = 0, [1] = 'x', list = {} }
  for i = 1, 100 do
    t.n += i % 3 == 0 ? 10 : 1
    t.n -= 1
    t[1] ..= i < 5 ? i : ''
    t.missing = t.missing ?? i
    t.bits = (t.bits ?? 0) ~ i
  end
  print(t.n, t[1], t.missing, t.bits)
end

-- `continue` in every kind of loop, past locals that closures keep.
do
  local kept, i = {}, 0
  for k = 1, 20 do
    local v = k * 2
    if k % 2 == 0 then continue end
    kept[#kept + 1] = || -> v
  end
  while i < 20 do
    i += 1
    if i > 5 then continue end
    kept[#kept + 1] = || -> i
  end
  repeat
    i -= 1
    if i % 4 ~= 0 then continue end
    kept[#kept + 1] = |x| -> i + (x ?? 0)
  until i <= 0
  for _, f in ipairs(kept) do
    if f() == 1 then continue end
    io.write(f(1), ' ')
  end
  print(#kept)
end

-- `?.` leaves out what stands behind it.
do
  local objects, found, called = { { x = { y = 1 } }, {}, { f = |a| -> a + 1 } }, 0, 0
  for i = 1, 100 do
    local o = objects[i % 4]
    found += o?.x?.y ?? 0
    called += o?.f?.(i) ?? 0
  end
  print(found, called)
end

const answer = 42
print(answer, (|...| -> select('#', ...))(1, nil, nil), (x -> x * 2)(4))
print(load 'const a = 1 a = 2', (load 'for i = 1, 2 do local continue = 1 end return 1_000' or print)())
