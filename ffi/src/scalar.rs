//! Numbers in memory: how each of C's number types is read, written and converted.
//!
//! A number on its way from one type to another is a [`Number`]: a whole number of 128 bits, which holds every C integer, or a
//! double, which holds what Lua can know of any float. The conversions are those that LuaJIT makes on x86-64:
//!
//! ```text
//!     integer -> integer      the low bits
//!     float -> 64 bits        truncated; what does not fit gives 0x8000000000000000, as the machine's instruction does
//!     float -> fewer bits     the low bits of that
//!     float -> unsigned 64    the same, but 2^63 .. 2^64 are themselves
//!     anything -> bool        whether it is not 0
//! ```

#![allow(unsafe_code)]

use crate::{
    ctype::{CTypeId, CTypes, Float, Kind},
    float_format::Format,
};

/// A number type as it lies in memory. An address is one, too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Scalar {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    I128,
    U128,
    F16,
    BF16,
    F32,
    F64,
    F80,
    F128,
}

/// The value of a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// A whole number.
    Int(i128),
    /// A floating number.
    Float(f64),
}

impl Scalar {
    /// What a number type or an enumeration is in memory; nothing for other types.
    pub fn of(types: &CTypes, id: CTypeId) -> Option<Scalar> {
        Some(match types.kind(types.underlying(id)) {
            Kind::Bool => Scalar::Bool,
            Kind::Int { bytes, unsigned } => match (bytes, unsigned) {
                (1, false) => Scalar::I8,
                (1, true) => Scalar::U8,
                (2, false) => Scalar::I16,
                (2, true) => Scalar::U16,
                (4, false) => Scalar::I32,
                (4, true) => Scalar::U32,
                (8, false) => Scalar::I64,
                (8, true) => Scalar::U64,
                (_, false) => Scalar::I128,
                (_, true) => Scalar::U128,
            },
            Kind::Float(float) => Scalar::of_float(float),
            _ => return None,
        })
    }

    /// What a floating type is in memory.
    pub fn of_float(float: Float) -> Scalar {
        match float {
            Float::Half => Scalar::F16,
            Float::Brain => Scalar::BF16,
            Float::Single => Scalar::F32,
            Float::Double => Scalar::F64,
            Float::Extended => Scalar::F80,
            Float::Quad => Scalar::F128,
        }
    }

    /// Its size.
    pub fn bytes(self) -> usize {
        match self {
            Scalar::Bool | Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 | Scalar::F16 | Scalar::BF16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => 8,
            Scalar::I128 | Scalar::U128 | Scalar::F80 | Scalar::F128 => 16,
        }
    }

    /// Whether it is a floating type.
    pub fn is_float(self) -> bool {
        matches!(self, Scalar::F16 | Scalar::BF16 | Scalar::F32 | Scalar::F64 | Scalar::F80 | Scalar::F128)
    }

    /// Whether it has no negative values.
    pub fn is_unsigned(self) -> bool {
        matches!(self, Scalar::Bool | Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::U128)
    }

    /// Whether Lua has a number for each of its values; the wider integers are boxed.
    pub fn fits_lua_number(self) -> bool {
        !matches!(self, Scalar::I64 | Scalar::U64 | Scalar::I128 | Scalar::U128)
    }

