-- `os.date`, `os.time` and `os.difftime`. One case a line; LuaJIT's answers stand in `times.expected` (see `record.lua`).
local lines = {}
local formats = {
  "!%c", "!%x", "!%X", "!%Y-%m-%d %H:%M:%S", "!%a %A %b %B %p %j %U %w %W %y %Z %%", "!%D %e %F %g %G %h %I %M %n %R %t %T %u %V %C %r %s %S", "!*t",
}
for _, time in ipairs { "0", "1", "86400", "951782400", "1e9", "1234567890", "-1", "-86400", "2^31", "253402300799", "1.9", "-0.5", "2^55", "2^60", "0/0", "'5'" } do
  for _, format in ipairs(formats) do lines[#lines + 1] = ("os.date('%s', %s)"):format(format, time) end
end
return {
  cases = table.concat(lines, "\n") .. [==[

os.date("*t", "x")
os.date({})
os.date("!%Ey %Od %E %O %", 0)
os.date("!%", 0)
os.date("!%Q", 0)
os.date("!", 0), os.date("", 0)
os.date("!a\0b", 0)
os.date("!*tx", 0), os.date("!*", 0)
os.date(("!%Y"):rep(100), 0)
os.date("!%k %l %P %+", 0)
os.time({year = 2000, month = 1, day = 1}) - os.time({year = 2000, month = 1, day = 1, hour = 0})
os.date("!%F %T", os.time({year = 2000, month = 13, day = 32, hour = 25, min = 61, sec = 61}))
os.time({year = 2000, month = 1, day = 1, sec = -1}) - os.time({year = 2000, month = 1, day = 1})
os.time({year = 2000})
os.time({year = 2000, month = 1})
os.time({})
os.time({year = "x", month = 1, day = 1})
os.time({year = "2000", month = "1", day = "2"}) == os.time({year = 2000, month = 1, day = 2})
os.time({year = 2000.9, month = 1.5, day = 1.9}) == os.time({year = 2000, month = 1, day = 1})
os.time({year = 2000, month = 1, day = 1, hour = {}}) == os.time({year = 2000, month = 1, day = 1})
os.time({year = 1900, month = 1, day = 1}) < 0, os.time({year = 3000, month = 1, day = 1, hour = 12}) > 3e10
local t = {year = 2000, month = 14, day = -5} os.time(t) return t
os.time(5)
os.time("x")
os.difftime(5, 3), os.difftime(5), os.difftime(3.7, -2.5), os.difftime(0/0), os.difftime("7", "2")
os.difftime()
os.difftime("x", {})
]==],
}
