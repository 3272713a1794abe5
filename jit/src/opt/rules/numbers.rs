//! Algebra of doubles: only what is exact, -0 and NaN included.

use super::super::fold::{Fold, rules};
use crate::ir::{Helper, Ins, IrRef, Op, Type};

/// Whether 1/k is exact, so that dividing by k is multiplying by it.
fn exact_reciprocal(k: f64) -> bool {
    let mantissa = k.to_bits() << 12;
    mantissa == 0 && k.is_normal() && (1.0 / k).is_normal()
}

/// The constant second operand of an operation on doubles.
fn num_b(e: &crate::opt::Emitter, ins: &Ins) -> Option<f64> {
    if ins.ty == Type::Num { e.trace.num_constant(ins.b()) } else { None }
}

rules! {
    /// `x - 0 => x`; `x + -0 => x`
    ///
    /// With the other zero the sign of a zero x changes.
    [ADD, SUB] fn add_nothing(e, ins) {
        let nothing: f64 = if ins.op == Op::SUB { 0.0 } else { -0.0 };
        (num_b(e, ins)?.to_bits() == nothing.to_bits()).then(|| Fold::Value(ins.a()))
    }

    /// `x - k => x + -k`
    [SUB] fn sub_constant(e, ins) {
        let k = num_b(e, ins)?;
        let minus = e.num(-k);
        Some(Fold::Again(Ins::new(Op::ADD, Type::Num, &[ins.a(), minus])))
    }

    /// `x * 1 => x`; `x / 1 => x`
    [MUL, DIV] fn times_one(e, ins) {
        (num_b(e, ins)? == 1.0).then(|| Fold::Value(ins.a()))
    }

    /// `x * -1 => -x`; `x / -1 => -x`
    [MUL, DIV] fn times_minus_one(e, ins) {
        (num_b(e, ins)? == -1.0).then(|| Fold::Again(Ins::new(Op::NEG, Type::Num, &[ins.a()])))
    }

    /// `x * 2 => x + x`
    [MUL] fn times_two(e, ins) {
        (num_b(e, ins)? == 2.0).then(|| Fold::Again(Ins::new(Op::ADD, Type::Num, &[ins.a(), ins.a()])))
    }

    /// `x / 2^n => x * 2^-n`
    ///
    /// Both round the same real number, since the reciprocal is exact.
    [DIV] fn divide_by_power_of_two(e, ins) {
        let k = num_b(e, ins)?;
        if !exact_reciprocal(k) {
            return None;
        }
        let reciprocal = e.num(1.0 / k);
        Some(Fold::Again(Ins::new(Op::MUL, Type::Num, &[ins.a(), reciprocal])))
    }

    /// `x + -y => x - y`; `x - -y => x + y`
    [ADD, SUB] fn add_negated(e, ins) {
        let y = e.inner_of(ins.b(), Op::NEG).filter(|_| ins.ty == Type::Num)?.a();
        let op = if ins.op == Op::ADD { Op::SUB } else { Op::ADD };
        Some(Fold::Again(Ins::new(op, Type::Num, &[ins.a(), y])))
    }

    /// `-x * -y => x * y`; `-x / -y => x / y`
    [MUL, DIV] fn signs_cancel(e, ins) {
        if ins.ty != Type::Num {
            return None;
        }
        let (x, y) = (e.inner_of(ins.a(), Op::NEG)?.a(), e.inner_of(ins.b(), Op::NEG)?.a());
        Some(Fold::Again(Ins::new(ins.op, Type::Num, &[x, y])))
    }

    /// `--x => x`
    [NEG, BNOT, BSWAP] fn twice_is_never(e, ins) {
        e.trace.ins_of(ins.a(), ins.op).map(|inner| Fold::Value(inner.a()))
    }

    /// `-(x - y) => y - x` is wrong for x = y (0 is not -0); of integers it is right
    [NEG] fn negate_difference(e, ins) {
        let inner = *e.inner_of(ins.a(), Op::SUB).filter(|_| ins.ty != Type::Num)?;
        Some(Fold::Again(Ins::new(Op::SUB, ins.ty, &[inner.b(), inner.a()])))
    }

    /// `|-x| => |x|`; `||x|| => |x|`
    [ABS] fn abs_of_signed(e, ins) {
        if ins.ty != Type::Num {
            return None;
        }
        let inner = *e.inner(ins.a())?;
        match inner.op {
            Op::NEG => Some(Fold::Again(Ins::new(Op::ABS, Type::Num, &[inner.a()]))),
            Op::ABS => Some(Fold::Value(ins.a())),
            _ => None,
        }
    }

    /// `floor of what is whole already => itself`
    [FLOOR, CEIL, TRUNC] fn round_twice(e, ins) {
        let inner = e.trace.ins(ins.a())?;
        matches!(inner.op, Op::FLOOR | Op::CEIL | Op::TRUNC | Op::TONUM).then(|| Fold::Value(ins.a()))
    }

    /// `FROUND(FROUND x) => FROUND x`; so is what was loaded as a float
    [FROUND] fn round_to_float_twice(e, ins) {
        let inner = e.trace.ins(ins.a())?;
        let float = match inner.op {
            Op::FROUND => true,
            Op::XLOAD => inner.mem() == crate::ir::MemType::F32,
            _ => false,
        };
        float.then(|| Fold::Value(ins.a()))
    }

    /// `min(x, x) => x`; `max(x, x) => x`
    [MIN, MAX] fn of_equals(_e, ins) {
        (ins.a() == ins.b()).then(|| Fold::Value(ins.a()))
    }

    /// `x ^ 2 => x * x`; `x ^ 1 => x`; `x ^ 0 => 1`; `x ^ -1 => 1 / x`
    ///
    /// The C library rounds these as the processor does; higher powers would be rounded twice.
    [CALL] fn small_power(e, ins) {
        let (x, y) = match (ins.helper()?, e.trace.list(ins.list)) {
            (Helper::Pow, &[x, y]) => (x, e.trace.num_constant(y)?),
            _ => return None,
        };
        let one: IrRef = e.num(1.0);
        if y == 2.0 {
            Some(Fold::Again(Ins::new(Op::MUL, Type::Num, &[x, x])))
        } else if y == 1.0 {
            Some(Fold::Value(x))
        } else if y == 0.0 {
            Some(Fold::Value(one))
        } else if y == -1.0 {
            Some(Fold::Again(Ins::new(Op::DIV, Type::Num, &[one, x])))
        } else {
            None
        }
    }
}
