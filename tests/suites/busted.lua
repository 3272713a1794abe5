-- As much of the test framework busted as the specs of plain libraries use, in one file, so that nothing must be installed to run them.
--
--     moonwake busted.lua spec/a_spec.lua spec/b_spec.lua
--
-- It prints a line for each test that fails and one with the counts, and exits with 1 if any failed. `pending` tests are counted apart.

local passed, failed, skipped = 0, 0, 0
local path, hooks = {}, {} -- names of the groups around, and their before_each and after_each

-- `within` holds the pairs that are being compared further out, which are taken to be the same when they are met again in a cycle.
local function same(a, b, within)
  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b or a ~= a and b ~= b end
  within = within or {}
  if within[a] == b then return true end
  within[a] = b
  for k, v in pairs(a) do
    if not same(v, b[k], within) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

local spied

local function show(v)
  return type(v) == 'string' and ('%q'):format(v) or tostring(v)
end

-- What follows `assert.`, as functions that tell whether their arguments are as they should be.
local is = {
  equal = function(a, b) return a == b end,
  same = function(a, b) return same(a, b) end,
  ['true'] = function(v) return v == true end,
  ['false'] = function(v) return v == false end,
  ['nil'] = function(v) return v == nil end,
  truthy = function(v) return not not v end,
  falsy = function(v) return not v end,
  less = function(a, b) return a < b end,
  greater = function(a, b) return b < a end,
  error = function(f, expected)
    local ok, message = pcall(f)
    if ok or expected == nil then return not ok end
    -- luassert compares without the position in front of the message.
    return same(message, expected) or type(message) == 'string' and message:gsub('^.-:%d+: ', '', 1) == expected
  end,
  error_matches = function(f, pattern)
    local ok, message = pcall(f)
    return not ok and tostring(message):find(pattern) ~= nil
  end,
  unique = function(t)
    local seen = {}
    for _, v in pairs(t) do
      if seen[v] then return false end
      seen[v] = true
    end
    return true
  end,
}
is.equals, is.errors, is.has_error, is.is_error = is.equal, is.error, is.error, is.error
for _, kind in ipairs { 'table', 'string', 'number', 'function', 'boolean', 'userdata', 'thread' } do
  is[kind] = function(v) return type(v) == kind end
end

-- `assert.are.equal`, `assert.is_true`, `assert.is_not.equal`, `assert.not_less` and so on.
local function assertion(negated)
  return setmetatable({}, {
    __index = function(_, name)
      if name == 'spy' then return spied end
      if name == 'is' or name == 'are' or name == 'has' then return assertion(negated) end
      if name == 'is_not' or name == 'are_not' or name == 'no' or name == 'has_no' then return assertion(not negated) end
      local plain = is[name] and name or name:gsub('^is_', ''):gsub('^are_', '')
      local inner = plain:match '^not_(.*)' or plain:match '^no_(.*)'
      if inner then return assertion(not negated)[inner] end
      local check = is[plain]
      if not check then error('the assertion ' .. name .. ' is not known here', 2) end
      return function(...)
        if not check(...) == not negated then
          local shown = {}
          for i = 1, select('#', ...) do shown[i] = show((select(i, ...))) end
          error(('%s%s: %s'):format(negated and 'not ' or '', name, table.concat(shown, ', ')), 2)
        end
        return ...
      end
    end,
    __call = function(_, value, ...)
      if not value then error(... or 'assertion failed!', 2) end
      return value, ...
    end,
  })
end

-- `spy.new(f)` counts its calls; `assert.spy(s).called(n)` compares the count.
spy = {
  new = function(f)
    return setmetatable({ calls = 0 }, { __call = function(self, ...)
      self.calls = self.calls + 1
      return f(...)
    end })
  end,
}
function spied(s)
  return { called = function(n)
    if s.calls ~= n then error(('called %d times, not %d'):format(s.calls, n), 2) end
  end }
end

function describe(name, body)
  path[#path + 1], hooks[#hooks + 1] = name, { before = {}, after = {} }
  body()
  path[#path], hooks[#hooks] = nil, nil
end

function it(name, body)
  local final
  function finally(f) final = f end
  local ok, message = xpcall(function()
    for _, level in ipairs(hooks) do
      for _, f in ipairs(level.before) do f() end
    end
    if body then body() end
  end, function(m) return debug.traceback(tostring(m), 2) end)
  for i = #hooks, 1, -1 do
    for _, f in ipairs(hooks[i].after) do f() end
  end
  if final then final() end
  if ok then
    passed = passed + 1
  else
    failed = failed + 1
    print(('FAILED %s %s\n  %s'):format(table.concat(path, ' '), name, message))
  end
end

function pending() skipped = skipped + 1 end
function before_each(f) table.insert(hooks[#hooks].before, f) end
function after_each(f) table.insert(hooks[#hooks].after, f) end
function setup(f) f() end
function teardown() end
context, test, spec = describe, it, it

-- Modules that specs ask for: the framework itself, its assertions, to which specs add, and one that only watches.
local function module(name, value) package.preload[name] = function() return value end end
module('luassert', setmetatable({
  register = function(_, kind, name, check)
    if kind == 'assertion' then is[name] = function(...) return check({}, { n = select('#', ...), ... }) end end
  end,
}, {
  __index = function(_, name) return assertion(false)[name] end,
  __call = function(_, ...) return assertion(false)(...) end,
}))
module('say', { set = function() end })
module('busted', setmetatable({}, { __index = _G }))
module('busted.runner', function() end)
module('luacov', {})

local files = { ... }
for _, file in ipairs(files) do
  assert = assertion(false)
  hooks, path = { { before = {}, after = {} } }, { file }
  _G.assert(loadfile(file))()
end
print(('%d passed, %d failed, %d pending'):format(passed, failed, skipped))
os.exit(failed == 0 and passed > 0)
