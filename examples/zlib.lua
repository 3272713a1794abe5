-- Compresses a text with zlib and gets it back: buffers allocated here and filled there, a length passed by reference, and a
-- hot loop of checksums.
local ffi = require 'ffi'

-- A library is called by its plain name where its development files are installed, by its versioned one elsewhere.
local found, z = pcall(ffi.load, 'z')
if not found then found, z = pcall(ffi.load, 'libz.so.1') end
if not found then
  print('skipped: zlib is not installed')
  return
end

ffi.cdef [[
  typedef unsigned char Bytef;
  typedef unsigned int uInt;
  typedef unsigned long uLong;
  typedef uLong uLongf;
  const char *zlibVersion(void);
  uLong compressBound(uLong sourceLen);
  int compress2(Bytef *dest, uLongf *destLen, const Bytef *source, uLong sourceLen, int level);
  int uncompress(Bytef *dest, uLongf *destLen, const Bytef *source, uLong sourceLen);
  uLong crc32(uLong crc, const Bytef *buf, uInt len);
]]

local function compress(text)
  local room = z.compressBound(#text)
  local buffer, length = ffi.new('Bytef[?]', room), ffi.new('uLongf[1]', room)
  local status = z.compress2(buffer, length, text, #text, 9)
  assert(status == 0, 'compress2 returned ' .. status)
  return ffi.string(buffer, length[0])
end

local function uncompress(packed, size)
  local buffer, length = ffi.new('Bytef[?]', size), ffi.new('uLongf[1]', size)
  local status = z.uncompress(buffer, length, packed, #packed)
  assert(status == 0, 'uncompress returned ' .. status)
  return ffi.string(buffer, length[0])
end

local text = string.rep('The moon leaves a bright trace on water. ', 2500)
local packed = compress(text)
print(string.format('zlib %s: %d bytes became %d', ffi.string(z.zlibVersion()), #text, #packed))
assert(#packed < #text / 50, 'that is a poor compression')
assert(uncompress(packed, #text) == text, 'the text did not come back')

-- A checksum taken byte by byte is that of the whole: one native call per iteration.
local whole = z.crc32(0, text, #text)
local bytes, crc = ffi.cast('const Bytef *', text), z.crc32(0, nil, 0)
local start = os.clock()
for i = 0, #text - 1 do
  crc = z.crc32(crc, bytes + i, 1)
end
local seconds = os.clock() - start
print(string.format('crc32 %08x, %d calls in %.1f ms', tonumber(crc), #text, seconds * 1e3))
assert(crc == whole, 'the checksums differ')

-- Bad data is refused by a status, not by a crash.
local room = ffi.new('uLongf[1]', 100)
local status = z.uncompress(ffi.new('Bytef[100]'), room, 'this is not compressed', 22)
print('garbage is refused with status ' .. status)
assert(status == -3, 'Z_DATA_ERROR was expected')
