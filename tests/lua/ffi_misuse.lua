-- Every function of the FFI, and every operation on C values, with arguments of every kind: what each gives, or how it refuses.
-- The kinds that give the same stand on one line.
local ffi = require 'ffi'
ffi.cdef [[
struct s { int a; double b; char c[4]; };
struct t { int a; };
union u { int i; float f; };
struct incomplete;
enum e { EA, EB = 5 };
struct tail { int n; int d[?]; };
int abs(int); double sin(double); size_t strlen(const char *); int snprintf(char *, size_t, const char *, ...);
]]
local C = ffi.C
local kinds = {
  { 'nil', nil }, { 'true', true }, { 'false', false }, { '0', 0 }, { '-1', -1 }, { '1.5', 1.5 }, { '"str"', 'str' }, { '""', '' },
  { '{}', {} }, { '{1,2}', { 1, 2 } }, { '{a=1}', { a = 1 } }, { 'function', function() end }, { 'thread', coroutine.create(print) },
  { 'userdata', newproxy() }, { 'int', ffi.new('int') }, { 'int[3]', ffi.new('int[3]') }, { 'struct', ffi.new('struct s') },
  { 'other struct', ffi.new('struct t') }, { 'void*', ffi.new('void *') }, { 'union', ffi.new('union u') }, { '1LL', 1LL }, { '1ULL', 1ULL },
  { 'enum', ffi.new('enum e', 5) }, { 'ctype', ffi.typeof('int') }, { 'double', ffi.new('double', 3.5) }, { 'complex', ffi.new('complex', 1, 2) },
  { 'char[4]', ffi.new('char[4]', 'abc') }, { 'C function', C.abs }, { 'namespace', C }, { 'bool', ffi.new('bool', true) },
  { 'float', ffi.new('float', 0.5) }, { 'const char*', ffi.new('const char *', 'literal') }, { 'int*', ffi.new('int *') },
}
local count = #kinds
local functions = {
  { 'new(?)', function(v) return ffi.new(v) end },
  { 'new int', function(v) return ffi.new('int', v) end },
  { 'new int[?]', function(v) return ffi.sizeof(ffi.new('int[?]', v)) end },
  { 'new struct', function(v) return ffi.new('struct s', v).a end },
  { 'new int[2]', function(v) return ffi.new('int[2]', v)[1] end },
  { 'new int*', function(v) return ffi.new('int *', v) end },
  { 'new const char*', function(v) return ffi.new('const char *', v) end },
  { 'new char[4]', function(v) return ffi.string(ffi.new('char[4]', v)) end },
  { 'new union', function(v) return ffi.new('union u', v).i end },
  { 'new enum', function(v) return ffi.new('enum e', v) end },
  { 'new bool', function(v) return ffi.new('bool', v) end },
  { 'new uint8_t', function(v) return tonumber(ffi.new('uint8_t', v)) end },
  { 'new int64_t', function(v) return ffi.new('int64_t', v) end },
  { 'new tail', function(v) return ffi.new('struct tail', v).n end },
  { 'new incomplete', function(v) return ffi.new('struct incomplete', v) end },
  { 'cast int*', function(v) return ffi.typeof(ffi.cast('int *', v)) end },
  { 'cast struct', function(v) return ffi.cast('struct s', v) end },
  { 'cast enum', function(v) return ffi.typeof(ffi.cast('enum e', v)) end },
  { 'cast bool', function(v) return ffi.cast('bool', v) end },
  { 'typeof', function(v) return ffi.typeof(v) end },
  { 'sizeof', function(v) return ffi.sizeof(v) end },
  { 'alignof', function(v) return ffi.alignof(v) end },
  { 'offsetof(?, a)', function(v) return ffi.offsetof(v, 'a') end },
  { 'offsetof(s, ?)', function(v) return ffi.offsetof('struct s', v) end },
  { 'istype(int, ?)', function(v) return ffi.istype('int', v) end },
  { 'istype(?, 1)', function(v) return ffi.istype(v, 1) end },
  { 'gc(?, nil)', function(v) return ffi.typeof(ffi.gc(v, nil)) end },
  { 'gc(int, ?)', function(v) return ffi.typeof(ffi.gc(ffi.new('int'), v)) end },
  { 'string(?, 0)', function(v) return ffi.string(v, 0) end },
  { 'abi', function(v) return ffi.abi(v) end },
  { 'metatype(?)', function(v) return ffi.metatype(v, {}) and 'made' end },
  { 'metatype(s, ?)', function(v) return ffi.metatype('struct incomplete', v) and 'made' end },
  { 'abs', function(v) return C.abs(v) end },
  { 'sin', function(v) return C.sin(v) end },
  { 'tonumber', function(v) return tonumber(v) end },
  { 's.a = ?', function(v) local s = ffi.new('struct s'); s.a = v; return s.a end },
  { 's.c = ?', function(v) local s = ffi.new('struct s'); s.c = v; return ffi.string(s.c) end },
  { 's[?] = 1', function(v) local s = ffi.new('struct s'); s[v] = 1; return s.a end },
  { 's[?]', function(v) local s = ffi.new('struct s'); return s[v] end },
  { 'array[0] = ?', function(v) local a = ffi.new('int[3]'); a[0] = v; return a[0] end },
  { '? + 1LL', function(v) return v + 1LL end },
  { '6LL / ?', function(v) return 6LL / v end },
  { '7ULL % ?', function(v) return 7ULL % v end },
  { '2LL ^ ?', function(v) return 2LL ^ v end },
  { '1LL < ?', function(v) return 1LL < v end },
  { '1LL == ?', function(v) return 1LL == v end },
  { '? == NULL', function(v) return v == ffi.new('void *') end },
  { 'p + ?', function(v) return ffi.typeof(ffi.new('int *') + v) end },
  { 'p < ?', function(v) return ffi.new('int *') < v end },
  { '-?', function(v) return tonumber(-v) end },
  { '#?', function(v) return #v end },
  { '? .. 1LL', function(v) return v .. 1LL end },
  { '?()', function(v) local r = v(); return r end },
  { 'strlen', function(v) return C.strlen(v) end },
  { 'fill(buffer, ?)', function(v) return ffi.fill(ffi.new('char[10]'), v) end },
  { 'fill(buffer, 1, ?)', function(v) return ffi.fill(ffi.new('char[10]'), 1, v) end },
  { 'copy(?)', function(v) return ffi.copy(v, 'abc', 0) end },
  { 'copy(buffer, ?)', function(v) return ffi.copy(ffi.new('char[10]'), v, 0) end },
  { 'band', function(v) return bit.band(v, 1LL) end },
  { 'lshift', function(v) return bit.lshift(1LL, v) end },
  { 'tohex', function(v) return bit.tohex(v) end },
  { 'snprintf', function(v) return C.snprintf(nil, 0, '%p', v) > 0 end },
}

-- What would read memory that is not there.
local wild = { ['strlen'] = { ['nil'] = true, ['void*'] = true, userdata = true, namespace = true }, ['?()'] = { thread = true } }

for _, f in ipairs(functions) do
  local name, run, results, names = f[1], f[2], {}, {}
  for i = 1, count do
    local kind, value = kinds[i][1], kinds[i][2]
    if not (wild[name] and wild[name][kind]) then
      local ok, result = pcall(run, value)
      local text = (ok and '= ' or '! ') .. tostring(result):gsub('0x%x+', 'ADDRESS'):gsub('^[^:]+:%d+: ', ''):gsub('[^ -~]', '~')
      if not names[text] then
        names[text] = {}
        results[#results + 1] = text
      end
      table.insert(names[text], kind)
    end
  end
  for _, text in ipairs(results) do print(name, text, table.concat(names[text], ', ')) end
end

-- A wrong argument in a loop that is compiled by then.
local function late(name, run, good, bad)
  local done = 0
  local ok, err = pcall(function()
    for i = 1, 200 do
      local value = good
      if i == 150 then value = bad end
      run(value)
      done = i
    end
  end)
  print(name, done, ok, ok or tostring(err):gsub('^[^:]+:%d+: ', ''))
end
local array, struct, buffer = ffi.new('int[4]'), ffi.new('struct s'), ffi.new('char[16]')
late('argument', function(v) return C.abs(v) end, 5, 'five')
late('argument', function(v) return C.abs(v) end, 5, nil)
late('argument', function(v) return C.sin(v) end, 0.5, {})
late('argument', function(v) return C.strlen(v) end, 'text', 5)
late('argument', function(v) return C.strlen(v) end, buffer, struct)
late('variadic', function(v) return C.snprintf(buffer, 16, '%g', v) end, 0.5, {})
late('count', function(v) return v and C.abs(1, v) or C.abs(1) end, nil, 2)
late('element', function(v) array[1] = v end, 1, 'one')
late('index', function(v) return array[v] end, 1, 'one')
late('member', function(v) struct.a = v end, 1, array)
late('name', function(v) return struct[v] end, 'a', 'z')
late('name', function(v) struct[v] = 1 end, 'a', 'z')
late('sum', function(v) return 1LL + v end, 2LL, struct)
late('sum', function(v) return 1LL + v end, 2LL, nil)
late('order', function(v) return 1LL < v end, 2LL, struct)
late('order', function(v) return 1LL < v end, 2LL, 'x')
late('cast', function(v) return ffi.cast('int *', v) end, array, {})
late('new', function(v) return ffi.new('struct s', v) end, 1, print)
late('new', function(v) return ffi.new('int[?]', v) end, 1, -1)
late('type', function(v) return ffi.new(v) end, 'int', 'nonsense')
late('string', function(v) return ffi.string(v) end, 'text', 1)
late('fill', function(v) ffi.fill(buffer, v) end, 1, -1)
late('copy', function(v) ffi.copy(buffer, v) end, 'text', nil)
late('call', function(v) return v(1) end, C.abs, struct)
late('call', function(v) return v.a end, struct, 1LL)
late('symbol', function(v) return C[v] end, 'abs', 'undeclared')
late('null', function(v) return v(1) end, C.abs, ffi.cast('int (*)(int)', nil))
