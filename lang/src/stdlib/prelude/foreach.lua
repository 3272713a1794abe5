-- table.foreach: calls a function with each key and value, until one call returns something.

local next = ...

return function(t, f)
  for key, value in next, t do
    local result = f(key, value)
    if result ~= nil then return result end
  end
end
