//! The one door through which every instruction enters a trace.
//!
//! ```text
//!   instruction -> fold rules -> forwarding of loads -> CSE -> dead stores -> appended
//!                    |  ^              |                 |
//!                    v  |              v                 v
//!                  rewritten       known value      the same, earlier
//! ```
//!
//! The recorder emits a turn of the loop through it; [`super::peel`] emits that turn again, with operands substituted, and so
//! gets all of the above for the loop body without a line of its own.
//!
//! Instructions of one operation are linked by `Ins::prev`, newest first, and so searching for an equal one looks at few. Taking
//! instructions back (when peeling fails) is then only a truncation.

use super::fold::{self, Fold};
use super::report::{Event, Outcome, Report};
use super::{dse, forward};
use crate::ir::ops::OP_COUNT;
use crate::ir::{Const, Effect, Ins, IrRef, List, Op, Origin, SnapRef, Trace, Type};
use crate::snapshot::Snapshot;

/// Which passes run: the `-O` options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passes {
    /// Algebraic rules.
    pub fold: bool,
    /// Equal instructions are one.
    pub cse: bool,
    /// Loads whose value is known.
    pub forward: bool,
    /// Stores that are overwritten.
    pub dse: bool,
    /// The first turn becomes a preamble.
    pub peel: bool,
    /// What nobody uses.
    pub dce: bool,
    /// Objects that only exits need.
    pub sink: bool,
}

impl Passes {
    /// Everything.
    pub const ALL: Passes =
        Passes { fold: true, cse: true, forward: true, dse: true, peel: true, dce: true, sink: true };
    /// Nothing.
    pub const NONE: Passes =
        Passes { fold: false, cse: false, forward: false, dse: false, peel: false, dce: false, sink: false };

    /// Switches a pass by its name; false when there is none of this name.
    pub fn set(&mut self, name: &str, on: bool) -> bool {
        let pass = match name {
            "fold" => &mut self.fold,
            "cse" => &mut self.cse,
            "forward" => &mut self.forward,
            "dse" => &mut self.dse,
            "peel" => &mut self.peel,
            "dce" => &mut self.dce,
            "sink" => &mut self.sink,
            _ => return false,
        };
        *pass = on;
        true
    }

    /// The names by which LuaJIT knows the passes that run.
    pub fn names(&self) -> Vec<&'static str> {
        let passes = [
            ("fold", self.fold),
            ("cse", self.cse),
            ("dce", self.dce),
            ("fwd", self.forward),
            ("dse", self.dse),
            ("loop", self.peel),
            ("sink", self.sink),
        ];
        passes.into_iter().filter_map(|(name, runs)| runs.then_some(name)).collect()
    }
}

/// A guard was asked for that cannot hold: what follows it would never run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Never;

/// A trace that is being written. See the head of this file.
pub struct Emitter {
    /// What was written so far.
    pub trace: Trace,
    /// The passes that run.
    pub passes: Passes,
    /// What they did.
    pub report: Report,
    /// Where the next instructions come from.
    pub origin: Origin,
    /// The newest instruction of each operation.
    chains: [IrRef; OP_COUNT],
}

impl Emitter {
    /// Goes on writing this trace, which may already hold instructions.
    pub fn new(trace: Trace, passes: Passes) -> Emitter {
        let mut emitter = Emitter {
            trace,
            passes,
            report: Report::default(),
            origin: Origin::default(),
            chains: [IrRef::NONE; OP_COUNT],
        };
        for at in emitter.trace.refs() {
            let op = emitter.trace.ins[at.index()].op;
            emitter.trace.ins[at.index()].prev = emitter.chains[op as usize];
            emitter.chains[op as usize] = at;
        }
        emitter
    }

