-- Builds the compiler of the language Fennel, which is written in Fennel, with the compiler that comes with it, and runs the tests on the result.

local program = arg[-2] .. ' ' .. arg[-1]

local function run(command)
  local status = os.execute(command:gsub('PROGRAM', program) .. ' </dev/null')
  if status ~= 0 then os.exit(1) end
end

for _, what in ipairs {
  'src/fennel/macros.fnl --macro > bootstrap/macros.lua',
  'src/fennel/match.fnl --macro > bootstrap/match.lua',
  'src/fennel/view.fnl > bootstrap/view.lua',
  'src/fennel.fnl --require-as-include > fennel.lua',
  'test/faith.fnl > test/faith.lua',
} do
  run("FENNEL_PATH='src/?.fnl' PROGRAM bootstrap/aot.lua " .. what)
end
run 'PROGRAM test/init.lua'
