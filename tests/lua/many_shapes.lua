-- Tables with so many different keys that what no table uses is dropped by the collector: a store that has taken a key along before must not
-- bring it back.
local function make(both)
  local t = {}
  t.first = 1
  if both then t.second = 2 end
  return t
end
local function show(t)
  local keys = {}
  for k, v in pairs(t) do keys[#keys + 1] = k .. '=' .. v end
  print(table.concat(keys, ' '), rawget(t, 'fir' .. 'st'), t['sec' .. 'ond'])
end
local one = make(false)
local function round() show(make(true)) show(make(true)) end
round()
local keep = {}
for i = 1, 4000 do
  local store = (loadstring or load)('local t = ... t.key' .. i .. ' = 1')
  keep[i] = {}
  store(keep[i])
end
for i = 1, 400 do
  local store = (loadstring or load)('local t = ... t.a = 1 t.other' .. i .. ' = 1')
  keep[4000 + i] = {}
  store(keep[4000 + i])
end
collectgarbage()
collectgarbage()
round()
show(one)
