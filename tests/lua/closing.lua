-- What is finalised when a program ends, and in which order: cdata, then the rest, the latest first; then a few times what that has made.
local ffi = require 'ffi'

local kept = {}
local function userdata(name)
  local proxy = newproxy(true)
  getmetatable(proxy).__gc = function(o) print('userdata', name) end
  kept[name] = proxy
end
userdata 'first'
kept.cdata = ffi.gc(ffi.new 'int[1]', function(p)
  print('cdata', p[0])
  kept.cdata = ffi.gc(p, function() print 'never' end)
end)
userdata 'second'
userdata 'third'

-- One that makes another each time, and garbage.
local rounds = 0
local again = newproxy(true)
-- Otherwise a collection under way may find it first.
kept.again = again
getmetatable(again).__gc = function(o)
  rounds = rounds + 1
  print('round', rounds, collectgarbage 'isrunning')
  newproxy(o)
  local garbage = {}
  for i = 1, 1000 do garbage[i] = {tostring(i)} end
end

print 'end'
