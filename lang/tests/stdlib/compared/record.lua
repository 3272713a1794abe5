-- Evaluates the cases of a file beside this one. With the file's name as its argument it writes what they give to the file's `.expected`:
-- run it so under LuaJIT, in the folder above (`luajit compared/record.lua base`).

-- Addresses, the numbers of library functions and the names of temporary files differ from run to run.
local function masked(text)
  text = text:gsub("0x%x%x%x%x%x%x+", "ADDRESS"):gsub("/tmp/lua_%w+", "FILE")
  return (text:gsub("function: builtin#%d+", "function: ADDRESS"):gsub("function: builtin: ADDRESS", "function: ADDRESS"))
end

local function show(value)
  if type(value) == "string" then
    return (("%q"):format(masked(value)):gsub("\\\n", "\\n"):gsub("\r", "\\r"):gsub("%z", "\\0"))
  elseif type(value) == "number" then
    return value ~= value and "nan" or ("%.17g"):format(value)
  elseif type(value) == "table" and not getmetatable(value) then
    local parts = {}
    for key, item in pairs(value) do
      parts[#parts + 1] = masked(tostring(key)) .. "=" .. (type(item) == "table" and "{}" or show(item))
    end
    table.sort(parts)
    return "{" .. table.concat(parts, " ") .. "}"
  end
  return masked(tostring(value))
end

local function results(...)
  local texts = {}
  for i = 1, select("#", ...) do
    texts[i] = show((select(i, ...)))
  end
  return table.concat(texts, ", ")
end

local function outcome(ok, ...)
  return ok and results(...) or "error: " .. results(...)
end

-- A case is an expression list or, if it is none, a chunk, in which `c` is what the file has prepared.
local function evaluate(code, prepared)
  local head = "local c = ...; "
  local chunk = loadstring(head .. "return " .. code, "=case") or assert(loadstring(head .. code, "=case"))
  return outcome(pcall(chunk, prepared))
end

local function evaluate_all(file)
  local prepared = file.prepare and file.prepare()
  local lines = {}
  for code in file.cases:gmatch("[^\n]+") do
    lines[#lines + 1] = code .. "  -->  " .. evaluate(code, prepared)
  end
  return table.concat(lines, "\n") .. "\n"
end

local name = arg and arg[1]
if name then
  local out = assert(io.open("compared/" .. name .. ".expected", "wb"))
  out:write(evaluate_all(dofile("compared/" .. name .. ".lua")))
  out:close()
end

return evaluate_all
