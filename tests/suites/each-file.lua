-- Runs each script that is named, in a process of its own; says how many ended well, and fails if one did not. One that is named again with a
-- "-" in front is left out.

local program = arg[-2] .. ' ' .. arg[-1]
local left_out = {}
for _, file in ipairs(arg) do left_out[file:match '^%-(.*)' or ''] = true end
local count, failed = 0, 0
for _, file in ipairs(arg) do
  local is_run = file:sub(1, 1) ~= '-' and not left_out[file]
  count = count + (is_run and 1 or 0)
  if is_run and os.execute(program .. ' ' .. file .. ' </dev/null') ~= 0 then
    failed = failed + 1
    print('FAILED ' .. file)
  end
end
print(('%d files, %d failed'):format(count, failed))
os.exit(failed == 0)
