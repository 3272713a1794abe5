-- string.gsub with a function, or with a table that has __index: the search and the text that is made are native, the loop is here.

local start, step, add, finish = ...

-- Adds what stands for a match: what the table holds for the first capture, or what the function returns for all of them. Gives back
-- where the match ends and where to search next.
local function substitute(text, subject, copied, replace, is_table, first, last, after, ...)
  if not first then return end
  local value
  if is_table then
    value = replace[(...)]
  else
    value = replace(...)
  end
  add(text, subject, copied, first, last, value)
  return last, after
end

return function(subject, pattern, replace, limit, is_table)
  local text, count = start(), 0
  local copied, at = 0, 0
  while at and count < limit do
    local last, after = substitute(text, subject, copied, replace, is_table, step(subject, pattern, at))
    if not last then break end
    copied, at = last, after
    count = count + 1
  end
  return finish(text, subject, copied), count
end
