-- Table functions.

local check = dofile("support/check.lua")
local shows, fails, fails_in, count = check.shows, check.fails, check.fails_in, check.count
local concat = table.concat

shows("123 1,2,3 2,3 2", concat({ 1, 2, 3 }), concat({ 1, 2, 3 }, ","), concat({ 1, 2, 3 }, ",", 2), concat({ 1, 2, 3 }, ",", 2, 2))
shows("|", concat({}, ",") .. "|")
shows("1.52e+20 152", concat({ 1.5, 2e20 }), concat({ 1, 2 }, 5))
fails("invalid value (table) at index 2 in table for 'concat'", concat, { 1, {}, 3 })
fails("invalid value (nil) at index 3 in table for 'concat'", concat, { 1, 2 }, ",", 1, 3)
fails_in("t:1: invalid value (boolean) at index 1 in table for 'concat'", "table.concat({true})")
fails("bad argument #1 to '?' (table expected, got no value)", concat)

local function inserted(...)
  local t = { 1, 2, 3 }
  table.insert(t, ...)
  return concat(t, ",")
end
shows("1,2,3,9 1,9,2,3 1,2,3,9 9,1,2,3", inserted(9), inserted(2, 9), inserted(4, 9), inserted(1.9, 9))
fails("wrong number of arguments to 'insert'", table.insert, {})
fails("wrong number of arguments to 'insert'", table.insert, {}, 1, 2, 3)
fails("bad argument #2 to '?' (number expected, got string)", table.insert, {}, "x", 9)
fails_in("t:1: bad argument #1 to 'insert' (table expected, got nil)", "table.insert(nil, 1)")

local t = { 1, 2, 3, 4, 5 }
shows("5 1 3", table.remove(t), table.remove(t, 1), table.remove(t, 2))
shows("2,4", concat(t, ","))
shows("0 0 0", count(table.remove({})), count(table.remove({ 1 }, 5)), count(table.remove({ 1 }, 0)))
shows("2 1", table.remove({ 1, 2 }, nil), table.getn({ 7 }))
fails("bad argument #1 to '?' (table expected, got nil)", table.remove)

shows("10 0 3", table.maxn({ 1, 2, [10] = 5, [1.5] = 1, x = 1 }), table.maxn({}), table.maxn({ [3] = 1 }))

local seen = {}
shows("", table.foreach({ 5, 6 }, function(k, v) seen[#seen + 1] = k .. ":" .. v end))
shows("found 2", table.foreachi({ 5, 6 }, function(i, v) seen[#seen + 1] = i .. "=" .. v if v == 6 then return "found" end end), 2)
shows("1:5 2:6 1=5 2=6", concat(seen, " "))
fails("bad argument #2 to '?' (function expected, got nil)", table.foreach, {})

local function moved(...)
  return concat(table.move(...), ",")
end
shows("1,1,2,3 2,3,3 1,2,3 1,2,3", moved({ 1, 2, 3 }, 1, 3, 2), moved({ 1, 2, 3 }, 2, 3, 1), moved({ 1, 2, 3 }, 1, 0, 5),
  moved({ 1, 2, 3 }, 1, 3, 1, {}))
local silent = table.move(setmetatable({ 1, 2 }, { __index = error, __newindex = error }), 1, 2, 5)
shows("nil 1 2", rawget(silent, 3), rawget(silent, 5), rawget(silent, 6))
fails("bad argument #2 to '?' (number expected, got nil)", table.move, {})
fails("bad argument #5 to '?' (table expected, got number)", table.move, { 1 }, 1, 1, 1, 5)

-- sort
local function sorted(list, less)
  table.sort(list, less)
  return concat(list, ",")
end
shows("1,2,3 a,b,c 3,2,1", sorted({ 3, 1, 2 }), sorted({ "c", "a", "b" }), sorted({ 3, 1, 2 }, function(a, b) return a > b end))
local calls = {}
table.sort({ 5, 3, 8, 1, 9, 2, 7 }, function(a, b) calls[#calls + 1] = a .. ":" .. b return a < b end)
shows("7:5 1:5 3:5 8:5 5:9 5:2 8:5 5:2 7:9 8:7 9:8 2:1 3:1 2:3", concat(calls, " "))
fails("attempt to compare string with number", table.sort, { 1, "x" })
fails("attempt to compare two table values", table.sort, { {}, {} })
fails("invalid order function for sorting", table.sort, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function() return true end)
fails("bad argument #2 to '?' (function expected, got number)", table.sort, { 3, 1, 2 }, 5)
local less = { __lt = function(a, b) return a.n < b.n end }
local objects = {}
for i = 1, 50 do objects[i] = setmetatable({ n = i * 7 % 50 }, less) end
table.sort(objects)
for i = 2, 50 do assert(objects[i - 1].n <= objects[i].n) end
local random = {}
for i = 1, 2000 do random[i] = (i * 7919) % 2003 end
table.sort(random, function(a, b) return a > b end)
for i = 2, 2000 do assert(random[i - 1] >= random[i]) end
local guarded = setmetatable({ 3, 2, 1 }, { __newindex = error, __index = error })
table.sort(guarded, function(a, b) return a < b end)
shows("1,2,3", concat(guarded, ","))
