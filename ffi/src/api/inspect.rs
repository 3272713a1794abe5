//! `ffi.sizeof`, `ffi.alignof`, `ffi.offsetof`, `ffi.istype`, `ffi.typeinfo`, `ffi.abi`: what is known of types and of the platform.

use super::{count, ctype_argument, ctype_of_value, required};
use crate::{
    cdata::variable_length,
    convert::compatible::{self, referred},
    ctype::{BitField, FoundMember, TypeInfo},
    state,
};
use moonwake_lang::{
    value::Value,
    vm::native::{Call, NativeResult},
};

/// `ffi.os`
pub(super) const OS: &str = if cfg!(target_os = "linux") {
    "Linux"
} else if cfg!(target_os = "macos") {
    "OSX"
} else if cfg!(unix) {
    "POSIX"
} else {
    "Other"
};

/// `ffi.arch`
pub(super) const ARCH: &str = if cfg!(target_arch = "x86_64") {
    "x64"
} else if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "unknown"
};

/// The parameters of `ffi.abi` that are true.
const ABI: &[&str] = &[
    if cfg!(target_pointer_width = "64") { "64bit" } else { "32bit" },
    if cfg!(target_endian = "little") { "le" } else { "be" },
    "fpu",
    "hardfp",
    "gc64",
];

/// `ffi.sizeof(ct [, count])`
pub(super) fn size_of(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = ctype_argument(call, &ffi, 0)?;
    let id = referred(&ffi.types(), id);
    let own_length = call.arg(0).as_cdata().and_then(variable_length);
    let size = match own_length {
        Some(length) => Some(length),
        None if ffi.types().is_variable(id) => {
            let elements = u64::try_from(count(call, &ffi, 1)?).ok();
            elements.and_then(|elements| ffi.size_with(id, Some(elements)).ok())
        }
        None => ffi.types().size_of(id),
    };
    call.one(size.map_or(Value::NIL, |size| Value::number(size as f64)))
}

/// `ffi.alignof(ct)`
pub(super) fn align_of(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = ctype_argument(call, &ffi, 0)?;
    let types = ffi.types();
    call.one(types.align_of(referred(&types, id)) as f64)
}

/// `ffi.offsetof(ct, member)`: the offset in bytes, and for a bit-field the first bit and the number of bits.
pub(super) fn offset_of(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let id = ctype_argument(call, &ffi, 0)?;
    let member = call.string(1)?;
    let name = ffi.find_name(member.bytes());
    let found = {
        let types = ffi.types();
        let body = types.record_body(referred(&types, id));
        body.and_then(|body| body.member(name?)).map(|member| (member, types.size_of(member.ctype).unwrap_or(1)))
    };
    match found {
        None => call.none(),
        Some((FoundMember { offset, bits: None, .. }, _)) => call.one(offset as f64),
        // As wide as its type and at the begin of a byte, it is a member like others.
        Some((FoundMember { offset, bits: Some(BitField { start: 0, width }), .. }, unit))
            if u64::from(width) == 8 * unit =>
        {
            call.one(offset as f64)
        }
        Some((FoundMember { offset, bits: Some(bits), .. }, unit)) => {
            let (offset, position) = bits.in_units(offset, unit);
            call.values(&[offset, position, bits.width.into()].map(|n| Value::number(n as f64)))
        }
    }
}

/// `ffi.istype(ct, value)`
pub(super) fn is_type(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let wanted = ctype_argument(call, &ffi, 0)?;
    let value = required(call, 1)?;
    let given = ctype_of_value(&ffi, value);
    let types = ffi.types();
    call.one(given.is_some_and(|given| compatible::is_type(&types, wanted, given)))
}

/// `ffi.typeinfo(number)`: how LuaJIT describes a type, or a part of one; nothing if no type has this number.
pub(super) fn type_info(call: &mut Call<'_>) -> NativeResult {
    let ffi = state::of_call(call);
    let number = count(call, &ffi, 0)?;
    let found = u32::try_from(number).ok().and_then(|number| TypeInfo::of(&mut ffi.types_mut(), number));
    let Some(TypeInfo { info, size, sibling, name }) = found else { return call.none() };
    let table = call.vm.heap.new_table(0, 4);
    call.vm.set_field(table, "info", f64::from(info as i32));
    if let Some(size) = size {
        call.vm.set_field(table, "size", f64::from(size as i32));
    }
    if let Some(sibling) = sibling {
        call.vm.set_field(table, "sib", f64::from(sibling));
    }
    if let Some(name) = name {
        let name = call.vm.heap.intern(ffi.names().spelling(name));
        call.vm.set_field(table, "name", name);
    }
    call.one(table)
}

/// `ffi.abi(parameter)`
pub(super) fn abi(call: &mut Call<'_>) -> NativeResult {
    let parameter = call.string(0)?;
    call.one(ABI.iter().any(|known| known.as_bytes() == parameter.bytes()))
}
