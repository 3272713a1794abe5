//! Strength reduction: divisions by constants without dividing.
//!
//! A 64-bit division takes some 10 to 40 cycles, Cranelift at the optimisation level that we use leaves it as it is, and
//! `i % 3` is what programs do. So an `int` divided by a constant d becomes a multiplication by a rounded-up reciprocal:
//! for 0 <= x < 2^31 and d < 2^31, with s = ceil(log2 d) and m = ceil(2^(31+s) / d),
//!
//! ```text
//!   x / d = x * m >> (31 + s)
//! ```
//!
//! since the error of m is below 1 and x times it below 2^31 <= 2^(31+s) / d. The product stays below 2^63. A negative x
//! is brought there by inverting all its bits and the quotient's after it, which is what rounding down makes of it.
//!
//! Reference: Granlund and Montgomery, *Division by Invariant Integers using Multiplication*, 1994.

use super::super::emit::Emitter;
use super::super::fold::{Fold, rules};
use crate::ir::{Ins, IrRef, Op, Type};

/// The multiplier and the shift for dividing by `d`, 2 < d < 2^31.
fn reciprocal(d: i64) -> (i64, i32) {
    let log = 64 - (d - 1).leading_zeros() as i32;
    let shift = 31 + log;
    let m = ((1i128 << shift) + i128::from(d) - 1) / i128::from(d);
    (m as i64, shift)
}

/// Emits floor(x / d) of an `int`.
fn floor_divide(e: &mut Emitter, x: IrRef, d: i64) -> IrRef {
    let (m, shift) = reciprocal(d);
    let (m, shift, all) = (e.integer(Type::I64, m), e.int(shift), e.int(31));
    let sign = e.op(Op::SAR, Type::Int, &[x, all]);
    let positive = e.op(Op::BXOR, Type::Int, &[x, sign]);
    let wide = e.op(Op::CONV, Type::I64, &[positive]);
    let product = e.op(Op::MUL, Type::I64, &[wide, m]);
    let high = e.op(Op::SHR, Type::I64, &[product, shift]);
    let quotient = e.op(Op::CONV, Type::Int, &[high]);
    e.op(Op::BXOR, Type::Int, &[quotient, sign])
}

rules! {
    /// `i % 2^n => i and (2^n - 1)`
    [MOD] fn modulo_power_of_two(e, ins) {
        let d = e.trace.int_constant(ins.b())?;
        // C's remainder of a signed number has the sign of the dividend.
        if !matches!(ins.ty, Type::Int | Type::U64) || d < 1 || d.count_ones() != 1 {
            return None;
        }
        let mask = e.integer(ins.ty, d - 1);
        Some(Fold::Again(Ins::new(Op::BAND, ins.ty, &[ins.a(), mask])))
    }

    /// `u / 2^n => u >> n`, unsigned
    [DIV] fn divide_by_power_of_two(e, ins) {
        let d = e.trace.int_constant(ins.b())?;
        if ins.ty != Type::U64 || d < 1 || d.count_ones() != 1 {
            return None;
        }
        let count = e.int(d.trailing_zeros() as i32);
        Some(Fold::Again(Ins::new(Op::SHR, ins.ty, &[ins.a(), count])))
    }

    /// `i % k => i - k * floor(i * (1 / k))`, of int, k > 2
    [MOD] fn modulo_constant(e, ins) {
        let d = e.trace.int_constant(ins.b())?;
        if ins.ty != Type::Int || d < 3 {
            return None;
        }
        let quotient = floor_divide(e, ins.a(), d);
        let multiple = e.op(Op::MUL, Type::Int, &[quotient, ins.b()]);
        Some(Fold::Again(Ins::new(Op::SUB, Type::Int, &[ins.a(), multiple])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reciprocal_divides_exactly() {
        for d in [3, 5, 6, 7, 9, 10, 100, 641, 1000, 65537, 1 << 30, (1 << 30) + 1, i64::from(i32::MAX)] {
            let (m, shift) = reciprocal(d);
            for x in [0, 1, d - 1, d, d + 1, 2 * d - 1, 2 * d, 12345678, i64::from(i32::MAX) - 1, i64::from(i32::MAX)] {
                if x <= i64::from(i32::MAX) {
                    assert_eq!((i128::from(x) * i128::from(m)) >> shift, i128::from(x / d), "{x} / {d}");
                    assert!(i128::from(x) * i128::from(m) < 1 << 63);
                }
            }
        }
    }
}
