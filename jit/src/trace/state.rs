//! The state machine between the interpreter and the compiler.
//!
//! ```text
//!            hot loop, hot function, hot exit
//!    Idle ──────────────────────────────────────> Recording ──┐ each instruction
//!     ^                                             │  │  ^    │
//!     │          abort: penalty or blacklist        │  │  └────┘
//!     ├─────────────────────────────────────────────┘  │
//!     │          complete: optimise, compile, link     │
//!     └────────────────────────────────────────────────┘
//! ```
//!
//! [`Jit`] is what the machine knows as its [`Tracer`]. It is owned by the machine, which hands it out for as long as one event is dealt
//! with, so everything here runs between two instructions of the program.

#![allow(unsafe_code)]

use super::abort::{Abort, Reason};
use super::penalty::{Penalties, Verdict};
use super::tree::{ExitState, TraceInfo, Traces};
use super::worth::MOST_RENEWALS;
use crate::backend::{Backend, ExitRecord};
use crate::events;
use crate::hot;
use crate::ir::{Const, Link, Op, Start, Type};
use crate::options::{Limits, Options};
use crate::record::call::doubt_closure;
use crate::record::liveness::Analyses;
use crate::record::recorder::{Heritage, Inherited, Multiple};
use crate::record::{At, Beginning, Flow, Kind, Known, Pc, Recorder};
use crate::report::Report;
use crate::snapshot::Snapshot;
use moonwake_lang::bytecode::Op as Bc;
use moonwake_lang::gc::Marker;
use moonwake_lang::object::{Gc, Proto, proto_flags};
use moonwake_lang::trace_state::ExitReason;
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;
use moonwake_lang::vm::frame::Link as FrameLink;
use moonwake_lang::vm::tracer::Tracer;
use std::collections::HashMap;

/// The JIT compiler of one machine.
pub struct Jit {
    /// The code generator.
    pub backend: Backend,
    /// Parameters and passes.
    pub options: Options,
    /// Whether anything is recorded.
    pub enabled: bool,
    /// Whether everything is hot at once.
    pub stress: bool,
    /// The traces there are.
    pub traces: Traces,
    /// Where recordings were aborted.
    pub penalties: Penalties,
    /// What is told and counted.
    pub report: Report,
    /// Traces that were made since the beginning, flushed ones too.
    pub(super) made: usize,
    /// How often functions that are not compiled yet were found hot.
    calls: HashMap<Pc, u32>,
    /// Whether the code memory is used up.
    pub(super) full: bool,
    pub(super) analyses: Analyses,
    pub(super) recording: Option<Box<Recorder>>,
    /// Traces that were flushed while one of them may have been running: an exit of it may still be on its way through its record.
    pub(super) flushed: Vec<TraceInfo>,
}

impl Jit {
    /// A compiler that has compiled nothing.
    pub fn new(backend: Backend, options: Options, stress: bool, report: Report) -> Jit {
        Jit {
            backend,
            options,
            enabled: true,
            stress,
            traces: Traces::default(),
            penalties: Penalties::new(),
            report,
            made: 0,
            calls: HashMap::new(),
            full: false,
            analyses: Analyses::default(),
            recording: None,
            flushed: Vec::new(),
        }
    }

    // ------------------------------------------------------------------------------------------ starting

    /// Whether a recording may start in the function whose frame is at `base`.
    fn may_start(&mut self, vm: &mut Vm, at: Pc, base: *mut Value) -> bool {
        if self.recording.is_some() || !self.enabled || self.full || vm.is_finalising() || vm.is_telling_event() {
            return false;
        }
        if proto_of(base).flags.get() & proto_flags::NO_JIT != 0 {
            blacklist(at);
            return false;
        }
        if !vm.runs_trace() {
            self.flushed.clear();
        }
        if self.traces.len() >= self.options.limits.maxtrace as usize {
            self.flush(vm);
        }
        true
    }

    fn begin(
        &mut self,
        vm: &mut Vm,
        base: *mut Value,
        start: Start,
        beginning: Beginning,
        pc: *const u32,
        count: usize,
    ) {
        let Jit { traces, penalties, analyses, options, .. } = self;
        let known = Known { traces, penalties, live: analyses };
        let at = At::new(vm, known, base, pc, count);
        let mut recorder = Recorder::new(traces.next_number(), start, beginning, &at, options.passes, options.limits);
        recorder.e.report.keep = self.report.keeps_events();
        recorder.native_counter = self.report.native_counter();
        self.recording = Some(Box::new(recorder));
        self.report.started(beginning);
        if let Some(recorder) = &self.recording {
            events::started(vm, recorder);
        }
        vm.set_recording(true);
    }

