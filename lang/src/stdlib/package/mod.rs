//! `package`, `require` and `module`.
//!
//! [`search`] finds files and has the loaders. The functions share the table `package` as their first upvalue.
//! C modules cannot be loaded: they need Lua's C API, which this machine does not have; one that is found is an error that says so
//! ([`library`]). Bytecode can be that `-b` has made an object file of: in a shared library, or linked into the process.
//!
//! Reference: Lua 5.1 manual §5.3; `package.searchpath` as in 5.2.

mod library;
mod search;

use crate::object::{Gc, Table};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};
use search::LOADERS;

functions! { "":
    "require" => require,
    "module" => module,
}

/// What would unload a library.
static CLOSER: NativeFunction = NativeFunction { name: "package.unload", function: |call| call.none() };

/// What `LUA_PATH` replaces.
const DEFAULT_PATH: &[u8] =
    b"./?.lua;/usr/local/share/luajit-2.1/?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua";
/// What `LUA_CPATH` replaces.
const DEFAULT_CPATH: &[u8] = b"./?.so;/usr/local/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so";

/// What `package.loaded` holds while a module is being loaded.
const LOADING: usize = 1;

/// Opens the library. The environment variables are not looked at; see [`use_environment`].
pub fn open(vm: &mut Vm) {
    let library = vm.heap.new_table(0, 12);
    vm.register(library, search::FUNCTIONS, &[library.into()]);
    let globals = vm.globals();
    vm.register(globals, FUNCTIONS, &[library.into()]);
    let loaders = vm.heap.new_table(LOADERS.len() + 1, 0);
    for (i, loader) in LOADERS.iter().enumerate() {
        let loader = vm.new_native(loader, &[library.into()]);
        vm.heap.set_int(loaders, i as i64 + 1, loader.into());
    }
    let (loaded, preload) = (vm.loaded(), vm.registry_table("_PRELOAD"));
    let strings: [(&str, &[u8]); 3] =
        [("path", DEFAULT_PATH), ("cpath", DEFAULT_CPATH), ("config", b"/\n;\n?\n!\n-\n")];
    for (name, text) in strings {
        let text = vm.string_value(text);
        vm.set_field(library, name, text);
    }
    for (name, table) in [("loaders", loaders), ("loaded", loaded), ("preload", preload)] {
        vm.set_field(library, name, table);
    }
    // Programs look whether it is there; libraries stay loaded.
    let closer = vm.registry_table("_LOADLIB");
    let nothing = vm.new_native(&CLOSER, &[]);
    vm.set_field(closer, "__gc", nothing);
    vm.set_field(globals, "package", library);
    vm.set_loaded("package", library);
}

/// Sets `package.path` and `package.cpath` from `LUA_PATH` and `LUA_CPATH`, where `;;` stands for the default.
pub fn use_environment(vm: &mut Vm) {
    use std::os::unix::ffi::OsStringExt;
    let loaded = vm.loaded();
    let Some(library) = vm.field(loaded, "package").as_table() else { return };
    for (variable, field, default) in [("LUA_PATH", "path", DEFAULT_PATH), ("LUA_CPATH", "cpath", DEFAULT_CPATH)] {
        if let Some(path) = std::env::var_os(variable) {
            let path = with_default(&path.into_vec(), default);
            let path = vm.string_value(path);
            vm.set_field(library, field, path);
        }
    }
}

fn with_default(path: &[u8], default: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = path;
    while let Some(at) = crate::bytes::find(rest, b";;") {
        result.extend_from_slice(&[&rest[..at], b";", default, b";"].concat());
        rest = &rest[at + 2..];
    }
    result.extend_from_slice(rest);
    result
}

impl Call<'_> {
    /// The table `package`.
    fn package(&self) -> Gc<Table> {
        self.upvalue(0).as_table().expect("the library's functions are made with its table")
    }
}

