-- String functions without patterns.

local check = dofile("support/check.lua")
local shows, fails, fails_in, count = check.shows, check.fails, check.fails_in, check.count

shows("104 101 108", ("hello"):byte(1, 3))
shows("111 104", ("hello"):byte(-1), ("hello"):byte())
shows("0 0", count(("hello"):byte(10)), count(("hello"):byte(0)))
shows("104 101", ("hello"):byte(-100, 2))
shows("A b", string.char(65), string.char(98))
shows("", string.char())
shows("A", string.char(65.9))
fails("bad argument #1 to '?' (invalid value)", string.char, 256)
fails("bad argument #2 to '?' (invalid value)", string.char, 1, -1)
fails("bad argument #1 to '?' (number expected, got string)", string.char, "x")
assert(string.char(0, 255, 10) == "\0\255\n")

shows("ello llo ell hello", ("hello"):sub(2), ("hello"):sub(-3), ("hello"):sub(2, -2), ("hello"):sub(0))
shows("| | hello he", ("hello"):sub(10) .. "|", ("hello"):sub(3, 2) .. "|", ("hello"):sub(-100, 100), ("hello"):sub(1.7, 2.9))
shows("hello |", ("hello"):sub(-2 ^ 40), ("hello"):sub(1, 2 ^ 40) .. "|")
fails("bad argument #2 to '?' (number expected, got no value)", string.sub, "x")

shows("3 0 1", #"abc", (""):len(), ("\0"):len())
shows("cba abc ABC", ("abc"):reverse(), ("aBC"):lower(), ("aBc"):upper())
assert(("\200\228"):upper() == "\200\228")

shows("ababab ab,ab,ab ab |", ("ab"):rep(3), ("ab"):rep(3, ","), ("ab"):rep(1, ","), ("ab"):rep(0, ",") .. "|")
shows(",, |", (""):rep(3, ","), ("x"):rep(-1) .. "|")
shows("|", ("x"):rep(1e10) .. "|")
fails("not enough memory", string.rep, "x", 2 ^ 31 - 1)
fails("not enough memory", string.rep, "abc", 2 ^ 30)
fails("bad argument #2 to '?' (number expected, got no value)", string.rep, "x")
fails_in("t:1: bad argument #1 to 'rep' (number expected, got table)", "('x'):rep({})")
fails_in("t:1: bad argument #1 to 'rep' (string expected, got no value)", "string.rep()")
fails_in("t:1: bad argument #1 to 'f' (string expected, got no value)", "local f = string.rep f()")

-- Numbers are strings where strings are wanted.
shows("3 12 21 1212", #tostring(123), ("12"):len() == 2 and 12, (12 .. ""):reverse(), (12 .. ""):rep(2))
shows("2 1", string.len(12), string.sub(12, 1, 1))