    /// Emits an instruction; gives the value that stands for it, [`IrRef::NONE`] if it has none.
    pub fn emit(&mut self, ins: Ins) -> Result<IrRef, Never> {
        let mut ins = ins;
        self.report.guards_recorded += usize::from(ins.is_guard());
        if self.passes.fold {
            while let Some((rule, fold)) = fold::apply(self, &ins) {
                let outcome = match fold {
                    Fold::Value(at) => Outcome::Value(at),
                    Fold::Again(_) => Outcome::Rewritten,
                    Fold::Gone | Fold::Never => Outcome::Removed,
                };
                self.note("fold", rule, &ins, outcome);
                match fold {
                    Fold::Value(at) => return Ok(at),
                    Fold::Again(other) => ins = other,
                    Fold::Gone => return Ok(IrRef::NONE),
                    Fold::Never => return Err(Never),
                }
            }
        }
        if let Some(known) = self.known(&ins)? {
            return Ok(known);
        }
        if self.passes.dse && ins.op.is_store() && !dse::store(self, &ins) {
            self.note("dse", "what is stored is there already", &ins, Outcome::Removed);
            return Ok(IrRef::NONE);
        }
        Ok(self.append(ins))
    }

    /// The value of an instruction that need not be executed again.
    fn known(&mut self, ins: &Ins) -> Result<Option<IrRef>, Never> {
        match ins.op.info().effect {
            Effect::Load(_) | Effect::LoadField => {
                if self.passes.forward
                    && let Some((rule, known)) = forward::load(self, ins)?
                {
                    self.note("forward", rule, ins, Outcome::Value(known));
                    return Ok(Some(known));
                }
            }
            Effect::Pure | Effect::Idempotent => {
                if self.passes.cse
                    && let Some(same) = self.find_same(ins, IrRef::NONE)
                {
                    return Ok(Some(self.cse(ins, same)));
                }
            }
            Effect::Call => {
                let info = ins.helper().map(|h| h.info());
                if self.passes.cse
                    && info.is_some_and(|i| i.is_pure())
                    && let Some(same) = self.find_same(ins, IrRef::NONE)
                {
                    return Ok(Some(self.cse(ins, same)));
                }
            }
            Effect::Store(_) | Effect::Alloc | Effect::Native | Effect::Once | Effect::Marker => {}
        }
        Ok(None)
    }

    fn cse(&mut self, ins: &Ins, same: IrRef) -> IrRef {
        self.note("cse", "the same was computed before", ins, Outcome::Value(same));
        if ins.ty == Type::None { IrRef::NONE } else { same }
    }

    /// The newest instruction after `limit` that computes the same.
    pub fn find_same(&self, ins: &Ins, limit: IrRef) -> Option<IrRef> {
        let operands = ins.refs.iter().chain(self.trace.list(ins.list)).filter(|r| r.is_instruction());
        let limit = operands.copied().max().unwrap_or(IrRef::NONE).max(limit);
        self.chain(ins.op).take_while(|&at| at > limit).find(|&at| {
            let other = &self.trace.ins[at.index()];
            other.same_computation(ins) && self.trace.list(other.list) == self.trace.list(ins.list)
        })
    }

