//! Dead code elimination: what no guard, no effect and no exit needs is removed.
//!
//! Needed are stores, calls with effects and guards; what they use; and what the snapshots of needed guards restore. A PHI is
//! needed when the loop uses its value, so an accumulator that only feeds itself dies with its PHI. Removed instructions become
//! `NOP`s; snapshots by which nothing leaves are dropped.

use super::emit::Emitter;
use crate::ir::{Effect, Failure, Ins, IrRef, Link, Op, SnapRef, Trace};
use std::collections::HashMap;

/// Removes what is dead.
pub fn eliminate(e: &mut Emitter) {
    let live = Marker::mark(&e.trace);
    for at in e.trace.refs() {
        let ins = e.trace.ins[at.index()];
        if ins.op != Op::NOP && !live.ins[at.index()] {
            e.note("dce", "nobody needs it", &ins, super::report::Outcome::Removed);
            e.remove(at);
        }
    }
    drop_snapshots(&mut e.trace, &live.snapshots);
    let (all, body) = e.trace.guard_counts();
    e.report.guards_left = if e.trace.loop_at.is_some() { body } else { all };
}

/// Whether an instruction is needed even if nobody uses its value.
fn has_effect(ins: &Ins) -> bool {
    if ins.sunk {
        return false;
    }
    ins.is_guard()
        || match ins.op.info().effect {
            Effect::Store(_) | Effect::Idempotent | Effect::Native => true,
            Effect::Once => ins.op != Op::SCRATCH,
            Effect::Call => ins.helper().is_some_and(|h| h.info().writes.0 != 0 || h.info().failure != Failure::Never),
            Effect::Marker => ins.op == Op::LOOP,
            Effect::Pure | Effect::Load(_) | Effect::LoadField | Effect::Alloc => false,
        }
}

/// The snapshot by which a trace ends, if it ends by one.
fn final_snapshot(trace: &Trace) -> Option<usize> {
    let ends = trace.link != Link::Loop || !trace.loop_at.is_some();
    if ends { trace.snapshots.len().checked_sub(1) } else { None }
}

struct Marker<'t> {
    trace: &'t Trace,
    /// The PHI of each value that goes around.
    phis: HashMap<IrRef, IrRef>,
    ins: Vec<bool>,
    snapshots: Vec<bool>,
    /// Values to look at, and whether the loop uses them.
    work: Vec<(IrRef, bool)>,
}

struct Live {
    ins: Vec<bool>,
    snapshots: Vec<bool>,
}

impl Marker<'_> {
    fn mark(trace: &Trace) -> Live {
        let mut marker = Marker {
            trace,
            phis: trace.phis().map(|(at, phi)| (phi.a(), at)).collect(),
            ins: vec![false; trace.ins.len()],
            snapshots: vec![false; trace.snapshots.len()],
            work: Vec::new(),
        };
        for at in trace.refs() {
            if has_effect(&trace.ins[at.index()]) {
                marker.work.push((at, trace.in_loop(at)));
            }
        }
        if let Some(end) = final_snapshot(trace) {
            marker.snapshot(end, false);
        }
        while let Some((at, in_loop)) = marker.work.pop() {
            marker.visit(at, in_loop);
        }
        Live { ins: marker.ins, snapshots: marker.snapshots }
    }

    fn visit(&mut self, at: IrRef, in_loop: bool) {
        if !at.is_instruction() {
            return;
        }
        if in_loop
            && at < self.trace.loop_at
            && let Some(&phi) = self.phis.get(&at)
            && !std::mem::replace(&mut self.ins[phi.index()], true)
        {
            self.work.push((self.trace.ins[phi.index()].b(), true));
        }
        if std::mem::replace(&mut self.ins[at.index()], true) {
            return;
        }
        let ins = &self.trace.ins[at.index()];
        let in_loop = self.trace.in_loop(at);
        self.trace.for_each_use(ins, |r| self.work.push((r, in_loop)));
        if ins.is_guard() {
            self.snapshot(ins.snap.index(), in_loop);
        }
    }

    fn snapshot(&mut self, n: usize, in_loop: bool) {
        self.snapshots[n] = true;
        let snapshot = &self.trace.snapshots[n];
        for entry in &snapshot.entries {
            self.restored(entry.value, in_loop);
        }
    }

    /// A value that an exit restores. Of a sunk object that means what was stored into it, too.
    fn restored(&mut self, value: IrRef, in_loop: bool) {
        let sunk = self.trace.ins(value).is_some_and(|i| i.sunk);
        if !sunk || (self.ins[value.index()] && !in_loop) {
            self.work.push((value, in_loop));
            return;
        }
        self.ins[value.index()] = true;
        let of_object = super::sink::parts(self.trace, value);
        let uses: Vec<IrRef> = of_object
            .iter()
            .chain([&value])
            .flat_map(|at| {
                self.ins[at.index()] = true;
                self.trace.ins[at.index()].refs
            })
            .collect();
        for used in uses {
            let is_part = used == value || of_object.contains(&used);
            if used.is_some() && !is_part {
                self.restored(used, in_loop);
            }
        }
    }
}

/// Removes the snapshots by which nothing leaves, and renumbers the others.
fn drop_snapshots(trace: &mut Trace, live: &[bool]) {
    let mut number = vec![SnapRef::NONE; live.len()];
    let mut next = 0;
    for (n, &live) in live.iter().enumerate() {
        if live {
            number[n] = SnapRef(next);
            next += 1;
        }
    }
    let mut n = 0;
    trace.snapshots.retain(|_| {
        n += 1;
        live[n - 1]
    });
    for ins in &mut trace.ins {
        if ins.is_guard() {
            ins.snap = number.get(ins.snap.index()).copied().unwrap_or(SnapRef::NONE);
        }
    }
}
