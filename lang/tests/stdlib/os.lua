-- os.

local check = dofile("support/check.lua")
local shows, fails = check.shows, check.fails

-- Dates.
shows("1970-01-01 00:00:00", os.date("!%Y-%m-%d %H:%M:%S", 0))
shows("Thu Jan  1 00:00:00 1970", os.date("!%c", 0))
shows("01/01/70 00:00:00 AM Thursday January Thu Jan 01 001 00 4 70 %", os.date("!%x %X %p %A %B %a %b %d %j %U %w %y %%", 0))
shows("| % *tx x", os.date("", 0) .. "|", os.date("%", 0), os.date("*tx", 0), os.date("x"))
shows("4000 23", #os.date(("%Y"):rep(1000), 0), os.date("!%H", -1))
local date = os.date("!*t", 86400)
shows("1970 1 2 0 0 0 6 2 false", date.year, date.month, date.day, date.hour, date.min, date.sec, date.wday, date.yday, date.isdst)
shows("nil nil", os.date("*t", 1e100), os.date("!%c", 2 ^ 60))
fails("bad argument #2 to '?' (number expected, got table)", os.date, "x", {})

local function moment(...)
  return os.date("%Y-%m-%d %H:%M:%S", os.time(...))
end
shows("2024-01-01 12:00:00", moment({ year = 2024, month = 1, day = 1 }))
shows("2025-02-05 02:00:59", moment({ year = 2024, month = 13, day = 35, hour = 25, min = 61, sec = -1 - 60 + 60 }))
shows("2024-02-29 00:00:00", moment({ year = "2024", month = "2", day = 29, hour = 0 }))
fails("field 'day' missing in date table", os.time, { year = 2024, month = 1 })
fails("field 'month' missing in date table", os.time, { year = 2024, day = 1, month = "x" })
fails("bad argument #1 to '?' (table expected, got number)", os.time, 5)
assert(math.abs(os.time() - os.time(os.date("*t"))) <= 1)
assert(os.clock() >= 0 and os.clock() < 1000)
shows("2 5", os.difftime(5, 3), os.difftime(5))

-- Files and processes.
local name = os.tmpname()
assert(name:match("^/tmp/lua_%w%w%w%w%w%w$"))
shows("true", os.rename(name, name .. ".moved"))
shows("true", os.remove(name .. ".moved"))
shows("nil /nonexistent: No such file or directory 2", os.remove("/nonexistent"))
shows("nil /nonexistent: No such file or directory 2", os.rename("/nonexistent", "/tmp/x"))
shows("768 0 1", os.execute("exit 3"), os.execute("true"), os.execute())
assert(os.getenv("PATH") and os.getenv("NO_SUCH_VARIABLE") == nil)
shows("C nil", os.setlocale("C"), os.setlocale("xx_YY"))
fails("bad argument #2 to '?' (invalid option 'bad')", os.setlocale, "C", "bad")
