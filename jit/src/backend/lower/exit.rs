//! Exits: cold blocks that make the Lua stack what the interpreter would have made it, and jump on.
//!
//! All guards with one snapshot share one block. It stores the slots whose values changed, makes the objects that were sunk,
//! and jumps through the exit's record: to the interpreter, or to the side trace that was compiled for it.

use super::{CompileError, Lowering, TRUSTED, trace_signature};
use crate::backend::{Exit, ExitRecord};
use crate::ir::{IrRef, Link, Op, SnapRef};
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
        for Pending { number, block } in std::mem::take(&mut self.pending) {
            self.b.switch_to_block(block);
            // Exits are rarely taken, but the end of a trace always is.
            self.restoring = self.exits[number].reason != ExitReason::End;
            self.write_exit(number)?;
        }
        self.restoring = false;
        Ok(())
    }

    fn write_exit(&mut self, number: usize) -> Result<(), CompileError> {
        let trace = self.trace;
        let at = self.exits[number].snapshot;
        let snapshot = &trace.snapshots[at.index()];
        let before = self.make_sunk(at)?;
        for entry in &snapshot.entries {
            if !self.is_in_memory(entry.slot, entry.value) {
                self.store_boxed(entry.value, self.base, 8 * entry.slot);
            }
        }
        for (at, value) in before {
            self.values[at.index()] = value;
        }
        if let Some(results) = snapshot.results {
            let results = self.b.ins().iconst(I32, i64::from(results));
            self.b.ins().store(TRUSTED, results, self.vm, offset_of!(TraceState, multiple_results) as i32);
        }
        self.count_work(number);
        let base = match snapshot.base {
            0 => self.base,
            slots => self.b.ins().iadd_imm_s(self.base, 8 * i64::from(slots)),
        };
        let record: &ExitRecord = &self.exits[number].record;
        let record = self.long(std::ptr::from_ref(record) as u64);
        let target = self.b.ins().load(I64, TRUSTED, record, ExitRecord::TARGET);
        let signature = self.b.import_signature(trace_signature());
        self.b.ins().return_call_indirect(signature, target, &[self.vm, base, record]);
        Ok(())
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
