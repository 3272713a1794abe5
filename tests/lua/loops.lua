-- Loops of every kind, with branches that change late.
local s = 0
for i = 1, 1000 do s = s + i end print(s)
s = 0 for i = 10, 1, -1 do s = s * 2 + i end print(s)
for i = 1, 0 do print('never') end
for i = 1, 3, 0.5 do io.write(i, ' ') end print()
for i = 0.1, 1, 0.3 do io.write(('%.1f'):format(i), ' ') end print()
local i, n = 1, 0
while i <= 1000 do if i % 3 == 0 then n = n + i elseif i % 5 == 0 then n = n - i else n = n + 1 end i = i + 1 end print(n)
repeat i = i - 7 local done = i < 10 until done print(i)
local t = {}
for j = 1, 200 do t[j] = j % 7 end
local c = {}
for _, v in ipairs(t) do c[v] = (c[v] or 0) + 1 end
for v = 0, 6 do io.write(c[v], ' ') end print()
local keys = {}
for k, v in pairs({a = 1, b = 2, c = 3, 10, 20, 30}) do keys[#keys + 1] = tostring(k) .. '=' .. v end
table.sort(keys) print(table.concat(keys, ' '))
local x = 0
for a = 1, 30 do for b = 1, 30 do if b > a then break end x = x + a * b end end print(x)
local y = 0
for a = 1, 1000 do local v = a > 500 and 'x' or a if type(v) == 'number' then y = y + v else y = y + 1 end end print(y)
local z = 0
for a = 1, 100 do for b = 1, 10 do if b == 5 then goto continue end z = z + b ::continue:: end end print(z)
local big = 0
for a = 2 ^ 31 - 50, 2 ^ 31 + 50 do big = big + a end print(('%.0f'):format(big))
local str = 0
for a = 1, 100 do local v = a < 60 and a or tostring(a) str = str + v end print(str)
local nan = 0 / 0
local cnt = 0
for a = 1, 100 do if nan < a then cnt = cnt + 1 end if not (nan > a) then cnt = cnt + 2 end if nan ~= nan then cnt = cnt + 4 end end print(cnt)
local m = 0
for a = -50, 50 do m = m + a % 7 + a % -7 + (-a) % 3.5 end print(m)
local f = 0
for a = 1, 100 do f = f + math.floor(a / 3) * math.max(a, 50) + math.sqrt(a * a) + math.abs(-a) + math.min(a, 3) end print(f)
local bits = 0
for a = 1, 200 do bits = bit.bxor(bits, bit.lshift(a, a % 32)) bits = bit.rol(bits, 3) + bit.band(a, 15) bits = bit.tobit(bits) end print(bits)
local w = {}
for a = 1, 100 do w[#w + 1] = a * a end for a = 1, 50 do w[#w] = nil end print(#w, w[#w], w[51])
local neg = 0 for a = 1, 10 do neg = -neg end print(1 / neg)
for a = 1, 3 do local q = a; a = 10; io.write(q, ' ') end print()
