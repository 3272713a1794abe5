/* The least a program must do to run a script in PUC Lua 5.4: open the libraries, fill `arg`, run the file or the `-e`
 * text, and report an error with its traceback. The crate `lua-src` carries Lua's library but not its stand-alone
 * interpreter, and a peer has to be a process of its own, so that its start-up and memory are measured like the others'. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

/* Message handler: runs before the stack unwinds, which is the only time at which there is a traceback to take. */
static int with_traceback(lua_State *L) {
  const char *message = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, message, 1);
  return 1;
}

/* Leaves `arg` as the stand-alone interpreters do: the script at 0, its arguments from 1. */
static void set_arg(lua_State *L, int count, char **words) {
  lua_createtable(L, count, 1);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i);
  }
  lua_setglobal(L, "arg");
}

int main(int argc, char **argv) {
  int is_text = argc > 2 && strcmp(argv[1], "-e") == 0;
  if (argc < 2) {
    fputs("usage: lua54 (script [args] | -e text [args])\n", stderr);
    return EXIT_FAILURE;
  }

  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fputs("lua54: not enough memory for a state\n", stderr);
    return EXIT_FAILURE;
  }
  luaL_openlibs(L);
  int first = is_text ? 2 : 1;
  set_arg(L, argc - first, argv + first);

  lua_pushcfunction(L, with_traceback);
  int status = is_text ? luaL_loadbuffer(L, argv[2], strlen(argv[2]), "=(command line)") : luaL_loadfile(L, argv[1]);
  if (status == LUA_OK) {
    for (int i = first + 1; i < argc; i++) lua_pushstring(L, argv[i]);
    status = lua_pcall(L, argc - first - 1, 0, 1);
  }
  if (status != LUA_OK) fprintf(stderr, "lua54: %s\n", lua_tostring(L, -1));
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