    /// Instructions of an operation, newest first.
    pub fn chain(&self, op: Op) -> impl Iterator<Item = IrRef> + '_ {
        let newest = Some(self.chains[op as usize]).filter(|at| at.is_some());
        std::iter::successors(newest, |at| Some(self.trace.ins[at.index()].prev).filter(|at| at.is_some()))
    }

    /// The instruction behind an operand, for rules that take it apart and use its operands instead.
    ///
    /// Not across the start of the loop: there `(i + 1) + 1 => i + 2` would make the loop carry both `i` and `i + 1`.
    pub fn inner(&self, at: IrRef) -> Option<&Ins> {
        let across = self.trace.loop_at.is_some() && at < self.trace.loop_at;
        if across { None } else { self.trace.ins(at) }
    }

    /// The same, if it is of this operation.
    pub fn inner_of(&self, at: IrRef, op: Op) -> Option<&Ins> {
        self.inner(at).filter(|ins| ins.op == op)
    }

    /// Appends an instruction as it is.
    pub fn append(&mut self, mut ins: Ins) -> IrRef {
        let at = self.trace.next_ref();
        ins.prev = std::mem::replace(&mut self.chains[ins.op as usize], at);
        if ins.origin == Origin::default() {
            ins.origin = self.origin;
        }
        ins.snap = match ins.is_guard() {
            true => SnapRef((self.trace.snapshots.len() as u32).wrapping_sub(1)),
            false => SnapRef::NONE,
        };
        debug_assert!(!ins.is_guard() || ins.snap != SnapRef::NONE, "a guard without a snapshot");
        self.trace.ins.push(ins);
        at
    }

    /// Takes back every instruction and snapshot from these on.
    pub fn truncate(&mut self, ins: IrRef, snapshots: usize) {
        for chain in &mut self.chains {
            while *chain >= ins {
                *chain = self.trace.ins[chain.index()].prev;
            }
        }
        self.trace.ins.truncate(ins.index());
        self.trace.snapshots.truncate(snapshots);
        if self.trace.loop_at >= ins {
            self.trace.loop_at = IrRef::NONE;
        }
    }

    /// Removes an instruction. Others may still be linked through it, so its place in the chain stays.
    pub fn remove(&mut self, at: IrRef) {
        let ins = &mut self.trace.ins[at.index()];
        let (prev, origin) = (ins.prev, ins.origin);
        *ins = Ins { prev, origin, ..Ins::new(Op::NOP, Type::None, &[]) };
    }

    /// Adds a snapshot, by which the guards that follow leave.
    pub fn snapshot(&mut self, snapshot: Snapshot) {
        self.trace.snapshots.push(Snapshot { at: self.trace.next_ref(), ..snapshot });
    }

    /// Notes what became of an instruction.
    pub fn note(&mut self, pass: &'static str, rule: &'static str, ins: &Ins, outcome: Outcome) {
        if self.report.keep {
            self.report.note(Event { pass, rule, at: self.trace.next_ref(), ins: *ins, outcome });
        }
    }

    // ------------------------------------------------------------------------------------------ shorthands

    /// Emits an operation that is no guard.
    pub fn op(&mut self, op: Op, ty: Type, refs: &[IrRef]) -> IrRef {
        debug_assert!(!op.info().guard);
        self.emit(Ins::new(op, ty, refs)).unwrap_or(IrRef::NONE)
    }

    /// Emits an operation that is no guard, with literals.
    pub fn op_with(&mut self, op: Op, ty: Type, refs: &[IrRef], lits: &[i32]) -> IrRef {
        debug_assert!(!op.info().guard);
        self.emit(Ins::new(op, ty, refs).with_lits(lits)).unwrap_or(IrRef::NONE)
    }

    /// Emits a guard.
    pub fn guard(&mut self, op: Op, ty: Type, refs: &[IrRef]) -> Result<IrRef, Never> {
        self.emit(Ins::new(op, ty, refs))
    }

    /// A list of arguments.
    pub fn list(&mut self, arguments: &[IrRef]) -> List {
        let start = self.trace.lists.len() as u32;
        self.trace.lists.extend_from_slice(arguments);
        List { start, len: arguments.len() as u32 }
    }

    /// A constant.
    pub fn constant(&mut self, constant: Const) -> IrRef {
        self.trace.constants.intern(constant)
    }

    /// A `num` constant.
    pub fn num(&mut self, n: f64) -> IrRef {
        self.constant(Const::num(n))
    }

    /// An `int` constant.
    pub fn int(&mut self, n: i32) -> IrRef {
        self.constant(Const::Int(n))
    }

    /// A constant of an integer type.
    pub fn integer(&mut self, ty: Type, n: i64) -> IrRef {
        self.constant(Const::from_bits(ty, n as u64))
    }
}
