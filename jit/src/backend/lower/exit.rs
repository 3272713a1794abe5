//! Exits: cold blocks that make the Lua stack what the interpreter would have made it, and jump on.
//!
//! All guards with one snapshot share one block. It stores the slots whose values changed, makes the objects that were sunk,
//! and jumps through the exit's record: to the interpreter, or to the side trace that was compiled for it. Constants and tags are put
//! off: see [`link`](crate::backend::link).
//!
//! Most of what an exit stores the next one stores as well. So exits that follow each other share a *tail*: each stores what is its own,
//! then goes to a block that stores the rest and jumps on; so do tails. Exits are the greater part of a trace's code, and of the time that
//! it takes to compile.

use super::{CompileError, Lowering, TRUSTED, trace_signature};
use crate::backend::link::{Lacks, Late};
use crate::backend::{Exit, ExitRecord};
use crate::ir::eval::box_bits;
use crate::ir::{IrRef, Link, Op, SnapRef, Type};
use crate::opt::sink;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use moonwake_lang::trace_state::{ExitReason, TraceState};
use std::collections::HashSet;
use std::mem::offset_of;

/// An exit that is branched to and not written yet.
pub(super) struct Pending {
    number: usize,
    block: Block,
}

/// An exit, or a tail: what is stored on the way out, up to the end.
struct Way {
    /// The exit's number; a tail has none, and gets the record of the exit.
    exit: Option<usize>,
    block: Block,
    /// How far the base moves.
    base: i32,
    /// Slots that could be stored further on, and what goes there.
    stores: Vec<(i32, IrRef)>,
}

/// Ways share a tail when it saves each so many stores, and not more than so many of them: tails have tails.
const FEWEST_SHARED: usize = 3;
const MOST_SHARING: usize = 4;

/// How many of these ways, the first ones, share a tail, and what it stores: as many as save most stores.
fn shared_stores(ways: &[Way]) -> (usize, Vec<(i32, IrRef)>) {
    let (mut count, mut shared) = (1, ways[0].stores.clone());
    for way in ways[1..].iter().take(MOST_SHARING - 1).take_while(|way| way.base == ways[0].base) {
        let both: Vec<_> = shared.iter().copied().filter(|store| way.stores.contains(store)).collect();
        if both.len() < FEWEST_SHARED || both.len() * count < shared.len() * (count - 1) {
            break;
        }
        (count, shared) = (count + 1, both);
    }
    (count, shared)
}

