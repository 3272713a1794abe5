-- package, require, module.

local check = dofile("support/check.lua")
local shows, fails, fails_in = check.shows, check.fails, check.fails_in

local base = os.tmpname()
package.path = base .. "_?.lua;" .. base .. "/?/init.lua"
package.cpath = base .. "_?.so"
local files = {}
local function write(name, text)
  local file = assert(io.open(base .. "_" .. name, "w"))
  file:write(text)
  file:close()
  files[#files + 1] = base .. "_" .. name
end

-- Searching.
shows("nil \n\tno file './nope.x'\n\tno file './nope/y'", package.searchpath("nope", "./?.x;./?/y"))
shows("nil \n\tno file './a_b.x'", package.searchpath("a.b", "./?.x", ".", "_"))
shows("nil \n\tno file './a.b.x'", package.searchpath("a.b", "./?.x", ""))
shows("package.lua", package.searchpath("package", "?.lua;?"))
fails("module 'no.pe' not found:\n\tno field package.preload['no.pe']\n\tno file '" .. base .. "_no/pe.lua'\n\tno file '" .. base
  .. "/no/pe/init.lua'\n\tno file '" .. base .. "_no/pe.so'\n\tno file '" .. base .. "_no.so'", require, "no.pe")

-- Loading.
write("one.lua", "arguments = ... return { v = 1 }")
shows("1 one true", require("one").v, arguments, require("one") == package.loaded.one)
write("two.lua", "x = 1")
shows("true true", require("two"), package.loaded.two)
write("bad.lua", "x=")
fails("error loading module 'bad' from file '" .. base .. "_bad.lua':\n\t" .. base .. "_bad.lua:1: unexpected symbol near '<eof>'",
  require, "bad")
write("err.lua", "error('E', 0)")
fails("E", require, "err")
fails("loop or previous error loading module 'err'", require, "err")
write("loop.lua", "return select(2, pcall(require, 'loop'))")
shows("loop or previous error loading module 'loop'", require("loop"))
write("no.lua", "return false")
shows("false false", require("no"), require("no"))
write("sets.lua", "package.loaded.sets = 'set'")
shows("set", require("sets"))
package.preload.early = function(name) return "preloaded " .. name end
shows("preloaded early", require("early"))
fails("bad argument #1 to '?' (string expected, got no value)", require)
local clear = require("table.clear")
local t = { 1, 2, x = 3 }
clear(t)
assert(next(t) == nil and type(require("table.new")(10, 10)) == "table")
fails("bad argument #1 to '?' (table expected, got number)", clear, 5)

-- Loaders can be replaced.
local loaders = package.loaders
package.loaders = { function() end, function(name) return "\n\tcustom " .. name end }
fails("module 'x' not found:\n\tcustom x", require, "x")
package.loaders = 5
fails("'package.loaders' must be a table", require, "x")
package.loaders = loaders
package.path = nil
fails("'package.path' must be a string", require, "x")

-- module
local function modular()
  module("tests.modular", package.seeall)
  value = 1
  return _NAME, _PACKAGE, _M == package.loaded["tests.modular"], print ~= nil
end
shows("tests.modular tests. true true", modular())
shows("1 nil", tests.modular.value, rawget(_G, "value"))
blocked = 5
fails_in("t:1: name conflict for module 'blocked.x'", "module('blocked.x')")
fails("'module' not called from a Lua function", module, "y")
fails("bad argument #1 to '?' (table expected, got number)", package.seeall, 5)
shows("/\n;\n?\n!\n-\n", package.config)

for _, file in ipairs(files) do os.remove(file) end
os.remove(base)
