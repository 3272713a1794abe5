//! Dead stores: one that is overwritten before anybody can look is not needed.
//!
//! ```text
//!   KSTORE p #2 x         dead
//!   0009 num ADD x +1.0
//!   KSTORE p #2 0009
//! ```
//!
//! A guard in between looks: its exit leaves to the interpreter, which sees all of memory. So does a load that may be of the
//! same place, and a call. The loop's start is not crossed, since the store of the turn before is the one that counts there.
//! A store of the value that is known to be there already is dead itself.

use super::alias::{self, Alias};
use super::emit::Emitter;
use super::forward;
use super::report::Outcome;
use crate::ir::{Effect, Ins, IrRef, Op, Type};

/// Looks at a store that is about to be appended: removes an older one that it makes dead. False when the store itself is not needed.
pub fn store(e: &mut Emitter, ins: &Ins) -> bool {
    let Effect::Store(class) = ins.op.info().effect else { return true };
    if matches!(ins.op, Op::NEWKEY | Op::XCOPY) {
        return true;
    }
    if is_there(e, ins) {
        return false;
    }
    let mut dead = None;
    for at in e.trace.refs().rev() {
        let earlier = &e.trace.ins[at.index()];
        if earlier.is_guard() || earlier.op == Op::LOOP {
            break;
        }
        if alias::writes(earlier, class) {
            match alias::accesses(e, earlier, ins) {
                Alias::Must if earlier.op == ins.op => {
                    dead = Some(at);
                    break;
                }
                // What adds a key or an item does more than store a value.
                Alias::Must | Alias::May => break,
                Alias::No => {}
            }
        }
        if alias::reads(earlier, class) && may_read(e, earlier, ins) {
            break;
        }
    }
    if let Some(at) = dead {
        let old = e.trace.ins[at.index()];
        e.note("dse", "it is overwritten before anybody looks", &old, Outcome::Removed);
        e.remove(at);
    }
    true
}

/// Whether a read may be of the place that a store writes.
fn may_read(e: &Emitter, read: &Ins, store: &Ins) -> bool {
    alias::accesses(e, store, read) != Alias::No
}

/// Whether the memory is known to hold what is to be stored.
fn is_there(e: &mut Emitter, store: &Ins) -> bool {
    if !e.passes.forward {
        return false;
    }
    let (load, value) = match store.op {
        Op::ASTORE => (Ins::new(Op::ALOAD, Type::Val, &[store.a(), store.b()]), store.c()),
        Op::KSTORE => (Ins::new(Op::KLOAD, Type::Val, &[store.a()]).with_lits(&[store.lits[0]]), store.b()),
        Op::USTORE => (Ins::new(Op::ULOAD, Type::Val, &[store.a()]), store.b()),
        _ => return false,
    };
    matches!(forward::load(e, &load), Ok(Some((_, known))) if known == value || is_unboxed(e, value, known))
}

/// Whether `value` is `known` after a guard on its type.
fn is_unboxed(e: &Emitter, value: IrRef, known: IrRef) -> bool {
    e.trace.ins_of(value, Op::UNBOX).is_some_and(|ins| ins.a() == known)
}
