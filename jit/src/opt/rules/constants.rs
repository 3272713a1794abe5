//! Folding constants: what [`crate::ir::semantics`] says, applied while the trace is written.

use super::super::fold::{Fold, rules};
use crate::ir::{Const, Effect, Op, Type, semantics};
use moonwake_lang::value::CANONICAL_NAN;

/// The constant with these bits, its NaN the one that the machine makes.
fn constant(ty: Type, bits: u64) -> Const {
    let nan = ty == Type::Num && f64::from_bits(bits).is_nan();
    Const::from_bits(ty, if nan { CANONICAL_NAN } else { bits })
}

rules! {
    /// `k1 op k2 => k3`
    ///
    /// A division of integers by zero has no result and is left alone; an overflow guard that fails is one that never holds.
    [ADD, SUB, MUL, DIV, MOD, NEG, ABS, MIN, MAX, SQRT, FLOOR, CEIL, TRUNC, FROUND, BNOT, BSWAP, BAND, BOR, BXOR, SHL, SHR, SAR,
     ROL, ROR, ADDOV, SUBOV, MULOV]
    fn arithmetic(e, ins) {
        let a = e.trace.constant(ins.a())?;
        let b = match ins.b().is_some() {
            true => e.trace.constant(ins.b())?,
            false => a,
        };
        match semantics::arithmetic(ins.op, a.ty(), a.bits(), b.bits()) {
            Some(bits) => Some(Fold::Value(e.constant(constant(ins.ty, bits)))),
            None if ins.op.info().guard => Some(Fold::Never),
            None => None,
        }
    }

    /// `k1 compared with k2 => known`
    [EQ, NE, LT, LE, GT, GE, NLT, NLE, NGT, NGE, ULT, ULE, UGT, UGE] fn comparison(e, ins) {
        let (a, b) = (e.trace.constant(ins.a())?, e.trace.constant(ins.b())?);
        semantics::compare(ins.op, a.ty(), a.bits(), b.bits()).map(Fold::guard)
    }

    /// `TONUM k => k`
    [TONUM] fn to_number(e, ins) {
        let a = e.trace.constant(ins.a())?;
        let n = semantics::to_num(a.ty(), a.bits());
        Some(Fold::Value(e.num(n)))
    }

    /// `TOINT k => k`, or never
    [TOINT] fn to_int(e, ins) {
        let a = e.trace.constant(ins.a())?;
        Some(match semantics::to_int(a.bits()) {
            Some(n) => Fold::Value(e.int(n)),
            None => Fold::Never,
        })
    }

    /// `TOBIT k => k`
    [TOBIT] fn to_bit(e, ins) {
        let a = e.trace.constant(ins.a())?;
        Some(Fold::Value(e.int(semantics::to_bit(a.bits()))))
    }

    /// `CONV k => k`
    [CONV] fn convert(e, ins) {
        let a = e.trace.constant(ins.a())?;
        let bits = semantics::convert(a.ty(), ins.ty, a.bits());
        Some(Fold::Value(e.constant(constant(ins.ty, bits))))
    }

    /// `WRAP k => k`
    [WRAP] fn wrap(e, ins) {
        let a = e.trace.constant(ins.a())?;
        let bits = semantics::wrap(ins.mem(), a.bits());
        Some(Fold::Value(e.constant(Const::from_bits(ins.ty, bits))))
    }

    /// `helper(k) => k`, for mathematics
    [CALL] fn call(e, ins) {
        let helper = ins.helper()?;
        let mut arguments = [0.0; 2];
        for (n, &argument) in e.trace.list(ins.list).iter().enumerate() {
            *arguments.get_mut(n)? = e.trace.num_constant(argument)?;
        }
        let n = helper.evaluate(arguments[0], arguments[1])?;
        Some(Fold::Value(e.constant(constant(Type::Num, n.to_bits()))))
    }

    /// `k op x => x op k`, and of two values the newer first
    ///
    /// The newer one is more often used up here, and then its register takes the result.
    ///
    /// Doubles commute exactly; only which of two NaNs comes out differs, and no program can tell.
    [ADD, MUL, ADDOV, MULOV, BAND, BOR, BXOR] fn commute(_e, ins) {
        let (a, b) = (ins.a(), ins.b());
        if ins.ty == Type::Ptr || a == b || !(a.is_constant() || (!b.is_constant() && a < b)) {
            return None;
        }
        debug_assert!(matches!(ins.op.info().effect, Effect::Pure));
        let mut other = *ins;
        other.refs = [b, a, ins.c()];
        Some(Fold::Again(other))
    }

    /// `k < x => x > k`, and of two values the newer first
    [EQ, NE, LT, LE, GT, GE, NLT, NLE, NGT, NGE, ULT, ULE, UGT, UGE] fn swap(_e, ins) {
        let (a, b) = (ins.a(), ins.b());
        if a == b || !(a.is_constant() || (!b.is_constant() && a < b)) {
            return None;
        }
        let mut other = *ins;
        other.op = ins.op.swapped()?;
        other.refs = [b, a, ins.c()];
        debug_assert!(other.op != Op::NOP);
        Some(Fold::Again(other))
    }
}
