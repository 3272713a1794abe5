//! The functions of the library `ffi`, one group a file, and what they share: arguments that are types.

pub mod callback;
pub mod create;
pub mod declare;
pub mod inspect;
pub mod memory;

use crate::{
    cdata::{ctype_object, ctype_of},
    ctype::CTypeId,
    library,
    operators::register,
    problem::Problem,
    state::Ffi,
};
use moonwake_lang::{
    object::{Gc, Table},
    value::Value,
    vm::{
        Vm,
        error::LuaResult,
        native::{Call, NativeFunction},
    },
};
use std::rc::Rc;

static FUNCTIONS: &[NativeFunction] = &[
    NativeFunction { name: "ffi.cdef", function: declare::cdef },
    NativeFunction { name: "ffi.load", function: declare::load },
    NativeFunction { name: "ffi.typeof", function: declare::type_of },
    NativeFunction { name: "ffi.metatype", function: declare::metatype },
    NativeFunction { name: "ffi.new", function: create::new },
    NativeFunction { name: "ffi.cast", function: create::cast },
    NativeFunction { name: "ffi.gc", function: create::gc },
    NativeFunction { name: "ffi.sizeof", function: inspect::size_of },
    NativeFunction { name: "ffi.alignof", function: inspect::align_of },
    NativeFunction { name: "ffi.offsetof", function: inspect::offset_of },
    NativeFunction { name: "ffi.istype", function: inspect::is_type },
    NativeFunction { name: "ffi.abi", function: inspect::abi },
    NativeFunction { name: "ffi.typeinfo", function: inspect::type_info },
    NativeFunction { name: "ffi.string", function: memory::string },
    NativeFunction { name: "ffi.copy", function: memory::copy },
    NativeFunction { name: "ffi.fill", function: memory::fill },
    NativeFunction { name: "ffi.errno", function: memory::errno },
];

/// Makes the library's table.
pub(crate) fn new_library(vm: &mut Vm, ffi: &Rc<Ffi>) -> Gc<Table> {
    let library = vm.heap.new_table(0, FUNCTIONS.len() + 3);
    register(vm, ffi, library, FUNCTIONS);
    callback::make_methods(vm, ffi);
    let namespace = library::default_namespace(ffi, vm);
    let mut set = |key: &[u8], value: Value| {
        let key = vm.heap.intern(key);
        vm.heap.set_str(library, key, value);
    };
    set(b"C", namespace);
    for (key, value) in [(b"os".as_slice(), inspect::OS), (b"arch", inspect::ARCH)] {
        let value = vm.heap.intern(value.as_bytes());
        let key = vm.heap.intern(key);
        vm.heap.set_str(library, key, value.into());
    }
    library
}

/// Argument `i` as a type: a text, a ctype object, or any cdata for its type.
pub(crate) fn ctype_argument(call: &mut Call<'_>, ffi: &Ffi, i: usize) -> LuaResult<CTypeId> {
    let value = call.arg(i);
    if let Some(text) = value.as_str() {
        return match ffi.type_of_text(call.vm, text) {
            Ok(id) => Ok(id),
            Err(error) => Err(call.error(error.to_string())),
        };
    }
    match ctype_of_value(ffi, value) {
        Some(id) => Ok(id),
        None => Err(call.type_error(i, "C type")),
    }
}

/// The type that a ctype object stands for, or the type of any other cdata.
pub(crate) fn ctype_of_value(ffi: &Ffi, value: Value) -> Option<CTypeId> {
    let cdata = value.as_cdata()?;
    let types = ffi.types();
    Some(ctype_object(&types, value).unwrap_or_else(|| ctype_of(&types, cdata)))
}

/// Argument `i`, which must be given.
pub(crate) fn required(call: &mut Call<'_>, i: usize) -> LuaResult<Value> {
    match call.get(i) {
        Some(value) => Ok(value),
        None => Err(call.arg_error(i, &Problem::value_expected().0)),
    }
}

/// Argument `i` converted to a scalar type of 8 bytes at most.
#[allow(unsafe_code)]
pub(crate) fn converted(call: &mut Call<'_>, ffi: &Ffi, i: usize, to: CTypeId) -> LuaResult<u64> {
    let value = required(call, i)?;
    let mut bits = 0u64;
    // SAFETY: callers ask for scalars, which are not larger than this.
    let outcome = unsafe { ffi.convert(call.vm, to, (&raw mut bits).cast(), 8, value, false) };
    match outcome {
        Ok(()) => Ok(bits),
        Err(problem) => Err(call.arg_error(i, &problem.0)),
    }
}

/// Argument `i` as a number of elements or bytes. The message of a wrong one speaks of `int`, as LuaJIT's does.
pub(crate) fn count(call: &mut Call<'_>, ffi: &Ffi, i: usize) -> LuaResult<i64> {
    let value = required(call, i)?;
    if value.is_number() {
        return Ok(crate::scalar::truncate(value.as_f64()));
    }
    if let Some(number) = ffi.number_in(value) {
        return Ok(number.to_i64());
    }
    Ok(converted(call, ffi, i, CTypeId::INT32)? as i32 as i64)
}
