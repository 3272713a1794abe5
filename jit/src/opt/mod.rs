//! The optimiser: one pass a file, each opened by its idea.
//!
//! Most of it happens while instructions are emitted: [`emit`] sends each through [`fold`] (algebra, one function a rule, in
//! [`rules`]), [`forward`] (loads whose value is known, with [`alias`]) and CSE, and only what is left is appended. [`peel`] runs a whole
//! recorded turn through the same door a second time, which is how invariant code leaves a loop. [`sink`], [`mod@bytes`] and [`dce`] then remove
//! what nobody needs. [`report`] keeps what was done to which instruction and by which rule.

pub mod alias;
pub mod bytes;
pub mod dce;
pub mod dse;
pub mod emit;
pub mod fold;
pub mod forward;
pub mod peel;
pub mod report;
pub mod rules;
pub mod sink;

pub use emit::{Emitter, Never, Passes};

use crate::ir::{IrRef, Link, Op, Trace};
use crate::snapshot::{Entry, Snapshot};

/// What is done once a trace is recorded: peeling, if it is a loop, and removing what nobody needs.
///
/// When peeling fails the trace is as it was recorded, for the caller to go on recording or to [`finish`] as it is.
pub fn optimise(e: &mut Emitter) -> Result<(), peel::Failure> {
    if e.passes.peel && e.trace.link == Link::Loop {
        peel::peel(e)?;
    }
    finish(e);
    Ok(())
}

/// Removes what nobody needs.
pub fn finish(e: &mut Emitter) {
    if e.passes.dce {
        dce::eliminate(e);
    }
    if e.passes.sink {
        sink::sink(e);
        bytes::place(e);
        if e.passes.dce {
            dce::eliminate(e);
        }
    }
}

/// Emits a whole trace again, as if it were being recorded now. It must not have been peeled.
pub fn replay(trace: &Trace, passes: Passes) -> Result<Emitter, Never> {
    let mut e = Emitter::new(Trace::new(trace.number, trace.start), passes);
    e.trace.link = trace.link;
    e.trace.signatures = trace.signatures.clone();
    let mut now = vec![IrRef::NONE; trace.ins.len()];
    let mut snapshots = trace.snapshots.iter().peekable();
    for at in trace.refs() {
        while let Some(snapshot) = snapshots.next_if(|s| s.at <= at) {
            copy_snapshot(&mut e, trace, &now, snapshot);
        }
        let mut ins = trace.ins[at.index()];
        if ins.op == Op::NOP {
            continue;
        }
        ins.refs = ins.refs.map(|r| copy_value(&mut e, trace, &now, r));
        let arguments: Vec<IrRef> = trace.list(ins.list).iter().map(|&r| copy_value(&mut e, trace, &now, r)).collect();
        ins.list = e.list(&arguments);
        now[at.index()] = e.emit(ins)?;
    }
    for snapshot in snapshots {
        copy_snapshot(&mut e, trace, &now, snapshot);
    }
    Ok(e)
}

fn copy_value(e: &mut Emitter, trace: &Trace, now: &[IrRef], at: IrRef) -> IrRef {
    match trace.constant(at) {
        Some(constant) => e.constant(constant),
        None => now[at.index()],
    }
}

fn copy_snapshot(e: &mut Emitter, trace: &Trace, now: &[IrRef], snapshot: &Snapshot) {
    let copy = |entry: &Entry| Entry { slot: entry.slot, value: copy_value(e, trace, now, entry.value) };
    let entries = snapshot.entries.iter().map(copy).collect();
    e.snapshot(Snapshot { entries, ..snapshot.clone() });
}