    /// Starts a side trace at an exit that has just been taken.
    fn begin_side(&mut self, vm: &mut Vm, parent: u32, exit: usize) {
        let (base, pc) = (vm.trace.exit_base.get(), vm.trace.exit_pc.get());
        if !self.may_start(vm, Pc::new(pc), base) {
            return;
        }
        let Some(info) = self.traces.get(parent) else { return };
        let root = info.root;
        let number = info.code.exits[exit].snapshot;
        let snapshot = &info.trace.snapshots[number.index()];
        let repeats = self.traces.repeats(parent, Pc::new(pc));
        if repeats > self.tolerated_repeats(info, snapshot, base, Pc::new(pc)) {
            return self.set_exit(parent, exit, ExitState::GivenUp);
        }
        let (precise, before) = (info.precise || repeats > 0, info.code.exits[exit].record.work);
        let inherited = inherit(info, number.index());
        let results = snapshot.results;
        // What the parent knows of callers' frames holds as long as nobody writes there unseen.
        let known = inherited.iter().map(|known| known.slot).min().unwrap_or(0);
        let lowest = (info.lowest - snapshot.base).min(known);
        if self.traces.get(root).is_none_or(|r| r.sides >= self.options.limits.maxside as u32) {
            self.set_exit(parent, exit, ExitState::GivenUp);
            return;
        }
        let at = Pc::new(pc);
        let start = Start::Side { parent, exit: number.0, pc: at.bits() };
        let kind = Kind::Side { parent, exit: exit as u32, root };
        self.begin(vm, base, start, Beginning { pc: at, kind }, pc, 0);
        if let Some(recorder) = &mut self.recording {
            // A trace that begins with a return may loop to its start, where nothing is known.
            if !is_return(at) {
                recorder.inherited =
                    if is_loop(at) { inherited.iter().map(without_value).collect() } else { inherited };
            }
            recorder.lowest = lowest.min(0);
            recorder.e.trace.before = before;
            recorder.precise = precise;
            recorder.polymorphic = repeats >= MANY_REPEATS;
            recorder.multiple = results.map(|count| Multiple { first: first_multiple(at), count });
        }
    }

    /// Whether a function was found hot often enough. What is counted by address is forgotten now and then.
    fn is_function_hot(&mut self, at: Pc) -> bool {
        if self.stress {
            return true;
        }
        if self.calls.len() > MOST_CALLS {
            self.calls.clear();
        }
        let count = self.calls.entry(at).or_default();
        *count += 1;
        *count >= hot::function_patience(&self.options.limits)
    }

    /// Whether an exit that was taken so often should be looked at. One that is taken all the time is looked at now and then.
    fn may_be_hot(&self, count: u32) -> bool {
        let first = self.limits_now().hotexit.max(1) as u32;
        count >= first && (count < 2 * first || count.is_multiple_of(64))
    }

    /// How many traces of a tree may begin one after the other at the same instruction, each where the one before did not fit.
    ///
    /// A function returns to one caller here and to another there; what comes after that is no part of it. Only a recursion is:
    /// there the callers are few and all the same function.
    fn tolerated_repeats(&self, info: &TraceInfo, snapshot: &Snapshot, base: *mut Value, pc: Pc) -> usize {
        let knows_caller =
            matches!(snapshot.get(snapshot.base - 1).and_then(|link| info.trace.constant(link)), Some(Const::Link(_)));
        if !is_return(pc) || knows_caller {
            return MOST_REPEATS;
        }
        let of_function = self.traces.get(info.root).is_some_and(|root| root.beginning.kind == Kind::Function);
        match returns_to(base) {
            Some(caller) if caller == proto_of(base) => MOST_REPEATS,
            _ if of_function => 0,
            _ => FEW_REPEATS,
        }
    }

    pub(super) fn set_exit(&mut self, trace: u32, exit: usize, state: ExitState) {
        if let Some(info) = self.traces.get_mut(trace) {
            info.exits[exit] = state;
        }
    }

    // ------------------------------------------------------------------------------------------ recording

