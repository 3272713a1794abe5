-- Events of traces: what handlers are told, and that they disturb nothing. What is traced differs from mode to mode and from machine to
-- machine, so only what must hold everywhere is printed.
local util = require 'jit.util'
local vmdef
local has_vmdef, module = pcall(require, 'jit.vmdef')
if has_vmdef then vmdef = module end

local open, problems, counts = nil, {}, { start = 0, stop = 0, abort = 0, flush = 0, record = 0, texit = 0 }
local function problem(text) problems[text] = true end
local function check(what, fine) if not fine then problem(what) end end

local function on_trace(what, tr, func, pc, otr, oex)
  counts[what] = counts[what] + 1
  if what == 'flush' then
    check('flush has arguments', tr == nil)
    return
  end
  check('number', type(tr) == 'number' and tr >= 1)
  check('function', type(func) == 'function')
  if what == 'start' then
    check('start while one is open', not open)
    check('position of start', util.funcinfo(func, pc).currentline or util.funcinfo(func).ffid)
    check('parent', (otr == nil) == (oex == nil))
    open = tr
  else
    check(what .. ' of another', open == tr)
    open = nil
    if what == 'stop' then
      local info = util.traceinfo(tr)
      check('traceinfo', info and info.nins > 0 and info.nexit >= 0 and info.linktype)
    else
      check('code', type(otr) == 'number')
      if vmdef then check('text of code', #string.format(vmdef.traceerr[otr], oex) > 0) end
    end
  end
end
local function on_record(tr, func, pc, depth)
  counts.record = counts.record + 1
  check('record of another', open == tr)
  check('function of record', type(func) == 'function')
  check('depth', depth >= 0)
end
local function on_exit(tr, ex, ngpr, nfpr)
  counts.texit = counts.texit + 1
  check('exit', type(tr) == 'number' and type(ex) == 'number' and type(ngpr) == 'number' and type(nfpr) == 'number')
  -- Handlers are not traced, and may collect.
  local garbage = {}
  for i = 1, 20 do garbage[i] = { i } end
end
jit.attach(on_trace, 'trace')
jit.attach(on_record, 'record')
jit.attach(on_exit, 'texit')

local Point = {}
Point.__index = Point
function Point:add(other) return setmetatable({ x = self.x + other.x }, Point) end
local function work(n)
  local p, step = setmetatable({ x = 0 }, Point), setmetatable({ x = 1 }, Point)
  local s = ''
  for i = 1, n do
    p = p:add(step)
    if i % 7 == 0 then s = s .. i % 10 end
    if i % 31 == 0 then
      local ok, message = pcall(error, { i })
      s = s .. tostring(ok) .. message[1]
    end
  end
  return p.x, #s
end
print(work(200))
local function generator() for i = 1, 30 do coroutine.yield(i) end end
local sum = 0
for i in coroutine.wrap(generator) do sum = sum + i end
print(sum)
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
print(fib(15))
local list = {}
for i = 1, 100 do list[i] = (i * 37) % 101 end
table.sort(list, function(a, b) return a > b end)
print(list[1], list[100], select('#', unpack(list)))

-- Flushing while something is recorded or runs.
for i = 1, 60 do
  sum = sum + i
  if i % 20 == 0 then jit.flush() end
end
print(sum, counts.flush >= 3)

-- A handler's error goes no further than a line on standard error; one that changes what is traced does so.
jit.attach(on_record)
jit.attach(on_exit)
jit.attach(on_trace)
local seen, shared = counts.start, { n = 0 }
jit.attach(function() shared.n = tostring(shared.n) end, 'record')
for i = 1, 100 do shared.n = shared.n + 1 end
print(tonumber(shared.n), counts.start == seen)
jit.attach(function(...) return coroutine.yield(...) end, 'texit')
jit.attach(function() end, 'texit')

-- Functions of removed code stay alive as long as they are in the queue.
local told = 0
jit.attach(function(_, _, func) if func then told = told + #(util.funcinfo(func).source or '') end end, 'trace')
for i = 1, 30 do
  local f = loadstring('local s = 0 for i = 1, 20 do s = s + i end return s', '=c' .. i)
  sum = sum + f()
  f = nil
  collectgarbage()
end
print(sum)

-- Traces by their parts.
local names = {}
for tr = 1, 1000 do
  local info = util.traceinfo(tr)
  if info then
    for ref = 1, info.nins do
      local m, ot, op1, op2, prev = util.traceir(tr, ref)
      check('instruction', m and ot and op1 and op2 and prev)
      if vmdef then
        local at = 6 * bit.rshift(ot, 8)
        check('name of operation', #vmdef.irnames:sub(at + 1, at + 6) == 6)
      end
    end
    for k = -1, -info.nk, -1 do
      local _, t = util.tracek(tr, k)
      check('constant', t)
    end
    for exit = 0, info.nexit - 1 do
      local snap = util.tracesnap(tr, exit)
      check('snapshot', snap and snap[0] and snap[1] and snap[#snap] == -2 ^ 24)
    end
    local code, address, loop = util.tracemc(tr)
    check('machine code', #code > 0 and address ~= 0 and loop)
  end
  check('beyond the end', not util.traceir(tr, 1e6) and not util.tracek(tr, -1e6) and not util.tracesnap(tr, 1e6))
end
for text in pairs(problems) do names[#names + 1] = text end
table.sort(names)
print('problems:', table.concat(names, ', '))
print(jit.status() == false or counts.start >= counts.stop + counts.abort)
