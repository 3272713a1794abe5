//! Arithmetic and comparison of cdata: which operation two operands mean, and the operations on 64-bit integers.
//!
//! Three families, tried in this order; what is none of them is for the metatypes of the operands.
//!
//! ```text
//!     integers      a C number with another or with a Lua number: both become uint64_t if one of them is one, else
//!                   int64_t, floats too. An enumeration takes a string with an enumerator's name.
//!     pointers      pointer + number, number + pointer, pointer - number, pointer - pointer
//!     ordering      of pointers to compatible types; for equality of any two
//! ```
//!
//! As everywhere, [`plan`] and [`plan_comparison`] decide by types alone, for the interpreter and for the JIT.

use crate::{
    convert::{
        compatible::{Strictness, targets_match},
        from_lua::Offer,
    },
    ctype::{CTypeId, CTypes, EnumId, Kind},
    scalar::Scalar,
};

/// The operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    /// Given its operand twice.
    Unm,
}

/// What an operand is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// A Lua number.
    Number,
    /// A C number. `follow` says whether it lies behind the payload's address, rather than in the payload.
    Scalar {
        /// It is a reference.
        follow: bool,
        /// How it lies in memory.
        scalar: Scalar,
    },
    /// A string; the other operand is of this enumeration.
    Enumerator(EnumId),
    /// An address.
    Address(Address),
    /// `nil`: a `void *` in comparisons, and nothing in arithmetic.
    Null,
    /// Nothing that operators are defined for.
    Other,
}

/// An operand that is an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    /// How many addresses are followed, the payload's first; with none, it is the payload's own address.
    pub follow: u8,
    /// The type of what it points to.
    pub target: CTypeId,
}

/// What an arithmetic operation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arith {
    /// On integers of 64 bits; the operands are numbers, scalars or enumerators.
    Integers {
        /// They are `uint64_t`.
        unsigned: bool,
    },
    /// An address plus a number of elements.
    Offset {
        /// The address stands on the right.
        swapped: bool,
        /// The number is subtracted.
        negative: bool,
        /// The size of an element.
        step: u64,
        /// What the address points to; the result is a pointer to it.
        target: CTypeId,
    },
    /// The number of elements between two addresses, a Lua number.
    Distance {
        /// The size of an element.
        step: u64,
    },
}

/// What a comparison is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// Of integers of 64 bits.
    Integers {
        /// They are `uint64_t`.
        unsigned: bool,
    },
    /// Of addresses.
    Addresses,
}

/// What two operands are. A string counts only beside an enumeration.
pub fn operands(types: &CTypes, left: Offer, right: Offer) -> (Operand, Operand) {
    (operand(types, left, right), operand(types, right, left))
}

fn operand(types: &CTypes, offer: Offer, other: Offer) -> Operand {
    let id = match offer {
        Offer::Number => return Operand::Number,
        Offer::Nil => return Operand::Null,
        Offer::String => return enumeration_of(types, other).map_or(Operand::Other, Operand::Enumerator),
        Offer::Cdata(id) => id,
        _ => return Operand::Other,
    };
    let (id, follow) = match types.kind(id) {
        Kind::Reference(to) => (to, 1),
        _ => (id, 0),
    };
    match types.kind(id) {
        Kind::Pointer(target) => Operand::Address(Address { follow: follow + 1, target }),
        Kind::Function(_) => Operand::Address(Address { follow: follow + 1, target: id }),
        Kind::Array { of, .. } => Operand::Address(Address { follow, target: of }),
        _ => match Scalar::of(types, id) {
            Some(scalar) => Operand::Scalar { follow: follow == 1, scalar },
            None => Operand::Other,
        },
    }
}

fn enumeration_of(types: &CTypes, offer: Offer) -> Option<EnumId> {
    let Offer::Cdata(id) = offer else { return None };
    match types.kind(crate::convert::compatible::referred(types, id)) {
        Kind::Enum(enumeration) => Some(enumeration),
        _ => None,
    }
}

impl Operand {
    fn is_number(self) -> bool {
        matches!(self, Operand::Number | Operand::Scalar { .. } | Operand::Enumerator(_))
    }

    fn is_unsigned_64(self) -> bool {
        matches!(self, Operand::Scalar { scalar: Scalar::U64, .. })
    }
}

/// What an operation on these operands is; nothing when that is for their metatypes.
pub fn plan(types: &CTypes, op: ArithOp, left: Operand, right: Operand) -> Option<Arith> {
    if left.is_number() && right.is_number() {
        return Some(Arith::Integers { unsigned: left.is_unsigned_64() || right.is_unsigned_64() });
    }
    let step = |target| types.size_of(target);
    match (op, left, right) {
        (ArithOp::Add | ArithOp::Sub, Operand::Address(a), offset) if offset.is_number() => {
            let negative = op == ArithOp::Sub;
            Some(Arith::Offset { swapped: false, negative, step: step(a.target)?, target: a.target })
        }
        (ArithOp::Add, offset, Operand::Address(b)) if offset.is_number() => {
            Some(Arith::Offset { swapped: true, negative: false, step: step(b.target)?, target: b.target })
        }
        (ArithOp::Sub, Operand::Address(a), Operand::Address(b)) => {
            let step = step(a.target).filter(|&step| step > 0)?;
            let match_each_other = targets_match(types, a.target, b.target, Strictness::IgnoreQualifiers);
            match_each_other.then_some(Arith::Distance { step })
        }
        _ => None,
    }
}

