//! What arithmetic means, on the bits that registers hold: the one place where constant folding and the evaluator look.
//!
//! The machine code is tested against these functions, so they are written to be read, not to be fast. Bits are as
//! [`Const::bits`](super::Const::bits) gives them: a double's own, an `int` in the low 32.

use super::memory::MemType;
use super::ops::Op;
use super::types::Type;

/// A unary or binary operation on operands of type `ty`. `None` when the operation is not arithmetic, or overflows and so leaves.
pub fn arithmetic(op: Op, ty: Type, a: u64, b: u64) -> Option<u64> {
    match ty {
        Type::Num => float(op, f64::from_bits(a), f64::from_bits(b)).map(f64::to_bits),
        Type::Int => int(op, a as i32, b as i32).map(|n| n as u32 as u64),
        Type::I64 => i64_(op, a as i64, b as i64).map(|n| n as u64),
        Type::U64 | Type::Ptr => u64_(op, a, b),
        _ => None,
    }
}

fn float(op: Op, a: f64, b: f64) -> Option<f64> {
    Some(match op {
        Op::ADD => a + b,
        Op::SUB => a - b,
        Op::MUL => a * b,
        Op::DIV => a / b,
        Op::MOD => a - (a / b).floor() * b,
        Op::NEG => -a,
        Op::ABS => a.abs(),
        Op::MIN => {
            if a < b {
                a
            } else {
                b
            }
        }
        Op::MAX => {
            if a > b {
                a
            } else {
                b
            }
        }
        Op::SQRT => a.sqrt(),
        Op::FLOOR => a.floor(),
        Op::CEIL => a.ceil(),
        Op::TRUNC => a.trunc(),
        Op::FROUND => f64::from(a as f32),
        _ => return None,
    })
}

/// Operations whose result is the same for every width are written once.
macro_rules! integer_operations {
    ($op:ident, $a:ident, $b:ident, $signed:ty, $unsigned:ty) => {
        match $op {
            Op::ADD => $a.wrapping_add($b),
            Op::SUB => $a.wrapping_sub($b),
            Op::MUL => $a.wrapping_mul($b),
            Op::NEG => $a.wrapping_neg(),
            Op::BNOT => !$a,
            Op::BSWAP => $a.swap_bytes(),
            Op::BAND => $a & $b,
            Op::BOR => $a | $b,
            Op::BXOR => $a ^ $b,
            Op::SHL => $a.wrapping_shl($b as u32),
            Op::SHR => ($a as $unsigned).wrapping_shr($b as u32) as _,
            Op::SAR => ($a as $signed).wrapping_shr($b as u32) as _,
            Op::ROL => $a.rotate_left($b as u32 % <$signed>::BITS),
            Op::ROR => $a.rotate_right($b as u32 % <$signed>::BITS),
            Op::MIN => {
                if $a < $b {
                    $a
                } else {
                    $b
                }
            }
            Op::MAX => {
                if $a > $b {
                    $a
                } else {
                    $b
                }
            }
            _ => return None,
        }
    };
}

fn int(op: Op, a: i32, b: i32) -> Option<i32> {
    Some(match op {
        Op::ADDOV => return a.checked_add(b),
        Op::SUBOV => return a.checked_sub(b),
        Op::MULOV => return a.checked_mul(b),
        Op::ABS => a.wrapping_abs(),
        Op::DIV if b != 0 => a.wrapping_div(b),
        Op::MOD if b != 0 => {
            let r = a.wrapping_rem(b);
            if r != 0 && (r ^ b) < 0 { r + b } else { r }
        }
        _ => integer_operations!(op, a, b, i32, u32),
    })
}

fn i64_(op: Op, a: i64, b: i64) -> Option<i64> {
    Some(match op {
        Op::ABS => a.wrapping_abs(),
        Op::DIV if b != 0 => a.wrapping_div(b),
        Op::MOD if b != 0 => a.wrapping_rem(b),
        _ => integer_operations!(op, a, b, i64, u64),
    })
}

