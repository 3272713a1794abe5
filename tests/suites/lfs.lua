-- As much of LuaFileSystem, which is written in C, as tests of other libraries ask for. A path with a slash at its end can be opened only
-- if it is a folder.

local lfs = { _VERSION = 'a few functions of LuaFileSystem' }

local function lines(command)
  local pipe = io.popen(command)
  local all = {}
  for line in pipe:lines() do all[#all + 1] = line end
  pipe:close()
  return all
end

local function quoted(path)
  return "'" .. path:gsub("'", [['\'']]) .. "'"
end

function lfs.attributes(path, which)
  local line = lines('stat -L -c "%F|%s|%Y|%X|%Z" ' .. quoted(path) .. ' 2>/dev/null')[1]
  if not line then return nil, 'cannot obtain information from file ' .. path end
  local kind, size, modified, accessed, changed = line:match '^(.-)|(%d+)|(%d+)|(%d+)|(%d+)'
  local all = {
    mode = kind:find 'regular' and 'file' or kind, size = tonumber(size),
    modification = tonumber(modified), access = tonumber(accessed), change = tonumber(changed),
  }
  if which then return all[which] end
  return all
end

lfs.symlinkattributes = lfs.attributes

function lfs.currentdir() return lines('pwd')[1] end

function lfs.dir(path)
  local all, i = lines('ls -a ' .. quoted(path)), 0
  return function()
    i = i + 1
    return all[i]
  end
end

local function run(command, path)
  if os.execute(command .. ' ' .. quoted(path) .. ' 2>/dev/null') == 0 then return true end
  return nil, path .. ': ' .. command .. ' failed'
end

function lfs.mkdir(path) return run('mkdir', path) end
function lfs.rmdir(path) return run('rmdir', path) end
function lfs.chdir() return nil, 'cannot change the folder' end

return lfs
