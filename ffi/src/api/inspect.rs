//! `ffi.sizeof`, `ffi.alignof`, `ffi.offsetof`, `ffi.istype`, `ffi.abi`: what is known of types and of the platform.

use super::{count, ctype_argument, ctype_of_value, required};
use crate::{
    cdata::variable_length,
    convert::compatible::{self, referred},
    ctype::{BitField, FoundMember},
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
            let (offset, position) = in_units(offset, bits, unit);
            call.values(&[offset, position, bits.width.into()].map(|n| Value::number(n as f64)))
        }
    }
}

/// The place of a bit-field counted in units of its type, as the compiler sees it, unless it lies across two.
fn in_units(offset: u64, bits: BitField, unit: u64) -> (u64, u64) {
    let first_bit = offset * 8 + u64::from(bits.start);
    let in_unit = first_bit % (8 * unit);
    if in_unit + u64::from(bits.width) <= 8 * unit {
        (first_bit / (8 * unit) * unit, in_unit)
    } else {
        (offset, bits.start.into())
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

/// `ffi.abi(parameter)`
pub(super) fn abi(call: &mut Call<'_>) -> NativeResult {
    let parameter = call.string(0)?;
    call.one(ABI.iter().any(|known| known.as_bytes() == parameter.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_fields_are_counted_in_units_of_their_type() {
        let at = |bit: u64, width, unit| in_units(bit / 8, BitField { start: (bit % 8) as u8, width }, unit);
        assert_eq!((at(3, 5, 4), at(9, 20, 4), at(33, 4, 4)), ((0, 3), (0, 9), (4, 1)));
        assert_eq!(at(28, 8, 4), (3, 4), "across two units");
    }
}
