//! The standard library: every function that a program finds without loading anything.
//!
//! One folder or file a library. A library is a table of [`NativeFunction`]s, whose names (`"string.rep"`) say where they
//! go; the JIT knows a function by that name. What can be understood without the machine lies outside:
//! [`format`](crate::format), [`pattern`](crate::pattern), [`number`](crate::number), and here `math/random`, `io/stream`.
//!
//! **Functions that call back** and through which a coroutine must be able to yield (`table.sort` with a comparator,
//! `string.gsub` with a function) are written in Lua: the native function checks what is quick to check and
//! leaves by a tail call into the [`prelude`]. All others are native.

#[macro_use]
mod library;
pub mod base;
pub mod bit;
pub mod coroutine;
pub mod debug;
pub mod integer64;
pub mod io;
pub mod jit;
pub mod math;
pub mod os;
pub mod package;
pub mod prelude;
pub mod string;
pub mod table;

use crate::vm::Vm;

/// Gives the machine every library, in its global environment.
pub fn open(vm: &mut Vm) {
    base::open(vm);
    coroutine::open(vm);
    string::open(vm);
    table::open(vm);
    math::open(vm);
    bit::open(vm);
    io::open(vm);
    os::open(vm);
    debug::open(vm);
    jit::open(vm);
    package::open(vm);
}

/// A function that turns an error into a message with a traceback, to call chunks with.
pub fn traceback_handler(vm: &mut Vm) -> crate::value::Value {
    debug::new_traceback_handler(vm)
}

/// Ends a program: calls the finalisers that are left and writes out what is buffered.
pub fn close(vm: &mut Vm) {
    vm.finalise_all();
    io::stream::flush_all();
}
