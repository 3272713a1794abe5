-- Evaluates the cases of a file beside this one. With the file's name as its argument it writes what they give to the file's
-- `.expected`: run it so under LuaJIT, in this folder.

local ffi = require "ffi"

-- Addresses differ from run to run. Our messages on declarations tell the column, and the line also if it is the first.
local function masked(text)
  text = text:gsub("0x%x%x%x%x%x%x%x+", "ADDRESS")
  return (text:gsub(" at line 1, column %d+", ""):gsub("( at line %d+), column %d+", "%1"))
end

local function evaluate(code)
  local chunk = loadstring("local ffi = ... ; local results = { " .. code .. " } ; return results")
  if not chunk then chunk = assert(loadstring("local ffi = ... ; " .. code)) end
  local ok, results = pcall(chunk, ffi)
  if not ok then return "error: " .. masked(tostring(results):gsub("^%b[]:1: ", "")) end
  local texts = {}
  for i, value in ipairs(results or {}) do texts[i] = masked(tostring(value)) end
  return table.concat(texts, ", ")
end

local function evaluate_all(file)
  local lines = {}
  ffi.cdef(file.declarations)
  for code in file.cases:gmatch("[^\n]+") do
    lines[#lines + 1] = code .. "  -->  " .. evaluate(code)
  end
  return table.concat(lines, "\n") .. "\n"
end

local name = arg and arg[1]
if name then
  local out = assert(io.open(name .. ".expected", "w"))
  out:write(evaluate_all(dofile(name .. ".lua")))
  out:close()
end

return evaluate_all
