-- table.sort by a comparator: quicksort around the median of the first, middle and last item.
--
-- Which items are compared, and in which order, follows the published Lua 5.1 algorithm, since programs can observe it: by
-- the order that equal items end up in, and by "invalid order function for sorting".

local invalid_order = ...

local function sort(t, low, high, less)
  while low < high do
    -- Order the two ends, then the middle between them; more is not needed for up to three items.
    local first, last = t[low], t[high]
    if less(last, first) then
      t[low], t[high] = last, first
    end
    if high - low == 1 then return end
    local middle = (low + high - (low + high) % 2) / 2
    local pivot
    first, pivot = t[low], t[middle]
    if less(pivot, first) then
      t[middle], t[low] = first, pivot
    else
      last = t[high]
      if less(last, pivot) then
        t[middle], t[high] = last, pivot
      end
    end
    if high - low == 2 then return end

    -- The median goes out of the way, next to last; what is below it goes left, what is above goes right.
    pivot = t[middle]
    t[middle], t[high - 1] = t[high - 1], pivot
    local i, j = low, high - 1
    while true do
      local left, right
      i = i + 1
      left = t[i]
      while less(left, pivot) do
        if i >= high then invalid_order() end
        i = i + 1
        left = t[i]
      end
      j = j - 1
      right = t[j]
      while less(pivot, right) do
        if j <= low then invalid_order() end
        j = j - 1
        right = t[j]
      end
      if j < i then break end
      t[i], t[j] = right, left
    end
    t[high - 1], t[i] = t[i], t[high - 1]

    -- The smaller part by recursion, the larger by going on: the depth stays logarithmic.
    if i - low < high - i then
      sort(t, low, i - 1, less)
      low = i + 1
    else
      sort(t, i + 1, high, less)
      high = i - 1
    end
  end
end

local function ascending(a, b)
  return a < b
end

return function(t, count, less, target)
  sort(t, 1, count, less or ascending)
  if target then
    for i = 1, count do
      target[i] = t[i]
    end
  end
end
