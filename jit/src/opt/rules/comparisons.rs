//! Comparisons, and guards whose outcome follows from earlier ones.

use super::super::fold::{Fold, rules};
use crate::ir::{Ins, Op, Type, semantics};

rules! {
    /// `x == x => holds`, and what follows from it; of doubles only what NaN does not spoil
    [EQ, NE, LT, LE, GT, GE, NLT, NLE, NGT, NGE, ULT, ULE, UGT, UGE] fn with_itself(e, ins) {
        if ins.a() != ins.b() {
            return None;
        }
        let number = e.trace.ty(ins.a()) == Type::Num;
        match ins.op {
            Op::LT | Op::GT | Op::ULT | Op::UGT => Some(Fold::Never),
            Op::NLT | Op::NGT | Op::ULE | Op::UGE => Some(Fold::Gone),
            Op::EQ | Op::LE | Op::GE if !number => Some(Fold::Gone),
            Op::NE if !number => Some(Fold::Never),
            _ => None,
        }
    }

    /// `TONUM i < TONUM j => i < j`; so with a whole constant, and for all comparisons
    [EQ, NE, LT, LE, GT, GE, NLT, NLE, NGT, NGE] fn narrow(e, ins) {
        let a = e.trace.ins_of(ins.a(), Op::TONUM)?.a();
        if e.trace.ty(a) != Type::Int {
            return None;
        }
        let b = match (e.trace.ins_of(ins.b(), Op::TONUM), e.trace.num_constant(ins.b())) {
            (Some(other), _) if e.trace.ty(other.a()) == Type::Int => other.a(),
            // -0 and 0 compare equal.
            (_, Some(k)) => {
                let k = semantics::to_int((k + 0.0).to_bits())?;
                e.int(k)
            }
            _ => return None,
        };
        let op = match ins.op {
            Op::NLT => Op::GE,
            Op::NLE => Op::GT,
            Op::NGT => Op::LE,
            Op::NGE => Op::LT,
            op => op,
        };
        Some(Fold::Again(Ins::new(op, Type::None, &[a, b])))
    }

    /// `TONUM i compared with a k outside of int => known`
    [EQ, NE, LT, LE, GT, GE, NLT, NLE, NGT, NGE] fn beyond_int(e, ins) {
        let a = e.trace.ins_of(ins.a(), Op::TONUM)?.a();
        let k = e.trace.num_constant(ins.b())?;
        if e.trace.ty(a) != Type::Int || (k.abs() <= 2147483648.0) {
            return None;
        }
        semantics::compare(ins.op, Type::Num, 0, k.to_bits()).map(Fold::guard)
    }

    /// `TONUM i == 0.5 => never`
    [EQ, NE] fn equal_to_fraction(e, ins) {
        let a = e.trace.ins_of(ins.a(), Op::TONUM)?.a();
        let k = e.trace.num_constant(ins.b())?;
        (e.trace.ty(a) == Type::Int && k.fract() != 0.0).then(|| Fold::guard(ins.op == Op::NE))
    }

    /// `the opposite guard passed before => never`
    [EQ, NE, LT, LE, GT, GE, NLT, NLE, NGT, NGE, ULT, ULE, UGT, UGE] fn contradicted(e, ins) {
        let mut opposite = *ins;
        opposite.op = ins.op.negated(e.trace.ty(ins.a()))?;
        e.find_same(&opposite, crate::ir::IrRef::NONE).map(|_| Fold::Never)
    }

    /// `x == k1 passed before => x == k2 never holds`, of objects
    [EQ] fn is_another(e, ins) {
        let k = e.trace.constant(ins.b())?;
        if e.trace.ty(ins.a()) == Type::Num {
            return None;
        }
        let earlier = e.chain(Op::EQ).take_while(|&at| at > ins.a()).find(|&at| {
            let other = &e.trace.ins[at.index()];
            other.op == Op::EQ && other.a() == ins.a() && other.b().is_constant()
        })?;
        let known = e.trace.constant(e.trace.ins[earlier.index()].b())?;
        Some(Fold::guard(known == k))
    }

    /// `object == a constant, which was made in this trace => never`
    [EQ, NE] fn new_is_different(e, ins) {
        let new = e.trace.ins(ins.a()).is_some_and(|i| i.op.is_allocation());
        (new && ins.b().is_constant()).then(|| Fold::guard(ins.op == Op::NE))
    }
}
