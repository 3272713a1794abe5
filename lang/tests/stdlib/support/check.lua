-- What the scripts check with. They run in the folder above, under moonwake and under LuaJIT alike.

local check = {}

local function text(...)
  local parts = {}
  for i = 1, select("#", ...) do
    parts[i] = tostring((select(i, ...)))
  end
  return table.concat(parts, " ")
end

-- shows(expected, ...): the values, made strings and separated by spaces, are this text.
function check.shows(expected, ...)
  local actual = text(...)
  if actual ~= expected then
    error(("expected [%s], got [%s]"):format(expected, actual), 2)
  end
end

-- fails(expected, f, ...): the call throws this error. Called by pcall, a native function has no position and no name.
function check.fails(expected, f, ...)
  local ok, message = pcall(f, ...)
  if ok then
    error(("expected the error [%s], got none"):format(expected), 2)
  elseif tostring(message) ~= expected then
    error(("expected the error [%s], got [%s]"):format(expected, tostring(message)), 2)
  end
end

-- fails_in(expected, source): running this source throws this error; its chunk is called "t".
function check.fails_in(expected, source)
  local f = assert(loadstring(source, "=t"))
  local ok, message = pcall(f)
  if ok or tostring(message) ~= expected then
    error(("expected the error [%s], got [%s]"):format(expected, ok and "none" or tostring(message)), 2)
  end
end

-- count(...): how many values there are.
function check.count(...)
  return select("#", ...)
end

return check
