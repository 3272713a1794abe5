-- Keys that are added and written again at once, in compiled loops.
local function set(o, v) o.last = v o.n = (o.n or 0) + 1 return o end
local kinds = {
  function(v) return {a = v} end,
  function(v) return {a = v, b = v} end,
  function(v) local o = {} o.x = v o.y = v o.z = v return o end,
  function(v) return {p = v, q = v, r = v} end,
}
local list = {}
for i = 1, 80 do
  local o = kinds[i % 4 + 1](i)
  list[#list + 1] = o
  local other = list[#list]
  set(other, i)
  set(other, -i)
  o.extra = 1
  o.extra = 2
  o[1] = 'one'
  o[1] = 'two'
end
local keys, sum, items = 0, 0, 0
for i, o in ipairs(list) do
  for k, v in pairs(o) do
    keys = keys + 1
    if type(v) == 'number' then sum = sum + v * i end
  end
  items = items + #o
end
print(keys, sum, items, list[3].n, list[80].n, list[80].extra, list[80][1])
