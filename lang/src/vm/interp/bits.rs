//! The bit operators, on numbers taken as 32-bit integers, as the `bit` library has them.
//!
//! A number is taken modulo 2³², its fraction rounded: `1.5 | 0` is 2 and `4294967295 | 0` is -1. Only the lowest five bits of a
//! shift's distance count. A C integer among the operands makes them 64 bits wide. Unlike arithmetic, strings are not read as
//! numbers, and there are no metamethods.

use super::super::Vm;
use super::super::messages;
use super::dispatch::{handlers, next, tail};
use super::throw::throw_error;
use crate::bytecode::{Ins, Op};
use crate::stdlib::bit::{on_cdata, to_bits};
use crate::value::{Tag, Value};

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
        let known = |v: Value| v.is_number() || v.is(Tag::Cdata);
        if !known(a) || !known(b) {
            let error = messages::arithmetic_error(&mut *vm, base, pc.sub(1), a, b);
            return throw_error(vm, base, pc, error);
        }
        match on_cdata(&mut *vm, ins.op(), a, b) {
            Ok(result) => {
                *base.add(ins.a()) = result;
                next(vm, base, pc, k, x)
            }
            Err(error) => throw_error(vm, base, pc, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_five_bits_of_a_distance_count() {
        assert_eq!(shift_left(1, 33), 2);
        assert_eq!(shift_right(-1, 28), 15);
        assert_eq!(shift_arithmetic(-16, 2), -4);
    }
}
