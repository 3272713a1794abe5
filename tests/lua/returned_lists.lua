-- Mutual recursion that returns lists of values: what compiled code returns to which caller.
local compilers, compile = {}
function compile(pt, cache)
  local kind = pt.kind
  if kind == 'seq' or kind == 'alt' then
    if not cache[pt] then cache[pt] = compilers[kind](pt, cache) end
    return cache[pt]
  end
  if not pt.compiled then pt.compiled = compilers[kind](pt, cache) end
  return pt.compiled
end
local function flatten(kind, pt, cache)
  if pt[2].kind == kind then
    return compile(pt[1], cache), flatten(kind, pt[2], cache)
  else
    return compile(pt[1], cache), compile(pt[2], cache)
  end
end
function compilers.seq(pt, cache)
  local all = {flatten('seq', pt, cache)}
  return '(' .. table.concat(all, ' ') .. ')'
end
function compilers.alt(pt, cache)
  local all = {flatten('alt', pt, cache)}
  return '[' .. table.concat(all, '|') .. ']'
end
function compilers.set(pt) local s = pt.aux return s end
compilers.char = compilers.set
function compilers.star(pt, cache) local inner = compile(pt.pattern, cache) return inner .. '*' end
local seed = 7
local function random(n) seed = (seed * 1103515245 + 12345) % 2^31 return math.floor(seed / 65536) % n end
local count = 0
local function tree(depth)
  local r = random(depth > 5 and 2 or 7)
  if r == 0 then count = count + 1 return {kind = 'set', aux = 's' .. count} end
  if r == 1 then count = count + 1 return {kind = 'char', aux = 'c' .. count} end
  if r == 2 then return {kind = 'star', pattern = tree(depth + 1)} end
  local kind = r < 5 and 'seq' or 'alt'
  return {kind = kind, tree(depth + 1), tree(depth + 1)}
end
local function plain(pt)
  if pt.aux then return pt.aux end
  if pt.kind == 'star' then return plain(pt.pattern) .. '*' end
  local kind, parts = pt.kind, {}
  while pt.kind == kind do parts[#parts + 1] = plain(pt[1]) pt = pt[2] end
  parts[#parts + 1] = plain(pt)
  return (kind == 'seq' and '(' or '[') .. table.concat(parts, kind == 'seq' and ' ' or '|') .. (kind == 'seq' and ')' or ']')
end
jit.off(plain) jit.off(tree)
local wrong = 0
for i = 1, 300 do
  local t = tree(0)
  local got, expected = compile(t, {}), plain(t)
  if got ~= expected then
    wrong = wrong + 1
    if wrong < 3 then print(i, got, expected) end
  end
end
print('wrong', wrong)
