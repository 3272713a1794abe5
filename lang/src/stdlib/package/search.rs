//! Finding modules: search paths, and the loaders that `require` asks.
//!
//! A path is a list of templates separated by `;`; in each, `?` stands for the module's name, whose dots become slashes. A loader returns
//! a function, or text that says what it has tried.

use super::super::base::load::{Mode, load_file};
use super::super::io::stream::Stream;
use super::super::jit::save::SYMBOL_PREFIX;
use super::library::{Library, bytecode_in_process};
use crate::object::Gc;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};

functions! { "package.":
    "loadlib" => loadlib,
    "searchpath" => searchpath,
    "seeall" => seeall,
}

/// The loaders in their order.
pub(super) static LOADERS: &[NativeFunction] = &[
    NativeFunction { name: "package.preload_loader", function: preload_loader },
    NativeFunction { name: "package.lua_loader", function: lua_loader },
    NativeFunction { name: "package.c_loader", function: c_loader },
    NativeFunction { name: "package.root_c_loader", function: root_c_loader },
];

/// What may stand at a symbol.
const BYTECODE: Mode = Mode { text: false, binary: true };

/// Why a C module cannot be loaded.
const NO_C_MODULES: &str = "C modules need Lua's C API, which moonwake does not have";

/// The first existing file of a path, or what was tried.
fn search(name: &[u8], path: &[u8], separator: &[u8], replacement: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let name = replace(name, separator, replacement);
    let mut tried = Vec::new();
    for template in path.split(|&c| c == b';').filter(|template| !template.is_empty()) {
        let file = replace(template, b"?", &name);
        if Stream::open(&file, b"r").is_ok() {
            return Ok(file);
        }
        tried.extend_from_slice(&[b"\n\tno file '", &file[..], b"'"].concat());
    }
    Err(tried)
}

/// `text` with each `what` replaced; an empty `what` is nowhere.
fn replace(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = text;
    while !what.is_empty()
        && let Some(at) = crate::bytes::find(rest, what)
    {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(by);
        rest = &rest[at + what.len()..];
    }
    result.extend_from_slice(rest);
    result
}

fn searchpath(call: &mut Call) -> NativeResult {
    // LuaJIT checks the last argument first.
    let replacement = call.string_or_none(3)?.map_or(&b"/"[..], Gc::bytes);
    let separator = call.string_or_none(2)?.map_or(&b"."[..], Gc::bytes);
    let (path, name) = (call.bytes(1)?, call.bytes(0)?);
    match search(name, path, separator, replacement) {
        Ok(file) => call.return_bytes(&file),
        Err(tried) => {
            let tried = call.vm.string_value(tried);
            call.values(&[Value::NIL, tried])
        }
    }
}

/// `loadlib(path, function)`; the function `*` asks for the library alone, with its symbols for all.
fn loadlib(call: &mut Call) -> NativeResult {
    let (path, function) = (call.bytes(0)?, call.bytes(1)?);
    let whole = function.first() == Some(&b'*');
    let (message, kind) = match Library::open(path, whole) {
        Err(message) => (message, "open"),
        Ok(_) if whole => return call.one(Value::TRUE),
        Ok(library) => match library.find(function) {
            Err(message) => (message, "init"),
            Ok(()) => (NO_C_MODULES.into(), "init"),
        },
    };
    let (message, kind) = (call.vm.string_value(message), call.vm.string_value(kind));
    call.values(&[Value::NIL, message, kind])
}

/// Lets a module see the globals: they become the `__index` of its metatable.
fn seeall(call: &mut Call) -> NativeResult {
    let module = call.table(0)?;
    let metatable = match call.vm.heap.own_metatable(module) {
        Some(metatable) => metatable,
        None => {
            let metatable = call.vm.heap.new_table(0, 1);
            call.vm.heap.set_metatable(module, Some(metatable));
            metatable
        }
    };
    let globals = call.vm.current_globals();
    call.vm.set_field(metatable, "__index", globals);
    call.none()
}

