//! The metatable of cdata: what Lua's operators do to C values.
//!
//! Every cdata has this metatable, so the machine asks it for indexing, calls and operators as it would ask that of a userdata. Its
//! handlers are native functions that share the state of the FFI by their first upvalue.
//!
//! [`indexing`] has `__index` and `__newindex`, [`arithmetic`] the operators, [`calls`] `__call`, [`text`] `__tostring`.

pub mod arithmetic;
pub mod calls;
pub mod indexing;
pub mod text;

use crate::state::Ffi;
use moonwake_lang::{
    object::{Gc, Table},
    value::Value,
    vm::{
        Vm,
        error::Error,
        messages,
        native::{Call, NativeFunction},
    },
};
use std::rc::Rc;

use crate::problem::Problem;

/// The handlers, by the names of their events.
static HANDLERS: &[NativeFunction] = &[
    NativeFunction { name: "__index", function: indexing::index },
    NativeFunction { name: "__newindex", function: indexing::new_index },
    NativeFunction { name: "__call", function: calls::call },
    NativeFunction { name: "__add", function: arithmetic::add },
    NativeFunction { name: "__sub", function: arithmetic::sub },
    NativeFunction { name: "__mul", function: arithmetic::mul },
    NativeFunction { name: "__div", function: arithmetic::div },
    NativeFunction { name: "__mod", function: arithmetic::modulo },
    NativeFunction { name: "__pow", function: arithmetic::pow },
    NativeFunction { name: "__unm", function: arithmetic::unm },
    NativeFunction { name: "__eq", function: arithmetic::eq },
    NativeFunction { name: "__lt", function: arithmetic::lt },
    NativeFunction { name: "__le", function: arithmetic::le },
    NativeFunction { name: "__len", function: arithmetic::len },
    NativeFunction { name: "__concat", function: arithmetic::concat },
    NativeFunction { name: "__tostring", function: text::tostring },
    NativeFunction { name: "__pairs", function: calls::pairs },
    NativeFunction { name: "__ipairs", function: calls::ipairs },
];

/// Makes the metatable.
pub(crate) fn new_metatable(vm: &mut Vm, ffi: &Rc<Ffi>) -> Gc<Table> {
    let metatable = vm.heap.new_table(0, HANDLERS.len() + 1);
    register(vm, ffi, metatable, HANDLERS);
    let (key, protection) = (vm.heap.intern(b"__metatable"), vm.heap.intern(b"ffi"));
    vm.heap.set_str(metatable, key, protection.into());
    metatable
}

/// Puts native functions into a table, under the last part of their names.
pub(crate) fn register(vm: &mut Vm, ffi: &Rc<Ffi>, table: Gc<Table>, functions: &'static [NativeFunction]) {
    for native in functions {
        let function = vm.new_native(native, &[ffi.upvalue()]);
        let name = native.name.rsplit('.').next().unwrap_or(native.name);
        let key = vm.heap.intern(name.as_bytes());
        vm.heap.set_str(table, key, function.into());
    }
}

/// A problem as an error of the line that called the native function.
#[cold]
pub(crate) fn raise(call: &mut Call<'_>, problem: Problem) -> Error {
    call.error(problem.0)
}

/// The error of an object that memory has no room for.
#[cold]
pub(crate) fn out_of_memory(vm: &mut Vm) -> Error {
    Error::new(messages::out_of_memory(vm))
}

/// Both operands of an operator.
pub(crate) fn operands(call: &Call<'_>) -> (Value, Value) {
    (call.arg(0), call.arg(1))
}