/// What a comparison of these operands is; nothing when that is for their metatypes.
pub fn plan_comparison(types: &CTypes, equality: bool, left: Operand, right: Operand) -> Option<Comparison> {
    if left.is_number() && right.is_number() {
        return Some(Comparison::Integers { unsigned: left.is_unsigned_64() || right.is_unsigned_64() });
    }
    let target = |operand| match operand {
        Operand::Address(address) => Some(address.target),
        Operand::Null => Some(CTypeId::VOID),
        _ => None,
    };
    let (left, right) = (target(left)?, target(right)?);
    let comparable = equality || targets_match(types, left, right, Strictness::IgnoreQualifiers);
    comparable.then_some(Comparison::Addresses)
}

/// The operations on `int64_t` and `uint64_t`, given and returned as bits. Division by zero, and what else C leaves undefined, gives
/// `0x8000000000000000`, as LuaJIT does.
pub fn compute(op: ArithOp, unsigned: bool, a: u64, b: u64) -> u64 {
    const UNDEFINED: u64 = 1 << 63;
    let (signed_a, signed_b) = (a as i64, b as i64);
    match op {
        ArithOp::Add => a.wrapping_add(b),
        ArithOp::Sub => a.wrapping_sub(b),
        ArithOp::Mul => a.wrapping_mul(b),
        ArithOp::Unm => a.wrapping_neg(),
        ArithOp::Div | ArithOp::Mod if b == 0 => UNDEFINED,
        ArithOp::Div if unsigned => a / b,
        ArithOp::Div => signed_a.wrapping_div(signed_b) as u64,
        ArithOp::Mod if unsigned => a % b,
        ArithOp::Mod => signed_a.wrapping_rem(signed_b) as u64,
        ArithOp::Pow if unsigned => a.wrapping_pow_u64(b),
        ArithOp::Pow => signed_power(signed_a, signed_b) as u64,
    }
}

trait WrappingPow {
    fn wrapping_pow_u64(self, exponent: u64) -> u64;
}

impl WrappingPow for u64 {
    /// Square and multiply, since an exponent may have 64 bits.
    fn wrapping_pow_u64(mut self, mut exponent: u64) -> u64 {
        let mut result = 1u64;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result.wrapping_mul(self);
            }
            self = self.wrapping_mul(self);
            exponent >>= 1;
        }
        result
    }
}

/// A negative exponent gives 0, but for the bases that have an inverse; and for 0 the largest number.
fn signed_power(base: i64, exponent: i64) -> i64 {
    if exponent >= 0 {
        return (base as u64).wrapping_pow_u64(exponent as u64) as i64;
    }
    match base {
        0 => i64::MAX,
        1 => 1,
        -1 if exponent & 1 == 0 => 1,
        -1 => -1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_c_leaves_undefined_is_what_luajit_makes_of_it() {
        let signed = |op, a: i64, b: i64| compute(op, false, a as u64, b as u64) as i64;
        let unsigned = |op, a, b| compute(op, true, a, b);
        assert_eq!(
            (signed(ArithOp::Div, -10, 3), signed(ArithOp::Mod, -10, 3), signed(ArithOp::Mod, 10, -3)),
            (-3, -1, 1)
        );
        assert_eq!((signed(ArithOp::Div, 10, 0), signed(ArithOp::Mod, 10, 0)), (i64::MIN, i64::MIN));
        assert_eq!((unsigned(ArithOp::Div, 10, 0), unsigned(ArithOp::Mod, 10, 0)), (1 << 63, 1 << 63));
        assert_eq!((signed(ArithOp::Div, i64::MIN, -1), signed(ArithOp::Mod, i64::MIN, -1)), (i64::MIN, 0));
        assert_eq!(
            (signed(ArithOp::Pow, 2, -1), signed(ArithOp::Pow, -1, -1), signed(ArithOp::Pow, 1, -5)),
            (0, -1, 1)
        );
        assert_eq!(
            (signed(ArithOp::Pow, 0, -1), signed(ArithOp::Pow, -3, 3), signed(ArithOp::Pow, 2, 63)),
            (i64::MAX, -27, i64::MIN)
        );
        assert_eq!((unsigned(ArithOp::Pow, 2, 64), unsigned(ArithOp::Pow, 3, 41)), (0, 18026252303461234787));
        assert_eq!(unsigned(ArithOp::Mod, 10u64.wrapping_neg(), 3), 0);
    }
}
