-- string.format.

local check = dofile("support/check.lua")
local shows, fails = check.shows, check.fails

local function formats(expected, ...)
  local actual = string.format(...)
  if actual ~= expected then
    error(("expected [%s], got [%s]"):format(expected, actual), 2)
  end
end

formats("100% %", "%d%% %s", 100, "%")
formats("   ab|ab   |   ab|", "%5.2s|%-5s|%05s|", "abc", "ab", "ab")
formats("||abc|", "%.0s|%.s|%.20s|", "abc", "abc", "abc")
formats("nil true 1.5 text", "%s %s %s %s", nil, true, 1.5, setmetatable({}, { __tostring = function() return "text" end }))
formats("a\0b x", "%s x", "a\0b")

formats("+1  2 00003 4    |    5|", "%+d % d %05d %-5d|%5d|", 1, 2, 3, 4, 5)
formats("005|     005|005     |     005|", "%.3d|%8.3d|%-8.3d|%08.3d|", 5, 5, 5, 5)
formats("3 -3 10 0", "%d %d %d %d", 3.7, -3.7, "10", -0.0)
formats("10000000000 -2147483649 1000000000000000000", "%d %d %d", 1e10, -2147483649, 1e18)
formats("-9223372036854775808", "%d", 1e19)
formats("-9223372036854775808", "%d", 0 / 0)
formats("18446744073709551615 ffffffffffffffff FF 0xff 010 377", "%u %x %X %#x %#o %o", -1, -1, 255, 255, 8, 255)
formats("0 8000000000000000 8000000000000800", "%x %x %x", 2 ^ 64, 2 ^ 63, 2 ^ 63 + 2048)
formats("A|    A|A    |\0", "%c|%5c|%-5c|%c", 65, 65, 65, 0)

formats("1.234568e+04 1.000000E+300 2e+01", "%e %E %.0e", 12345.678, 1e300, 15)
formats("0 2 2 0.2 2.001 1.00", "%.0f %.0f %.0f %.1f %.3f %.2f", 0.5, 1.5, 2.5, 0.25, 2.0005, 1.005)
formats("100000 1e+06 1.23457e+08 1.00000 0.000123", "%g %g %g %#g %.3g", 1e5, 1e6, 123456789, 1, 0.00012345)
formats("nan NAN   inf|-inf INF +inf", "%g %G %5g|%f %F %+g", 0 / 0, 0 / 0, 1 / 0, -1 / 0, 1 / 0, 1 / 0)
formats("0x1p+0 0X1.FFP+7 0x1.55p-2 0x1p-1074 -0x0p+0", "%a %A %.2a %a %a", 1, 255.5, 1 / 3, 5e-324, -0.0)
formats(("0"):rep(49) .. "7", "%.50d", 7)
formats((" "):rep(98) .. "7", "%99d", 7)
assert(#("%.99f"):format(1 / 3) == 101 and #("%.3f"):format(1e300) == 305)

formats([["a\"b\\c\
\13\0d\0001\9]] .. "\200\\26\"", "%q", "a\"b\\c\n\r\0d\0001\t\200\26")
formats([["1" "nil"]], "%q %q", 1, nil)
formats("NULL NULL", "%p %p", nil, 1)
local t = {}
formats(tostring(t):match("0x%x+"), "%p", t)

fails("invalid option '%y' to 'format'", string.format, "%y", 1)
fails("invalid option '%' to 'format'", string.format, "%")
fails("invalid option '%.100' to 'format'", string.format, "%.100f", 1)
fails("invalid option '%123' to 'format'", string.format, "%123d", 1)
fails("bad argument #2 to '?' (value expected)", string.format, "%d")
fails("bad argument #3 to '?' (value expected)", string.format, "%s %s", 1)
fails("bad argument #2 to '?' (number expected, got string)", string.format, "%d", "x")
fails("bad argument #2 to '?' (number expected, got table)", string.format, "%d", {})

formats("-1 ff -1 18446744073709551615 10", "%d %x %d %u %o", -1LL, 255ULL, 18446744073709551615ULL, -1LL, 8LL)
fails("bad argument #2 to '?' (number expected, got cdata)", string.format, "%g", 5LL)

-- Whatever is formatted with 17 digits reads back.
for _, n in ipairs({ 0.1, 1 / 3, 1e23, 5e-324, 1.7976931348623157e308, 2 ^ 53 + 2, -123.456 }) do
  assert(tonumber(("%.17g"):format(n)) == n)
  assert(tonumber(("%a"):format(n)) == n)
end
shows("1e+14 1e+15 99999999999999 1.2345678901234e+14 0.1 -0", 1e14, 1e15, 99999999999999, 123456789012345, 0.1, -0.0)
