//! Loop peeling: the recorded turn becomes a preamble, and the same turn emitted again becomes the loop.
//!
//! Emission goes through folding, CSE and forwarding, with the operands of each instruction replaced by what they were replaced
//! with and each load of a stack slot by what the slot held at the end of the turn. Whatever is invariant is then found to be there already, in
//! the preamble, and is not emitted again: type guards above all. No analysis of loops is needed, and a value
//! that a turn leaves in a table for the next to load is found by forwarding just the same.
//!
//! ```text
//!   0001 val SLOAD #1                       0001 val SLOAD #1
//!   0002 num UNBOX 0001                     0002 num UNBOX 0001
//!   0003 val SLOAD #2                       0003 val SLOAD #2
//!   0004 num UNBOX 0003             =>      0004 num UNBOX 0003
//!   0005 num ADD 0002 0004                  0005 num ADD 0002 0004
//!   [ 1=0005 ]                              0006 LOOP
//!   link loop                               0007 num ADD 0005 0004
//!                                           0008 num PHI 0005 0007
//! ```
//!
//! Here 0004 was found again, 0002 became 0005, and 0005 became 0007. A value of the preamble that the loop uses and that
//! was replaced by another is a PHI: in the first turn of the loop it is itself, then what it was replaced by in the turn before.
//!
//! Why facts found in the preamble (this load still holds, those objects differ, that guard passed) may be used in the loop: by induction.
//! Each instruction of the preamble has a counterpart in every turn, and the PHIs replace all of them at once, so what relates two
//! instructions of the preamble relates their counterparts one turn on.
//!
//! **Invariant:** a snapshot of the loop has the slots of the turn's end below its own: the stack in memory is as on entry to the trace,
//! not as at the start of this turn.
//!
//! It fails when the types of a slot change from turn to turn, or a guard cannot hold in the second. The trace is then as it was, and
//! the recorder may record a further turn, or let the trace jump to its own start.
//!
//! Reference: Mike Pall's description of LuaJIT's loop optimisation (`lj_opt_loop.c`); Ardö, Bolz, Fijałkowski: *Loop-Aware
//! Optimizations in PyPy's Tracing JIT*, 2012.

use super::emit::{Emitter, Never};
use super::sink;
use crate::ir::{Ins, IrRef, Op, SnapRef, Type};
use crate::snapshot::{Entry, Snapshot};

/// Why a trace was not peeled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A guard of the turn does not hold in the next.
    Guard,
    /// A value changes its type from turn to turn.
    Type,
    /// The turn ends in another frame than it starts in.
    Frame,
}

impl From<Never> for Failure {
    fn from(_: Never) -> Failure {
        Failure::Guard
    }
}

/// Peels a trace whose last snapshot is the state at the end of its turn. On failure nothing has changed.
pub fn peel(e: &mut Emitter) -> Result<(), Failure> {
    let (ins, snapshots) = (e.trace.next_ref(), e.trace.snapshots.len());
    let recorded = e.report.guards_recorded;
    let result = Peeler::new(e).and_then(|mut peeler| peeler.run(ins));
    e.report.guards_recorded = recorded;
    if result.is_err() {
        e.truncate(ins, snapshots);
    } else {
        let (all, body) = e.trace.guard_counts();
        e.report.guards_hoisted = (all - body).saturating_sub(body);
        e.report.guards_left = body;
    }
    result
}

struct Peeler<'e> {
    e: &'e mut Emitter,
    /// What stands for each instruction of the preamble in the loop.
    replaced: Vec<IrRef>,
    /// Values of the preamble that the loop uses, in the order in which that was found; and whether one is among them.
    carried: Vec<IrRef>,
    is_carried: Vec<bool>,
    /// The state at the end of the turn.
    end: Snapshot,
    /// The snapshot of the preamble whose counterpart is the last one of the loop.
    snapshot: SnapRef,
}