    fn record(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32, count: usize) {
        let Some(mut recorder) = self.recording.take() else {
            vm.set_recording(false);
            return;
        };
        let Jit { traces, penalties, analyses, .. } = self;
        let known = Known { traces, penalties, live: analyses };
        let mut at = At::new(vm, known, base, pc, count);
        let flow = match recorder.step(&mut at) {
            Ok(Flow::Stop(Link::Loop)) if !recorder.close() => recorder.take_turn(&mut at),
            flow => flow,
        };
        match flow {
            Ok(Flow::Next) => self.recording = Some(recorder),
            Ok(Flow::Stop(link)) => {
                vm.set_recording(false);
                self.finish(vm, *recorder, link);
            }
            Err(abort) => self.abort_recording(vm, &recorder, &abort, Pc::new(pc)),
        }
    }

    /// Ends a recording without a trace.
    pub(super) fn abort_recording(&mut self, vm: &mut Vm, recorder: &Recorder, abort: &Abort, at: Pc) {
        vm.set_recording(false);
        self.report.aborted(vm, recorder, abort, at);
        events::aborted(vm, recorder, abort, at);
        let start = recorder.beginning.pc;
        match recorder.beginning.kind {
            Kind::Side { parent, exit, .. } => {
                let exit = exit as usize;
                if let Some(state) = self.traces.get(parent).map(|info| info.exits[exit]) {
                    self.set_exit(parent, exit, hot::after_failed_attempt(&self.options.limits, state));
                }
            }
            Kind::Loop | Kind::Function if abort.reason == Reason::Flushed => {}
            Kind::Loop | Kind::Function => match self.penalties.punish(start, abort.reason) {
                Verdict::Wait(_) if self.stress => vm.set_hot_count(start.pointer(), hot::STRESS_COUNT),
                Verdict::Wait(count) => vm.set_hot_count(start.pointer(), count),
                Verdict::Blacklist => blacklist(start),
            },
        }
    }

    /// Starts or stops recording and running traces. The traces there are stay, for when it starts again.
    pub fn set_enabled(&mut self, vm: &mut Vm, on: bool) {
        if !on {
            self.stop_recording(vm);
        }
        self.enabled = on;
        self.traces.set_entered(on);
    }

    /// Aborts a recording under way.
    pub fn stop_recording(&mut self, vm: &mut Vm) {
        if let Some(recorder) = self.recording.take() {
            let at = recorder.expected.pc;
            self.abort_recording(vm, &recorder, &Abort::new(Reason::Flushed), at);
        }
    }

    /// Removes all traces. A recording under way is aborted.
    pub fn flush(&mut self, vm: &mut Vm) {
        self.stop_recording(vm);
        let traces = self.traces.flush();
        if vm.runs_trace() {
            self.flushed.extend(traces);
        }
        self.penalties.clear();
        vm.reset_hot_counts();
        self.report.flushed();
        events::flushed(vm);
    }

    /// The number of turns after which the machine asks.
    pub fn set_thresholds(&self, vm: &mut Vm) {
        self.set_loop_count(vm);
        vm.reset_hot_counts();
    }

    /// The same, once the present counts have run out.
    pub(super) fn set_loop_count(&self, vm: &mut Vm) {
        vm.hot_loop_count = if self.stress { hot::STRESS_COUNT } else { hot::loop_count(&self.limits_now()) };
    }
}

impl Tracer for Jit {
    fn hot_loop(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32) {
        let at = Pc::new(pc);
        if self.may_start(vm, at, base) {
            let beginning = Beginning { pc: at, kind: Kind::Loop };
            self.begin(vm, base, Start::Root { pc: at.bits() }, beginning, pc, 0);
            // The interpreter goes on with this very instruction, without showing it.
            self.record(vm, base, pc, 0);
        }
    }

    fn hot_function(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32, count: usize) {
        let at = Pc::new(pc);
        if self.is_function_hot(at) && self.may_start(vm, at, base) {
            let start = at.next();
            let beginning = Beginning { pc: at, kind: Kind::Function };
            self.begin(vm, base, Start::Root { pc: start.bits() }, beginning, pc, count);
            if let Some(recorder) = &mut self.recording {
                recorder.expected.pc = start;
            }
        }
    }

    fn instruction(&mut self, vm: &mut Vm, base: *mut Value, pc: *const u32, count: usize) {
        self.record(vm, base, pc, count);
    }