    /// Reads a value.
    ///
    /// # Safety
    /// That many bytes can be read at `from`. They need not be aligned.
    #[inline]
    pub unsafe fn read(self, from: *const u8) -> Number {
        // SAFETY: the caller's promise; every bit pattern is a value of these types.
        unsafe {
            match self {
                Scalar::Bool => Number::Int((*from != 0).into()),
                Scalar::I8 => Number::Int((*from as i8).into()),
                Scalar::U8 => Number::Int((*from).into()),
                Scalar::I16 => Number::Int(from.cast::<i16>().read_unaligned().into()),
                Scalar::U16 => Number::Int(from.cast::<u16>().read_unaligned().into()),
                Scalar::I32 => Number::Int(from.cast::<i32>().read_unaligned().into()),
                Scalar::U32 => Number::Int(from.cast::<u32>().read_unaligned().into()),
                Scalar::I64 => Number::Int(from.cast::<i64>().read_unaligned().into()),
                Scalar::U64 => Number::Int(from.cast::<u64>().read_unaligned().into()),
                Scalar::I128 | Scalar::U128 => Number::Int(from.cast::<i128>().read_unaligned()),
                Scalar::F16 => Number::Float(Format::HALF.decode(from.cast::<u16>().read_unaligned().into())),
                Scalar::BF16 => Number::Float(Format::BRAIN.decode(from.cast::<u16>().read_unaligned().into())),
                Scalar::F32 => Number::Float(from.cast::<f32>().read_unaligned().into()),
                Scalar::F64 => Number::Float(from.cast::<f64>().read_unaligned()),
                Scalar::F80 => {
                    let low = from.cast::<u64>().read_unaligned();
                    let high = from.add(8).cast::<u16>().read_unaligned();
                    Number::Float(Format::EXTENDED.decode(u128::from(high) << 64 | u128::from(low)))
                }
                Scalar::F128 => Number::Float(Format::QUAD.decode(from.cast::<u128>().read_unaligned())),
            }
        }
    }

    /// Converts a value to this type and writes it.
    ///
    /// # Safety
    /// That many bytes can be written at `to`. They need not be aligned.
    #[inline]
    pub unsafe fn write(self, to: *mut u8, number: Number) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Scalar::Bool => *to = number.is_not_zero().into(),
                Scalar::I8 | Scalar::U8 => *to = number.to_i64() as u8,
                Scalar::I16 | Scalar::U16 => to.cast::<u16>().write_unaligned(number.to_i64() as u16),
                Scalar::I32 | Scalar::U32 => to.cast::<u32>().write_unaligned(number.to_i64() as u32),
                Scalar::I64 => to.cast::<i64>().write_unaligned(number.to_i64()),
                Scalar::U64 => to.cast::<u64>().write_unaligned(number.to_u64()),
                Scalar::I128 | Scalar::U128 => to.cast::<i128>().write_unaligned(number.to_i128()),
                Scalar::F16 => to.cast::<u16>().write_unaligned(Format::HALF.encode(number.to_f64()) as u16),
                Scalar::BF16 => to.cast::<u16>().write_unaligned(Format::BRAIN.encode(number.to_f64()) as u16),
                Scalar::F32 => to.cast::<f32>().write_unaligned(number.to_f32()),
                Scalar::F64 => to.cast::<f64>().write_unaligned(number.to_f64()),
                Scalar::F80 => {
                    let bits = Format::EXTENDED.encode(number.to_f64());
                    to.cast::<u64>().write_unaligned(bits as u64);
                    to.add(8).cast::<u64>().write_unaligned((bits >> 64) as u64);
                }
                Scalar::F128 => to.cast::<u128>().write_unaligned(Format::QUAD.encode(number.to_f64())),
            }
        }
    }
}

impl Number {
    /// Whether it is other than zero; a NaN is.
    pub fn is_not_zero(self) -> bool {
        match self {
            Number::Int(n) => n != 0,
            Number::Float(n) => n != 0.0,
        }
    }

    /// The nearest double.
    #[inline]
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(n) => n,
        }
    }

    /// The nearest float.
    #[inline]
    pub fn to_f32(self) -> f32 {
        match self {
            Number::Int(n) => n as f32,
            Number::Float(n) => n as f32,
        }
    }

    /// As a signed integer of 64 bits.
    #[inline]
    pub fn to_i64(self) -> i64 {
        match self {
            Number::Int(n) => n as i64,
            Number::Float(n) => truncate(n),
        }
    }

    /// As an unsigned integer of 64 bits.
    #[inline]
    pub fn to_u64(self) -> u64 {
        match self {
            Number::Int(n) => n as u64,
            Number::Float(n) => truncate_unsigned(n),
        }
    }

    fn to_i128(self) -> i128 {
        match self {
            Number::Int(n) => n,
            Number::Float(n) => n as i128,
        }
    }
}

