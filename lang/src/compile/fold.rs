//! Constant folding: operators on number literals, by the very functions that the interpreter runs.
//!
//! ```text
//! 2 * 3      6            -(1)       -1
//! 2 ^ -1     0.5          -1LL       a constant of its own
//! 0 / 0      stays        -0         stays
//! 1 << 4     16           ~5         -6
//! ```
//!
//! Results that are NaN or negative zero are left to run time: constants are told apart by comparing, and neither differs from
//! every other number that way. (LuaJIT leaves the same ones.)

use super::operand::{Kind, Operand};
use crate::number::Number;
use crate::operators::BinaryOp;
use crate::stdlib::bit::to_bits;
use crate::vm::interp::arith::{modulo, power};
use crate::vm::interp::bits::{shift_arithmetic, shift_left, shift_right};

/// The result of an operator on two constants.
pub(super) fn fold_binary(op: BinaryOp, left: &Operand, right: &Operand) -> Option<Kind> {
    let (a, b) = (left.as_number()?, right.as_number()?);
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        BinaryOp::Modulo => modulo(a, b),
        BinaryOp::Power => power(a, b),
        BinaryOp::BitAnd => f64::from(to_bits(a) & to_bits(b)),
        BinaryOp::BitOr => f64::from(to_bits(a) | to_bits(b)),
        BinaryOp::BitXor => f64::from(to_bits(a) ^ to_bits(b)),
        BinaryOp::ShiftLeft => f64::from(shift_left(to_bits(a), to_bits(b))),
        BinaryOp::ShiftRight => f64::from(shift_right(to_bits(a), to_bits(b))),
        BinaryOp::ShiftArithmetic => f64::from(shift_arithmetic(to_bits(a), to_bits(b))),
        _ => return None,
    };
    let negative_zero = result == 0.0 && result.is_sign_negative();
    (!result.is_nan() && !negative_zero).then_some(Kind::Number(result))
}

/// The bits of a constant, turned over.
pub(super) fn fold_bit_not(operand: &Operand) -> Option<Kind> {
    operand.as_number().map(|n| Kind::Number(f64::from(!to_bits(n))))
}

/// The negation of a constant.
pub(super) fn fold_negation(operand: &Operand) -> Option<Kind> {
    match operand.kind {
        _ if operand.has_jumps() => None,
        Kind::Number(n) if n != 0.0 => Some(Kind::Number(-n)),
        Kind::Boxed(Number::Int64(n)) => Some(Kind::Boxed(Number::Int64(n.wrapping_neg()))),
        Kind::Boxed(Number::Uint64(n)) => Some(Kind::Boxed(Number::Uint64(n.wrapping_neg()))),
        Kind::Boxed(Number::Imaginary(n)) => Some(Kind::Boxed(Number::Imaginary(-n))),
        _ => None,
    }
}