impl Lowering<'_> {
    /// The block by which to leave, and the exit's number.
    pub(super) fn exit_to(&mut self, snapshot: SnapRef, reason: ExitReason) -> (Block, usize) {
        let same = |p: &&Pending| {
            let exit = &self.exits[p.number];
            exit.snapshot == snapshot && exit.reason == reason
        };
        if let Some(pending) = self.pending.iter().rev().find(same) {
            return (pending.block, pending.number);
        }
        let number = self.exits.len();
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        self.pending.push(Pending { number, block });
        let restored = &self.trace.snapshots[snapshot.index()];
        let (pc, work) = (restored.pc, (self.trace.work_until(restored), self.trace.is_in_loop(restored)));
        let target = self.environment.to_interpreter;
        let record = ExitRecord::new(target, pc, reason, self.trace.number, number as u32, work);
        self.exits.push(Exit { snapshot, reason, record: Box::new(record) });
        (block, number)
    }

    /// Writes the exits that were branched to so far.
    pub(super) fn write_exits(&mut self) -> Result<(), CompileError> {
        let pending = std::mem::take(&mut self.pending);
        let mut ways: Vec<Way> = pending.iter().map(|exit| self.way_of(exit)).collect();
        while !ways.is_empty() {
            let mut tails = Vec::new();
            let mut rest = &ways[..];
            while let Some(first) = rest.first() {
                let (count, stores) = shared_stores(rest);
                let (group, others) = rest.split_at(count);
                let tail =
                    (count > 1).then(|| Way { exit: None, block: self.b.create_block(), base: first.base, stores });
                for way in group {
                    self.write_way(way, tail.as_ref())?;
                }
                tails.extend(tail);
                rest = others;
            }
            ways = tails;
        }
        self.restoring = false;
        Ok(())
    }

    fn way_of(&self, exit: &Pending) -> Way {
        let trace = self.trace;
        let Exit { snapshot, reason, .. } = &self.exits[exit.number];
        let snapshot = &trace.snapshots[snapshot.index()];
        let is_sunk = |value| trace.ins(value).is_some_and(|ins| ins.sunk);
        let mut stores: Vec<_> = snapshot.entries.iter().map(|entry| (entry.slot, entry.value)).collect();
        // Nobody else does what the end of a trace does.
        stores.retain(|&(slot, value)| {
            *reason != ExitReason::End && self.has_register(value) && !is_sunk(value) && !self.is_in_memory(slot, value)
        });
        Way { exit: Some(exit.number), block: exit.block, base: snapshot.base, stores }
    }

    /// Writes an exit or a tail, up to where it goes on by another tail.
    fn write_way(&mut self, way: &Way, tail: Option<&Way>) -> Result<(), CompileError> {
        self.b.switch_to_block(way.block);
        let is_shared = |store: &(i32, IrRef)| tail.is_some_and(|tail| tail.stores.contains(store));
        let record = match way.exit {
            Some(number) => {
                // Exits are rarely taken, but the end of a trace always is.
                self.restoring = self.exits[number].reason != ExitReason::End;
                self.write_exit(number, is_shared)?
            }
            None => {
                self.restoring = true;
                self.b.set_cold_block(way.block);
                let record = self.b.append_block_param(way.block, I64);
                for &(slot, value) in way.stores.iter().filter(|store| !is_shared(store)) {
                    self.store_raw(value, slot);
                }
                record
            }
        };
        match tail {
            Some(tail) => _ = self.b.ins().jump(tail.block, &[record.into()]),
            None => self.leave(way, record),
        }
        Ok(())
    }

    /// Writes what an exit does, save what it shares; gives its record.
    fn write_exit(&mut self, number: usize, is_shared: impl Fn(&(i32, IrRef)) -> bool) -> Result<Value, CompileError> {
        let trace = self.trace;
        let at = self.exits[number].snapshot;
        let snapshot = &trace.snapshots[at.index()];
        let before = self.make_sunk(at)?;
        let mut late = Vec::new();
        let is_end = self.exits[number].reason == ExitReason::End;
        for entry in &snapshot.entries {
            if self.is_in_memory(entry.slot, entry.value) {
                continue;
            }
            if is_end {
                self.store_boxed(entry.value, self.base, 8 * entry.slot);
                continue;
            }
            if self.has_register(entry.value) && !is_shared(&(entry.slot, entry.value)) {
                self.store_raw(entry.value, entry.slot);
            }
            if let Some(what) = self.lacks(entry.value) {
                late.push(Late { slot: entry.slot - snapshot.base, what });
            }
        }
        self.exits[number].record.late = late;
        for (at, value) in before {
            self.values[at.index()] = value;
        }
        if let Some(results) = snapshot.results {
            let results = self.b.ins().iconst(I32, i64::from(results));
            self.b.ins().store(TRUSTED, results, self.vm, offset_of!(TraceState, multiple_results) as i32);
        }
        self.count_work(number);
        let record: &ExitRecord = &self.exits[number].record;
        Ok(self.long(std::ptr::from_ref(record) as u64))
    }

    /// Whether an exit stores a value. It leaves constants to its record.
    fn has_register(&self, value: IrRef) -> bool {
        !value.is_constant() && !self.trace.ty(value).is_primitive()
    }

    /// Stores a value into a slot as it is in its register.
    fn store_raw(&mut self, value: IrRef, slot: i32) {
        match self.lacks(value) {
            Some(_) => {
                let raw = self.value(value);
                self.b.ins().store(TRUSTED, raw, self.base, 8 * slot);
            }
            None => self.store_boxed(value, self.base, 8 * slot),
        }
    }

    /// What a slot lacks once a value was stored so.
    fn lacks(&self, value: IrRef) -> Option<Lacks> {
        let ty = self.trace.ty(value);
        if let Some(constant) = self.trace.constant(value) {
            return constant.boxed().map(Lacks::Value);
        }
        match ty {
            _ if ty.is_primitive() => Some(Lacks::Value(moonwake_lang::value::Value(box_bits(ty, 0)))),
            _ if ty.tag().is_some() || ty == Type::Int => Some(Lacks::Box(ty)),
            _ => None,
        }
    }

    /// Completes the stack at the start of a side trace, as its parent's exit left it.
    pub(super) fn complete_slots(&mut self, late: &[Late]) {
        for &Late { slot, what } in late {
            let offset = 8 * slot;
            let complete = match what {
                Lacks::Value(value) => self.long(value.0),
                Lacks::Box(ty) => {
                    let width = if ty == Type::Int { I32 } else { I64 };
                    let raw = self.b.ins().load(width, TRUSTED, self.base, offset);
                    self.raw.insert(slot, (ty, raw));
                    match ty.tag() {
                        Some(tag) => self.tagged(raw, tag),
                        None => self.number_of(ty, raw),
                    }
                }
            };
            self.b.ins().store(TRUSTED, complete, self.base, offset);
        }
    }

    /// Jumps through an exit's record, or back to the trace's start, with the base moved.
    fn leave(&mut self, way: &Way, record: Value) {
        let base = match way.base {
            0 => self.base,
            slots => self.b.ins().iadd_imm_s(self.base, 8 * i64::from(slots)),
        };
        let is_end = way.exit.is_some_and(|number| self.exits[number].reason == ExitReason::End);
        if let Some(start) = self.start.filter(|_| is_end) {
            self.b.ins().jump(start, &[base.into()]);
            return;
        }
        let target = self.b.ins().load(I64, TRUSTED, record, ExitRecord::TARGET);
        let signature = self.b.import_signature(trace_signature());
        self.b.ins().return_call_indirect(signature, target, &[self.vm, base, record]);
    }

    /// Notes, where the trace jumps to another or to its own start, what it was good for.
    fn count_work(&mut self, number: usize) {
        if self.exits[number].reason != ExitReason::End || self.trace.link == Link::Interpreter {
            return;
        }
        let place = offset_of!(TraceState, work) as i32;
        let before = self.b.ins().load(I32, TRUSTED, self.vm, place);
        let after = self.b.ins().iadd_imm_u(before, i64::from(self.exits[number].record.work));
        self.b.ins().store(TRUSTED, after, self.vm, place);
    }

    /// Whether a slot holds what it held on entry. In the loop, what goes around is not what was loaded.
    fn is_in_memory(&self, slot: i32, value: IrRef) -> bool {
        let trace = self.trace;
        let source = trace.ins_of(value, Op::UNBOX).map_or(value, |ins| ins.a());
        let loaded = trace.ins_of(source, Op::SLOAD).is_some_and(|ins| ins.lits[0] == slot);
        let goes_around = |r: IrRef| trace.phis().any(|(_, phi)| phi.a() == r);
        loaded && !self.stored.contains(&slot) && !(self.in_loop && (goes_around(value) || goes_around(source)))
    }

    /// Makes the sunk objects that a snapshot restores, and those that they hold. Gives what their values were before, which is
    /// what they are again in other exits.
    fn make_sunk(&mut self, at: SnapRef) -> Result<Vec<(IrRef, Option<Value>)>, CompileError> {
        let mut made = Made { at, objects: HashSet::new(), before: Vec::new() };
        let trace = self.trace;
        for entry in &trace.snapshots[at.index()].entries {
            self.make_object(entry.value, &mut made)?;
        }
        Ok(made.before)
    }

    fn make_object(&mut self, object: IrRef, made: &mut Made) -> Result<(), CompileError> {
        let trace = self.trace;
        let Some(ins) = trace.ins(object).filter(|ins| ins.sunk) else { return Ok(()) };
        if !made.objects.insert(object) {
            return Ok(());
        }
        let value = self.allocation(ins)?;
        made.before.push((object, self.values[object.index()].replace(value)));
        let limit = trace.snapshots[made.at.index()].at;
        for part in sink::parts(trace, object).into_iter().filter(|&part| part < limit) {
            let ins = &trace.ins[part.index()];
            if ins.op.is_store() {
                for &value in &ins.refs[1..] {
                    self.make_object(value, made)?;
                }
            }
            let value = self.instruction(part, ins)?;
            made.before.push((part, std::mem::replace(&mut self.values[part.index()], value)));
        }
        Ok(())
    }
}

/// What an exit has made so far.
struct Made {
    at: SnapRef,
    objects: HashSet<IrRef>,
    before: Vec<(IrRef, Option<Value>)>,
}
