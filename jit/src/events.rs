//! What scripts that are attached to the events of traces are told (`jit.attach`); [`moonwake_lang::stdlib::jit::events`] lists the
//! events and says when.
//!
//! Positions are those of the words in a function's code, as `jit.util` counts them.

use crate::record::machine::contains;
use crate::record::{Kind, Pc, Recorder};
use crate::trace::abort::{Abort, Reason};
use moonwake_lang::bytecode::Op;
use moonwake_lang::object::{Function, Gc, Proto};
use moonwake_lang::stdlib::jit::events::Event;
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;

fn number(n: impl Into<f64>) -> Value {
    Value::number(n.into())
}

/// A function, and the position of an instruction in it.
fn place(function: Gc<Function>, pc: Pc) -> [Value; 2] {
    let proto: Gc<Proto> = Gc::from_ptr(function.proto);
    let position = (pc.bits() as usize - proto.code as usize) / size_of::<u32>();
    [function.into(), number(position as u32)]
}

/// The place of the instruction that was recorded last.
fn last_place(recorder: &Recorder) -> [Value; 2] {
    place(recorder.function, recorder.bytecode.last().map_or(recorder.beginning.pc, |&(pc, _)| pc))
}

fn trace_event(vm: &mut Vm, what: &str, recorder: &Recorder, place: [Value; 2], more: &[Value]) {
    let mut args = vec![vm.string_value(what), number(recorder.e.trace.number)];
    args.extend(place);
    args.extend(more);
    vm.queue_event(Event::Trace, args);
}

/// The operation of this name.
fn operation(name: &str) -> Option<Op> {
    (0..=u8::MAX).map_while(Op::from_code).find(|op| op.info().name == name)
}

/// Whether scripts are told of recordings while they go on.
pub fn are_told(vm: &Vm) -> bool {
    vm.has_event_handler(Event::Trace) || vm.has_event_handler(Event::Record)
}

/// A recording has started, and nothing is recorded yet.
pub fn started(vm: &mut Vm, recorder: &Recorder) {
    if !vm.has_event_handler(Event::Trace) {
        return;
    }
    let from = match recorder.beginning.kind {
        Kind::Side { parent, exit, .. } => &[number(parent), number(exit)][..],
        Kind::Loop | Kind::Function => &[],
    };
    trace_event(vm, "start", recorder, place(recorder.function, recorder.beginning.pc), from);
}

/// An instruction is recorded.
pub fn recording(vm: &mut Vm, recorder: &Recorder, pc: Pc) {
    if !vm.has_event_handler(Event::Record) {
        return;
    }
    let mut args = vec![number(recorder.e.trace.number)];
    args.extend(place(recorder.function, pc));
    args.push(number(recorder.depth() as u32));
    vm.queue_event(Event::Record, args);
}

/// A recording has become a trace.
pub fn stopped(vm: &mut Vm, recorder: &Recorder) {
    if vm.has_event_handler(Event::Trace) {
        trace_event(vm, "stop", recorder, last_place(recorder), &[]);
    }
}

/// A recording ended without a trace, at the instruction `at` if that is the last one's function's.
pub fn aborted(vm: &mut Vm, recorder: &Recorder, abort: &Abort, at: Pc) {
    if !vm.has_event_handler(Event::Trace) {
        return;
    }
    let place = match contains(Gc::from_ptr(recorder.function.proto), at) {
        true => place(recorder.function, at),
        false => last_place(recorder),
    };
    let about = match abort.reason {
        Reason::NyiBytecode => operation(&abort.about).map_or(Value::NIL, |op| number(op as u8)),
        reason if reason.is_about_something() || !abort.about.is_empty() => vm.string_value(&abort.about),
        _ => Value::NIL,
    };
    trace_event(vm, "abort", recorder, place, &[number(abort.reason as u32), about]);
}

/// All traces were thrown away.
pub fn flushed(vm: &mut Vm) {
    if vm.has_event_handler(Event::Trace) {
        let what = vm.string_value("flush");
        vm.queue_event(Event::Trace, vec![what]);
    }
}

/// A trace was left by an exit.
pub fn left(vm: &mut Vm, trace: u32, exit: u32) {
    if vm.has_event_handler(Event::TraceExit) {
        vm.queue_event(Event::TraceExit, [trace, exit, 0, 0].map(number).to_vec());
    }
}
