//! From a complete recording to a linked trace.
//!
//! ```text
//!   recording ──close──> peeled loop ──optimise──> IR ──backend──> code ──link──> parent's exit, or the patched instruction
//!                 │
//!                 └ the types or guards of a turn do not fit the next: record another turn, or leave the loop unpeeled
//! ```

use super::abort::{Abort, Reason, Rec};
use super::penalty::is_compiled;
use super::state::Jit;
use super::tree::{ExitState, TraceInfo, patch};
use super::worth::{self, Uses};
use crate::events;
use crate::hot;
use crate::ir::Link;
use crate::opt;
use crate::record::{At, Flow, Kind, Recorder};
use moonwake_lang::vm::Vm;
use std::time::Instant;

impl Recorder {
    /// Peels a loop that has been closed. False when another turn should be recorded first, which may make it possible.
    pub fn close(&mut self) -> bool {
        self.e.trace.link = Link::Loop;
        match opt::optimise(&mut self.e) {
            Ok(()) => {
                self.optimised = true;
                true
            }
            Err(opt::peel::Failure::Frame) => true,
            Err(opt::peel::Failure::Guard | opt::peel::Failure::Type) => {
                let unrolls = self.turns_left > 0 && self.beginning.kind != Kind::Function;
                self.turns_left -= 1;
                !unrolls
            }
        }
    }

    /// Records the loop instruction at which a trace could not be closed as the beginning of another turn.
    pub fn take_turn(&mut self, at: &mut At<'_>) -> Rec<Flow> {
        self.e.trace.link = Link::Interpreter;
        self.takes_turn = true;
        self.expected.pc = at.pc;
        self.expected.base = self.base;
        self.step(at)
    }

    /// How the trace ends, once it is known whether its loop could be peeled.
    ///
    /// A root trace that could not jumps to its own start, where every type is checked anew. A side trace's start relies on what its
    /// parent knew; it goes to the root trace of the loop instead.
    fn end(&self, link: Link) -> Link {
        if link != Link::Loop || self.e.trace.loop_at.is_some() || self.inherited.is_empty() {
            return link;
        }
        match self.beginning.pc.ins() {
            ins if is_compiled(self.beginning.pc) => Link::Trace(ins.d() as u32),
            _ => Link::Interpreter,
        }
    }
}

impl Jit {
    /// Compiles and links a complete recording.
    pub(super) fn finish(&mut self, vm: &mut Vm, mut recorder: Recorder, link: Link) {
        recorder.e.trace.link = recorder.end(link);
        if self.is_only_a_link(&recorder) {
            return events::aborted(vm, &recorder, &Reason::OnlyLink.into(), recorder.expected.pc);
        }
        if recorder.e.trace.link == Link::Interpreter
            && recorder.bytecode.len() <= 1
            && let Kind::Side { parent, exit, .. } = recorder.beginning.kind
        {
            // It ends at the instruction that it began at, and that is where the exit leads already.
            self.set_exit(parent, exit as usize, ExitState::GivenUp);
            return events::aborted(vm, &recorder, &Reason::OnlyLink.into(), recorder.expected.pc);
        }
        if self.is_too_short(&recorder) {
            let abort = Abort::new(Reason::ShortFunction);
            return self.abort_recording(vm, &recorder, &abort, recorder.expected.pc);
        }
        if !recorder.optimised {
            opt::finish(&mut recorder.e);
        }
        let started = Instant::now();
        self.backend.keep_listing = self.report.wants_code();
        let late = match recorder.beginning.kind {
            Kind::Side { parent, exit, .. } => {
                self.traces.get(parent).map(|info| &info.code.exits[exit as usize].record.late[..])
            }
            Kind::Loop | Kind::Function => None,
        };
        let compiled = self.backend.compile_side(&recorder.e.trace, late.unwrap_or_default());
        self.report.compile_time += started.elapsed();
        let code = match compiled {
            Ok(code) => code,
            Err(error) => {
                let abort = Abort::about(Reason::Compilation, error.to_string());
                self.full = abort.about.contains(OUT_OF_MEMORY);
                return self.abort_recording(vm, &recorder, &abort, recorder.expected.pc);
            }
        };
        events::stopped(vm, &recorder);
        let Recorder { e, beginning, protos, lowest, bytecode, precise, .. } = recorder;
        let number = e.trace.number;
        let root = match beginning.kind {
            Kind::Side { root, .. } => root,
            Kind::Loop | Kind::Function => number,
        };
        vm.set_trace(number as usize, code.code as *const u8);
        let info = TraceInfo {
            guards: (e.report.guards_recorded, e.report.guards_hoisted, e.report.guards_left),
            original: beginning.pc.ins(),
            exits: vec![ExitState::Open; code.exits.len()],
            trace: e.trace,
            code,
            beginning,
            root,
            sides: 0,
            lowest,
            protos,
            retired: false,
            uses: Uses::default(),
            precise,
        };
        self.report.completed(&info, &e.report, &bytecode);
        self.traces.add(info);
        self.made += 1;
        self.set_loop_count(vm);
        if root == number {
            patch(beginning.pc, number);
        }
    }

    /// Whether a trace would only run through a short function and return. One that calls itself may do more another time.
    fn is_too_short(&self, recorder: &Recorder) -> bool {
        recorder.beginning.kind == Kind::Function
            && recorder.e.trace.link == Link::Interpreter
            && recorder.bytecode.len() < worth::ENTRY as usize
            && hot::function_patience(&self.options.limits) > 1
            && !self.stress
    }

    /// Whether a side trace does nothing but go to another trace: then its parent's exit can lead there.
    fn is_only_a_link(&mut self, recorder: &Recorder) -> bool {
        let trace = &recorder.e.trace;
        let (Kind::Side { parent, exit, .. }, Link::Trace(other)) = (recorder.beginning.kind, trace.link) else {
            return false;
        };
        let does_nothing = trace.ins.len() == 1
            && trace.snapshots.last().is_some_and(|s| s.base == 0 && s.entries.is_empty() && s.results.is_none());
        let is_complete = |info: &TraceInfo| info.code.exits[exit as usize].record.late.is_empty();
        let may_lead_on = does_nothing && self.traces.get(parent).is_some_and(is_complete);
        let Some(code) = self.traces.get(other).map(|info| info.code.code).filter(|_| may_lead_on) else {
            return false;
        };
        self.traces.connect(parent, exit, other, code);
        true
    }
}

/// What Cranelift says when the code memory is used up.
const OUT_OF_MEMORY: &str = "memory region exhausted";
