-- find, match, gmatch, gsub.

local check = dofile("support/check.lua")
local shows, fails, fails_in = check.shows, check.fails, check.fails_in
local find, match, gmatch, gsub = string.find, string.match, string.gmatch, string.gsub

-- find
shows("2 2", find("abc", "b"))
shows("nil", find("abc", "b", -1))
shows("4 3", find("abc", "", 10))
shows("2 2", find("a.c", ".", 1 + 1, true))
shows("2 2", find("a.c", "%."))
shows("2 3 b c", find("abc", "(b)(c)"))
shows("2 2 2 3", find("abc", "()b()"))
shows("nil", find("abc", "^b"))
shows("2 2", find("abc", "^b", 2))
shows("1 3", find("a$b", "a$b"))
shows("3 4", find("a\0bc", "bc"))
shows("2 2", find("a\0b", "%z"))
shows("nil", find("x", "x)"))
shows("2 3", find("aXbY", "%u%l", 2))

-- match
shows("x 5", match("  x=5", "%s*(%w+)=(%d+)"))
shows("2", match("abc", "()", 2))
shows("2024 01 02", match("2024-01-02", "(%d+)-(%d+)-(%d+)"))
shows("ab a b", match("abc", "((a)(b))"))
shows("(a(b)c)", match("f(a(b)c)d", "%b()"))
shows("nil", match("abc", "x"))
shows("hi", match([[say "hi"]], [[(["'])(.-)%1]]) and select(2, match([[say "hi"]], [[(["'])(.-)%1]])))
shows("THE", match("THE (quick) fox", "%f[%a]%a+"))

-- gmatch
local function all(...)
  local found = {}
  for a, b in gmatch(...) do found[#found + 1] = tostring(a) .. (b and "=" .. tostring(b) or "") end
  return table.concat(found, ";")
end
shows("k=v;x=y", all("k=v,x=y", "(%w+)=(%w+)"))
shows("1;2;3;4", all("abc", "()"))
shows(";;;", all("abc", "%a-"))
shows(";b;;", all("abc", "b*"))
shows("^a;^a", all("^a^a", "^a"))

-- gsub with a string
shows("xaxxcx 4", gsub("abc", "b*", "x"))
shows("-a-b-c- 4", gsub("abc", "", "-"))
shows("hell0 world 1", gsub("hello world", "o", "0", 1))
shows("aabbcc 3", gsub("abc", "%w", "%0%0"))
shows("bac 1", gsub("abc", "(a)(b)", "%2%1"))
shows("abc 1", gsub("abc", "a", "%1"))
shows("%bc 1", gsub("abc", "a", "%%"))
shows("xaa 1", gsub("aaa", "^a", "x"))
shows("1a2b3c4 4", gsub("abc", "()", "%1"))
shows("abc 0", gsub("abc", "%w", "x", -1))
shows("xxc 2", gsub("abc", "%w", "x", "2"))
shows("555 3", gsub("abc", "%w", 5))
shows("x 1", gsub("", "^", "x"))
shows("abcx 1", gsub("abc", "$", "x"))
shows("X (X) X 3", gsub("THE (quick) fox", "%f[%a]%a+%f[%A]", "X"))
shows("xbc 1", gsub("abc", "a", "%x"))
assert(gsub("abc", "a", "%") == "\0bc")

-- gsub with a table or a function
shows("aXc 1", gsub("abc", "b", { b = "X" }))
shows("1bc 3", gsub("abc", "%w", { a = 1, b = false }))
shows("a5c 3", gsub("abc", "%w", function(c) if c == "b" then return 5 end end))
shows("BaDc 2", gsub("abcd", "(%w)(%w)", function(a, b) return b:upper() .. a end))
shows("<a>bc 3", gsub("abc", "%w", setmetatable({}, { __index = function(_, c) return c == "a" and "<a>" end })))
shows("[]a[]b[] 3", gsub("ab", "", function() return "[]" end))
shows("1a2b3 3", gsub("ab", "()", function(at) return at end))
shows("xbc 1", gsub("abc", "%w", function() return "x" end, 1))
shows("xaa 1", gsub("aaa", "^a", function() return "x" end))
fails("invalid replacement value (a boolean)", gsub, "abc", "%w", { a = true })
fails("invalid replacement value (a table)", gsub, "abc", "%w", function() return {} end)
fails_in("t:1: invalid replacement value (a table)", "string.gsub('abc', '%w', function() return {} end)")
fails_in("t:1: malformed pattern (ends with '%')", "string.gsub('abc', '%', function() return {} end)")
fails("bad argument #3 to '?' (string/function/table expected)", gsub, "abc", "%w", nil)
fails("bad argument #4 to '?' (number expected, got string)", gsub, "abc", "%w", {}, "x")
fails("invalid capture index", gsub, "abc", "a", "%2")

-- Mistakes, when they are reached.
fails("malformed pattern (missing ']')", find, "x", "x[")
fails("malformed pattern (ends with '%')", find, "x", "x%")
fails("unbalanced pattern", find, "x", "x%bx")
fails("missing '[' after '%f' in pattern", find, "x", "%fx")
fails("unfinished capture", find, "x", "(x")
fails("invalid pattern capture", find, "x", "(x))")
fails("invalid capture index", find, "x", "%1")
fails("too many captures", find, "x", ("()"):rep(33))
fails_in("t:1: unfinished capture", "string.gmatch('x', '(')()")
shows("nil", find("x", "y["))
shows("xaxbxcx 4", gsub("abc", "(", "x"))

-- Long subjects.
local long = ("a"):rep(300000)
shows("1 300000", find(long, "^a*.?$"))
shows("300000", #match(long, ".-$"))
shows("150000", select(2, gsub(long, "aa", "b")))