    fn left_trace(&mut self, vm: &mut Vm, number: usize, reason: ExitReason) {
        // SAFETY: records of flushed traces are kept while one of them may be running.
        let Some(record) = (unsafe { ExitRecord::last(&vm.trace) }) else { return };
        // SAFETY: the exit was taken just now.
        unsafe { record.complete(vm.trace.exit_base.get()) };
        let count = record.counted();
        let passed = vm.trace.work.take();
        // After a native call one test sees both. The instruction that follows leads to a safe point as any other does.
        let polled = reason == ExitReason::NativeEvent && vm.trace.native_event.get() == 0;
        let reason = if polled { ExitReason::Poll } else { reason };
        self.report.left(number, reason);
        match reason {
            ExitReason::Poll => return vm.trace.left_for_poll.set(true),
            ExitReason::Stack => return,
            ExitReason::NativeEvent => return vm.trace.native_event.set(0),
            ExitReason::Guard | ExitReason::End => {}
        }
        if reason == ExitReason::Guard {
            events::left(vm, record.trace, record.number);
        }
        let place = std::ptr::from_ref(record).addr();
        let in_vain = passed == 0 && !record.in_loop;
        self.judge(number as u32, passed.saturating_add(record.work), in_vain.then_some(place));
        if !self.may_be_hot(count) {
            return;
        }
        let (trace, exit) = (record.trace, record.number as usize);
        let Some(info) = self.traces.get(trace).filter(|info| info.has_exit(record)) else { return };
        if !hot::is_exit_hot(&self.limits_now(), info.exits[exit], count) {
            return;
        }
        let knew_too_well = info.closures_at(exit).filter(|&function| doubt_closure(function)).count() > 0;
        if !(knew_too_well && self.renew(vm, trace)
            || self.is_stale(number as u32, place) && self.renew(vm, number as u32))
        {
            self.begin_side(vm, trace, exit);
        }
    }

    fn abort(&mut self, vm: &mut Vm, reason: &str) {
        if let Some(recorder) = self.recording.take() {
            let at = recorder.expected.pc;
            let abort = Abort::about(Reason::Unforeseen, reason);
            self.abort_recording(vm, &recorder, &abort, at);
        }
    }

    fn mark(&mut self, marker: &mut Marker<'_>) {
        // Functions may be freed, and others made in their place.
        self.analyses.clear();
        self.traces.mark(marker);
        self.flushed.iter().for_each(|info| info.mark(marker));
        if let Some(recorder) = &self.recording {
            super::tree::mark_trace(&recorder.e.trace, &recorder.protos, marker);
            marker.mark_object(recorder.function);
        }
    }

    fn variables_rebound(&mut self, vm: &mut Vm) {
        self.flush(vm);
    }

    fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

impl Jit {
    /// A root trace was entered and did so much work: it is retired if that was too little too often.
    fn judge(&mut self, root: u32, work: u32, exit_in_vain: Option<usize>) {
        let limits = self.limits_now();
        let Some(info) = self.traces.get_mut(root) else { return };
        info.uses.left_by(exit_in_vain);
        if info.uses.note(work, &limits) == Some(false) && !self.stress {
            self.traces.retire(root);
            self.report.retired(&self.traces, root);
        }
    }

    /// Whether a root trace is entered in vain: the exit whose record is at `exit` got hot.
    fn is_stale(&self, root: u32, exit: usize) -> bool {
        self.traces.get(root).is_some_and(|info| info.uses.is_stale(exit, &self.limits_now()))
    }

    /// Has a loop recorded anew, if the trace is one's root and that was not done too often.
    fn renew(&mut self, vm: &mut Vm, root: u32) -> bool {
        let Some(Beginning { kind, pc }) = self.traces.get(root).map(|info| info.beginning) else { return false };
        if kind != Kind::Loop || self.traces.taken_out(pc) >= MOST_RENEWALS || self.traces.take_out(root).is_none() {
            return false;
        }
        vm.set_hot_count(pc.pointer(), hot::STRESS_COUNT);
        self.report.renewed(&self.traces, root);
        true
    }

