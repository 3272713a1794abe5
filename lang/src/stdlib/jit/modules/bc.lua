-- `jit.bc`: listings of bytecode, for scripts and for `-jbc`.
local natives = ...
local bc = {
  -- line(function, position [, prefix]): the instruction there, if one begins there.
  line = natives.line,
  -- targets(function): the positions that jumps lead to, as keys.
  targets = natives.targets,
}

-- Lists a function, and with `all` the functions inside it, to a file that is open.
function bc.dump(func, file, all)
  file = file or io.stdout
  file:write(natives.listing(func, all and true or false), '\n')
  file:flush()
end

local file, own

-- The event comes once for a chunk, with the functions inside it.
local function listed(func)
  bc.dump(func, file, true)
end

function bc.off()
  if not file then return end
  jit.attach(listed)
  if own then file:close() end
  file = nil
end

-- Lists every function from now on as it is compiled, to a file of this name, or to standard output.
function bc.on(name)
  bc.off()
  name = name or os.getenv 'LUAJIT_LISTFILE'
  own = name and name ~= '-'
  file = own and assert(io.open(name, 'w')) or io.stdout
  jit.attach(listed, 'bc')
end

bc.start = bc.on
return bc