impl<'e> Peeler<'e> {
    fn new(e: &'e mut Emitter) -> Result<Peeler<'e>, Failure> {
        let end = e.trace.snapshots.last().cloned().ok_or(Failure::Frame)?;
        let replaced = vec![IrRef::NONE; e.trace.ins.len()];
        let is_carried = vec![false; e.trace.ins.len()];
        Ok(Peeler { e, replaced, carried: Vec::new(), is_carried, end, snapshot: SnapRef::NONE })
    }

    fn run(&mut self, end: IrRef) -> Result<(), Failure> {
        if self.end.base != 0 {
            return Err(Failure::Frame);
        }
        // What looks for events after a native call sees polls, too, and once a turn is enough.
        let polls_anyway = self.e.trace.ins[..end.index()].iter().any(|ins| ins.op == Op::EVENT);
        self.e.trace.loop_at = self.e.append(Ins::new(Op::LOOP, Type::None, &[]));
        for at in (1..end.0).map(IrRef) {
            let ins = self.e.trace.ins[at.index()];
            self.e.origin = ins.origin;
            self.replaced[at.index()] = match ins.op {
                Op::NOP => IrRef::NONE,
                Op::POLL if polls_anyway => IrRef::NONE,
                Op::SLOAD => self.slot(at, &ins)?,
                _ => self.instruction(&ins)?,
            };
        }
        self.phis()
    }

    /// What a value of the preamble is in the loop.
    fn replace(&mut self, at: IrRef) -> IrRef {
        if at.is_instruction() { self.replaced[at.index()] } else { at }
    }

    /// Notes that the loop uses a value. One of the preamble that was or will be replaced goes around.
    fn used(&mut self, at: IrRef) {
        if at.is_instruction() && at < self.e.trace.loop_at && !self.is_carried[at.index()] {
            self.is_carried[at.index()] = true;
            self.carried.push(at);
        }
    }

    /// A load of a slot is what the slot held at the end of the turn. A type that the load is known to give, without a guard, must be
    /// that of the value, or what was decided by the type alone would not be decided anew in each turn.
    fn slot(&mut self, at: IrRef, ins: &Ins) -> Result<IrRef, Failure> {
        let value = self.end.get(ins.lits[0]).unwrap_or(at);
        // A slot that is known to be a number may come back as an `int`, and the other way around.
        match (ins.ty, self.e.trace.ty(value)) {
            (Type::Num, Type::Int) => Ok(self.e.op(Op::TONUM, Type::Num, &[value])),
            (known, found) if known != Type::Val && known != found => Err(Failure::Type),
            _ => Ok(value),
        }
    }

    fn instruction(&mut self, ins: &Ins) -> Result<IrRef, Failure> {
        let mut copy = *ins;
        copy.prev = IrRef::NONE;
        for operand in &mut copy.refs {
            *operand = self.replace(*operand);
        }
        if ins.list.len > 0 {
            let arguments: Vec<IrRef> = self.e.trace.list(ins.list).to_vec();
            let arguments: Vec<IrRef> = arguments.into_iter().map(|r| self.replace(r)).collect();
            copy.list = self.e.list(&arguments);
        }
        self.retype(ins, &mut copy)?;
        let before = self.e.trace.next_ref();
        let snapshots = (self.e.trace.snapshots.len(), self.snapshot);
        if ins.is_guard() {
            self.snapshot_for(ins.snap);
        }
        let result = self.e.emit(copy)?;
        if !self.e.trace.ins[before.index()..].iter().any(Ins::is_guard) {
            // The guard is gone, and with it the need for a snapshot of its own.
            self.e.trace.snapshots.truncate(snapshots.0);
            self.snapshot = snapshots.1;
        }
        for at in (before.0..self.e.trace.next_ref().0).map(IrRef) {
            let new = self.e.trace.ins[at.index()];
            let mut uses = Vec::new();
            self.e.trace.for_each_use(&new, |r| uses.push(r));
            uses.into_iter().for_each(|r| self.used(r));
        }
        Ok(result)
    }

    /// An operation of known types whose operand now has another: only a number may change, between its two forms.
    fn retype(&mut self, old: &Ins, new: &mut Ins) -> Result<(), Failure> {
        for n in 0..3 {
            let (from, to) = (self.e.trace.ty(old.refs[n]), self.e.trace.ty(new.refs[n]));
            new.refs[n] = match (from, to) {
                _ if from == to => continue,
                (Type::Val, to) if to.is_lua() => continue,
                (Type::Num, Type::Int) => self.e.op(Op::TONUM, Type::Num, &[new.refs[n]]),
                _ => return Err(Failure::Type),
            };
        }
        Ok(())
    }

    /// Gives the loop the counterpart of a snapshot of the preamble, when the first guard needs it.
    fn snapshot_for(&mut self, at: SnapRef) {
        if self.snapshot == at {
            return;
        }
        self.snapshot = at;
        let old = self.e.trace.snapshots[at.index()].clone();
        let own: Vec<Entry> =
            old.entries.iter().map(|e| Entry { slot: e.slot, value: self.replace(e.value) }).collect();
        let own = Snapshot { entries: own, ..old };
        let entries = own.over(&self.end.entries);
        self.e.snapshot(Snapshot { entries, ..own });
    }

    /// Finds what goes around, and adds the PHIs.
    fn phis(&mut self) -> Result<(), Failure> {
        let loop_at = self.e.trace.loop_at;
        let snapshots = self.e.trace.snapshots.iter().filter(|s| s.at > loop_at);
        let restored: Vec<IrRef> = snapshots.flat_map(|s| s.entries.iter().map(|e| e.value)).collect();
        restored.into_iter().for_each(|r| self.used(r));
        // What goes around may have been replaced by another value of the preamble, which then goes around itself.
        let mut n = 0;
        while n < self.carried.len() {
            let at = self.carried[n];
            self.used(self.replaced[at.index()]);
            self.contents(at);
            n += 1;
        }
        let mut carried = std::mem::take(&mut self.carried);
        carried.sort();
        let mut phis = Vec::new();
        for at in carried {
            let next = self.replaced[at.index()];
            if next != at {
                phis.push((at, self.matching(at, next)?));
            }
        }
        for (at, next) in phis {
            let ty = self.e.trace.ty(at);
            self.e.append(Ins::new(Op::PHI, ty, &[at, next]));
        }
        Ok(())
    }

    /// What was stored into an object that goes around must go around too, so that an exit can make the object again.
    fn contents(&mut self, object: IrRef) {
        if !self.e.trace.ins(object).is_some_and(|i| i.op.is_allocation()) {
            return;
        }
        let trace = &self.e.trace;
        let mut values = trace.ins[object.index()].refs.to_vec();
        for at in (object.0..trace.loop_at.0).map(IrRef) {
            let ins = &trace.ins[at.index()];
            if ins.op.is_store() && sink::object_of(trace, ins.a()) == Some(object) {
                values.extend(&ins.refs[1..]);
            }
        }
        values.into_iter().for_each(|r| self.used(r));
    }

    /// The value that goes around, as the type of the one it replaces.
    fn matching(&mut self, at: IrRef, next: IrRef) -> Result<IrRef, Failure> {
        match (self.e.trace.ty(at), self.e.trace.ty(next)) {
            (a, b) if a == b => Ok(next),
            (Type::Val, b) if b.is_lua() => Ok(next),
            (Type::Num, Type::Int) => Ok(self.e.op(Op::TONUM, Type::Num, &[next])),
            _ => Err(Failure::Type),
        }
    }
}
