//! Comparisons and truth tests: all of them jump when they hold.
//!
//! The jump is the data word at `pc`. An ordering is decided by the doubles alone when both compare; only an unordered result
//! (a NaN, or something that is no number) needs a closer look. `NLT` ("not less") exists beside `LE` because on NaN they differ.

use super::super::Vm;
use super::super::messages;
use super::dispatch::{handlers, next, tail};
use super::meta::call_metamethod;
use super::throw::throw_error;
use crate::bytecode::{Ins, Op};
use crate::metamethod::Metamethod;
use crate::object::{Gc, Str};
use crate::value::{Tag, Value};

/// The place after the jump word, or the jump's target.
///
/// # Safety
/// `pc` points to a jump word.
#[inline(always)]
pub unsafe fn branch(pc: *const u32, taken: bool) -> *const u32 {
    // SAFETY: a jump word is followed by an instruction, and its target is one.
    unsafe { if taken { pc.offset(1 + *pc as i32 as isize) } else { pc.add(1) } }
}

macro_rules! ordering_handlers {
    ($($name:ident: $left:ident($lf:ident) $op:tt $right:ident($rf:ident), otherwise $not:tt, jump $when:literal;)*) => {
        handlers! {$(
            $name(vm, base, pc, ins, k, x) {
                let left = (*ordering_handlers!(@$left, base, k).add(ins.$lf())).as_f64();
                let right = (*ordering_handlers!(@$right, base, k).add(ins.$rf())).as_f64();
                if left $op right {
                    next(vm, base, branch(pc, $when), k, x)
                } else if left $not right {
                    next(vm, base, branch(pc, !$when), k, x)
                } else {
                    tail(ordering_slow, vm, base, pc, ins, k, x)
                }
            }
        )*}
    };
    (@reg, $base:ident, $k:ident) => { $base.cast_const() };
    (@constant, $base:ident, $k:ident) => { $k };
}
ordering_handlers! {
    ltrr: reg(a) < reg(d), otherwise >=, jump true;
    nltrr: reg(a) < reg(d), otherwise >=, jump false;
    lerr: reg(a) <= reg(d), otherwise >, jump true;
    nlerr: reg(a) <= reg(d), otherwise >, jump false;
    ltrk: reg(a) < constant(d), otherwise >=, jump true;
    nltrk: reg(a) < constant(d), otherwise >=, jump false;
    lerk: reg(a) <= constant(d), otherwise >, jump true;
    nlerk: reg(a) <= constant(d), otherwise >, jump false;
    ltkr: constant(d) < reg(a), otherwise >=, jump true;
    nltkr: constant(d) < reg(a), otherwise >=, jump false;
    lekr: constant(d) <= reg(a), otherwise >, jump true;
    nlekr: constant(d) <= reg(a), otherwise >, jump false;
}

/// Whether `a < b`, or `a <= b`, by bytes. Apart from the handler, which must not have a local whose address is taken.
#[inline(never)]
fn strings_ordered(a: Gc<Str>, b: Gc<Str>, or_equal: bool) -> bool {
    if or_equal { a.bytes() <= b.bytes() } else { a.bytes() < b.bytes() }
}

/// An ordering instruction taken apart.
pub struct Ordering {
    /// The left operand.
    pub left: Value,
    /// The right operand.
    pub right: Value,
    /// Whether it is `<=` rather than `<`.
    pub or_equal: bool,
    /// Whether the jump is taken when the order does not hold.
    pub negated: bool,
}

/// The operands and the sense of an ordering instruction.
///
/// # Safety
/// `base` and `k` belong to the function that `ins` is an instruction of.
#[inline(always)]
pub unsafe fn ordering_of(base: *mut Value, k: *const Value, ins: Ins) -> Ordering {
    let op = ins.op();
    // SAFETY: the caller's promise.
    let (left, right) = unsafe {
        match op {
            Op::LTRR | Op::NLTRR | Op::LERR | Op::NLERR => (*base.add(ins.a()), *base.add(ins.d())),
            Op::LTRK | Op::NLTRK | Op::LERK | Op::NLERK => (*base.add(ins.a()), *k.add(ins.d())),
            _ => (*k.add(ins.d()), *base.add(ins.a())),
        }
    };
    let or_equal = matches!(op, Op::LERR | Op::NLERR | Op::LERK | Op::NLERK | Op::LEKR | Op::NLEKR);
    let negated = matches!(op, Op::NLTRR | Op::NLERR | Op::NLTRK | Op::NLERK | Op::NLTKR | Op::NLEKR);
    Ordering { left, right, or_equal, negated }
}

