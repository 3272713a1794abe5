//! Comparisons and truth tests.
//!
//! A comparison of numbers or objects is a guard that it comes out as now. It leaves for the way not taken, so that a side trace
//! goes on there. What is decided by types alone needs no guard but those of the types.

use super::data::primitive_value;
use super::machine::Pc;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Helper, IrRef, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::Op as Bc;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::value::{Tag, Value};
use moonwake_lang::vm::access::raw_equals;

impl At<'_> {
    /// Where a jumping instruction goes on when the jump is taken, or is not.
    pub fn way(&self, taken: bool) -> Pc {
        if taken { self.pc.target() } else { self.pc.next() }
    }
}

impl Recorder {
    /// Goes on behind a jumping instruction.
    pub fn jump(&mut self, at: &At<'_>, taken: bool) -> Flow {
        self.expected.pc = at.way(taken);
        Flow::Next
    }

    /// A register about to be tested for truth, or against a primitive: unboxed, by a guard of its own snapshot, because its
    /// type is what will often come out differently.
    pub fn tested_register(&mut self, at: &mut At<'_>, register: usize) -> Rec<Traced> {
        let value = self.register(at, register);
        if self.ty(value.ir) == Type::Val {
            self.snapshot(at.pc, at);
        }
        self.typed_register(at, register)
    }

    /// Guards that `a op b` comes out as it does now; `taken` says which way that leads.
    pub(super) fn guard_order(
        &mut self,
        at: &mut At<'_>,
        op: Op,
        operands: (IrRef, IrRef),
        holds: bool,
        taken: bool,
    ) -> Rec<()> {
        let ty = self.ty(operands.0);
        let op = if holds { op } else { op.negated(ty).expect("it is a comparison") };
        self.guard_branch(op, operands.0, operands.1, at.way(!taken), at)
    }
}

/// `LTRR` and the like.
pub fn order(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let op = at.op();
    let (a, d) = (at.ins.a(), at.ins.d());
    let (left, right) = match op {
        Bc::LTRR | Bc::NLTRR | Bc::LERR | Bc::NLERR => (r.register(at, a), r.register(at, d)),
        Bc::LTRK | Bc::NLTRK | Bc::LERK | Bc::NLERK => (r.register(at, a), r.value(at.constant(d))),
        _ => (r.value(at.constant(d)), r.register(at, a)),
    };
    let or_equal = matches!(op, Bc::LERR | Bc::NLERR | Bc::LERK | Bc::NLERK | Bc::LEKR | Bc::NLEKR);
    let negated = matches!(op, Bc::NLTRR | Bc::NLERR | Bc::NLTRK | Bc::NLERK | Bc::NLTKR | Bc::NLEKR);
    let compare = if or_equal { Op::LE } else { Op::LT };
    let (left, right) = (r.unbox(left)?, r.unbox(right)?);
    if let (Some(x), Some(y)) = (left.now.to_number(), right.now.to_number()) {
        let holds = if or_equal { x <= y } else { x < y };
        let operands = (r.num(left)?, r.num(right)?);
        let taken = holds != negated;
        r.guard_order(at, compare, operands, holds, taken)?;
        return Ok(r.jump(at, taken));
    }
    if let (Some(x), Some(y)) = (left.now.as_str(), right.now.as_str()) {
        let holds = if or_equal { x.bytes() <= y.bytes() } else { x.bytes() < y.bytes() };
        let difference = r.call(Helper::StringCompare, &[left.ir, right.ir])?;
        let zero = r.e.int(0);
        let taken = holds != negated;
        r.guard_order(at, compare, (difference, zero), holds, taken)?;
        return Ok(r.jump(at, taken));
    }
    if left.now.is(Tag::Cdata) || right.now.is(Tag::Cdata) {
        return super::cdata::order(r, at, or_equal, negated, left, right);
    }
    let event = if or_equal { Metamethod::Le } else { Metamethod::Lt };
    r.guard_metamethod(at, left, event)?;
    r.guard_metamethod(at, right, event)?;
    if let Some(handler) = at.vm.ordering_metamethod(left.now, right.now, event) {
        return r.call_metamethod(at, handler, &[left, right], Value::NIL, false);
    }
    // Without `__le`, `a <= b` is `not (b < a)`.
    r.guard_metamethod(at, left, Metamethod::Lt)?;
    r.guard_metamethod(at, right, Metamethod::Lt)?;
    match at.vm.ordering_metamethod(right.now, left.now, Metamethod::Lt).filter(|_| or_equal) {
        Some(handler) => r.call_metamethod(at, handler, &[right, left], Value::NIL, true),
        None => Err(Reason::BadType.into()),
    }
}

/// `EQRR` and the like.
pub fn equal(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (a, d) = (at.ins.a(), at.ins.d());
    let negated = matches!(at.op(), Bc::NERR | Bc::NERK | Bc::NERP);
    let (left, right) = match at.op() {
        Bc::EQRR | Bc::NERR => (r.typed_register(at, a)?, r.typed_register(at, d)?),
        Bc::EQRK | Bc::NERK => (r.tested_register(at, a)?, r.value(at.constant(d))),
        _ => (r.tested_register(at, a)?, r.value(primitive_value(d))),
    };
    if left.now.is(Tag::Cdata) || right.now.is(Tag::Cdata) {
        return super::cdata::equal(r, at, negated, left, right);
    }
    let equal = raw_equals(left.now, right.now);
    let taken = equal != negated;
    if !r.same_type(left, right) {
        // The guards of the types say it all.
        return Ok(r.jump(at, taken));
    }
    if !equal && let Some(handler) = r.equality_metamethod(at, left, right)? {
        return r.call_metamethod(at, handler, &[left, right], Value::NIL, false);
    }
    if !r.ty(left.ir).is_primitive() {
        let operands = match r.ty(left.ir) {
            Type::Num | Type::Int => (r.num(left)?, r.num(right)?),
            _ => (left.ir, right.ir),
        };
        r.guard_order(at, Op::EQ, operands, equal, taken)?;
    }
    Ok(r.jump(at, taken))
}

impl Recorder {
    /// Whether two unboxed values have the same type, numbers in either form.
    fn same_type(&self, a: Traced, b: Traced) -> bool {
        Type::of_value(a.now) == Type::of_value(b.now)
    }

    /// The handler of `__eq` for two different objects of a type. Without one, guards that this stays so.
    fn equality_metamethod(&mut self, at: &At<'_>, a: Traced, b: Traced) -> Rec<Option<Value>> {
        if !(a.now.is(Tag::Table) || a.now.is(Tag::Userdata)) {
            return Ok(None);
        }
        self.guard_metamethod(at, a, Metamethod::Eq)?;
        match at.vm.metamethod(a.now, Metamethod::Eq) {
            None => Ok(None),
            Some(_) => {
                self.guard_metamethod(at, b, Metamethod::Eq)?;
                Ok(at.vm.equality_metamethod(a.now, b.now))
            }
        }
    }
}

/// `IST`, `ISF`, `ISTC`, `ISFC`: the type decides.
pub fn truth(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let copies = matches!(at.op(), Bc::ISTC | Bc::ISFC);
    let register = if copies { at.ins.d() } else { at.ins.a() };
    let value = r.tested_register(at, register)?;
    let wants_truth = matches!(at.op(), Bc::IST | Bc::ISTC);
    let taken = value.now.is_falsy() != wants_truth;
    if copies && taken {
        r.set(at.ins.a(), value.ir);
    }
    Ok(r.jump(at, taken))
}
