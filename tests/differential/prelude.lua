-- Stands before every batch of generated programs: what they call to be seen, and to stay within bounds.
--
-- Nothing here may print what two right implementations could print differently: no addresses, no order of `pairs`, no sign of
-- a NaN.

local type, tostring, tonumber, pairs, select, pcall, print = type, tostring, tonumber, pairs, select, pcall, print
local concat, sort, floor, gsub, find = table.concat, table.sort, math.floor, string.gsub, string.find
local format, frexp, abs, huge = string.format, math.frexp, math.abs, math.huge

local show

-- A message without addresses, the numbers of C's types that have no names, and the place in a declaration, which we tell
-- with the column.
local function anonymous(text)
  text = gsub(gsub(text, ': 0x%x+', ': address'), ' at line %d+, column %d+$', '')
  for _, kind in ipairs { 'struct', 'union', 'enum' } do
    text = gsub(text, kind .. ' %d+', kind)
  end
  return text
end

-- A table as its sorted entries, three levels deep.
local function entries(t, depth)
  if depth > 3 then return '{...}' end
  local list = {}
  for k, v in pairs(t) do
    list[#list + 1] = show(k, depth + 1) .. '=' .. show(v, depth + 1)
  end
  sort(list)
  return '{' .. concat(list, ',') .. '}'
end

-- Whether a number is so large or small that LuaJIT does not always round its 14 digits right: about one in 70,000 of those with
-- binary exponents beyond 100 is off by one in the last digit.
local function is_spelled_anyhow(x)
  local size = abs(x)
  return size ~= huge and size ~= 0 and (size > 2^100 or size < 2^-100)
end

function show(v, depth)
  local kind = type(v)
  if kind == 'number' then
    if v ~= v then return 'nan' end
    return is_spelled_anyhow(v) and format('%a', v) or tostring(v)
  elseif kind == 'string' then
    return '"' .. anonymous(v) .. '"'
  elseif kind == 'table' then
    return entries(v, depth or 0)
  elseif kind == 'nil' or kind == 'boolean' then
    return tostring(v)
  elseif kind == 'cdata' then
    local text = tostring(v)
    return (find(text, '^%-?%d+U?LL$') or find(text, 'i$')) and text or kind
  end
  return kind
end

-- Prints its arguments, in a form that tells values of different types apart.
function out(...)
  local list = {}
  for i = 1, select('#', ...) do
    list[i] = show((select(i, ...)))
  end
  print(concat(list, ' '))
end

-- A number that a string may be made of: every implementation spells it the same.
function fin(x)
  if x ~= x then return 0 end
  return is_spelled_anyhow(x) and frexp(x) or x + 0
end

-- A number to add up for anything that is read from C.
function seen(v)
  if v == true then return 1 end
  local kind = type(v)
  return (kind == 'number' or kind == 'cdata') and fin(tonumber(v) or 0) or 0
end

-- All its arguments, and how many.
function pack(...)
  return { n = select('#', ...), ... }
end

-- A whole number from 0 to n - 1 made of any number.
function int(x, n)
  if x ~= x or x >= 2 ^ 53 or x <= -2 ^ 53 then return 0 end
  return floor(x) % n
end

-- What programs that use the FFI call and name; to declare it in each would be to declare it again and again.
require 'ffi'.cdef [[
  enum colour { RED, GREEN = 7, BLUE };
  int abs(int); long labs(long); double fabs(double); double ldexp(double, int); int toupper(int);
  size_t strlen(const char *); char *strchr(const char *, int); int memcmp(const void *, const void *, size_t);
  int atoi(const char *); long strtol(const char *, char **, int); unsigned long long strtoull(const char *, char **, int);
  int snprintf(char *, size_t, const char *, ...);
  struct int_division { int quot, rem; } div(int, int);
  struct long_division { long quot, rem; } ldiv(long, long);
  void qsort(void *, size_t, size_t, int (*)(const int *, const int *));
]]

local known = {}
for name in pairs(_G) do known[name] = true end

-- Runs one program and forgets the globals that it made.
return function(index, source)
  print('@ ' .. index)
  local chunk, message = loadstring(source, '=program')
  if chunk then
    print('end', show((select(2, pcall(chunk)))))
  else
    print('refused', message)
  end
  local mine = {}
  for name in pairs(_G) do
    if not known[name] then mine[#mine + 1] = name end
  end
  for i = 1, #mine do _G[mine[i]] = nil end
end
