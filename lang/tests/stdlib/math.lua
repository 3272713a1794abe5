-- math and bit.

local check = dofile("support/check.lua")
local shows, fails = check.shows, check.fails
local inf, nan = math.huge, 0 / 0

shows("1 0 -1 inf", math.ceil(0.5), math.floor(0.5), math.floor(-0.5), math.abs(-inf))
shows("0.47942553860420 0.87758256189037", ("%.14f"):format(math.sin(0.5)), ("%.14f"):format(math.cos(0.5)))
shows("2 -2 nan 1.5 nan", math.fmod(5, 3), math.fmod(-5, 3), math.fmod(5, 0), math.fmod(5.5, -2), math.fmod(inf, 2))
shows("-3 -0.7 inf 0 -inf -0 5 0 -0 -0", math.modf(-3.7), select(2, math.modf(-3.7)), math.modf(inf), select(2, math.modf(inf)),
  math.modf(-inf), select(2, math.modf(-inf)), math.modf(5), select(2, math.modf(5)), math.modf(-0.0), select(2, math.modf(-0.0)))
shows("0.625 4 0.5 -1073 0 0 inf 0", math.frexp(10), select(2, math.frexp(10)), math.frexp(5e-324),
  select(2, math.frexp(5e-324)), math.frexp(0), select(2, math.frexp(0)), math.frexp(inf), select(2, math.frexp(inf)))
shows("4 4.9406564584125e-324 0 9.8813129168249e-324 inf 4", math.ldexp(0.5, 3), math.ldexp(1, -1074), math.ldexp(1, -1075),
  math.ldexp(3, -1075), math.ldexp(1, 1e10), math.ldexp(1, 2.9))
shows("3 2 10 3.0000000000000004", math.log(8, 2), math.log(100, 10), math.log(1024, 2), ("%.17g"):format(math.log(27, 3)))
shows("3 nan -inf", math.log10(1000), math.log(-1), math.log(0))
shows("57.29577951308232 0.017453292519943295", ("%.16g"):format(math.deg(1)), ("%.17g"):format(math.rad(1)))
shows("3 10 1 nan 1", math.max(1, 3, 2), math.max("10", 9), math.min(3, 1, 2), math.max(1, 2, nan), math.max(nan, 1))
shows("0 -0 0 -0", math.min(-0.0, 0), math.min(0, -0.0), math.max(-0.0, 0), math.max(0, -0.0))
shows("3.1415926535898 inf 1024 2.3561944901923", math.pi, math.huge, math.pow(2, 10), math.atan2(1, -1))
fails("bad argument #1 to '?' (number expected, got no value)", math.sin)
fails("bad argument #1 to '?' (number expected, got string)", math.sin, "x")
fails("bad argument #2 to '?' (number expected, got nil)", math.log, 8, nil)
fails("bad argument #2 to '?' (number expected, got string)", math.max, 1, "x")

-- The generator's sequences.
math.randomseed(1)
shows("0.32381056237864 1 3", math.random(), math.random(5), math.random(2, 3))
math.randomseed(42)
shows("0.95607928791821 0.0089557217859255", math.random(), math.random())
math.randomseed(-1)
shows("0.30439379925102", math.random())
math.randomseed(nan)
local seeded_by_nan = math.random()
assert(seeded_by_nan >= 0 and seeded_by_nan < 1)
for _ = 1, 1000 do
  local n = math.random(-3, 3)
  assert(n >= -3 and n <= 3 and n == math.floor(n))
end
shows("1 1 -2", math.random(0), math.random(1, 1), math.random(-2, -2))
math.randomseed()
fails("bad argument #1 to '?' (number expected, got string)", math.random, "x")

-- bit
local b = bit
shows("-1 0 -2147483648 2 2 0 16", b.tobit(0xffffffff), b.tobit(2 ^ 32), b.tobit(2 ^ 31), b.tobit(1.5), b.tobit(2.5), b.tobit(0.5), b.tobit("0x10"))
shows("2025163840 0 0", b.tobit(1e20), b.tobit(inf), b.tobit(nan))
shows("-1 2 7 2 1", b.bnot(0), b.band(7, 3, 2), b.bor(1, 2, 4), b.bxor(1, 3), b.band(1))
shows("-2147483648 1 2 -2147483648", b.lshift(1, 31), b.lshift(1, 32), b.lshift(1, 33), b.lshift(1, -1))
shows("15 -16 591751041 -2128394905 2018915346", b.rshift(-1, 28), b.arshift(-256, 4), b.rol(0x12345678, 4), b.ror(0x12345678, 4),
  b.bswap(0x12345678))
shows("000000ff 00ff 00FF ffffffff | 000000000000000000ff", b.tohex(255), b.tohex(255, 4), b.tohex(255, -4), b.tohex(-1),
  b.tohex(255, 0) .. "|", b.tohex(255, 20))
fails("bad argument #1 to '?' (number expected, got no value)", b.band)
fails("bad argument #2 to '?' (number expected, got table)", b.bxor, 1, {})
shows("0000000000000001 FFFFFFFF", b.tohex(1LL), b.tohex(-1LL, -8))
shows("1 -2 1099511627776", tonumber(b.band(1LL, 3)), tonumber(b.bnot(1LL)), tonumber(b.lshift(1LL, 40)))
shows("256 3 9.2233720368548e+18", b.lshift(1, 40LL), tonumber(b.bor(1, 2LL)), tonumber(b.rol(1ULL, 63)))
