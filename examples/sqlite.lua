-- A table in SQLite, filled by a hot loop of native calls and asked for its sum: opaque handles, out parameters, and errors
-- that become Lua errors.
local ffi = require 'ffi'

-- A library is called by its plain name where its development files are installed, by its versioned one elsewhere.
local found, sqlite = pcall(ffi.load, 'sqlite3')
if not found then found, sqlite = pcall(ffi.load, 'libsqlite3.so.0') end
if not found then
  print('skipped: SQLite is not installed')
  return
end

ffi.cdef [[
  typedef struct sqlite3 sqlite3;
  typedef struct sqlite3_stmt sqlite3_stmt;
  const char *sqlite3_libversion(void);
  int sqlite3_open(const char *filename, sqlite3 **ppDb);
  int sqlite3_close(sqlite3 *);
  const char *sqlite3_errmsg(sqlite3 *);
  int sqlite3_prepare_v2(sqlite3 *db, const char *zSql, int nByte, sqlite3_stmt **ppStmt, const char **pzTail);
  int sqlite3_bind_double(sqlite3_stmt *, int, double);
  int sqlite3_bind_int(sqlite3_stmt *, int, int);
  int sqlite3_step(sqlite3_stmt *);
  int sqlite3_reset(sqlite3_stmt *);
  int sqlite3_finalize(sqlite3_stmt *);
  int sqlite3_column_int(sqlite3_stmt *, int iCol);
  double sqlite3_column_double(sqlite3_stmt *, int iCol);
]]

local OK, ROW, DONE = 0, 100, 101

local handle = ffi.new('sqlite3 *[1]')
assert(sqlite.sqlite3_open(':memory:', handle) == OK, 'the database does not open')
local db = handle[0]

local function prepare(sql)
  local statement = ffi.new('sqlite3_stmt *[1]')
  if sqlite.sqlite3_prepare_v2(db, sql, #sql, statement, nil) ~= OK then
    error(ffi.string(sqlite.sqlite3_errmsg(db)), 2)
  end
  return statement[0]
end

local function execute(sql)
  local statement = prepare(sql)
  assert(sqlite.sqlite3_step(statement) == DONE)
  assert(sqlite.sqlite3_finalize(statement) == OK)
end

local count = 100000
execute('create table star (id integer primary key, magnitude real)')
execute('begin')
local insert = prepare('insert into star values (?, ?)')
local sum, start = 0, os.clock()
for id = 1, count do
  local magnitude = id % 64 / 8
  sum = sum + magnitude
  sqlite.sqlite3_bind_int(insert, 1, id)
  sqlite.sqlite3_bind_double(insert, 2, magnitude)
  local status = sqlite.sqlite3_step(insert)
  if status ~= DONE then error(ffi.string(sqlite.sqlite3_errmsg(db))) end
  sqlite.sqlite3_reset(insert)
end
local seconds = os.clock() - start
assert(sqlite.sqlite3_finalize(insert) == OK)
execute('commit')
print(string.format('SQLite %s: %d rows in %.0f ms', ffi.string(sqlite.sqlite3_libversion()), count, seconds * 1e3))

local query = prepare('select count(*), sum(magnitude) from star')
assert(sqlite.sqlite3_step(query) == ROW)
local rows, total = sqlite.sqlite3_column_int(query, 0), sqlite.sqlite3_column_double(query, 1)
assert(sqlite.sqlite3_finalize(query) == OK)
print(string.format('%d rows, magnitudes sum up to %.3f', rows, total))
assert(rows == count and total == sum, 'the table does not hold what went in')

local fine, message = pcall(execute, 'select nonsense')
print('a bad query: ' .. tostring(message))
assert(not fine and message:find('nonsense', 1, true))
assert(sqlite.sqlite3_close(db) == OK, 'the database does not close')
