//! Algebra of integers, which wrap and so obey it.

use super::super::emit::Emitter;
use super::super::fold::{Fold, rules};
use crate::ir::{Const, Field, Ins, IrRef, Op, Type};

/// The constant second operand of an integer operation, extended to 64 bits.
fn int_b(e: &Emitter, ins: &Ins) -> Option<i64> {
    if ins.ty.is_integer() { e.trace.int_constant(ins.b()) } else { None }
}

/// All bits set, for a type of this width.
fn ones(ty: Type) -> i64 {
    Const::from_bits(ty, u64::MAX).bits() as i64
}

/// The constant's bits without what lies above the width.
fn bits(ty: Type, k: i64) -> i64 {
    if ty == Type::Int { k as u32 as i64 } else { k }
}

/// Number of bits of the type.
fn width(ty: Type) -> i64 {
    if ty == Type::Int { 32 } else { 64 }
}

rules! {
    /// `x + 0 => x`; so for -, or, exclusive-or, shifts and rotations
    [ADD, SUB, ADDOV, SUBOV, BOR, BXOR, SHL, SHR, SAR, ROL, ROR] fn neutral_zero(e, ins) {
        (int_b(e, ins)? == 0).then(|| Fold::Value(ins.a()))
    }

    /// `x * 1 => x`; `x / 1 => x`; `x and -1 => x`
    [MUL, MULOV, DIV, BAND] fn neutral_one(e, ins) {
        let neutral = if ins.op == Op::BAND { ones(ins.ty) } else { 1 };
        (bits(ins.ty, int_b(e, ins)?) == neutral).then(|| Fold::Value(ins.a()))
    }

    /// `x * 0 => 0`; `x and 0 => 0`; `x or -1 => -1`
    [MUL, MULOV, BAND, BOR] fn absorbing(e, ins) {
        let absorbing = if ins.op == Op::BOR { ones(ins.ty) } else { 0 };
        (bits(ins.ty, int_b(e, ins)?) == absorbing).then(|| Fold::Value(ins.b()))
    }

    /// `x - x => 0`; `x xor x => 0`
    [SUB, SUBOV, BXOR] fn nothing_left(e, ins) {
        (ins.ty.is_integer() && ins.a() == ins.b()).then(|| Fold::Value(e.integer(ins.ty, 0)))
    }

    /// `x and x => x`; `x or x => x`
    [BAND, BOR] fn idempotent(_e, ins) {
        (ins.a() == ins.b()).then(|| Fold::Value(ins.a()))
    }

    /// `x - k => x + -k`
    ///
    /// With an overflow guard only if -k exists.
    [SUB, SUBOV] fn sub_constant(e, ins) {
        let k = int_b(e, ins)?;
        if ins.op == Op::SUBOV && k == i64::from(i32::MIN) {
            return None;
        }
        let op = if ins.op == Op::SUB { Op::ADD } else { Op::ADDOV };
        let ty = e.trace.ty(ins.b());
        let minus = e.integer(ty, k.wrapping_neg());
        Some(Fold::Again(Ins::new(op, ins.ty, &[ins.a(), minus])))
    }

    /// `ADDOV i k => ADD i k`, i an index that was found to lie in an array, k small
    ///
    /// No array has that many items.
    [ADDOV] fn next_index(e, ins) {
        let k = int_b(e, ins)?;
        let is_size = |at: IrRef| e.trace.ins_of(at, Op::FLOAD).is_some_and(|load| load.field() == Field::TabSize);
        let below = |op: Op, index: usize, size: usize| {
            e.chain(op).any(|at| e.trace.ins[at.index()].refs[index] == ins.a() && is_size(e.trace.ins[at.index()].refs[size]))
        };
        let checked = k.unsigned_abs() < 1 << 16 && (below(Op::ULT, 0, 1) || below(Op::UGT, 1, 0));
        checked.then(|| Fold::Again(Ins::new(Op::ADD, Type::Int, &[ins.a(), ins.b()])))
    }

    /// `(x + k1) + k2 => x + (k1 + k2)`
    [ADD] fn add_twice(e, ins) {
        let k2 = int_b(e, ins)?;
        let inner = *e.inner_of(ins.a(), Op::ADD)?;
        let k1 = e.trace.int_constant(inner.b())?;
        let ty = e.trace.ty(inner.b());
        let sum = e.integer(ty, k1.wrapping_add(k2));
        Some(Fold::Again(Ins::new(Op::ADD, ins.ty, &[inner.a(), sum])))
    }

    /// `(x + y) - x => y`; `(x - y) + y => x`
    [ADD, SUB] fn add_and_take_back(e, ins) {
        if !ins.ty.is_integer() || ins.ty == Type::Ptr {
            return None;
        }
        let (inner, other) = (*e.trace.ins(ins.a())?, ins.b());
        match (ins.op, inner.op) {
            (Op::SUB, Op::ADD) if inner.a() == other => Some(Fold::Value(inner.b())),
            (Op::SUB, Op::ADD) if inner.b() == other => Some(Fold::Value(inner.a())),
            (Op::ADD, Op::SUB) if inner.b() == other => Some(Fold::Value(inner.a())),
            _ => None,
        }
    }

    /// `(x op k1) op k2 => x op (k1 op k2)`, for and, or, exclusive-or
    [BAND, BOR, BXOR] fn combine_masks(e, ins) {
        let k2 = int_b(e, ins)?;
        let inner = *e.inner_of(ins.a(), ins.op)?;
        let k1 = e.trace.int_constant(inner.b())?;
        let k = match ins.op {
            Op::BAND => k1 & k2,
            Op::BOR => k1 | k2,
            _ => k1 ^ k2,
        };
        let k = e.integer(ins.ty, k);
        Some(Fold::Again(Ins::new(ins.op, ins.ty, &[inner.a(), k])))
    }

    /// `x shifted by k => x shifted by (k mod width)`
    [SHL, SHR, SAR, ROL, ROR] fn reduce_count(e, ins) {
        let k = int_b(e, ins)?;
        let reduced = k & (width(ins.ty) - 1);
        if reduced == k {
            return None;
        }
        let reduced = e.int(reduced as i32);
        Some(Fold::Again(Ins::new(ins.op, ins.ty, &[ins.a(), reduced])))
    }

    /// `(x << k1) << k2 => x << (k1 + k2)`; so for >>
    ///
    /// Counts that reach the width shift everything out, and the sign in everywhere.
    [SHL, SHR, SAR] fn shift_twice(e, ins) {
        let k2 = int_b(e, ins)?;
        let inner = *e.inner_of(ins.a(), ins.op)?;
        let last = width(ins.ty) - 1;
        let sum = (e.trace.int_constant(inner.b())? & last) + (k2 & last);
        if sum > last && ins.op != Op::SAR {
            return Some(Fold::Value(e.integer(ins.ty, 0)));
        }
        let sum = e.int(sum.min(last) as i32);
        Some(Fold::Again(Ins::new(ins.op, ins.ty, &[inner.a(), sum])))
    }

    /// `x rotated right by k => x rotated left by -k`
    [ROR] fn rotate_one_way(e, ins) {
        let k = int_b(e, ins)?;
        let left = e.int((-k & (width(ins.ty) - 1)) as i32);
        Some(Fold::Again(Ins::new(Op::ROL, ins.ty, &[ins.a(), left])))
    }

    /// `x * 2^n => x << n`
    [MUL] fn multiply_by_power_of_two(e, ins) {
        let k = int_b(e, ins)?;
        if k < 2 || k.count_ones() != 1 {
            return None;
        }
        let count = e.int(k.trailing_zeros() as i32);
        Some(Fold::Again(Ins::new(Op::SHL, ins.ty, &[ins.a(), count])))
    }

    /// `0 - x => -x`
    [SUB] fn negate(e, ins) {
        if !ins.ty.is_integer() || ins.ty == Type::Ptr || e.trace.int_constant(ins.a()) != Some(0) {
            return None;
        }
        Some(Fold::Again(Ins::new(Op::NEG, ins.ty, &[ins.b()])))
    }
}
