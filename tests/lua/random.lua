-- `math.random` with every form of bounds, in a loop: the same seed gives the same sequence. Bounds near 2^53 show each rounding.
math.randomseed(7)
local numbers = {}
local function add(number) numbers[#numbers + 1] = number end
for i = 1, 300 do
  add(math.random())
  add(math.random(6))
  add(math.random(i % 3))
  add(math.random(0.7))
  add(math.random('7'))
  add(math.random(2 ^ 53 + i))
  add(math.random(-5, -9))
  add(math.random(1.5, i))
  add(math.random(3, 2 ^ 52 + i, 9))
  add(math.random(0.1, 0.4))
end
local sum = 0
for _, number in ipairs(numbers) do sum = (sum * 31 + number) % 1e9 end
print(#numbers, ('%.17g'):format(sum))
for i = 2991, 3000 do print(('%.17g'):format(numbers[i])) end
print(pcall(math.random, 'x'))
