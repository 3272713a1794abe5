-- Calling the C library by declarations as they stand in a manual page or a header: makes a file, reads its size, deletes it,
-- and looks at what C says when it is deleted once more.
local ffi = require 'ffi'

ffi.cdef [[
  int unlink(const char *pathname);
  int access(const char *pathname, int mode);
  char *strerror(int errnum);
]]

local path = os.tmpname()
local file = assert(io.open(path, 'w'))
file:write('a file that will not live long\n')
file:close()
print(path .. (ffi.C.access(path, 0) == 0 and ' is there' or ' is missing'))

assert(ffi.C.unlink(path) == 0, 'unlink failed')
print(path .. (ffi.C.access(path, 0) == 0 and ' is still there' or ' is gone'))
assert(not io.open(path), 'the file should be gone')

-- ENOENT is 2 wherever Linux runs.
assert(ffi.C.unlink(path) == -1, 'there was nothing left to delete')
local code = ffi.errno()
print('deleting it again: ' .. ffi.string(ffi.C.strerror(code)))
assert(code == 2, 'errno is ' .. code)