fn u64_(op: Op, a: u64, b: u64) -> Option<u64> {
    Some(match op {
        Op::ABS => a,
        Op::DIV if b != 0 => a / b,
        Op::MOD if b != 0 => a % b,
        _ => integer_operations!(op, a, b, i64, u64),
    })
}

/// Whether a comparison of operands of type `ty` holds; `None` when `op` is no comparison.
// The negated comparisons are the point: they hold for NaN.
#[allow(clippy::neg_cmp_op_on_partial_ord)]
pub fn compare(op: Op, ty: Type, a: u64, b: u64) -> Option<bool> {
    if ty == Type::Num {
        let (a, b) = (f64::from_bits(a), f64::from_bits(b));
        return Some(match op {
            Op::EQ => a == b,
            Op::NE => a != b,
            Op::LT => a < b,
            Op::LE => a <= b,
            Op::GT => a > b,
            Op::GE => a >= b,
            Op::NLT => !(a < b),
            Op::NLE => !(a <= b),
            Op::NGT => !(a > b),
            Op::NGE => !(a >= b),
            _ => return None,
        });
    }
    let signed = |n: u64| match ty {
        Type::Int => i64::from(n as i32),
        _ => n as i64,
    };
    // An `int`'s bits are zero-extended, so comparing them unsigned needs no conversion.
    let (sa, sb) = (signed(a), signed(b));
    Some(match op {
        Op::EQ => a == b,
        Op::NE => a != b,
        Op::LT => sa < sb,
        Op::LE => sa <= sb,
        Op::GT => sa > sb,
        Op::GE => sa >= sb,
        Op::ULT => a < b,
        Op::ULE => a <= b,
        Op::UGT => a > b,
        Op::UGE => a >= b,
        _ => return None,
    })
}

