//! Functions of the library `ffi` that need no call: what is known of a ctype is a constant.
//!
//! A type is named by a string or a ctype object, which is guarded to be the same, or it is that of a cdata, by the guard that every
//! operation on the cdata shares.

use super::super::ccall::named_type;
use super::super::cvalue::{ctype_now, ffi_of};
use super::super::{At, Recorder};
use super::{Callee, Done, Effects};
use crate::trace::abort::{Reason, Rec};
use moonwake_ffi::cdata::{ctype_object, new_ctype_object};
use moonwake_ffi::convert::compatible::{self, referred};
use moonwake_ffi::ctype::CTypeId;
use moonwake_lang::value::{Tag, Value};

/// `ffi.typeof(text)`, where the text means the same type each time.
pub fn type_of(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let argument = r.argument(callee, 0)?;
    let Some(text) = argument.now.as_str().filter(|_| callee.arguments.len() == 1) else {
        return Ok(Done::Call(Effects::Reads));
    };
    let ffi = ffi_of(at);
    let id = ffi.type_of_text(at.vm, text).map_err(|_| Reason::BadType)?;
    if ffi.type_of_text(at.vm, text) != Ok(id) {
        return Ok(Done::Call(Effects::Reads));
    }
    r.specialise(argument)?;
    let object = new_ctype_object(at.vm, id);
    Ok(Done::Results(vec![r.value(object).ir]))
}

/// `ffi.sizeof(ct)`, but for variable lengths.
pub fn size_of(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let argument = r.argument(callee, 0)?;
    let own = ctype_now(&ffi.types(), argument.now);
    let id = match own {
        Some(id) if id != CTypeId::CTYPE => {
            r.guard_ctype(&ffi.types(), argument)?;
            id
        }
        _ => named_type(r, at, &ffi, argument)?,
    };
    let types = ffi.types();
    let id = referred(&types, id);
    if types.is_variable(id) {
        return Ok(Done::Call(Effects::Reads));
    }
    let size = types.size_of(id).map_or(Value::NIL, |size| Value::number(size as f64));
    Ok(Done::Results(vec![r.value(size).ir]))
}

/// `ffi.istype(ct, value)`
pub fn is_type(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let (named, value) = (r.argument(callee, 0)?, r.argument(callee, 1)?);
    let wanted = named_type(r, at, &ffi, named)?;
    let represented = ctype_object(&ffi.types(), value.now);
    let given = match represented {
        _ if !value.now.is(Tag::Cdata) => None,
        None => Some(r.guard_ctype(&ffi.types(), value)?.1),
        Some(id) => {
            r.specialise(value)?;
            Some(id)
        }
    };
    let holds = given.is_some_and(|given| compatible::is_type(&ffi.types(), wanted, given));
    Ok(Done::Results(vec![r.value(Value::boolean(holds)).ir]))
}
