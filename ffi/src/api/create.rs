//! `ffi.new`, `ffi.cast`, `ffi.gc`, and calls of ctype objects: what makes C values and says how they end.

#![allow(unsafe_code)]

use super::{count, ctype_argument, required};
use crate::{
    cdata::{ctype_object, place_of},
    convert::{initialise::from_values, to_lua::MAX_ALIGN},
    ctype::{CTypeId, Kind},
    operators::{out_of_memory, raise},
    problem::Problem,
    state::{self, Ffi},
};
use moonwake_lang::{
    metamethod::Metamethod,
    object::{Cdata, Gc},
    value::Value,
    vm::{
        Vm,
        native::{Call, NativeResult},
    },
};

/// `ffi.new(ct [, count] [, values...])`
pub(super) fn new(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = ctype_argument(call, &ffi, 0)?;
    construct(call, &ffi, id)
}

/// Makes an object of this type; its arguments follow the first one of the function that runs.
pub(crate) fn construct(call: &mut Call<'_>, ffi: &Ffi, id: CTypeId) -> NativeResult {
    let is_variable = ffi.types().is_variable(id);
    let mut first = 1;
    let elements = if is_variable {
        first = 2;
        match u64::try_from(count(call, ffi, 1)?) {
            Ok(elements) => Some(elements),
            Err(_) => return Err(call.arg_error(0, &Problem::unknown_size().0)),
        }
    } else {
        None
    };
    let size = match ffi.size_with(id, elements) {
        Ok(size) if call.vm.heap.has_room_for(size as usize) => size,
        Ok(_) => return Err(out_of_memory(call.vm)),
        Err(problem) => return Err(call.arg_error(0, &problem.0)),
    };
    if ffi.types().align_of(id) > MAX_ALIGN {
        return Err(call.arg_error(0, &Problem::alignment().0));
    }
    let cdata = new_object(ffi, call.vm, id, size, is_variable);
    // A copy, since the machine is borrowed while the object is filled. Nothing is collected meanwhile.
    let mut few = [Value::NIL; 8];
    let many;
    let values = match call.args().get(first..).unwrap_or_default() {
        values if values.len() <= few.len() => {
            few[..values.len()].copy_from_slice(values);
            &few[..values.len()]
        }
        values => {
            many = values.to_vec();
            &many
        }
    };
    // SAFETY: the object has this size.
    if let Err(problem) = unsafe { from_values(ffi, call.vm, id, cdata.payload(), size, values) } {
        return Err(raise(call, problem));
    }
    call.one(cdata)
}

/// A zeroed object, with the finaliser of its metatype if there is one.
pub(crate) fn new_object(ffi: &Ffi, vm: &mut Vm, id: CTypeId, size: u64, is_variable: bool) -> Gc<Cdata> {
    let (align, bare) = {
        let types = ffi.types();
        (types.align_of(id), types.bare(id))
    };
    let cdata = vm.heap.new_cdata(id.index() as u32, size as usize, align as usize, is_variable);
    if let Some(metatable) = ffi.metatype(bare) {
        let finaliser = vm.heap.metamethod(metatable, Metamethod::Gc);
        if !finaliser.is_nil() {
            vm.heap.set_finaliser(cdata.into(), finaliser);
        }
    }
    cdata
}

/// `ffi.cast(ct, value)`
pub(super) fn cast(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = ctype_argument(call, &ffi, 0)?;
    let value = required(call, 1)?;
    let kind = ffi.types().kind(id);
    match kind {
        Kind::Bool | Kind::Int { .. } | Kind::Float(_) | Kind::Enum(_) | Kind::Pointer(_) | Kind::Reference(_) => {}
        _ => return Err(call.arg_error(0, &Problem::invalid_ctype().0)),
    }
    if value.as_cdata().is_some_and(|cdata| cdata.ctype() as usize == id.index()) {
        return call.one(value);
    }
    let size = ffi.types().size_of(id).unwrap_or(0);
    let cdata = new_object(&ffi, call.vm, id, size, false);
    // SAFETY: the object has this size.
    match unsafe { ffi.convert(call.vm, id, cdata.payload(), size, value, true) } {
        Ok(()) => call.one(cdata),
        Err(problem) => Err(raise(call, problem)),
    }
}

/// `ffi.gc(cdata, finaliser)`
pub(super) fn gc(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let cdata = call.cdata(0)?;
    let finaliser = required(call, 1)?;
    let kind = {
        let types = ffi.types();
        types.kind(place_of(&types, cdata).ctype)
    };
    if !matches!(kind, Kind::Pointer(_) | Kind::Array { .. } | Kind::Record(_)) {
        return Err(call.arg_error(0, &Problem::invalid_ctype().0));
    }
    if finaliser.is_nil() {
        call.vm.heap.clear_finaliser(cdata.into());
    } else {
        call.vm.heap.set_finaliser(cdata.into(), finaliser);
    }
    call.one(cdata)
}

/// `ct(...)`: the type's `__new`, or the same as `ffi.new(ct, ...)`.
pub(crate) fn call_ctype(call: &mut Call<'_>, ffi: &Ffi, object: Value) -> NativeResult {
    let id = ctype_object(&ffi.types(), object).expect("the caller checked that it is a ctype object");
    let bare = ffi.types().bare(id);
    let constructor = match ffi.metatype(bare) {
        Some(metatable) => call.vm.heap.metamethod(metatable, Metamethod::New),
        None => Value::NIL,
    };
    if constructor.is_nil() {
        return construct(call, ffi, id);
    }
    let arguments = call.args().to_vec();
    call.tail_call(constructor, &arguments)
}
