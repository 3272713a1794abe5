-- table.foreachi: calls a function with each index and item from 1 to #t, until one call returns something.

local get = ...

return function(t, f)
  for i = 1, #t do
    local result = f(i, get(t, i))
    if result ~= nil then return result end
  end
end
