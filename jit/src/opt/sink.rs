//! Allocation sinking: an object that only exits would see is made at the exits, and never on the way.
//!
//! After forwarding, most objects that a loop makes for itself (a boxed pointer or `int64_t`, a struct that a C call returned, a point
//! in a table) have no use left but stores into them and the snapshots that would show them to the interpreter. Such an
//! object and all its stores are *sunk*: marked, and not executed. An exit whose snapshot holds it makes it then, and performs the
//! stores that stood before the snapshot.
//!
//! ```text
//!   0007    cdata CBOX i64 0006 #11          0007 ~  cdata CBOX i64 0006 #11
//!   [ 3=0007 ]                        =>     [ 3=0007 ]        the exit makes it
//! ```
//!
//! An object that goes around in a PHI is sunk with the one that replaces it: what an exit makes is then built of the PHIs of what
//! was stored into the two, so each store into the one must have its counterpart in the other.
//!
//! It *escapes*, and is left alone, when it is stored into an object that is not sunk, compared, passed to a call, read by a
//! load that was not forwarded, or copied as a block.
//!
//! Reference: Mike Pall, *Allocation Sinking Optimization*, LuaJIT wiki; Bolz et al., *Allocation Removal by Partial
//! Evaluation in a Tracing JIT*, 2011 (PyPy's virtuals).

use super::emit::Emitter;
use super::report::Outcome;
use crate::ir::{Field, Ins, IrRef, Op, Trace};
use std::collections::{HashMap, HashSet};

/// The object that an address lies in, if it was computed from the object by constants alone.
pub fn object_of(trace: &Trace, address: IrRef) -> Option<IrRef> {
    let ins = trace.ins(address)?;
    match ins.op {
        _ if ins.op.is_allocation() => Some(address),
        Op::ADDR => object_of(trace, ins.a()),
        Op::FLOAD if matches!(ins.field(), Field::TabSlots | Field::TabArray) => {
            trace.ins_of(ins.a(), Op::TNEW).map(|_| ins.a())
        }
        Op::ADD if ins.b().is_constant() => object_of(trace, ins.a()),
        _ => None,
    }
}

/// The instructions that fill an object: stores into it, and the addresses that they need.
pub fn parts(trace: &Trace, object: IrRef) -> Vec<IrRef> {
    let belongs = |at: &IrRef| {
        let ins = &trace.ins[at.index()];
        ins.sunk && *at != object && !ins.op.is_allocation() && object_of(trace, ins.a()) == Some(object)
    };
    trace.refs().filter(|at| *at > object).filter(belongs).collect()
}

/// Sinks what can be sunk.
pub fn sink(e: &mut Emitter) {
    let mut sinkable: HashSet<IrRef> = e.trace.refs().filter(|&at| candidate(&e.trace, at)).collect();
    if sinkable.is_empty() {
        return;
    }
    let phis: HashMap<IrRef, IrRef> = e.trace.phis().map(|(_, phi)| (phi.a(), phi.b())).collect();
    // Each object that escapes may let others escape.
    loop {
        let escaped = escaping(&e.trace, &sinkable, &phis);
        if escaped.is_empty() {
            break;
        }
        sinkable.retain(|at| !escaped.contains(at));
    }
    for at in e.trace.refs() {
        let ins = e.trace.ins[at.index()];
        let belongs = match ins.op {
            Op::PHI => sinkable.contains(&ins.a()),
            _ if ins.op.is_allocation() => sinkable.contains(&at),
            _ if ins.op.is_store() => object_of(&e.trace, ins.a()).is_some_and(|o| sinkable.contains(&o)),
            _ => object_of(&e.trace, at).is_some_and(|o| sinkable.contains(&o)),
        };
        if belongs {
            e.trace.ins[at.index()].sunk = true;
            e.note("sink", "only exits would see it", &ins, Outcome::Sunk);
        }
    }
}

fn candidate(trace: &Trace, at: IrRef) -> bool {
    matches!(trace.ins[at.index()].op, Op::TNEW | Op::CNEW | Op::CBOX)
}

