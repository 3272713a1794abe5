//! From C to Lua: what a load, or a call, gives.
//!
//! Numbers that a double can hold become Lua numbers. Other scalars are boxed: a new cdata holds a copy. Of a struct or an array
//! Lua gets a *reference*, a cdata that holds the address, so that `a.b.c = 1` changes `a`.

#![allow(unsafe_code)]

use crate::{
    cdata::new_box,
    ctype::{BitField, CTypeId, CTypes, Kind},
    scalar::{Number, Scalar},
};
use moonwake_lang::{value::Value, vm::Vm};

/// The largest alignment that a cdata's payload can have.
pub const MAX_ALIGN: u64 = 1024;

/// How a value in memory becomes a Lua value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Load {
    /// There is no value: `void`.
    Nothing,
    /// Zero is `false`, all else `true`.
    Boolean,
    /// A Lua number.
    Number(Scalar),
    /// A cdata with a copy.
    Box {
        /// The cdata's type.
        ctype: CTypeId,
        /// How many bytes are copied.
        bytes: u32,
        /// Its alignment.
        align: u32,
    },
    /// A cdata with the address.
    Reference {
        /// The cdata's type: a reference.
        ctype: CTypeId,
    },
}

/// How a place of this type is loaded.
pub fn plan_load(types: &mut CTypes, id: CTypeId) -> Load {
    match types.kind(id) {
        Kind::Void => Load::Nothing,
        Kind::Bool => Load::Boolean,
        Kind::Array { .. } | Kind::Record(_) | Kind::Function(_) => Load::Reference { ctype: types.reference_to(id) },
        Kind::Int { .. } | Kind::Float(_)
            if let Some(scalar) = Scalar::of(types, id).filter(|s| s.fits_lua_number()) =>
        {
            Load::Number(scalar)
        }
        _ => plan_box(types, id),
    }
}

/// How a value of this type is copied into a box of its own, whatever it is: for results of calls.
pub fn plan_box(types: &CTypes, id: CTypeId) -> Load {
    let ctype = types.bare(id);
    Load::Box {
        ctype,
        bytes: types.size_of(ctype).unwrap_or(0) as u32,
        align: types.align_of(ctype).min(MAX_ALIGN) as u32,
    }
}

impl Load {
    /// Loads what is at `from`.
    ///
    /// # Safety
    /// A value of the type that this was made for can be read there.
    #[inline]
    pub unsafe fn perform(self, vm: &mut Vm, from: *const u8) -> Value {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Load::Nothing => Value::NIL,
                Load::Boolean => Value::boolean(*from != 0),
                Load::Number(Scalar::I32) => Value::number(from.cast::<i32>().read_unaligned().into()),
                Load::Number(Scalar::F64) => Value::number(from.cast::<f64>().read_unaligned()),
                Load::Number(Scalar::F32) => Value::number(from.cast::<f32>().read_unaligned().into()),
                Load::Number(Scalar::U8) => Value::number((*from).into()),
                Load::Number(scalar) => Value::number(scalar.read(from).to_f64()),
                Load::Box { ctype, bytes, align } => {
                    let cdata = new_box(vm, ctype, bytes as usize, align as usize);
                    std::ptr::copy_nonoverlapping(from, cdata.payload(), bytes as usize);
                    cdata.into()
                }
                Load::Reference { ctype } => {
                    let cdata = new_box(vm, ctype, 8, 8);
                    cdata.payload().cast::<*const u8>().write(from);
                    cdata.into()
                }
            }
        }
    }
}

/// Reads a bit-field as a number of its type.
///
/// # Safety
/// The bytes that the field touches can be read from `from` on.
pub unsafe fn read_bits(bits: BitField, scalar: Scalar, from: *const u8) -> Number {
    let mut all = 0u128;
    for i in 0..usize::from(bits.bytes()) {
        // SAFETY: the caller's promise.
        all |= u128::from(unsafe { *from.add(i) }) << (8 * i);
    }
    let unused = 128 - u32::from(bits.width);
    if bits.width == 0 {
        return Number::Int(0);
    }
    let high = all >> bits.start << unused;
    let extends_sign = !scalar.is_unsigned();
    Number::Int(if extends_sign { high as i128 >> unused } else { (high >> unused) as i128 })
}

/// Writes the low bits of a number into a bit-field; what it shares bytes with stays as it is.
///
/// # Safety
/// The bytes that the field touches can be read and written from `to` on.
pub unsafe fn write_bits(bits: BitField, to: *mut u8, value: u64) {
    let mask = ((1u128 << bits.width) - 1) << bits.start;
    let value = u128::from(value) << bits.start;
    for i in 0..usize::from(bits.bytes()) {
        let (mask, value) = ((mask >> (8 * i)) as u8, (value >> (8 * i)) as u8);
        // SAFETY: the caller's promise.
        unsafe { *to.add(i) = *to.add(i) & !mask | value & mask };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_fields_leave_their_neighbours_alone() {
        for start in 0..8 {
            for width in 1..=64 {
                let bits = BitField { start, width };
                let low = |n: u64| if width == 64 { n } else { n & ((1 << width) - 1) };
                for background in [0u8, 0xff] {
                    let mut bytes = [background; 10];
                    // SAFETY: a field touches at most nine bytes.
                    unsafe {
                        write_bits(bits, bytes.as_mut_ptr(), 0xA5C3_96F0_1122_3344);
                        let read = read_bits(bits, Scalar::U64, bytes.as_ptr());
                        assert_eq!(read, Number::Int(low(0xA5C3_96F0_1122_3344).into()), "{bits:?}");
                        write_bits(bits, bytes.as_mut_ptr(), if background == 0 { 0 } else { u64::MAX });
                    }
                    assert_eq!(bytes, [background; 10], "{bits:?}");
                }
            }
        }
    }

    #[test]
    fn signed_bit_fields_have_a_sign() {
        let bytes = [0b0111_0000u8];
        let bits = BitField { start: 4, width: 3 };
        // SAFETY: the field lies in one byte.
        unsafe {
            assert_eq!(read_bits(bits, Scalar::I32, bytes.as_ptr()), Number::Int(-1));
            assert_eq!(read_bits(bits, Scalar::U32, bytes.as_ptr()), Number::Int(7));
        }
    }
}
