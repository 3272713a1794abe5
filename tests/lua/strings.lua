-- String functions and lists in hot loops: what is a load, a helper or a move of memory there must be what the functions do.

-- One byte: in the string, at its ends, beyond them, from the end.
local s = "hello, world"
local parts = {}
for i = -14, 14 do parts[#parts + 1] = s:sub(i, i) .. "|" .. tostring((s:byte(i))) end
print(table.concat(parts, " "))
local function pieces(text)
  local t = {}
  for round = 1, 20 do
    for i = 1, #text + 2 do t[i] = text:sub(i, i) end
  end
  return table.concat(t, ".")
end
print(pieces("abcdefghij"), #pieces("\0\255\n"), pieces(""))

-- The same keys and values whether a string came from a byte or not.
local counts = {}
for round = 1, 50 do
  for i = 1, #s do
    local c = s:sub(i, i)
    counts[c] = (counts[c] or 0) + 1
  end
end
print(counts.l, counts.o, counts[","], counts["\104"], rawequal(s:sub(1, 1), "h"), s:sub(1, 1) == string.char(104))

-- More keys than a shape takes, and keys that come and go.
local many = {}
for i = 1, 3000 do
  local key = ("key" .. i % 300):sub(1, -1)
  many[key] = (many[key] or 0) + 1
  if i % 7 == 0 then many["key" .. i % 50] = nil end
end
local sum, n = 0, 0
for _, v in pairs(many) do sum, n = sum + v, n + 1 end
print(sum, n)

-- Pieces put together: strings and numbers, short and long, some of them the same on each turn.
local long = ("0123456789"):rep(30)
local lengths, last = 0, nil
for i = 1, 300 do
  local a, b, c = long .. i, i .. long .. i * 0.5, "x" .. i .. "y"
  local d = long .. "-" .. long .. "-" .. i .. "-" .. long .. i
  local same = "a" .. s .. "b" .. "c"
  lengths = lengths + #a + #b + #c + #d + #same
  last = a:sub(-8) .. " " .. b:sub(-8) .. " " .. c .. " " .. d:sub(300, 306) .. d:sub(-5) .. " " .. same
end
print(lengths, last)
for _, separator in ipairs { "", "-", ", " } do print(("ab"):rep(5, separator), ("x"):rep(1, separator), #("abc"):rep(1000, separator)) end

-- Bytes to strings.
local made = {}
for i = 0, 299 do
  local ok, text = pcall(string.char, 65 + i % 26, 97 + i % 26)
  made[i % 26 + 1] = text
end
print(table.concat(made))
local caught = 0
for i = 200, 300 do
  local ok = pcall(string.char, i)
  if not ok then caught = caught + 1 end
end
print(caught, #string.char(0, 1, 2, 3, 4, 5), string.char():len())

-- Letters.
local upper, lower, reverse
for i = 1, 200 do
  upper, lower, reverse = s:upper() .. i, (s .. "ÄÖ"):lower() .. i, (s .. i):reverse()
end
print(upper, lower, reverse)

-- Plain searches from all places.
local found = {}
for i = -15, 15 do
  local from, to = s:find("o", i, true)
  local from2, to2 = s:find("lo, w", i)
  found[#found + 1] = ("%s:%s:%s:%s"):format(from, to, from2, to2)
end
print(table.concat(found, " "))
local hay = ("ab"):rep(500) .. "abc"
local places = 0
for i = 1, 200 do places = places + (hay:find("abc", i, true)) + (hay:find("ba", i)) + (hay:find("", i, true)) + select("#", hay:find("zz", i, true)) end
print(places)

-- A sequence of random numbers is the same whether it is drawn by compiled code or not.
math.randomseed(7)
local drawn = 0
for i = 1, 1000 do drawn = drawn + math.random() * 8 + math.random(10) + math.random(-5, 5) end
print(("%.10f"):format(drawn), math.random(100), pcall(math.random, "x"))

-- Substitution by functions and tables with __index.
local function double(a, b) return b and a .. b or a .. a end
for i = 1, 100 do
  local r1, n1 = s:gsub("%w+", double)
  local r2, n2 = s:gsub("(%w)(%w)", double)
  local r3, n3 = s:gsub("%w+", setmetatable({}, { __index = function(_, k) return k == "world" and 5 or nil end }))
  if i == 100 then print(r1, n1, r2, n2, r3, n3) end
end
print(("abc"):gsub("", function() return "-" end), ("abc"):gsub("b", function() end, 5), ("abc"):gsub("%w", function(c) return c:byte() end, 2))
print(pcall(string.gsub, "abc", "b", function() return {} end))

-- Lists that grow and shrink in the middle.
local list = {}
for i = 1, 200 do table.insert(list, #list % 3 + 1, i) end
for i = 1, 60 do table.insert(list, 50, { i }) table.remove(list, 40 + i % 20) end
local items = {}
for i = 1, #list, 9 do items[#items + 1] = type(list[i]) == "table" and "{" .. list[i][1] .. "}" or list[i] end
print(#list, table.concat(items, " "))
local holes = { 1, 2, 3, 4, 5 }
table.insert(holes, 3, nil)
print(#holes, holes[2], holes[3], holes[4], holes[6], table.remove(holes, 3), #holes, holes[3])
local mixed = { 10, 20, 30, x = 1 }
mixed[0.5] = 2
table.insert(mixed, 2, 15)
print(mixed[2], mixed[4], mixed.x, mixed[0.5], table.remove(mixed, 1), mixed[1], #mixed)

-- ipairs sees what its list becomes.
local seen = {}
local changing = { 1, 2, 3 }
for i, v in ipairs(changing) do
  seen[#seen + 1] = i .. "=" .. v
  if i < 40 then changing[i + 3] = i * 10 end
end
print(#seen, seen[1], seen[20], seen[#seen])
print(select("#", ipairs {}), pcall(ipairs), pcall(ipairs({}), nil, 1))

-- Numbers as text.
local texts = {}
for i = -20, 20 do texts[#texts + 1] = tostring(i / 4) .. " " .. ("%.3f %.14g %g %5.1f|%-8.2f|%+d"):format(i / 7, i / 7, i * 1e5, i, i / 3, i) end
print(table.concat(texts, "\n"))
