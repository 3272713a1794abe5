//! Functions of the library `ffi`: what is known of a ctype is a constant, and what is done to bytes a helper does.
//!
//! A type is named by a string or a ctype object, which is guarded to be the same, or it is that of a cdata, by the guard that every
//! operation on the cdata shares.

use super::super::ccall::named_type;
use super::super::cvalue::{CValue, ctype_now, ffi_of};
use super::super::recorder::whole;
use super::super::{At, Recorder, Traced};
use super::{Callee, Done, Effects};
use crate::ir::{Field, Helper, IrRef, MemType, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_ffi::cdata::{ctype_object, new_ctype_object};
use moonwake_ffi::convert::compatible::{self, referred};
use moonwake_ffi::convert::from_lua::{Offer, plan as plan_conversion};
use moonwake_ffi::ctype::{CTypeId, Kind};
use moonwake_ffi::state::Ffi;
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

/// `ffi.string(pointer [, length])`
pub fn string(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let (value, length) = (r.argument(callee, 0)?, r.argument(callee, 1)?);
    if !value.now.is(Tag::Cdata) {
        return Ok(Done::Call(Effects::Reads));
    }
    let (helper, target, length) = match length.now {
        Value::NIL => {
            let known = match own_size(&ffi, value) {
                Some(size) => i32::try_from(size).ok(),
                None => Some(i32::MAX),
            };
            let Some(limit) = known else { return Ok(Done::Call(Effects::Reads)) };
            (Helper::StringUpTo, ffi.known().const_char_pointer, r.e.int(limit))
        }
        _ => match r.byte_count(length)? {
            Some(length) => (Helper::StringOf, ffi.known().const_void_pointer, length),
            None => return Ok(Done::Call(Effects::Reads)),
        },
    };
    let Some(from) = r.address_of(&ffi, value, target)? else { return Ok(Done::Call(Effects::Reads)) };
    Ok(Done::Results(vec![r.call(helper, &[from, length])?]))
}

/// The size of the array that a cdata is. That of one of variable length is not its type's.
fn own_size(ffi: &Ffi, value: Traced) -> Option<u64> {
    let types = ffi.types();
    let id = referred(&types, ctype_now(&types, value.now)?);
    match types.kind(id) {
        Kind::Array { .. } => Some(types.size_of(id).unwrap_or(u64::MAX)),
        _ => None,
    }
}

/// `ffi.copy(to, from, length)`, `ffi.copy(to, string)`
pub fn copy(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let (to, from, length) = (r.argument(callee, 0)?, r.argument(callee, 1)?, r.argument(callee, 2)?);
    let length = match (from.now.is(Tag::Str), callee.arguments.len()) {
        (true, 2) => {
            let (length, one) = (r.field(from.ir, Field::StrLen), r.e.int(1));
            Some(r.e.op(Op::ADD, Type::Int, &[length, one]))
        }
        _ => r.byte_count(length)?,
    };
    let (Some(length), Some(to), Some(from)) = (
        length,
        r.address_of(&ffi, to, CTypeId::POINTER_TO_VOID)?,
        r.address_of(&ffi, from, ffi.known().const_void_pointer)?,
    ) else {
        return Ok(Done::Call(Effects::Copies));
    };
    r.call(Helper::CopyBytes, &[to, from, length])?;
    r.effect = true;
    Ok(Done::Results(Vec::new()))
}

/// `ffi.fill(to, length [, byte])`
pub fn fill(r: &mut Recorder, at: &mut At<'_>, callee: &Callee) -> Rec<Done> {
    let ffi = ffi_of(at);
    let (to, length, byte) = (r.argument(callee, 0)?, r.argument(callee, 1)?, r.argument(callee, 2)?);
    let byte = match byte.now {
        Value::NIL => Some(r.e.int(0)),
        _ => r.int(byte)?,
    };
    let (Some(to), Some(length), Some(byte)) =
        (r.address_of(&ffi, to, CTypeId::POINTER_TO_VOID)?, r.byte_count(length)?, byte)
    else {
        return Ok(Done::Call(Effects::Copies));
    };
    r.call(Helper::FillBytes, &[to, length, byte])?;
    r.effect = true;
    Ok(Done::Results(Vec::new()))
}

impl Recorder {
    /// A number of bytes, if it is a whole Lua number that is not negative; guards that it stays so.
    fn byte_count(&mut self, count: Traced) -> Rec<Option<IrRef>> {
        if whole(count.now).is_none_or(|n| n < 0) {
            return Ok(None);
        }
        let Some(count) = self.int(count)? else { return Ok(None) };
        let zero = self.e.int(0);
        self.e.guard(Op::GE, Type::None, &[count, zero])?;
        Ok(Some(count))
    }

    /// A value as an address of this type, if it is converted to one by what is recorded.
    fn address_of(&mut self, ffi: &Ffi, value: Traced, to: CTypeId) -> Rec<Option<IrRef>> {
        let offer = Offer::of(&ffi.types(), value.now);
        let Some(conversion) = plan_conversion(&ffi.types(), ffi.known(), to, offer, false) else { return Ok(None) };
        match self.convert(ffi, value, offer, conversion, to) {
            Ok(CValue::Scalar(address, MemType::Ptr)) => Ok(Some(address)),
            Ok(_) => Ok(None),
            Err(abort) if matches!(abort.reason, Reason::NyiCType | Reason::NyiConversion) => Ok(None),
            Err(abort) => Err(abort),
        }
    }
}
