//! Addresses and objects: constant offsets move into loads and stores, and what is known of a new object need not be read.

use super::super::alias::{self, Alias};
use super::super::emit::Emitter;
use super::super::fold::{Fold, rules};
use super::super::forward::as_loaded;
use crate::ir::{Class, Const, Field, Ins, IrRef, Op, Type};

/// The base and the constant offset of an address `base + k`.
fn split(e: &Emitter, address: IrRef) -> Option<(IrRef, i64)> {
    let ins = e.inner_of(address, Op::ADD).filter(|i| i.ty == Type::Ptr)?;
    Some((ins.a(), e.trace.int_constant(ins.b())?))
}

/// A literal moved by an offset, if it still is one.
fn moved(literal: i32, by: i64) -> Option<i32> {
    i32::try_from(i64::from(literal).checked_add(by)?).ok()
}

rules! {
    /// `XLOAD (p + k1) + k2 => XLOAD p + (k1 + k2)`; so for XSTORE
    [XLOAD, XSTORE] fn offset_into_access(e, ins) {
        let (base, k) = split(e, ins.a())?;
        let mut other = *ins;
        other.refs[0] = base;
        other.lits[1] = moved(ins.lits[1], k)?;
        Some(Fold::Again(other))
    }

    /// `INDEX p k s => p + k * s`
    [INDEX] fn constant_index(e, ins) {
        let k = e.trace.int_constant(ins.b())?;
        let offset = e.integer(Type::I64, k.checked_mul(i64::from(ins.lits[0]))?);
        Some(Fold::Again(Ins::new(Op::ADD, Type::Ptr, &[ins.a(), offset])))
    }

    /// `INDEX p (i + k) s => INDEX p i s + k * s`
    ///
    /// Of an `int` only with an overflow guard: a wrapped sum is another index.
    [INDEX] fn index_with_offset(e, ins) {
        let sum = *e.inner(ins.b())?;
        let wide = matches!(sum.ty, Type::I64 | Type::U64) && sum.op == Op::ADD;
        if !(wide || sum.op == Op::ADDOV) {
            return None;
        }
        let k = e.trace.int_constant(sum.b())?;
        let offset = e.integer(Type::I64, k.checked_mul(i64::from(ins.lits[0]))?);
        let base = e.op_with(Op::INDEX, Type::Ptr, &[ins.a(), sum.a()], &[ins.lits[0]]);
        Some(Fold::Again(Ins::new(Op::ADD, Type::Ptr, &[base, offset])))
    }

    /// `INDEX (p + k) i s => INDEX p i s + k`
    [INDEX] fn index_after_offset(e, ins) {
        let (base, k) = split(e, ins.a())?;
        let offset = e.integer(Type::I64, k);
        let base = e.op_with(Op::INDEX, Type::Ptr, &[base, ins.b()], &[ins.lits[0]]);
        Some(Fold::Again(Ins::new(Op::ADD, Type::Ptr, &[base, offset])))
    }

    /// `INDEX p (CONV i64.int i) s => INDEX p i s`
    [INDEX] fn index_by_int(e, ins) {
        let inner = *e.inner_of(ins.b(), Op::CONV)?;
        let widened = e.trace.ty(inner.a()) == Type::Int && matches!(inner.ty, Type::I64 | Type::U64);
        widened.then(|| Fold::Again(Ins::new(Op::INDEX, Type::Ptr, &[ins.a(), inner.a()]).with_lits(&[ins.lits[0]])))
    }

    /// `ADDR of a constant object => its address`
    [ADDR] fn constant_address(e, ins) {
        match e.trace.constant(ins.a())? {
            Const::Object(_, address) => {
                let address = address.wrapping_add_signed(i64::from(ins.lits[0]));
                Some(Fold::Value(e.constant(Const::Ptr(address))))
            }
            _ => None,
        }
    }

    /// `FLOAD cdata.type (CNEW type) => type`; so for CBOX
    [FLOAD] fn type_of_new_cdata(e, ins) {
        let new = *e.trace.ins(ins.a()).filter(|_| ins.field() == Field::CdataType)?;
        let ctype = match new.op {
            Op::CNEW => new.lits[0],
            Op::CBOX => new.lits[1],
            _ => return None,
        };
        Some(Fold::Value(e.int(ctype)))
    }

    /// `XLOAD of what CBOX holds => what it was made of`
    ///
    /// Its payload never changes, so nothing can come between.
    [XLOAD] fn value_of_box(e, ins) {
        let address = *e.trace.ins_of(ins.a(), Op::ADDR)?;
        let made = *e.trace.ins_of(address.a(), Op::CBOX)?;
        let whole = address.lits[0] + ins.lits[1] == 8 && made.mem() == ins.mem();
        if whole { as_loaded(e, ins.mem(), made.a()).map(Fold::Value) } else { None }
    }

    /// `BARRIER of an object made in this trace => gone`
    ///
    /// The collector runs only at safe points, and takes what was made since the last one as reachable and unscanned.
    [BARRIER] fn barrier_of_new(e, ins) {
        e.trace.ins(ins.a()).is_some_and(|i| i.op.is_allocation()).then_some(Fold::Gone)
    }

    /// `NEWKEY of a table made in this trace => it is made with the key, and the value stored`
    ///
    /// A key whose value is nil is absent for every observer, so nobody can tell that the table has it early. With every key known from the
    /// start, an object that is built key by key is one allocation with its final shape, and can be sunk.
    [NEWKEY] fn key_of_new_table(e, ins) {
        let made = e.inner_of(ins.a(), Op::TNEW).map(|_| ins.a())?;
        // The table's shape must still be the one that it was made with.
        let changed = |at: &IrRef| *at > made && alias::accesses(e, &e.trace.ins[at.index()], ins) != Alias::No;
        if e.writers(Class::Shape).take_while(|at| *at > made).any(|at| changed(&at)) {
            return None;
        }
        let place = ins.lits[1];
        let table = &mut e.trace.ins[made.index()];
        table.lits[0] = ins.lits[0];
        table.lits[1] = table.lits[1].max(place + 1);
        let slots = e.op_with(Op::FLOAD, Type::Ptr, &[made], &[Field::TabSlots as i32]);
        Some(Fold::Again(Ins::new(Op::KSTORE, Type::None, &[slots, ins.b()]).with_lits(&[place])))
    }

    /// `RESHAPE of a table made in this trace => it is made with that shape`
    ///
    /// If nobody can have seen the table without its metatable: no snapshot holds it, and nothing was done with it but to store into it.
    [RESHAPE] fn shape_of_new_table(e, ins) {
        let made = e.inner_of(ins.a(), Op::TNEW).map(|_| ins.a())?;
        let is_inside = |at: IrRef| e.trace.ins_of(at, Op::FLOAD).is_some_and(|field| field.a() == made);
        let is_filled = |other: &Ins| match other.op {
            Op::FLOAD => true,
            Op::NEWITEM => other.a() == made && other.refs[1..].iter().all(|&value| value != made),
            // The table's slots stand in front; the table itself would be the value.
            Op::KSTORE | Op::ASTORE => other.refs.iter().all(|&operand| operand != made),
            _ => {
                let mut used = false;
                e.trace.for_each_use(other, |operand| used |= operand == made || is_inside(operand));
                !used
            }
        };
        let after = |at: &IrRef| *at > made;
        let unseen = e.trace.snapshots.iter().rev().take_while(|s| after(&s.at)).all(|s| s.entries.iter().all(|entry| entry.value != made));
        let filled = e.trace.refs().filter(after).all(|at| is_filled(&e.trace.ins[at.index()]));
        if !unseen || !filled {
            return None;
        }
        e.trace.ins[made.index()].lits[0] = ins.lits[0];
        Some(Fold::Gone)
    }
}
