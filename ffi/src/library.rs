//! Libraries, and the namespaces through which scripts reach what is in them.
//!
//! A namespace (`ffi.C`, or what `ffi.load` returns) is a userdata. What it has resolved it keeps in a table, which serves as the
//! `__index` of its metatable; so the second `C.puts` is a plain table access, for the interpreter and for the JIT. The table's own
//! metatable has the function that resolves:
//!
//! ```text
//!     C.puts ──> userdata ──__index──> table {puts = cdata<int ()>} ──__index──> resolve("puts")
//! ```
//!
//! Functions, constants and the references to arrays and structs stay in the table; scalar variables are read anew each time. Libraries
//! are never unloaded: compiled code and cdata may hold addresses inside them.

#![allow(unsafe_code)]

use crate::{
    c::scope::Entity,
    cdata::new_box,
    convert::to_lua::{Load, plan_load},
    ctype::{CTypeId, Constant, Kind, Value as ConstantValue},
    operators::raise,
    problem::{Outcome, Problem},
    scalar::{Number, Scalar},
    state::{self, Ffi},
};
use libloading::os::unix::{Library as Handle, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL};
use moonwake_lang::{
    object::{Function, Gc, Str, Table, Userdata},
    value::Value,
    vm::{
        Vm,
        native::{Call, NativeFunction, NativeResult},
    },
};
use std::{
    cell::RefCell,
    ffi::{CString, c_void},
    mem::ManuallyDrop,
    path::Path,
    rc::Rc,
};

/// A loaded library, or all that the process has loaded. It is never closed.
struct Library(ManuallyDrop<Handle>);

/// The tables of all namespaces, which are anchored.
#[derive(Default)]
pub(crate) struct Libraries(RefCell<Vec<Gc<Table>>>);

static RESOLVE: NativeFunction = NativeFunction { name: "__index", function: resolve };
static ASSIGN: NativeFunction = NativeFunction { name: "__newindex", function: assign };
static CALL_MACRO: NativeFunction = NativeFunction { name: "macro", function: call_macro };

// ------------------------------------------------------------------------------------------------ loading

/// `ffi.C`: the symbols of the process.
pub(crate) fn default_namespace(ffi: &Rc<Ffi>, vm: &mut Vm) -> Value {
    new_namespace(ffi, vm, Library(ManuallyDrop::new(Handle::this())))
}

/// Loads a library and makes its namespace. `global` makes its symbols known to libraries loaded later, and to `ffi.C`.
pub(crate) fn load(ffi: &Rc<Ffi>, vm: &mut Vm, name: &str, global: bool) -> Outcome<Value> {
    let flags = RTLD_LAZY | if global { RTLD_GLOBAL } else { RTLD_LOCAL };
    let file = file_name(name);
    let found = match file.contains('/') {
        true => None,
        false => ffi.settings.borrow().library_dirs.iter().map(|dir| dir.join(&file)).find(|path| path.exists()),
    };
    let path = found.unwrap_or_else(|| Path::new(&file).to_path_buf());
    let handle = open(&path, flags).map_err(Problem)?;
    Ok(new_namespace(ffi, vm, Library(ManuallyDrop::new(handle))))
}

/// `m` is `libm.so`, `libm` too; what has a dot keeps its ending, and what has a slash is a path.
fn file_name(name: &str) -> String {
    if name.contains('/') {
        return name.to_owned();
    }
    let prefix = if name.starts_with("lib") { "" } else { "lib" };
    let suffix = if name.contains('.') { "" } else { ".so" };
    format!("{prefix}{name}{suffix}")
}

/// Opens a library, or the first one that a linker script (such as `libm.so` often is) names.
fn open(path: &Path, flags: i32) -> Result<Handle, String> {
    // SAFETY: a library's initialisers run; that they may is what loading one means.
    let message = match unsafe { Handle::open(Some(path), flags) } {
        Ok(handle) => return Ok(handle),
        Err(error) => text_of(&error),
    };
    let script = message.split(": ").next().map(Path::new).filter(|path| path.is_absolute());
    let Some(target) = script.and_then(first_library_of_script) else { return Err(message) };
    // SAFETY: as above.
    unsafe { Handle::open(Some(&target), flags) }.map_err(|error| text_of(&error))
}