/// A double as an integer, as `cvttsd2si` converts it: what does not fit becomes the smallest.
#[inline]
pub fn truncate(n: f64) -> i64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&n) { n as i64 } else { i64::MIN }
}

/// The same for an unsigned integer: a negative number wraps around.
#[inline]
pub fn truncate_unsigned(n: f64) -> u64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if n >= LIMIT { truncate(n - 2.0 * LIMIT) as u64 } else { truncate(n) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Scalar; 17] = [
        Scalar::Bool,
        Scalar::I8,
        Scalar::U8,
        Scalar::I16,
        Scalar::U16,
        Scalar::I32,
        Scalar::U32,
        Scalar::I64,
        Scalar::U64,
        Scalar::I128,
        Scalar::U128,
        Scalar::F16,
        Scalar::BF16,
        Scalar::F32,
        Scalar::F64,
        Scalar::F80,
        Scalar::F128,
    ];

    fn through(scalar: Scalar, number: Number) -> Number {
        let mut bytes = [0xAAu8; 17];
        // SAFETY: no type is larger than 16 bytes; one byte further on is unaligned.
        unsafe {
            scalar.write(bytes.as_mut_ptr().add(1), number);
            scalar.read(bytes.as_ptr().add(1))
        }
    }

    #[test]
    fn small_whole_numbers_survive_every_type() {
        for scalar in ALL {
            let one = through(scalar, Number::Int(1));
            assert_eq!(one, if scalar.is_float() { Number::Float(1.0) } else { Number::Int(1) }, "{scalar:?}");
        }
    }

    #[test]
    fn floats_become_integers_as_the_machine_does_it() {
        // Values from LuaJIT: tonumber(ffi.new(type, value)).
        let int = |scalar, n| match through(scalar, Number::Float(n)) {
            Number::Int(n) => n,
            Number::Float(_) => panic!(),
        };
        assert_eq!((int(Scalar::I32, 3.9), int(Scalar::I32, -3.9)), (3, -3));
        assert_eq!((int(Scalar::U8, 300.0), int(Scalar::U8, -3.9)), (44, 253));
        assert_eq!((int(Scalar::I16, 1e10), int(Scalar::U16, 1e10)), (-7168, 58368));
        assert_eq!((int(Scalar::I32, 2147483648.0), int(Scalar::I32, 1e20)), (-2147483648, 0));
        assert_eq!((int(Scalar::U32, -1.0), int(Scalar::U32, 4294967301.0)), (4294967295, 5));
        assert_eq!(int(Scalar::I64, 1e20), i64::MIN.into());
        assert_eq!(int(Scalar::U64, 9223372036854775808.0), 1 << 63);
        assert_eq!(int(Scalar::U64, 18446744073709551616.0), 0);
        assert_eq!(int(Scalar::U64, f64::NAN), 1 << 63);
        assert_eq!(int(Scalar::U64, -1.0), u64::MAX.into());
        assert_eq!((int(Scalar::Bool, 0.5), int(Scalar::Bool, f64::NAN), int(Scalar::Bool, -0.0)), (1, 1, 0));
    }

    #[test]
    fn integers_keep_their_low_bits() {
        assert_eq!(through(Scalar::U8, Number::Int(0x1ff)), Number::Int(255));
        assert_eq!(through(Scalar::I8, Number::Int(255)), Number::Int(-1));
        assert_eq!(through(Scalar::Bool, Number::Int(256)), Number::Int(1));
        assert_eq!(through(Scalar::U64, Number::Int(-1)), Number::Int(u64::MAX.into()));
        assert_eq!(through(Scalar::F32, Number::Int(16_777_217)), Number::Float(16_777_216.0));
    }
}
