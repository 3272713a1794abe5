-- What is no number as an operand of ^, what cannot be called in a tail call, and numbers beside C integers in the bit library.
print(pcall(function(x) return x ^ 0 end, {}))
print(pcall(function(x) return 1 ^ x end, {}))
print(pcall(function(x) return x ^ 0 end, 'x'))
print(pcall(function(x) return x ^ 0 end, '2'))
print(pcall(function(x) return 1 ^ x end, nil))
print(pcall(function(x, y) return y ^ x end, nil, 1))
print(pcall(function(x, y) return y ^ x end, 0, nil))
print(pcall(function(x, y) return y ^ x end, 0, true))
print(pcall(function(x) return x() end))
print(pcall(function(x) local y = x() return y end))
print(pcall(function(x) return x.y() end, {}))
print(pcall(function(x) return (x()) end))
print(0/0 ^ 0, 1 ^ (0/0), (0/0)^0)
for _, n in ipairs { 1.5, -1.5, 2.5, 2^40+0.5, -2^40, 2^53+2, 2^63, 2^64, 2^65, -2^63, 1e300, 0/0, 1/0, '3.7', 0x80000000, 0xffffffff, -1 } do
  print(n, bit.bor(0LL, n), bit.bor(0ULL, n), bit.bor(n, 0ULL), bit.band(n, -1LL), bit.bxor(n, n, 0LL))
end
for _, n in ipairs { 1.5, -1.5, 2.5, 33, 64, 65, -1, 2^40, 2^31, 2^32+5, '3', 3LL, 3ULL, -1LL} do print(n, bit.lshift(1LL, n), bit.rol(5ULL, n), bit.lshift(1, n)) end
print(pcall(bit.bor, 0LL, 'x'))
print(pcall(bit.bor, 0LL, nil))
print(pcall(bit.bor, 'x', 1LL))
print(bit.tohex(255LL, 4), bit.tohex(-1LL), bit.tohex(255LL, -4), bit.tohex(2^40), bit.bnot(5LL), bit.bswap(1ULL), bit.tobit(2^40+5), bit.tobit(0x1ffffffffLL))