handlers! {
    #[cold]
    #[inline(never)]
    ordering_slow(vm, base, pc, ins, k, x) {
        let Ordering { left, right, or_equal, negated } = ordering_of(base, k, ins);
        if left.is_number() && right.is_number() {
            return next(vm, base, branch(pc, negated), k, x); // a NaN: the order does not hold
        }
        if let (Some(a), Some(b)) = (left.as_str(), right.as_str()) {
            let holds = strings_ordered(a, b, or_equal);
            return next(vm, base, branch(pc, holds != negated), k, x);
        }
        let event = if or_equal { Metamethod::Le } else { Metamethod::Lt };
        if let Some(f) = (*vm).ordering_metamethod(left, right, event) {
            return call_metamethod(vm, base, pc.sub(1), f, [left, right], Value::NIL, false);
        }
        // Without `__le`, `a <= b` is `not (b < a)`.
        if or_equal && let Some(f) = (*vm).ordering_metamethod(right, left, Metamethod::Lt) {
            return call_metamethod(vm, base, pc.sub(1), f, [right, left], Value::NIL, true);
        }
        let error = messages::comparison_error(&mut *vm, base, pc.sub(1), left, right);
        throw_error(vm, base, pc, error)
    }

    eqrr(vm, base, pc, ins, k, x) {
        let (a, b) = (*base.add(ins.a()), *base.add(ins.d()));
        if a.is_number() && b.is_number() {
            return next(vm, base, branch(pc, a.as_f64() == b.as_f64()), k, x);
        }
        if a == b {
            return next(vm, base, branch(pc, true), k, x);
        }
        if may_have_eq(a, b) {
            return tail(equality_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, branch(pc, false), k, x)
    }

    nerr(vm, base, pc, ins, k, x) {
        let (a, b) = (*base.add(ins.a()), *base.add(ins.d()));
        if a.is_number() && b.is_number() {
            return next(vm, base, branch(pc, a.as_f64() != b.as_f64()), k, x);
        }
        if a == b {
            return next(vm, base, branch(pc, false), k, x);
        }
        if may_have_eq(a, b) {
            return tail(equality_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, branch(pc, true), k, x)
    }

    eqrk(vm, base, pc, ins, k, x) {
        let (a, b) = (*base.add(ins.a()), *k.add(ins.d()));
        let equal = a == b || a.as_f64() == b.as_f64();
        if !equal && (a.is(Tag::Cdata) || b.is(Tag::Cdata)) {
            return tail(equality_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, branch(pc, equal), k, x)
    }

    nerk(vm, base, pc, ins, k, x) {
        let (a, b) = (*base.add(ins.a()), *k.add(ins.d()));
        let equal = a == b || a.as_f64() == b.as_f64();
        if !equal && (a.is(Tag::Cdata) || b.is(Tag::Cdata)) {
            return tail(equality_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, branch(pc, !equal), k, x)
    }

    eqrp(vm, base, pc, ins, k, x) {
        let a = *base.add(ins.a());
        if a.is(Tag::Cdata) {
            return tail(equality_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, branch(pc, a == primitive(ins.d())), k, x)
    }

    nerp(vm, base, pc, ins, k, x) {
        let a = *base.add(ins.a());
        if a.is(Tag::Cdata) {
            return tail(equality_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, branch(pc, a != primitive(ins.d())), k, x)
    }

    #[cold]
    #[inline(never)]
    equality_slow(vm, base, pc, ins, k, x) {
        let (a, b, negated) = equality_of(base, k, ins);
        match (*vm).equality_metamethod(a, b) {
            Some(f) => call_metamethod(vm, base, pc.sub(1), f, [a, b], Value::NIL, false),
            None => next(vm, base, branch(pc, negated), k, x),
        }
    }

    ist(vm, base, pc, ins, k, x) {
        next(vm, base, branch(pc, !(*base.add(ins.a())).is_falsy()), k, x)
    }

    isf(vm, base, pc, ins, k, x) {
        next(vm, base, branch(pc, (*base.add(ins.a())).is_falsy()), k, x)
    }

    istc(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        if !v.is_falsy() {
            *base.add(ins.a()) = v;
        }
        next(vm, base, branch(pc, !v.is_falsy()), k, x)
    }

    isfc(vm, base, pc, ins, k, x) {
        let v = *base.add(ins.d());
        if v.is_falsy() {
            *base.add(ins.a()) = v;
        }
        next(vm, base, branch(pc, v.is_falsy()), k, x)
    }
}

/// The operands of an equality instruction, and whether it jumps when they differ.
///
/// # Safety
/// `base` and `k` belong to the function that `ins` is an instruction of.
#[inline(always)]
pub unsafe fn equality_of(base: *mut Value, k: *const Value, ins: Ins) -> (Value, Value, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        let a = *base.add(ins.a());
        match ins.op() {
            Op::EQRR => (a, *base.add(ins.d()), false),
            Op::NERR => (a, *base.add(ins.d()), true),
            Op::EQRK => (a, *k.add(ins.d()), false),
            Op::NERK => (a, *k.add(ins.d()), true),
            Op::EQRP => (a, primitive(ins.d()), false),
            _ => (a, primitive(ins.d()), true),
        }
    }
}

/// The primitive that a field of mode `Pri` names.
#[inline(always)]
pub fn primitive(code: usize) -> Value {
    Value((Tag::Nil as u64 - code as u64) << 47 | crate::value::POINTER_MASK)
}

/// Whether two different values could be equal by a metamethod: both tables, both userdata, or one a cdata.
#[inline(always)]
fn may_have_eq(a: Value, b: Value) -> bool {
    let kind = a.tag_bits();
    (kind == b.tag_bits() && (kind == Tag::Table as u32 || kind == Tag::Userdata as u32))
        || kind == Tag::Cdata as u32
        || b.is(Tag::Cdata)
}