/// The first library in the `GROUP` or `INPUT` list of a linker script.
fn first_library_of_script(path: &Path) -> Option<String> {
    use std::io::Read;
    let mut head = Vec::new();
    std::fs::File::open(path).ok()?.take(4096).read_to_end(&mut head).ok()?;
    let text = std::str::from_utf8(&head).ok()?;
    let list = text.split("GROUP").nth(1).or_else(|| text.split("INPUT").nth(1))?;
    let inside = list.trim_start().strip_prefix('(')?;
    inside.split_whitespace().next().filter(|name| name.contains(".so")).map(str::to_owned)
}

/// What the dynamic linker said.
fn text_of(error: &libloading::Error) -> String {
    use std::error::Error;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

impl Library {
    fn symbol(&self, name: &[u8]) -> Result<*mut u8, String> {
        let name = CString::new(name).map_err(|_| "a symbol's name cannot contain a zero".to_owned())?;
        // SAFETY: the symbol is taken as an address only; its type is what the script declared.
        let symbol = unsafe { self.0.get::<*mut c_void>(name.as_bytes_with_nul()) };
        symbol.map(|symbol| symbol.into_raw().cast()).map_err(|error| text_of(&error))
    }
}

// --------------------------------------------------------------------------------------------- namespaces

fn new_namespace(ffi: &Rc<Ffi>, vm: &mut Vm, library: Library) -> Value {
    let userdata = vm.heap.new_userdata(Some(Box::new(Rc::new(library))));
    let (found, resolving, metatable) = (vm.heap.new_table(0, 8), vm.heap.new_table(0, 1), vm.heap.new_table(0, 2));
    let upvalues = [ffi.upvalue(), userdata.into()];
    let (resolve, assign) = (vm.new_native(&RESOLVE, &upvalues), vm.new_native(&ASSIGN, &upvalues));
    let mut set = |table, key: &[u8], value: Value| {
        let key = vm.heap.intern(key);
        vm.heap.set_str(table, key, value);
    };
    set(resolving, b"__index", resolve.into());
    set(metatable, b"__index", found.into());
    set(metatable, b"__newindex", assign.into());
    vm.heap.set_metatable(found, Some(resolving));
    vm.heap.make_prototype(metatable);
    userdata.metatable.set(metatable.as_ptr());
    let mut all = ffi.libraries.0.borrow_mut();
    all.push(found);
    // Tables of namespaces are anchored at odd halves.
    let place = all.len() as f64 - 0.5;
    ffi.anchor_at(vm, place, found.into());
    userdata.into()
}

fn library_of(call: &Call<'_>) -> Rc<Library> {
    library_in(call.upvalue(1).as_userdata().expect("the namespace's functions know their userdata"))
}

fn library_in(userdata: Gc<Userdata>) -> Rc<Library> {
    let payload = userdata.payload().borrow();
    payload.as_ref().and_then(|any| any.downcast_ref::<Rc<Library>>()).expect("it holds a library").clone()
}

/// Something in a library, or declared beside it.
enum Resolved {
    /// It may be kept.
    Fixed(Value),
    /// It must be read each time.
    Variable { ctype: CTypeId, address: *mut u8 },
}

/// `namespace[name]` where it is not known yet.
fn resolve(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let Some(name) = call.arg(1).as_str() else { return Err(call.type_error(1, "string")) };
    let library = library_of(call);
    match find(&ffi, call.vm, &library, name) {
        Ok(Resolved::Fixed(value)) => {
            keep(call, name, value);
            call.one(value)
        }
        Ok(Resolved::Variable { ctype, address }) => {
            let load = plan_load(&mut ffi.types_mut(), ctype);
            // SAFETY: the library has a variable there; its type is what the script declared.
            let value = unsafe { load.perform(call.vm, address) };
            if load.is_fixed() {
                keep(call, name, value);
            }
            call.one(value)
        }
        Err(problem) => Err(raise(call, problem)),
    }
}

/// Keeps what was found in the table that is asked first the next time.
fn keep(call: &mut Call<'_>, name: Gc<Str>, value: Value) {
    if let Some(found) = call.arg(0).as_table() {
        call.vm.heap.set_str(found, name, value);
    }
}

/// `namespace[name] = value`.
fn assign(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let Some(name) = call.arg(1).as_str() else { return Err(call.type_error(1, "string")) };
    let (library, value) = (library_of(call), call.arg(2));
    let stored = match find(&ffi, call.vm, &library, name) {
        Ok(Resolved::Variable { ctype, address }) if !ffi.types().is_read_only(ctype) => {
            ffi.size_with(ctype, None).and_then(|size| {
                // SAFETY: the library has a variable there; its type is what the script declared.
                unsafe { ffi.store(call.vm, ctype, address, size, value) }
            })
        }
        Ok(_) => Err(Problem::constant_location()),
        Err(problem) => Err(problem),
    };
    match stored {
        Ok(()) => call.none(),
        Err(problem) => Err(raise(call, problem)),
    }
}

fn find(ffi: &Ffi, vm: &mut Vm, library: &Library, name: Gc<Str>) -> Outcome<Resolved> {
    let entity = ffi.declarations_mut().lookup(name.bytes());
    let undeclared = || Problem::undeclared_symbol(&String::from_utf8_lossy(name.bytes()));
    let symbol = |symbol| {
        let spelling = ffi.names().spelling(symbol).to_vec();
        library.symbol(&spelling).map_err(Problem)
    };
    match entity.map_err(|error| Problem(error.to_string()))? {
        Some(Entity::Constant(constant)) => Ok(Resolved::Fixed(ffi.constant_value(vm, constant))),
        Some(Entity::Function { ctype, symbol: name, .. }) => {
            let address = symbol(name)?;
            Ok(Resolved::Fixed(ffi.new_address(vm, ctype, address as u64)))
        }
        Some(Entity::Variable { ctype, symbol: name }) => {
            let address = symbol(name)?;
            Ok(Resolved::Variable { ctype, address })
        }
        Some(Entity::Typedef(_)) => Err(undeclared()),
        None => {
            let known = ffi.find_name(name.bytes());
            let is_macro = known.is_some_and(|name| ffi.declarations().macro_arity(name).is_some());
            if !is_macro {
                return Err(undeclared());
            }
            let function = vm.new_native(&CALL_MACRO, &[ffi.address_value(), name.into()]);
            Ok(Resolved::Fixed(function.into()))
        }
    }
}

/// A macro with parameters, called with numbers, strings and C numbers.
fn call_macro(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let name = call.upvalue(1).as_str().expect("a macro's function knows its name");
    let mut arguments = Vec::with_capacity(call.len());
    for i in 0..call.len() {
        match ffi.constant_of(call.arg(i)) {
            Some(constant) => arguments.push(constant),
            None => return Err(call.type_error(i, "number")),
        }
    }
    let result = {
        let mut declarations = ffi.declarations_mut();
        let name = declarations.intern(name.bytes());
        declarations.call_macro(name, &arguments)
    };
    match result {
        Ok(constant) => {
            let value = ffi.constant_value(call.vm, constant);
            call.one(value)
        }
        Err(error) => Err(call.error(error.to_string())),
    }
}

impl Ffi {
    /// The variable with this name that a namespace's `__index` or `__newindex` would look up: its type and its address.
    pub fn variable_of_namespace(&self, vm: &mut Vm, function: Gc<Function>, name: Gc<Str>) -> Option<(CTypeId, u64)> {
        let native = function.is_native().then(|| function.native())?;
        if !std::ptr::eq(native, &RESOLVE) && !std::ptr::eq(native, &ASSIGN) {
            return None;
        }
        // SAFETY: both functions are made with two upvalues.
        let userdata = unsafe { *function.native_upvalue(1) }.as_userdata()?;
        let library = library_in(userdata);
        match find(self, vm, &library, name) {
            Ok(Resolved::Variable { ctype, address }) => Some((ctype, address as u64)),
            _ => None,
        }
    }
}

/// Whole numbers up to this are exact as doubles.
const MAX_EXACT: i128 = 1 << 53;

impl Ffi {
    /// The value of the first upvalue of native functions.
    fn address_value(&self) -> Value {
        Value::light_userdata(std::ptr::from_ref(self) as usize)
    }

    /// A cdata that is an address: a pointer, a reference or a function.
    pub(crate) fn new_address(&self, vm: &mut Vm, ctype: CTypeId, address: u64) -> Value {
        let cdata = new_box(vm, ctype, 8, 8);
        // SAFETY: the payload was made 8 bytes long.
        unsafe { *cdata.payload().cast::<u64>() = address };
        cdata.into()
    }

    /// A constant as a Lua value. Integers of 64 bits are numbers, too, as long as a double holds them exactly.
    pub fn constant_value(&self, vm: &mut Vm, constant: Constant) -> Value {
        match constant.value {
            ConstantValue::Float(value) => Value::number(value),
            ConstantValue::String(name) => {
                let names = self.names();
                Value::from(vm.heap.intern(names.spelling(name)))
            }
            ConstantValue::Int(bits) => {
                let (scalar, ctype) = {
                    let types = self.types();
                    (Scalar::of(&types, constant.ctype), types.bare(constant.ctype))
                };
                let Some(scalar) = scalar else { return self.new_address(vm, ctype, bits) };
                let whole = if scalar.is_unsigned() { i128::from(bits) } else { i128::from(bits as i64) };
                match scalar {
                    Scalar::Bool => Value::boolean(bits != 0),
                    _ if whole.abs() <= MAX_EXACT => Value::number(whole as f64),
                    _ => self.new_address(vm, ctype, bits),
                }
            }
        }
    }

    /// A Lua value as a constant of C text.
    fn constant_of(&self, value: Value) -> Option<Constant> {
        if let Some(n) = value.to_number() {
            let whole = n as i64;
            return Some(match whole as f64 == n && whole.unsigned_abs() < 1 << 53 {
                true if i32::try_from(whole).is_ok() => {
                    Constant { ctype: CTypeId::INT32, value: ConstantValue::Int(whole as u64) }
                }
                true => Constant { ctype: CTypeId::INT64, value: ConstantValue::Int(whole as u64) },
                false => Constant { ctype: CTypeId::DOUBLE, value: ConstantValue::Float(n) },
            });
        }
        if let Some(text) = value.as_str() {
            return Some(self.declarations_mut().string_constant(text.bytes()));
        }
        let ctype = crate::cdata::place_of(&self.types(), value.as_cdata()?).ctype;
        let ctype = self.types().bare(ctype);
        match self.number_in(value)? {
            Number::Int(n) => Some(Constant { ctype, value: ConstantValue::Int(n as u64) }),
            Number::Float(n) => Some(Constant { ctype, value: ConstantValue::Float(n) }),
        }
    }

    /// After a `cdef`: forgets the constants that namespaces hold, since macros may have changed.
    pub(crate) fn refresh_namespaces(&self, vm: &mut Vm) {
        for &found in &*self.libraries.0.borrow() {
            let mut stale = Vec::new();
            let mut key = Value::NIL;
            while let Ok(Some((next, value))) = vm.heap.next(found, key) {
                if value.as_cdata().is_none_or(|cdata| !self.is_function(cdata.ctype())) {
                    stale.push(next);
                }
                key = next;
            }
            for key in stale {
                let name = key.as_str().expect("a namespace's keys are strings");
                let now = self.declarations_mut().lookup(name.bytes());
                let old = vm.heap.get_str(found, name);
                let kept = match now {
                    Ok(Some(Entity::Constant(constant))) => self.constant_value(vm, constant) == old,
                    _ => false,
                };
                if !kept {
                    vm.heap.set_str(found, name, Value::NIL);
                }
            }
        }
    }

    fn is_function(&self, ctype: u32) -> bool {
        let types = self.types();
        types.at(ctype as usize).is_some_and(|id| matches!(types.kind(id), Kind::Function(_)))
    }
}

impl Load {
    /// Whether what is loaded stays the same whatever happens to the memory: a reference.
    pub fn is_fixed(self) -> bool {
        matches!(self, Load::Reference { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let names = ["m", "libm", "m.so.6", "./x", "/lib/x.so", "no.such"].map(file_name);
        assert_eq!(names, ["libm.so", "libm.so", "libm.so.6", "./x", "/lib/x.so", "libno.such"]);
    }
}
