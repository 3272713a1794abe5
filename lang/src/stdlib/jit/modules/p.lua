-- `jit.p`: a profiler on top of `jit.profile`, for scripts and for `-jp`.
--
-- Samples are added up in a tree of one or two levels: functions and their lines, functions and the machine's states, zones and
-- functions, as the mode says. `stop`, or the end of the program, prints it.
--
-- Reference: the page on the profiler in LuaJIT's documentation.
local profile = require 'jit.profile'
local format, floor = string.format, math.floor

local STATES = {
  N = 'Compiled',
  I = 'Interpreted',
  C = 'C code',
  G = 'Garbage Collector',
  J = 'JIT Compiler',
}

-- The settings of a mode such as `3vfi1`. `levels` holds the letters whose levels are counted, in order.
local function settings(mode)
  local s = { levels = {}, minimum = 3, depth = 1, interval = '' }
  mode = mode:gsub('i%d+', function(interval) s.interval = interval return '' end)
  mode = mode:gsub('m(%d+)', function(percent) s.minimum = tonumber(percent) return '' end)
  mode = mode:gsub('%-?%d+', function(depth) s.depth = tonumber(depth) return '' end)
  for letter in mode:gmatch '.' do
    if letter:find '[fFlvz]' then
      s.levels[#s.levels + 1] = letter
    else
      s[letter] = true
    end
  end
  if s.G then s.depth, s.r, s.levels, s.minimum = -100, true, { s.levels[1] or 'F' }, 0 end
  if s.a or s.A then s.depth, s.levels, s.p, s.s = 1, { 'l' }, true, nil end
  if #s.levels == 0 or (s.s and not s.levels[1]:find '[fFl]') then table.insert(s.levels, 1, 'f') end
  -- What is split must have two parts.
  if s.s and s.depth > -2 and s.depth < 2 then s.depth = s.depth < 0 and -2 or 2 end
  return s
end

-- What one level is called for a sample.
local function sampler(letter, s, zone)
  if letter == 'v' then
    return function(_, state) return STATES[state] or state end
  elseif letter == 'z' then
    return function() return zone:get() or '(none)' end
  end
  local path = s.p and 'p' or ''
  local between = s.G and 'Z;' or s.depth < 0 and 'Z > ' or 'Z < '
  local pattern, depth = path .. letter .. between, s.depth
  return function(thread) return profile.dumpstack(thread, pattern, depth) end
end

-- Sums and the names by falling count.
local function sorted(counts)
  local names, total = {}, 0
  for name, count in pairs(counts) do
    names[#names + 1] = name
    total = total + count
  end
  table.sort(names, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  return names, total
end

local function add(counts, name, samples)
  counts[name] = (counts[name] or 0) + samples
end

local running

-- Prints one level of the tree, and what is below each of its names.
local function print_level(run, counts, below, indent)
  local s = run.settings
  local names, total = sorted(counts)
  for _, name in ipairs(names) do
    local count = counts[name]
    local percent = floor(count * 100 / total + 0.5)
    if percent < s.minimum then break end
    if s.G then
      run.file:write(format('%s %d\n', name, count))
    elseif s.r then
      run.file:write(format('%s%5d  %s\n', indent, count, name))
    else
      run.file:write(format('%s%2d%%  %s\n', indent, percent, name))
    end
    if below and below[name] then
      print_level(run, below[name], nil, run.inwards and '  -- ' or '  <- ')
    end
  end
end

-- Prints the lines that took time, with a few around them, or whole files.
local function print_source(run)
  local s, files = run.settings, {}
  local _, total = sorted(run.counts)
  for place, count in pairs(run.counts) do
    local name, line = place:match '^(.*):(%d+)$'
    if name and floor(count * 100 / total + 0.5) >= s.minimum then
      files[name] = files[name] or {}
      files[name][tonumber(line)] = count
    end
  end
  local names = {}
  for name in pairs(files) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local file = io.open(name)
    run.file:write(format('\n====== %s ======\n', name))
    if file then
      local function is_near(number)
        for line in pairs(files[name]) do
          if math.abs(number - line) <= 2 then return true end
        end
        return false
      end
      local number, shown = 0, false
      for text in file:lines() do
        number = number + 1
        local near = s.A or is_near(number)
        if near then
          if not shown then run.file:write(format('@@ %d @@\n', number)) end
          local count = files[name][number]
          if not count then
            run.file:write(s.r and '      | ' or '     | ', text, '\n')
          elseif s.r then
            run.file:write(format('%5d | %s\n', count, text))
          else
            run.file:write(format('%3d%% | %s\n', floor(count * 100 / total + 0.5), text))
          end
        end
        shown = near
      end
      file:close()
    else
      run.file:write('[Cannot read the file]\n')
    end
  end
end

local function stop()
  local run = running
  if not run then return end
  profile.stop()
  running = nil
  if next(run.counts) == nil then
    if not run.settings.G then run.file:write '[No samples collected]\n' end
  elseif run.settings.a or run.settings.A then
    print_source(run)
  else
    print_level(run, run.counts, run.below, '')
  end
  if run.own then run.file:close() else run.file:flush() end
end

-- start([mode [, file name]])
local function start(mode, name)
  stop()
  local s = settings(mode or 'f')
  local zone = require 'jit.zone'
  name = name or os.getenv 'LUAJIT_PROFILEFILE'
  local own = name and name ~= '-'
  local run = { settings = s, counts = {}, below = {}, own = own }
  run.file = own and assert(io.open(name, 'w')) or io.stdout
  local first = sampler(s.levels[1], s, zone)
  local second = s.levels[2] and sampler(s.levels[2], s, zone)
  -- Lines of functions, functions of zones lie within; callers and states lie around.
  run.inwards = not s.s and s.levels[2] ~= 'v' and s.levels[2] ~= 'z'
  local separator = s.depth < 0 and ' > ' or ' < '
  local function sample(thread, samples, state)
    local name, inner = first(thread, state), nil
    if s.s then
      local at, last = name:find(separator, 1, true)
      if at then name, inner = name:sub(1, at - 1), name:sub(last + 1) end
    elseif second then
      inner = second(thread, state)
    end
    add(run.counts, name, samples)
    if inner then
      run.below[name] = run.below[name] or {}
      add(run.below[name], inner, samples)
    end
  end
  running = run
  profile.start(s.levels[1]:lower():gsub('[vz]', 'f') .. s.interval, sample)
  -- The end of the program ends it.
  run.closer = newproxy(true)
  getmetatable(run.closer).__gc = stop
end

return { start = start, stop = stop }