    /// The limits that loops and exits are counted by.
    fn limits_now(&self) -> Limits {
        if self.stress {
            return Limits { hotexit: 1, ..self.options.limits };
        }
        hot::after_traces(&self.options.limits, self.made)
    }
}

/// The prototype of the Lua function whose frame is at `base`.
fn proto_of(base: *mut Value) -> Gc<Proto> {
    // SAFETY: the machine asks about frames of Lua functions; the function stands two places below the base.
    let function = unsafe { *base.sub(2) }.as_function().expect("a Lua function runs");
    Gc::from_ptr(function.proto)
}

/// Functions that are counted.
const MOST_CALLS: usize = 10_000;
/// Traces that begin one after the other at one instruction.
const MOST_REPEATS: usize = 10;
/// From the so manieth on, the first instruction is recorded without looking at shapes.
const MANY_REPEATS: usize = 4;
/// Those that begin at a return to different callers.
const FEW_REPEATS: usize = 2;

/// The prototype of the Lua function that the frame at `base` returns to, if that is known from its link alone.
fn returns_to(base: *mut Value) -> Option<Gc<Proto>> {
    // SAFETY: a frame's link stands one place below its base.
    let link = FrameLink(unsafe { *base.sub(1) }.0);
    if !link.is_lua() {
        return None;
    }
    let caller = base.wrapping_sub(2 + Pc::new(link.pc()).offset(-1).ins().a());
    Some(proto_of(caller))
}

/// Replaces a loop's or a function's entry instruction by the form that is never compiled.
pub fn blacklist(pc: Pc) {
    let ins = pc.ins();
    let op = match ins.op() {
        Bc::FORLOOP => Bc::FORLOOPI,
        Bc::ITERLOOP => Bc::ITERLOOPI,
        Bc::LOOP => Bc::LOOPI,
        Bc::FUNC => Bc::FUNCI,
        _ => return,
    };
    pc.patch(ins.with_op(op));
}

/// Undoes [`blacklist`].
pub fn unblacklist(pc: Pc) {
    let ins = pc.ins();
    if matches!(ins.op(), Bc::FORLOOPI | Bc::ITERLOOPI | Bc::LOOPI | Bc::FUNCI) {
        pc.patch(ins.with_op(ins.op().uncompiled()));
    }
}

fn is_return(pc: Pc) -> bool {
    matches!(pc.op(), Bc::RETURN | Bc::RETURNM | Bc::RETURN0 | Bc::RETURN1)
}

/// The register of the first of the multiple results that the instruction at `pc` takes.
fn first_multiple(pc: Pc) -> i32 {
    let ins = pc.ins();
    let first = match ins.op() {
        Bc::CALLM => ins.a() + 2 + ins.c(),
        Bc::TAILCALLM => ins.a() + 2 + ins.d(),
        Bc::RETURNM => ins.a() + ins.d(),
        Bc::SETLISTM => ins.a() + 1 + ins.d(),
        _ => ins.a(),
    };
    first as i32
}

/// What the trace knows of the slots at one of its snapshots.
fn inherit(info: &TraceInfo, snapshot: usize) -> Vec<Inherited> {
    let trace = &info.trace;
    let snapshot = &trace.snapshots[snapshot];
    let mut inherited: Vec<Inherited> = Vec::new();
    for entry in &snapshot.entries {
        let what = match trace.constant(entry.value) {
            Some(constant) => Heritage::Constant(constant),
            None => heritage(trace.ty(entry.value)),
        };
        inherited.push(Inherited { slot: entry.slot - snapshot.base, what });
    }
    // Slots that did not change have the types that were guarded before the exit.
    for at in trace.refs().take_while(|&at| at < snapshot.at) {
        let ins = &trace.ins[at.index()];
        let slot = match ins.op {
            Op::UNBOX => trace.ins_of(ins.a(), Op::SLOAD).map(|load| load.lits[0]),
            Op::SLOAD if ins.ty != Type::Val => Some(ins.lits[0]),
            _ => None,
        };
        if let Some(slot) = slot
            && snapshot.get(slot).is_none()
            && !inherited.iter().any(|i| i.slot == slot - snapshot.base)
        {
            inherited.push(Inherited { slot: slot - snapshot.base, what: heritage(ins.ty) });
        }
    }
    inherited
}

/// What a trace that may become a loop knows of a slot: the value changes from turn to turn. A frame's link does not.
fn without_value(known: &Inherited) -> Inherited {
    match known.what {
        Heritage::Constant(Const::Link(_)) | Heritage::Type(_) => *known,
        Heritage::Constant(constant) => Inherited { what: Heritage::Type(constant.ty()), ..*known },
    }
}

fn is_loop(pc: Pc) -> bool {
    matches!(pc.op(), Bc::FORLOOP | Bc::ITERLOOP | Bc::LOOP)
}

fn heritage(ty: Type) -> Heritage {
    if ty.is_primitive() { Heritage::Constant(Const::Primitive(ty)) } else { Heritage::Type(ty) }
}