// ---------------------------------------------------------------------------------------------------------- loaders

fn preload_loader(call: &mut Call) -> NativeResult {
    let name = call.string(0)?;
    let package = call.package();
    let Some(preload) = call.vm.field(package, "preload").as_table() else {
        return Err(call.error("'package.preload' must be a table"));
    };
    let loader = call.vm.heap.get_str(preload, name);
    if loader.is_nil() {
        let bytecode = bytecode_in_process(&symbol(SYMBOL_PREFIX, name.bytes()));
        if let Some(Ok(function)) = bytecode.map(|bytecode| call.vm.load_chunk(&bytecode, name.bytes(), BYTECODE, None))
        {
            return call.one(function);
        }
        return call.return_bytes(&[b"\n\tno field package.preload['", name.bytes(), b"']"].concat());
    }
    call.one(loader)
}

/// Finds a file by `package.path` or `package.cpath`.
fn find_file(call: &mut Call, name: &[u8], field: &str) -> LuaResult<Result<Vec<u8>, Vec<u8>>> {
    let package = call.package();
    let path = call.vm.field(package, field);
    let path = if path.is_number() { call.vm.raw_tostring(path).into() } else { path };
    match path.as_str() {
        Some(path) => Ok(search(name, path.bytes(), b".", b"/")),
        None => Err(call.error(format!("'package.{field}' must be a string"))),
    }
}

/// "error loading module 'name' from file 'file':" and a message on the next line.
fn loading_error(vm: &mut Vm, name: &[u8], file: &[u8], message: &[u8]) -> crate::vm::error::Error {
    let text = [b"error loading module '", name, b"' from file '", file, b"':\n\t", message].concat();
    vm.error_at_level(1, &text)
}

fn lua_loader(call: &mut Call) -> NativeResult {
    let name = call.bytes(0)?;
    match find_file(call, name, "path")? {
        Err(tried) => call.return_bytes(&tried),
        Ok(file) => match load_file(call.vm, Some(&file), Mode::ANY, None) {
            Ok(function) => call.one(function),
            Err(message) => Err(loading_error(call.vm, name, &file, &message)),
        },
    }
}

fn c_loader(call: &mut Call) -> NativeResult {
    let name = call.bytes(0)?;
    load_from_library(call, name, name)
}

/// A module inside another one's library: `a.b.c` in that of `a`.
fn root_c_loader(call: &mut Call) -> NativeResult {
    let name = call.bytes(0)?;
    match name.iter().position(|&c| c == b'.') {
        Some(dot) => load_from_library(call, name, &name[..dot]),
        None => call.none(),
    }
}

/// The bytecode that a library has for a module. A C function that would open it is only told from none.
fn load_from_library(call: &mut Call, name: &[u8], searched: &[u8]) -> NativeResult {
    let file = match find_file(call, searched, "cpath")? {
        Err(tried) => return call.return_bytes(&tried),
        Ok(file) => file,
    };
    let message = match Library::open(&file, false) {
        Err(message) => message,
        Ok(library) => match library.bytecode(&symbol(SYMBOL_PREFIX, name)) {
            Some(bytecode) => match call.vm.load_chunk(&bytecode, name, BYTECODE, None) {
                Ok(function) => return call.one(function),
                Err(message) => message,
            },
            None => match library.find(&symbol("luaopen_", name)) {
                // The module may be elsewhere.
                Err(_) if searched != name => {
                    return call.return_bytes(&[b"\n\tno module '", name, b"' in file '", &file, b"'"].concat());
                }
                Err(message) => message,
                Ok(()) => NO_C_MODULES.into(),
            },
        },
    };
    Err(loading_error(call.vm, name, &file, &message))
}

/// `luaopen_a_b` for the module `v1-a.b`.
fn symbol(prefix: &str, module: &[u8]) -> Vec<u8> {
    let name = module.iter().position(|&c| c == b'-').map_or(module, |mark| &module[mark + 1..]);
    [prefix.as_bytes(), &replace(name, b".", b"_")[..]].concat()
}
