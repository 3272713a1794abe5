-- ffi.typeinfo: how types are described, without the numbers that differ from machine to machine.
local ffi = require 'ffi'

-- What the lower bits of `info` are: another type's number, or a bit-field's place.
local REFERS = { [2] = true, [3] = true, [5] = true, [6] = true, [8] = true, [9] = true, [11] = true }

local function show(id, indent)
  local seen = 0
  while id do
    local t = ffi.typeinfo(id)
    local what = bit.rshift(t.info, 28)
    local info = REFERS[what] and bit.band(t.info, bit.bnot(0xffff)) or t.info
    print(indent .. bit.tohex(info), t.size, t.name)
    local other = bit.band(t.info, 0xffff)
    if REFERS[what] and other ~= 0 and #indent < 8 then show(other, indent .. '  ') end
    id, seen, indent = t.sib, seen + 1, seen == 0 and indent .. '. ' or indent
  end
end

for id = 1, 23 do
  io.write(id, ' ')
  show(id, '')
end

ffi.cdef [[
  typedef struct { int a; double b; } named_t;
  struct tagged {
    int a;
    struct { char x; int y; };
    union { int p; float q; } u;
    int f : 3; unsigned g : 5; _Bool h : 1; int whole : 32;
    char name[8]; const char *s; struct tagged *next;
  };
  enum e { A = 1, B, C = -3 };
  enum e2 { Z };
  typedef int aligned_int __attribute__((aligned(16)));
  struct packed { char c; int i; } __attribute__((packed));
  struct al { char c; aligned_int i; } __attribute__((aligned(32)));
  struct inc;
  struct vla { int n; int d[?]; };
  struct flex { int n; int d[]; };
  typedef float v4 __attribute__((vector_size(16)));
  struct st { static const int K = 5; int a; };
  struct qual { const struct { int a; }; volatile int b; const struct tagged t; };
]]
for _, text in ipairs {
  'int', 'const int', 'volatile unsigned', 'long', 'unsigned long', 'char', 'bool', 'double', 'long double', 'const void', 'complex',
  'complex float', 'int *', 'const char *', 'char * const', 'int &', 'int[4]', 'const int[4]', 'int[]', 'int[?]', 'int[2][3]',
  'struct tagged', 'named_t', 'enum e', 'enum e2', 'const enum e', 'aligned_int', 'struct packed', 'struct al', 'struct inc', 'struct vla',
  'struct flex', 'v4', 'struct st', 'const struct st', 'struct qual', 'int (*)(int x, double y)', 'int (*)(int, ...)', 'void (*)(void)',
  'int *[3]', 'struct tagged[2]', 'const volatile short', 'struct { int a; const int b; }', 'union { int a; char b[3]; }',
} do
  print('== ' .. text)
  show(tonumber(ffi.typeof(text)), '')
end
print(ffi.typeinfo(0), ffi.typeinfo(-1), ffi.typeinfo(2 ^ 30))
print(pcall(ffi.typeinfo, 'int'))

-- In a loop.
local sizes = 0
for i = 1, 100 do sizes = sizes + (ffi.typeinfo(3 + i % 10).size or 0) end
print(sizes)

-- Alignment as other compilers write it.
for _, text in ipairs {
  '__declspec(align(16)) int', 'struct { char c; __declspec(align(16)) int x; }', 'struct __declspec(align(8)) { char c; }',
  '__declspec(novtable) struct __declspec(dllimport) { char c; }',
} do
  print(text, ffi.alignof(text), ffi.sizeof(text))
end
