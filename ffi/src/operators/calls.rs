//! `cdata(...)`, and `pairs` and `ipairs` of cdata.

use super::raise;
use crate::{
    api::create::call_ctype,
    call::call_function,
    cdata::{ctype_of, place_of},
    ctype::{CTypeId, CTypes, Kind},
    problem::Problem,
    state,
};
use moonwake_lang::{
    metamethod::Metamethod,
    object::{Cdata, Gc},
    vm::native::{Call, NativeResult},
};

/// The type of what a call of a cdata is meant for, which a pointer leads to, and the address of the cdata's own value.
fn called(types: &CTypes, cdata: Gc<Cdata>) -> (CTypeId, *mut u8) {
    let place = place_of(types, cdata);
    match types.kind(place.ctype) {
        Kind::Pointer(to) => (to, place.address),
        _ => (place.ctype, place.address),
    }
}

/// `cdata(...)`: a constructor, a C function, or what the metatype says.
pub(super) fn call(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let cdata = call.cdata(0)?;
    if cdata.ctype() as usize == CTypeId::CTYPE.index() {
        return call_ctype(call, &ffi, cdata.into());
    }
    let function = {
        let types = ffi.types();
        let (target, address) = called(&types, cdata);
        matches!(types.kind(target), Kind::Function(_)).then_some((target, address))
    };
    if let Some((function, address)) = function {
        return call_function(call, &ffi, function, address);
    }
    let id = ctype_of(&ffi.types(), cdata);
    let handler = ffi.metamethod(call.vm, id, Metamethod::Call);
    if handler.is_nil() {
        let name = ffi.print(called(&ffi.types(), cdata).0);
        return Err(raise(call, Problem::not_callable(&name)));
    }
    let arguments = call.args().to_vec();
    call.tail_call(handler, &arguments)
}

/// `pairs(cdata)`
pub(super) fn pairs(call: &mut Call<'_>) -> NativeResult {
    iterate(call, Metamethod::Pairs)
}

/// `ipairs(cdata)`
pub(super) fn ipairs(call: &mut Call<'_>) -> NativeResult {
    iterate(call, Metamethod::IPairs)
}

/// Only a metatype says how to iterate.
fn iterate(call: &mut Call<'_>, event: Metamethod) -> NativeResult {
    let ffi = state::of_call(call);
    let cdata = call.cdata(0)?;
    let id = ctype_of(&ffi.types(), cdata);
    let handler = ffi.metamethod(call.vm, id, event);
    if handler.is_nil() {
        let name = ffi.print(called(&ffi.types(), cdata).0);
        return Err(raise(call, Problem::no_metamethod(&name, event.name())));
    }
    call.tail_call(handler, &[cdata.into()])
}
