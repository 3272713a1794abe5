//! `cb:free()` and `cb:set(f)`: the methods of callbacks, which every pointer to a function seems to have.

#![allow(unsafe_code)]

use crate::{
    cdata::place_of,
    operators::{raise, register},
    problem::Problem,
    state::{self, Ffi},
};
use moonwake_lang::vm::{
    Vm,
    error::LuaResult,
    native::{Call, NativeFunction, NativeResult},
};
use std::rc::Rc;

static METHODS: &[NativeFunction] =
    &[NativeFunction { name: "callback.free", function: free }, NativeFunction { name: "callback.set", function: set }];

/// Makes the metatable of pointers to functions.
pub(super) fn make_methods(vm: &mut Vm, ffi: &Rc<Ffi>) {
    let (methods, metatable) = (vm.heap.new_table(0, METHODS.len()), vm.heap.new_table(0, 1));
    register(vm, ffi, methods, METHODS);
    let key = vm.heap.intern(b"__index");
    vm.heap.set_str(metatable, key, methods.into());
    ffi.set_callback_metatable(vm, metatable);
}

/// The address that argument 0 holds.
fn address_of(call: &mut Call<'_>, ffi: &Ffi) -> LuaResult<usize> {
    let cdata = call.cdata(0)?;
    let place = place_of(&ffi.types(), cdata);
    if ffi.types().size_of(place.ctype) != Some(8) {
        return Err(raise(call, Problem::bad_callback()));
    }
    // SAFETY: a value of 8 bytes lies there.
    Ok(unsafe { place.address.cast::<usize>().read_unaligned() })
}

/// `cb:free()`
fn free(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let address = address_of(call, &ffi)?;
    match ffi.free_callback(call.vm, address) {
        Ok(()) => call.none(),
        Err(problem) => Err(raise(call, problem)),
    }
}

/// `cb:set(f)`
fn set(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let address = address_of(call, &ffi)?;
    if !ffi.is_callback(address) {
        return Err(raise(call, Problem::bad_callback()));
    }
    let function = call.callable(1)?;
    match ffi.set_callback(call.vm, address, function.into()) {
        Ok(()) => call.none(),
        Err(problem) => Err(raise(call, problem)),
    }
}
