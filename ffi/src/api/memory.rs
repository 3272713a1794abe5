//! `ffi.string`, `ffi.copy`, `ffi.fill`, `ffi.errno`: memory as bytes.

#![allow(unsafe_code)]

use super::{converted, count, required};
use crate::{
    cdata::{place_of, variable_length},
    ctype::{CTypeId, Kind},
    operators::out_of_memory,
    problem::Problem,
    state::{self, Ffi},
};
use moonwake_lang::{
    value::Value,
    vm::{
        access::MAX_STRING,
        error::LuaResult,
        native::{Call, NativeResult},
    },
};

/// `ffi.string(pointer [, length])`
pub(super) fn string(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let value = required(call, 0)?;
    if let (Some(text), None) = (value.as_str(), call.get(1)) {
        return call.one(text);
    }
    let known = ffi.known();
    let (address, length) = if call.get(1).is_none_or(Value::is_nil) {
        let address = converted(call, &ffi, 0, known.const_char_pointer)? as *const u8;
        if address.is_null() {
            return Err(call.arg_error(0, &Problem::null_pointer().0));
        }
        // SAFETY: that a string ends in a zero is the script's affair, as in C.
        (address, unsafe { string_length(address, array_size(&ffi, value)) })
    } else {
        let address = converted(call, &ffi, 0, known.const_void_pointer)? as *const u8;
        let length = count(call, &ffi, 1)?;
        match usize::try_from(length).ok().filter(|&length| length <= MAX_STRING) {
            Some(length) => (address, length),
            None => return Err(call.vm.plain_error(Problem::string_overflow().0)),
        }
    };
    if !call.vm.heap.has_room_for(length) {
        return Err(out_of_memory(call.vm));
    }
    let bytes = match length {
        0 => &[],
        // SAFETY: that so many bytes are there is the script's affair.
        _ => unsafe { std::slice::from_raw_parts(address, length) },
    };
    let text = call.vm.heap.intern(bytes);
    call.one(text)
}

/// The size of the array that a value is, if it is one of known size.
fn array_size(ffi: &Ffi, value: Value) -> Option<u64> {
    let cdata = value.as_cdata()?;
    let types = ffi.types();
    let ctype = place_of(&types, cdata).ctype;
    match types.kind(ctype) {
        Kind::Array { .. } => variable_length(cdata).or(types.size_of(ctype)),
        _ => None,
    }
}

/// The number of bytes before a zero, or in all when there are no more.
///
/// # Safety
/// So many bytes, or up to a zero, can be read.
unsafe fn string_length(address: *const u8, limit: Option<u64>) -> usize {
    // SAFETY: the caller's promise.
    unsafe { libc::strnlen(address.cast(), limit.map_or(MAX_STRING, |limit| limit as usize)) }
}

/// `ffi.copy(to, from, length)`, `ffi.copy(to, string)`
pub(super) fn copy(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let to = converted(call, &ffi, 0, CTypeId::POINTER_TO_VOID)? as *mut u8;
    let from = converted(call, &ffi, 1, ffi.known().const_void_pointer)? as *const u8;
    let length = match (call.arg(1).as_str(), call.get(2)) {
        (Some(text), None) => text.len() + 1,
        _ => byte_count(call, &ffi, 2)?,
    };
    if length > 0 {
        // SAFETY: that both places have so many bytes is the script's affair.
        unsafe { std::ptr::copy(from, to, length) };
    }
    call.none()
}

/// `ffi.fill(to, length [, byte])`
pub(super) fn fill(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let to = converted(call, &ffi, 0, CTypeId::POINTER_TO_VOID)? as *mut u8;
    let length = byte_count(call, &ffi, 1)?;
    let byte = if call.get(2).is_some_and(|byte| !byte.is_nil()) {
        converted(call, &ffi, 2, CTypeId::INT32)? as u8
    } else {
        0
    };
    if length > 0 {
        // SAFETY: that the place has so many bytes is the script's affair.
        unsafe { std::ptr::write_bytes(to, byte, length) };
    }
    call.none()
}

fn byte_count(call: &mut Call<'_>, ffi: &Ffi, i: usize) -> LuaResult<usize> {
    match usize::try_from(count(call, ffi, i)?) {
        Ok(length) => Ok(length),
        Err(_) => Err(call.arg_error(i, "a length cannot be negative")),
    }
}

/// `ffi.errno([new])`
///
/// The thread's own `errno` is what counts, so a call of C needs neither to set nor to save it.
pub(super) fn errno(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let new = if call.get(0).is_some() { Some(converted(call, &ffi, 0, CTypeId::INT32)? as i32) } else { None };
    // SAFETY: the address is that of a variable of this thread.
    let old = unsafe {
        let place = libc::__errno_location();
        let old = *place;
        if let Some(new) = new {
            *place = new;
        }
        old
    };
    call.one(f64::from(old))
}
