//! The bit operators, on numbers taken as 32-bit integers, as the `bit` library has them.
//!
//! A number is taken modulo 2³², its fraction rounded: `1.5 | 0` is 2 and `4294967295 | 0` is -1. Only the lowest five bits of a
//! shift's distance count. Unlike arithmetic, strings are not read as numbers.

use super::super::Vm;
use super::super::messages;
use super::dispatch::{handlers, next, tail};
use super::meta::call_metamethod;
use super::throw::throw_error;
use crate::bytecode::{Ins, Op};
use crate::metamethod::Metamethod;
use crate::value::Value;

/// The 32-bit integer that a number stands for; exact up to ±2⁵¹.
///
/// Adding 2⁵² + 2⁵¹ shifts the binary point to the end of the mantissa, whose low half then is the result.
#[inline(always)]
pub fn to_bits(n: f64) -> i32 {
    const POINT_AT_END: f64 = 6_755_399_441_055_744.0;
    (n + POINT_AT_END).to_bits() as i32
}

/// `a << b`
#[inline(always)]
pub fn shift_left(a: i32, b: i32) -> i32 {
    a.wrapping_shl(b as u32)
}

/// `a >> b`: zeros are shifted in.
#[inline(always)]
pub fn shift_right(a: i32, b: i32) -> i32 {
    (a as u32).wrapping_shr(b as u32) as i32
}

/// `a ~>> b`: the sign is shifted in.
#[inline(always)]
pub fn shift_arithmetic(a: i32, b: i32) -> i32 {
    a.wrapping_shr(b as u32)
}

macro_rules! bit_operators {
    ($($name:ident, |$x:ident, $y:ident| $result:expr;)*) => {
        handlers! {$(
            $name(vm, base, pc, ins, k, x) {
                let (a, b) = (*base.add(ins.b()), *base.add(ins.c()));
                if !a.is_number() || !b.is_number() {
                    return tail(bits_slow, vm, base, pc, ins, k, x);
                }
                let ($x, $y) = (to_bits(a.as_f64()), to_bits(b.as_f64()));
                *base.add(ins.a()) = Value(f64::from($result).to_bits());
                next(vm, base, pc, k, x)
            }
        )*}
    };
}
bit_operators! {
    bandrr, |a, b| a & b;
    borrr, |a, b| a | b;
    bxorrr, |a, b| a ^ b;
    shlrr, |a, b| shift_left(a, b);
    shrrr, |a, b| shift_right(a, b);
    sarrr, |a, b| shift_arithmetic(a, b);
}

handlers! {
    bnot(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        if !v.is_number() {
            return tail(bits_slow, vm, base, pc, ins, k, x);
        }
        *base.add(ins.a()) = Value(f64::from(!to_bits(v.as_f64())).to_bits());
        next(vm, base, pc, k, x)
    }

    #[cold]
    #[inline(never)]
    bits_slow(vm, base, pc, ins, k, x) {
        let (a, b) = match ins.op() {
            Op::BNOT => (*base.add(ins.d()), *base.add(ins.d())),
            _ => (*base.add(ins.b()), *base.add(ins.c())),
        };
        match (*vm).binary_metamethod(a, b, event(ins.op())) {
            Some(f) => call_metamethod(vm, base, pc.sub(1), f, [a, b], Value::NIL, false),
            None => {
                let error = messages::arithmetic_error(&mut *vm, base, pc.sub(1), a, b);
                throw_error(vm, base, pc, error)
            }
        }
    }
}

/// The event of a bit operation.
fn event(op: Op) -> Metamethod {
    match op {
        Op::BNOT => Metamethod::BNot,
        Op::BANDRR => Metamethod::BAnd,
        Op::BORRR => Metamethod::BOr,
        Op::BXORRR => Metamethod::BXor,
        Op::SHLRR => Metamethod::Shl,
        Op::SHRRR => Metamethod::Shr,
        Op::SARRR => Metamethod::Sar,
        other => unreachable!("{other:?} is no bit operation"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_integers_modulo_two_to_the_32nd() {
        for (n, bits) in [
            (0.0, 0),
            (-0.0, 0),
            (1.5, 2),
            (2.5, 2),
            (-1.5, -2),
            (-1.0, -1),
            (4294967295.0, -1),
            (4294967296.0, 0),
            (2147483648.0, i32::MIN),
            (-2147483649.0, i32::MAX),
            (1e15, -1530494976),
        ] {
            assert_eq!(to_bits(n), bits, "{n}");
        }
        assert_eq!(shift_left(1, 33), 2);
        assert_eq!(shift_right(-1, 28), 15);
        assert_eq!(shift_arithmetic(-16, 2), -4);
    }
}
