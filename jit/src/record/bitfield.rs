//! Bit-fields on a trace: loads and stores of the unit that they lie in.
//!
//! ```text
//!     struct { int a : 3; unsigned b : 5; }       v = s.b                 s.b = v
//!
//!     +--------- unit: 32 bits ---------+         x = XLOAD unit          x = XLOAD unit
//!     | …                | b b b b b|a a a|       x = x >> 3              x = x & ~(31 << 3)
//!     +---------------------------------+         v = x & 31              XSTORE unit x | (v & 31) << 3
//! ```
//!
//! A signed one is shifted to the top and back, so that its sign comes along. Those that straddle two units, which only packed structs have,
//! are left to the interpreter's own function.

use super::Recorder;
use crate::ir::{IrRef, MemType, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_ffi::ctype::{BitField, CTypeId, CTypes, Kind};
use moonwake_ffi::index::Access;
use moonwake_ffi::scalar::Scalar;

/// A bit-field in its unit.
#[derive(Clone, Copy, Debug)]
pub struct Bits {
    /// How the unit lies in memory.
    unit: MemType,
    /// Where it begins.
    pub offset: u64,
    first: u32,
    width: u32,
    signed: bool,
}

/// Where the bits of an access are.
pub fn locate(types: &CTypes, access: Access, bits: BitField, record: CTypeId) -> Rec<Bits> {
    let scalar = Scalar::of(types, access.ctype).ok_or(Reason::NyiCType)?;
    if let Kind::Enum(_) = types.kind(types.underlying(access.ctype)) {
        return Err(Reason::NyiCType.into());
    }
    let (unit, bytes) = match scalar {
        Scalar::Bool | Scalar::I8 | Scalar::U8 => (MemType::U8, 1),
        Scalar::I16 | Scalar::U16 => (MemType::U16, 2),
        Scalar::I32 | Scalar::U32 => (MemType::I32, 4),
        Scalar::I64 | Scalar::U64 => (MemType::U64, 8),
        _ => return Err(Reason::NyiCType.into()),
    };
    let first_bit = access.offset * 8 + u64::from(bits.start);
    let (offset, first) = (first_bit / (8 * bytes) * bytes, (first_bit % (8 * bytes)) as u32);
    let width = u32::from(bits.width);
    let inside = types.size_of(record).is_some_and(|size| offset + bytes <= size);
    if u64::from(first + width) > 8 * bytes || !inside {
        return Err(Reason::NyiCType.into());
    }
    Ok(Bits { unit, offset, first, width, signed: !scalar.is_unsigned() && scalar != Scalar::Bool })
}

impl Bits {
    fn ty(self) -> Type {
        self.unit.ty()
    }

    /// The size of the register that the unit is loaded into.
    fn register_bits(self) -> u32 {
        if self.unit == MemType::U64 { 64 } else { 32 }
    }

    /// As many ones as the field has bits.
    fn mask(self) -> u64 {
        if self.width == 64 { u64::MAX } else { (1 << self.width) - 1 }
    }
}

impl Recorder {
    /// Loads a bit-field: an `int`, or of 64 bits an `i64` or `u64`; with the memory type that it then has.
    pub fn load_bits(&mut self, bits: Bits, address: IrRef) -> (IrRef, MemType) {
        let unit = self.xload(bits.unit, address, 0);
        let ty = bits.ty();
        let top = bits.register_bits() - bits.width;
        let value = if bits.signed {
            let (left, right) = (self.e.int((top - bits.first) as i32), self.e.int(top as i32));
            let high = self.e.op(Op::SHL, ty, &[unit, left]);
            self.e.op(Op::SAR, ty, &[high, right])
        } else {
            let by = self.e.int(bits.first as i32);
            let low = self.e.op(Op::SHR, ty, &[unit, by]);
            let mask = self.e.integer(ty, bits.mask() as i64);
            self.e.op(Op::BAND, ty, &[low, mask])
        };
        match (bits.unit, bits.signed) {
            (MemType::U64, true) => (self.e.op(Op::CONV, Type::I64, &[value]), MemType::I64),
            (MemType::U64, false) => (value, MemType::U64),
            (_, false) if bits.width == 32 => {
                (self.e.op_with(Op::WRAP, Type::I64, &[value], &[MemType::U32 as i32]), MemType::U32)
            }
            _ => (value, MemType::I32),
        }
    }

    /// Stores an integer of any size into a bit-field.
    pub fn store_bits(&mut self, bits: Bits, address: IrRef, value: IrRef) {
        let ty = bits.ty();
        let value = if self.ty(value) == ty { value } else { self.e.op(Op::CONV, ty, &[value]) };
        let mask = self.e.integer(ty, bits.mask() as i64);
        let low = self.e.op(Op::BAND, ty, &[value, mask]);
        let by = self.e.int(bits.first as i32);
        let placed = self.e.op(Op::SHL, ty, &[low, by]);
        let unit = self.xload(bits.unit, address, 0);
        let others = self.e.integer(ty, !(bits.mask() << bits.first) as i64);
        let kept = self.e.op(Op::BAND, ty, &[unit, others]);
        let new = self.e.op(Op::BOR, ty, &[kept, placed]);
        self.xstore(bits.unit, address, 0, new);
    }
}
