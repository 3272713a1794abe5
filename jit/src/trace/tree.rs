//! The traces there are, and how they hang together.
//!
//! ```text
//!   root trace 1 ──exit 3──> side trace 2 ──exit 0──> side trace 5
//!        ^                        │
//!        └────────── link ────────┘
//! ```
//!
//! A root trace is entered from the interpreter, at an instruction that was patched for it; a side trace from an exit of its parent. A tree
//! lives and dies as a whole, and in fact all trees together: flushing one would leave links into it in others.

use super::worth::Uses;
use crate::backend::{CompiledTrace, ExitRecord};
use crate::ir::{Const, Link, Op, Trace};
use crate::record::{Beginning, Kind, Pc};
use moonwake_lang::bytecode::{Ins, Op as Bc};
use moonwake_lang::gc::Marker;
use moonwake_lang::object::{Function, Gc, Proto};
use moonwake_lang::value::Value;

/// What became of an exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ExitState {
    /// It leads to the interpreter, and is counted; so many recordings from it were aborted.
    #[default]
    Open,
    /// Tried again after this many aborts.
    Tried(u8),
    /// It leads to another trace.
    Linked(u32),
    /// It leads to the interpreter for good.
    GivenUp,
}

/// A trace and what belongs to it.
pub struct TraceInfo {
    /// The trace as it was compiled.
    pub trace: Trace,
    /// Its code.
    pub code: CompiledTrace,
    /// Where it began.
    pub beginning: Beginning,
    /// Of a root trace, what stood there before it was patched.
    pub original: Ins,
    /// What became of each of its exits.
    pub exits: Vec<ExitState>,
    /// The root of its tree: itself, if it is one.
    pub root: u32,
    /// Of a root trace, the number of side traces in its tree.
    pub sides: u32,
    /// The lowest base of the frames that it or its ancestors made.
    pub lowest: i32,
    /// Prototypes whose code or address it refers to.
    pub protos: Vec<Gc<Proto>>,
    /// It was a root trace that its instruction no longer leads to.
    pub retired: bool,
    /// What came of entering it, if it is a root trace.
    pub uses: Uses,
    /// It was recorded with doubts; see [`crate::record::Recorder::doubt`].
    pub precise: bool,
    /// Guards that were recorded, that left the loop, and that are left in it.
    pub guards: (usize, usize, usize),
}

impl TraceInfo {
    /// Whether it runs on after it was entered, and does not only return to the interpreter.
    pub fn loops(&self) -> bool {
        self.trace.link != Link::Interpreter
    }

    /// Whether the interpreter enters it at an instruction.
    pub fn is_root(&self) -> bool {
        !matches!(self.beginning.kind, Kind::Side { .. })
    }

    /// Whether this is one of its exits, and not of a trace that had its number before.
    pub fn has_exit(&self, record: &ExitRecord) -> bool {
        self.code.exits.get(record.number as usize).is_some_and(|exit| std::ptr::eq(&*exit.record, record))
    }

    /// The closures that guards at one of its exits know by identity.
    pub fn closures_at(&self, exit: usize) -> impl Iterator<Item = Gc<Function>> {
        let identities = self.trace.leaving_by(self.code.exits[exit].snapshot).filter(|ins| ins.op == Op::EQ);
        let constants = identities.flat_map(|ins| ins.refs).filter_map(|operand| self.trace.constant(operand));
        let functions = constants.filter_map(Const::boxed).filter_map(Value::as_function);
        functions.filter(|function| !function.is_native())
    }

    /// Marks what it refers to.
    pub fn mark(&self, marker: &mut Marker<'_>) {
        mark_trace(&self.trace, &self.protos, marker);
    }
}

/// Marks what a trace refers to: constants, the prototypes that it covers, and the shapes that it compares with.
pub fn mark_trace(trace: &Trace, protos: &[Gc<Proto>], marker: &mut Marker<'_>) {
    for constant in trace.constants.iter() {
        if let Const::Object(ty, address) = constant
            && ty.is_object()
        {
            marker.mark(constant.boxed().unwrap_or(Value(address)));
        }
    }
    protos.iter().for_each(|&proto| marker.mark_object(proto));
    for ins in &trace.ins {
        match ins.op {
            Op::SHAPE | Op::RESHAPE | Op::NEWKEY | Op::TNEW => marker.keep_shape(ins.lits[0] as u32),
            _ => {}
        }
    }
}

/// All traces, by number; numbers start at 1.
#[derive(Default)]
pub struct Traces {
    list: Vec<TraceInfo>,
}

