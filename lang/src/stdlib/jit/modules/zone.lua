-- `jit.zone`: names for what a program is busy with, for the profiler `jit.p`.
--
-- `zone(name)` enters a zone, `zone()` leaves it again and returns its name. Zones nest. The module itself is the stack.
local zone = {}

-- The innermost zone; nil outside of all.
function zone:get()
  return self[#self]
end

-- Leaves all zones.
function zone:flush()
  for level = #self, 1, -1 do self[level] = nil end
end

return setmetatable(zone, {
  __call = function(self, name)
    if name then
      self[#self + 1] = name
    else
      return (assert(table.remove(self), 'empty zone stack'))
    end
  end,
})
