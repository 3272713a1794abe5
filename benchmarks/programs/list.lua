-- Lists built, walked and turned round: appending to an array, a chain of small tables, and the garbage of both.
local rounds = tonumber(arg[1]) or 30
local count = 100000

local function squares()
  local list = {}
  for i = 1, count do
    list[#list + 1] = i * i % 1009
  end
  return list
end

local function chain(list)
  local head
  for i = 1, #list do
    head = { value = list[i], next = head }
  end
  return head
end

local function reverse(head)
  local before
  while head do
    local after = head.next
    head.next = before
    before, head = head, after
  end
  return before
end

local sum = 0
for _ = 1, rounds do
  local node = reverse(chain(squares()))
  local place = 0
  while node do
    place = place + 1
    sum = (sum + node.value * place) % 1000003
    node = node.next
  end
end
print(string.format("%d", sum))
