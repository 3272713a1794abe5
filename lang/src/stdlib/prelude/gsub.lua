-- string.gsub with a function, or with a table that has __index: going from match to match is native, what asks for replacements is here.
--
-- step(state, subject, value) puts the value where the last match was and gives the captures of the next one, or nothing at the end.

local step, finish = ...

-- What stands for a match, and whether there was one.
local function ask(replace, is_table, first, ...)
  if first == nil then return nil, false end
  local value
  if is_table then
    value = replace[first]
  else
    value = replace(first, ...)
  end
  return value, true
end

return function(state, subject, replace, is_table)
  local value, found
  repeat
    value, found = ask(replace, is_table, step(state, subject, value))
  until not found
  -- A tail call would be one that hooks see.
  local text, count = finish(state, subject)
  return text, count
end