impl Traces {
    /// A trace by its number.
    pub fn get(&self, number: u32) -> Option<&TraceInfo> {
        self.list.get((number as usize).checked_sub(1)?)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut TraceInfo> {
        self.list.get_mut((number as usize).checked_sub(1)?)
    }

    /// The number that the next trace gets.
    pub fn next_number(&self) -> u32 {
        self.list.len() as u32 + 1
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TraceInfo> {
        self.list.iter()
    }

    /// Adds a finished trace: enters it into the tree, and links its end and its parent's exit.
    pub fn add(&mut self, info: TraceInfo) {
        let number = self.next_number();
        debug_assert_eq!(info.trace.number, number);
        if let (Link::Trace(other), Some(end)) = (info.trace.link, info.code.end)
            && let Some(target) = self.get(other)
        {
            info.code.exits[end].record.link(target.code.code);
        }
        if let Kind::Side { parent, exit, root } = info.beginning.kind {
            self.connect(parent, exit, number, info.code.code);
            if let Some(root) = self.get_mut(root) {
                root.sides += 1;
            }
        }
        if info.is_root() {
            self.lead_on(info.beginning, number, info.code.code);
        }
        self.list.push(info);
    }

    /// Has all that leads to the root traces that were taken out at a place lead to the one that was made in their stead.
    fn lead_on(&mut self, beginning: Beginning, number: u32, code: usize) {
        let replaced: Vec<u32> = self
            .list
            .iter()
            .filter(|info| info.retired && info.beginning == beginning)
            .map(|info| info.trace.number)
            .collect();
        for info in self.list.iter_mut().filter(|_| !replaced.is_empty()) {
            if let (Link::Trace(old), Some(end)) = (info.trace.link, info.code.end)
                && replaced.contains(&old)
            {
                info.code.exits[end].record.link(code);
            }
            for (exit, state) in info.code.exits.iter().zip(&mut info.exits) {
                if matches!(*state, ExitState::Linked(old) if replaced.contains(&old)) {
                    exit.record.link(code);
                    *state = ExitState::Linked(number);
                }
            }
        }
    }

    /// How many traces, from this one up through its parents, begin one after the other at `pc`.
    pub fn repeats(&self, mut trace: u32, pc: Pc) -> usize {
        let mut count = 0;
        while let Some(info) = self.get(trace)
            && info.beginning.pc == pc
            && let Kind::Side { parent, .. } = info.beginning.kind
        {
            (count, trace) = (count + 1, parent);
        }
        count
    }

    /// Lets an exit lead to a trace.
    pub fn connect(&mut self, parent: u32, exit: u32, number: u32, code: usize) {
        let Some(parent) = self.get_mut(parent) else { return };
        parent.code.exits[exit as usize].record.link(code);
        parent.exits[exit as usize] = ExitState::Linked(number);
        // A tree that still grows is not judged.
        let root = parent.root;
        if let Some(root) = self.get_mut(root) {
            root.uses = Uses::default();
        }
    }

    /// Takes the root traces out of the code, or puts them back: while they are out, nothing enters a trace.
    pub fn set_entered(&self, on: bool) {
        for info in self.list.iter().filter(|info| info.is_root() && !info.retired) {
            let (pc, number) = (info.beginning.pc, info.trace.number);
            if !on {
                restore(pc, info.original);
            } else if pc.ins() == info.original {
                patch(pc, number);
            }
        }
    }

    /// Takes a root trace out of the code for good, where it still is; others may go on leading to it.
    pub fn retire(&mut self, number: u32) {
        if let Some(pc) = self.take_out(number) {
            super::state::blacklist(pc);
        }
    }

    /// Takes a root trace out of the code, where it still is; gives its place.
    pub fn take_out(&mut self, number: u32) -> Option<Pc> {
        let info = self.get_mut(number).filter(|info| info.is_root() && !info.retired)?;
        info.retired = true;
        let pc = info.beginning.pc;
        restore(pc, info.original);
        Some(pc)
    }

    /// How many traces began at `pc` and were taken out.
    pub fn taken_out(&self, pc: Pc) -> usize {
        self.list.iter().filter(|info| info.retired && info.beginning.pc == pc).count()
    }

    /// Whether a root trace begins in a function.
    pub fn begin_in(&self, proto: Gc<Proto>) -> bool {
        let begins = |info: &TraceInfo| info.is_root() && crate::record::machine::contains(proto, info.beginning.pc);
        self.list.iter().any(begins)
    }

    /// Removes all traces, and restores the instructions that were patched for them. One that is running still needs what is returned.
    pub fn flush(&mut self) -> Vec<TraceInfo> {
        let all = std::mem::take(&mut self.list);
        for info in all.iter().rev().filter(|info| info.is_root()) {
            restore(info.beginning.pc, info.original);
        }
        all
    }

    /// Marks what traces refer to.
    pub fn mark(&self, marker: &mut Marker<'_>) {
        self.list.iter().for_each(|info| info.mark(marker));
    }
}

/// Lets the instruction at `pc` run a root trace.
pub(super) fn patch(pc: Pc, number: u32) {
    let ins: Ins = pc.ins();
    let op = match ins.op().uncompiled() {
        Bc::FORLOOP => Bc::FORLOOPJ,
        Bc::ITERLOOP => Bc::ITERLOOPJ,
        Bc::LOOP => Bc::LOOPJ,
        Bc::FUNC => Bc::FUNCJ,
        _ => return,
    };
    pc.patch(ins.with_op(op).with_d(number as u16));
}

/// Puts an instruction back if it is still the one that runs a trace.
fn restore(pc: Pc, original: Ins) {
    if super::penalty::is_compiled(pc) {
        pc.patch(original);
    }
}