/// `CONV`: a value of type `from` as one of type `to`.
pub fn convert(from: Type, to: Type, a: u64) -> u64 {
    let wide = match from {
        Type::Num => {
            let n = f64::from_bits(a);
            return match to {
                Type::Int => num_to_i64(n) as u32 as u64,
                Type::U64 => num_to_u64(n),
                _ => num_to_i64(n) as u64,
            };
        }
        Type::Int => a as i32 as i64 as u64,
        _ => a,
    };
    match to {
        Type::Num => to_num(from, a).to_bits(),
        Type::Int => wide as u32 as u64,
        _ => wide,
    }
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

/// A number as an `i64`, truncated; what does not fit, NaN included, gives the smallest, as on x86-64 in C and in LuaJIT.
pub fn num_to_i64(n: f64) -> i64 {
    if n < TWO_63 { n as i64 } else { i64::MIN }
}

/// A number as a `u64`: a negative one wraps, as LuaJIT has it.
pub fn num_to_u64(n: f64) -> u64 {
    num_to_i64(if n >= TWO_63 { n - 2.0 * TWO_63 } else { n }) as u64
}

/// `TONUM`: an integer of type `from` as a number.
pub fn to_num(from: Type, a: u64) -> f64 {
    match from {
        Type::Int => f64::from(a as i32),
        Type::U64 => a as f64,
        _ => a as i64 as f64,
    }
}

/// `TOINT`: the `int` with exactly this value; `None` when there is none, as for -0.
pub fn to_int(a: u64) -> Option<i32> {
    let n = f64::from_bits(a) as i32;
    (f64::from(n).to_bits() == a).then_some(n)
}

/// `TOBIT`: a number modulo 2^32, halves rounded to even. Numbers beyond 2^51 give what the addition of the bias gives.
pub fn to_bit(a: u64) -> i32 {
    const BIAS: f64 = 6_755_399_441_055_744.0;
    (f64::from_bits(a) + BIAS).to_bits() as i32
}

/// `WRAP`, and what a store of an integer as `mem` and a load of it give.
pub fn wrap(mem: MemType, a: u64) -> u64 {
    match mem {
        MemType::I8 => a as i8 as i32 as u32 as u64,
        MemType::U8 => a as u8 as u64,
        MemType::I16 => a as i16 as i32 as u32 as u64,
        MemType::U16 => a as u16 as u64,
        MemType::I32 | MemType::U32 => a as u32 as u64,
        MemType::I64 | MemType::U64 => a as i32 as i64 as u64,
        MemType::F32 | MemType::F64 | MemType::Ptr => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn num(op: Op, a: f64, b: f64) -> f64 {
        f64::from_bits(arithmetic(op, Type::Num, a.to_bits(), b.to_bits()).expect("arithmetic"))
    }

    fn int(op: Op, a: i32, b: i32) -> Option<i32> {
        arithmetic(op, Type::Int, a as u32 as u64, b as u32 as u64).map(|n| n as i32)
    }

    #[test]
    fn modulo_takes_the_sign_of_the_divisor() {
        for (a, b, r) in [(5, 3, 2), (-5, 3, 1), (5, -3, -1), (-5, -3, -2), (6, 3, 0), (-6, 3, 0)] {
            assert_eq!(int(Op::MOD, a, b), Some(r));
            assert_eq!(num(Op::MOD, f64::from(a), f64::from(b)), f64::from(r));
        }
        assert_eq!(int(Op::MOD, i32::MIN, -1), Some(0));
        assert_eq!(int(Op::MOD, 1, 0), None);
    }

    #[test]
    fn shift_counts_wrap() {
        assert_eq!(int(Op::SHL, 1, 33), Some(2));
        assert_eq!(int(Op::SAR, -8, 1), Some(-4));
        assert_eq!(int(Op::SHR, -1, 28), Some(15));
        assert_eq!(int(Op::ROL, 1, -1), Some(i32::MIN));
    }

    #[test]
    fn overflow_leaves() {
        assert_eq!(int(Op::ADDOV, i32::MAX, 1), None);
        assert_eq!(int(Op::ADD, i32::MAX, 1), Some(i32::MIN));
    }

    #[test]
    fn nan_fails_what_is_not_negated() {
        let (nan, one) = (f64::NAN.to_bits(), 1f64.to_bits());
        for op in [Op::EQ, Op::LT, Op::LE, Op::GT, Op::GE] {
            assert_eq!(compare(op, Type::Num, nan, one), Some(false));
            let not = op.negated(Type::Num).expect("a comparison");
            assert_eq!(compare(not, Type::Num, nan, one), Some(true));
        }
    }

    #[test]
    fn int_comparisons_have_a_sign() {
        let minus = -1i32 as u32 as u64;
        assert_eq!(compare(Op::LT, Type::Int, minus, 1), Some(true));
        assert_eq!(compare(Op::ULT, Type::Int, minus, 1), Some(false));
    }

    #[test]
    fn conversions() {
        assert_eq!(to_int(3f64.to_bits()), Some(3));
        for n in [-0.0, 0.5, 3e9, f64::NAN, f64::INFINITY] {
            assert_eq!(to_int(n.to_bits()), None);
        }
        assert_eq!(to_bit(4294967297f64.to_bits()), 1);
        assert_eq!(to_bit((-1f64).to_bits()), -1);
        assert_eq!(to_bit(2.5f64.to_bits()), 2);
        assert_eq!(num_to_u64(-1.0), u64::MAX);
        assert_eq!(num_to_u64(1.5e19), 15_000_000_000_000_000_000);
        assert_eq!(num_to_u64(1e300), 1 << 63);
        for n in [1e300, -1e300, f64::NAN] {
            assert_eq!(num_to_i64(n), i64::MIN);
        }
        assert_eq!(convert(Type::Num, Type::Int, 3e9f64.to_bits()) as u32 as i32, -1_294_967_296);
        assert_eq!(convert(Type::Int, Type::I64, -1i32 as u32 as u64), u64::MAX);
        assert_eq!(wrap(MemType::I8, 0x80), -128i32 as u32 as u64);
    }
}
