-- `io` and the parts of `os` about files and processes. One case a line; LuaJIT's answers stand in `files.expected` (see `record.lua`).
-- `c` holds a file name and a few helpers.
local c = {}

function c.write(text)
  local f = assert(io.open(c.name, "wb"))
  f:write(text)
  f:close()
  return io.open(c.name)
end

-- What reading a number and then the rest gives.
function c.number(text)
  local f = c.write(text)
  local n, rest = f:read("*n"), f:read("*a")
  f:close()
  return n, rest
end

-- All that an iterator gives.
function c.all(...)
  local seen = {}
  for a, b in ... do seen[#seen + 1] = tostring(a) .. (b and "/" .. b or "") end
  return table.concat(seen, "|")
end

function c.closed()
  local f = io.open(c.name)
  f:close()
  return f
end

local lines = {}
for _, format in ipairs { "'*l'", "'*L'", "'*a'", "'*n'", "'l'", "'L'", "'a'", "'n'", "0", "1", "5", "1000", "'x'", "'*x'", "''", "'*'", "{}", "true", "nil", "-1", "1.9" } do
  lines[#lines + 1] = ("local f = c.write('line1\\nline2\\r\\n\\n12 0x1F rest') return f:read(%s)"):format(format)
  lines[#lines + 1] = ("local f = c.write('7 8\\nx') return f:read(%s, %s, %s)"):format(format, format, format)
  lines[#lines + 1] = ("local f = c.write('') return f:read(%s)"):format(format)
  -- What gives the empty string at the end gives it for ever.
  if not format:find("[a0]") and format ~= "-1" then
    lines[#lines + 1] = ("c.write('1\\n\\n2') return c.all(io.lines(c.name, %s))"):format(format)
  end
end
for _, text in ipairs {
  "1", "  2", "\\n\\n3", "+4", "-5", "- 5", "0x10", "0x", "0x1p4", "1e5", "1e", "1e+", "1e-x", "1.5.5", "-.5", "5.", "abc", "", "inf", "infx", "infinity",
  "nan", "na", "1e400", "0x.8", "99999999999999999999", "12abc", "1,2", "--5", "0xfffffffffffffffff", "1E-2", "e5", "+.", "0e", "1ee", "nan(5)",
} do
  lines[#lines + 1] = ("c.number('%s')"):format(text)
end

return {
  prepare = function()
    c.name = os.tmpname()
    return c
  end,
  cases = table.concat(lines, "\n") .. [==[

io.open("no/such/file")
io.open("no such file", "r")
io.open(c.name, "q")
io.open(c.name, "rw")
io.open(c.name, "")
io.open(c.name, "r++")
io.open()
io.open({})
io.open("/", "w")
io.type(c.closed()), io.type(io.stdout), io.type(5), io.type({})
io.type()
tostring(c.closed())
c.closed():read()
c.closed():close()
c.closed():write("x")
c.closed():seek()
c.closed():lines()
c.closed():flush()
c.closed():setvbuf("no")
io.close(c.closed())
io.close(5)
io.stdout.write(5)
io.stdout.x = 1
io.stdout.x
io.stdout:seek("x")
io.stdout:setvbuf("x")
io.stdout:setvbuf()
local f = io.open(c.name, "w") return f:write("a", 1, 2.5, -0) == f, f:seek(), f:seek("set", 1), f:seek("cur", 1), f:seek("end"), f:seek("end", -2)
local f = io.open(c.name, "w") return f:seek("set", -5)
local f = io.open(c.name, "w") return f:seek(5)
local f = io.open(c.name, "w") return f:seek("set", "x")
local f = io.open(c.name, "w") return f:seek("set", 0/0)
local f = io.open(c.name, "w") return f:write(nil)
local f = io.open(c.name, "w") return f:write("ok", true)
local f = io.open(c.name, "w") return f:read("*a")
local f = c.write("x") return f:write("y")
local f = c.write("abc") local g = io.open(c.name, "a+") g:write("APP") g:seek("set") return g:read("*a")
c.write("abcdef") local g = io.open(c.name, "r+") g:write("XY") g:seek("set", 0) return g:read("*a")
local f = io.open(c.name, "w") return f:setvbuf("no"), f:setvbuf("full", 100), f:setvbuf("line")
c.write("x\n\ny") return c.all(io.lines(c.name))
c.write("x\n\ny") return c.all(io.lines(c.name, "*L"))
c.write("x\n\ny") return c.all(io.lines(c.name, 1, "*l"))
local f = c.write("x\n\ny") return c.all(f:lines()), io.type(f)
io.lines("no such file")
io.lines({})
local it = c.write("x"):lines() it() return it()
c.write("x") local it = io.lines(c.name) it() return select("#", it()), pcall(it)
local f = c.write("x") local it = f:lines() f:close() return it()
for _ in io.lines(c.name, "x") do end
for _ in io.lines(c.name, "n", "*q") do end
for _ in io.lines(c.name, {}) do end
io.input("no such file")
io.output("no/such/file")
io.input(5)
c.write("in1\nin2\n7") io.input(c.name) local a, b, d = io.read(), io.read("*l", "*n") io.close(io.input()) return a, b, d, pcall(io.read)
io.lines()
io.input(io.stdin) return io.input() == io.stdin
io.output(c.name) local same = io.write("x", 5) == io.output() io.close() return same, pcall(io.write, "x")
io.close()
io.flush()
io.output(io.stdout) return c.all(io.lines(c.name))
io.read("x")
io.write({})
local h = io.popen("echo hi; exit 3") return h:read("*a"), h:close()
local h = io.popen("cat >/dev/null", "w") h:write("x") return h:close()
local h = io.popen("kill -9 $$") return h:close()
io.popen("x", "q")
io.popen()
c.all(io.popen("printf 'a\\nb'"):lines())
local h = io.tmpfile() h:write("tmp") h:seek("set") return h:read("*a"), io.type(h), h:close()
os.execute("exit 3"), os.execute(), os.execute("true"), os.execute("false"), os.execute("kill -9 $$")
os.execute({})
os.rename("no such file", "b")
os.rename("x")
os.remove(c.name)
os.remove(c.name)
os.remove()
os.remove("/proc/nosuch")
os.getenv("NO_SUCH_VARIABLE")
os.getenv()
type(os.tmpname()), os.tmpname():match("^/tmp/lua_......$") ~= nil
os.setlocale(), os.setlocale("C"), os.setlocale(nil, "all"), os.setlocale("xx"), os.setlocale("POSIX"), os.setlocale(nil, "collate")
os.setlocale("C", "x")
os.setlocale({})
]==],
}
