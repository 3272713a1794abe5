-- string.gsub with a function, or with a table that has __index: the search is native, the loop is here.

local step, check, slice, join = ...

-- Adds to `parts` what comes before a match and what stands for it: what the table holds for the first capture, or what the
-- function returns for all of them. Gives back where the match ends and where to search next.
local function substitute(parts, subject, copied, replace, is_table, first, last, after, whole, ...)
  if not first then return end
  local n = #parts
  parts[n + 1] = slice(subject, copied, first)
  local value
  if is_table then
    value = replace[(...)]
  else
    value = replace(...)
  end
  parts[n + 2] = check(value, whole)
  return last, after
end

return function(subject, pattern, replace, limit, is_table)
  local parts, count = {}, 0
  local copied, at = 0, 0
  while at and count < limit do
    local last, after = substitute(parts, subject, copied, replace, is_table, step(subject, pattern, at))
    if not last then break end
    copied, at = last, after
    count = count + 1
  end
  parts[#parts + 1] = slice(subject, copied)
  return join(parts), count
end
