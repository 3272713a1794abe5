//! `ffi.C.name` and `library.name` where the name is a variable.
//!
//! A namespace keeps functions and constants in a table, which is recorded as a table. For a variable of the library it has nothing
//! to keep, so that its `__index` and `__newindex` are asked each time; on a trace, that is a load from a constant address, and a store to it.

use super::call::Callee;
use super::cvalue::{CValue, ffi_of};
use super::natives::{Done, Effects};
use super::{At, Recorder};
use crate::ir::{Const, Op};
use crate::trace::abort::{Abort, Reason, Rec};
use moonwake_ffi::convert::from_lua::{Offer, plan as plan_conversion};
use moonwake_ffi::convert::to_lua::plan_load;
use moonwake_ffi::ctype::CTypeId;

/// The variable that a call of a namespace's function is about: its type and its address. The name is guarded.
fn variable(r: &mut Recorder, at: &mut At<'_>, callee: &Callee, event: &str) -> Rec<(CTypeId, u64)> {
    let function = callee.function.now.as_function().ok_or(Reason::BadType)?;
    let key = r.argument(callee, 1)?;
    let ffi = ffi_of(at);
    let found = key.now.as_str().and_then(|name| ffi.variable_of_namespace(at.vm, function, name));
    let found = found.ok_or_else(|| Abort::about(Reason::NyiNative, event))?;
    r.specialise(key)?;
    Ok(found)
}

/// `__index` of a namespace.
pub fn index(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (ctype, address) = variable(r, at, callee, "__index")?;
    let ffi = ffi_of(at);
    let load = plan_load(&mut ffi.types_mut(), ctype);
    if load.is_fixed() {
        // The namespace will keep it.
        return Ok(Done::Call(Effects::Writes));
    }
    let address = r.e.constant(Const::Ptr(address));
    let value = r.load_lua(at, &ffi, load, address)?;
    Ok(Done::Results(vec![value]))
}

/// `__newindex` of a namespace.
pub fn new_index(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let (ctype, address) = variable(r, at, callee, "__newindex")?;
    let ffi = ffi_of(at);
    if ffi.types().get(ctype).qualifiers.is_const() {
        return Err(Reason::BadType.into());
    }
    let value = r.argument(callee, 2)?;
    let offer = Offer::of(&ffi.types(), value.now);
    let conversion = plan_conversion(&ffi.types(), ffi.known(), ctype, offer, false).ok_or(Reason::BadType)?;
    let converted = r.convert(&ffi, value, offer, conversion, ctype)?;
    let address = r.e.constant(Const::Ptr(address));
    match converted {
        CValue::Scalar(value, mem) => r.xstore(mem, address, 0, value),
        CValue::Bytes(from, bytes) => {
            let bytes = i32::try_from(bytes).map_err(|_| Reason::NyiCType)?;
            r.store(Op::XCOPY, &[address, from], &[bytes]);
        }
    }
    Ok(Done::Results(Vec::new()))
}