fn require(call: &mut Call) -> NativeResult {
    let name = call.string(0)?;
    let loaded = call.vm.loaded();
    let value = call.vm.heap.get_str(loaded, name);
    let loading = Value::light_userdata(LOADING);
    if value == loading {
        let text = [b"loop or previous error loading module '", name.bytes(), b"'"].concat();
        return Err(call.error(text));
    }
    if !value.is_falsy() {
        return call.one(value);
    }
    let loader = find_loader(call)?;
    let name = call.string(0)?;
    call.vm.heap.set_str(loaded, name, loading);
    let result = call.vm.call_for_one(loader, &[name.into()])?;
    // The collector has had its chance, so everything is looked up again.
    let (loaded, name) = (call.vm.loaded(), call.string(0)?);
    if !result.is_nil() {
        call.vm.heap.set_str(loaded, name, result);
    } else if call.vm.heap.get_str(loaded, name) == loading {
        call.vm.heap.set_str(loaded, name, Value::TRUE);
    }
    let value = call.vm.heap.get_str(loaded, name);
    call.one(value)
}

/// Asks the loaders in turn for a function that loads the module.
fn find_loader(call: &mut Call) -> LuaResult<Value> {
    let package = call.package();
    let Some(loaders) = call.vm.field(package, "loaders").as_table() else {
        return Err(call.error("'package.loaders' must be a table"));
    };
    let mut tried = Vec::new();
    for i in 1.. {
        let loader = call.vm.heap.get_int(loaders, i);
        if loader.is_nil() {
            break;
        }
        let answer = call.vm.call_for_one(loader, &[call.arg(0)])?;
        if answer.as_function().is_some() {
            return Ok(answer);
        }
        if answer.is_number() || answer.as_str().is_some() {
            let text = call.vm.raw_tostring(answer);
            tried.extend_from_slice(text.bytes());
        }
    }
    let text = [b"module '", call.bytes(0)?, b"' not found:", &tried].concat();
    Err(call.error(text))
}

/// `module(name, ...)`: makes the module's table the environment of the calling function, then calls each option with it.
fn module(call: &mut Call) -> NativeResult {
    let name = call.string(0)?;
    let loaded = call.vm.loaded();
    let module = match call.vm.heap.get_str(loaded, name).as_table() {
        Some(module) => module,
        None => match find_module_table(call.vm, name.bytes()) {
            Some(module) => {
                call.vm.heap.set_str(loaded, name, module.into());
                module
            }
            None => {
                let text = [b"name conflict for module '", name.bytes(), b"'"].concat();
                return Err(call.error(text));
            }
        },
    };
    if call.vm.field(module, "_NAME").is_nil() {
        let package_end = name.bytes().iter().rposition(|&c| c == b'.').map_or(0, |dot| dot + 1);
        let package = call.vm.string_value(&name.bytes()[..package_end]);
        call.vm.set_field(module, "_M", module);
        call.vm.set_field(module, "_NAME", name);
        call.vm.set_field(module, "_PACKAGE", package);
    }
    let caller = call.vm.frame(1).and_then(|frame| frame.function()).filter(|function| !function.is_native());
    let Some(caller) = caller else { return Err(call.error("'module' not called from a Lua function")) };
    call.vm.set_function_environment(caller, module);
    for i in 1..call.len() {
        let option = call.arg(i);
        // The module's table is reachable through `package.loaded`, or else through the caller's environment.
        call.vm.call(option, &[module.into()])?;
    }
    call.none()
}

/// The table that a dotted name leads to from the globals, made where there is none; `None` when something else is in the way.
fn find_module_table(vm: &mut Vm, name: &[u8]) -> Option<Gc<Table>> {
    let mut table = vm.globals();
    for part in name.split(|&c| c == b'.') {
        let key = vm.heap.intern(part);
        table = match vm.heap.get_str(table, key) {
            Value::NIL => {
                let inner = vm.heap.new_table(0, 1);
                vm.heap.set_str(table, key, inner.into());
                inner
            }
            value => value.as_table()?,
        };
    }
    Some(table)
}