/// The objects of `sinkable` that are used in a way that needs them to exist.
fn escaping(trace: &Trace, sinkable: &HashSet<IrRef>, phis: &HashMap<IrRef, IrRef>) -> HashSet<IrRef> {
    let mut escaped = HashSet::new();
    let sunk_object = |at: IrRef| object_of(trace, at).filter(|o| sinkable.contains(o));
    for at in trace.refs() {
        let ins = &trace.ins[at.index()];
        match ins.op {
            Op::PHI => escaping_phi(trace, ins, sinkable, phis, &mut escaped),
            // Computing an address of the object lets nothing escape yet.
            _ if ins.op.is_allocation() && ins.op != Op::CBOX => {}
            _ if sunk_object(at).is_some() && ins.op != Op::CBOX => {}
            Op::KSTORE | Op::ASTORE | Op::XSTORE | Op::RESHAPE | Op::NEWKEY | Op::NEWITEM => {
                let target = sunk_object(ins.a());
                // A store into the object of the turn before would not be seen by the one that takes its place.
                if let Some(object) = target.filter(|&o| trace.in_loop(at) && !trace.in_loop(o)) {
                    escaped.insert(object);
                }
                if let (Some(object), Op::ASTORE | Op::NEWITEM, false) = (target, ins.op, ins.b().is_constant()) {
                    escaped.insert(object);
                }
                for value in ins.refs[1..].iter().filter_map(|&r| sunk_object(r)) {
                    if target.is_none() || ins.op == Op::XSTORE {
                        escaped.insert(value);
                    }
                }
            }
            _ => trace.for_each_use(ins, |r| escaped.extend(sunk_object(r))),
        }
    }
    // A snapshot restores objects, never addresses inside them, so snapshots need no look.
    escaped
}

/// An object that goes around is sunk together with the one that takes its place, if each store has its counterpart.
fn escaping_phi(
    trace: &Trace,
    phi: &Ins,
    sinkable: &HashSet<IrRef>,
    phis: &HashMap<IrRef, IrRef>,
    escaped: &mut HashSet<IrRef>,
) {
    let (a, b) = (phi.a(), phi.b());
    let both = [a, b].map(|r| object_of(trace, r).filter(|o| sinkable.contains(o)));
    let alike = a != b && both == [Some(a), Some(b)] && {
        let (x, y) = (contents(trace, a), contents(trace, b));
        let goes_around = |x: IrRef, y: IrRef| match phis.get(&x) {
            Some(&next) => next == y,
            None => x == y,
        };
        let same_kind = trace.ins[a.index()].op == trace.ins[b.index()].op
            && trace.ins[a.index()].lits == trace.ins[b.index()].lits;
        same_kind && x.len() == y.len() && x.iter().zip(&y).all(|(x, y)| x.0 == y.0 && goes_around(x.1, y.1))
    };
    if !alike {
        escaped.extend(both.into_iter().flatten());
    }
}

/// Where something was stored into an object, and what, in order. Of a `CBOX`, what it was made of.
fn contents(trace: &Trace, object: IrRef) -> Vec<((Op, i64), IrRef)> {
    let made = &trace.ins[object.index()];
    if made.op == Op::CBOX {
        return vec![((Op::CBOX, 0), made.a())];
    }
    let mut stores = Vec::new();
    for at in trace.refs().filter(|&at| at > object) {
        let ins = &trace.ins[at.index()];
        if !ins.op.is_store() || object_of(trace, ins.a()) != Some(object) {
            continue;
        }
        let place = match ins.op {
            Op::ASTORE | Op::NEWITEM => (trace.int_constant(ins.b()).unwrap_or(-1), ins.c()),
            Op::XSTORE => (i64::from(ins.lits[1]) + offset(trace, ins.a()), ins.b()),
            _ => (i64::from(ins.lits[0]), ins.b()),
        };
        stores.push(((ins.op, place.0), place.1));
    }
    stores
}

/// The constant distance of an address from its object.
fn offset(trace: &Trace, address: IrRef) -> i64 {
    match trace.ins(address) {
        Some(ins) if ins.op == Op::ADDR => i64::from(ins.lits[0]) + offset(trace, ins.a()),
        Some(ins) if ins.op == Op::ADD => trace.int_constant(ins.b()).unwrap_or(0) + offset(trace, ins.a()),
        _ => 0,
    }
}
