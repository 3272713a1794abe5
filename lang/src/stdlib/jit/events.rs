//! `jit.attach`: functions that are called when something happens in the machine.
//!
//! | event | when | arguments |
//! | --- | --- | --- |
//! | `bc` | a function was compiled to bytecode | the function |
//! | `trace` | a recording starts | `start`, the trace's number, the function, the position; of a side trace its parent and the exit |
//! | | it became a trace | `stop`, the number, the function, the position |
//! | | it was given up | `abort`, the number, the function, the position, the number of the reason, what it is about |
//! | | all traces were thrown away | `flush` |
//! | `record` | an instruction is recorded | the trace's number, the function, the position, the depth of inlined calls |
//! | `texit` | a trace was left because a guard failed | the trace's number, the exit, and 0 and 0: there are no registers to see |
//! | `errfin` | a finaliser has thrown | the error |
//!
//! The handlers are kept in the registry. An error in one is reported and goes no further; while one runs no event is told, and no trace
//! begins.
//!
//! What the compiler has to tell comes up where no Lua may run: while it looks at an instruction, or when a trace has just been left. So it
//! is written down ([`Vm::queue_event`]) and told before the interpreter runs its next instruction, by the same way by which hooks
//! are called; nothing is paid while nothing waits.

use super::super::io::stream::write_stderr;
use crate::bytecode::{Ins, Op};
use crate::gc::Marker;
use crate::object::Gc;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeResult};
use std::collections::VecDeque;

/// An event that can be attached to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A function was compiled to bytecode.
    Bytecode,
    /// A recording starts, ends, is given up; or all traces are gone.
    Trace,
    /// An instruction is recorded.
    Record,
    /// A trace was left by a guard.
    TraceExit,
    /// A finaliser has thrown.
    FinaliserError,
}

/// The names by which scripts know the events, in the order above.
const NAMES: [&str; 5] = ["bc", "trace", "record", "texit", "errfin"];

/// Which events have a handler, whether one runs, and what waits to be told.
#[derive(Default)]
pub(crate) struct Events {
    attached: [bool; NAMES.len()],
    running: bool,
    waiting: VecDeque<(Event, Vec<Value>)>,
}

impl Events {
    /// Whether something waits that can be told now.
    pub(crate) fn wait(&self) -> bool {
        !self.running && !self.waiting.is_empty()
    }

    /// Marks what waiting events are about.
    pub(crate) fn mark(&self, marker: &mut Marker<'_>) {
        self.waiting.iter().flat_map(|(_, args)| args).for_each(|&value| marker.mark(value));
    }
}

impl Vm {
    /// Whether a script wants to hear of an event.
    pub fn has_event_handler(&self, event: Event) -> bool {
        self.events.attached[event as usize] && !self.events.running
    }

    /// Whether a handler runs.
    pub fn is_telling_event(&self) -> bool {
        self.events.running
    }

    /// Has an event told before the next instruction, if somebody wants to hear of it.
    pub fn queue_event(&mut self, event: Event, args: Vec<Value>) {
        if self.has_event_handler(event) {
            self.events.waiting.push_back((event, args));
            self.update_table();
        }
    }

    /// Tells what waits, before the instruction at `pc` in the frame at `base`; `x` is as in the handlers. Returns where the frame is then.
    pub(crate) fn tell_queued_events(&mut self, base: *mut Value, pc: *const u32, ins: Ins, x: usize) -> *mut Value {
        // What ends a run of the interpreter has no Lua frame.
        if !self.events.wait() || ins.op() == Op::HALT {
            return base;
        }
        self.between_instructions(base, pc, x, |vm| {
            while let Some((event, args)) = vm.events.waiting.pop_front() {
                vm.tell_event(event, &args);
            }
            vm.update_table();
        })
    }

    /// Tells an event to whoever attached to it. A safe point.
    pub fn tell_event(&mut self, event: Event, args: &[Value]) {
        if !self.has_event_handler(event) {
            return;
        }
        let registered = self.registry_table("_VMEVENTS");
        let handler = self.field(registered, NAMES[event as usize]);
        self.events.running = true;
        if let Err(error) = self.call_protected(handler, args) {
            let message = error.value.as_str().map_or(&b"?"[..], Gc::bytes);
            write_stderr(&[b"VM handler failed: ", message, b"\n"].concat());
        }
        self.events.running = false;
    }
}

/// `jit.attach(function, event)`; without an event, the function is detached from all.
pub(super) fn attach(call: &mut Call) -> NativeResult {
    let function = Value::from(call.callable(0)?);
    let registered = call.vm.registry_table("_VMEVENTS");
    match call.string_or_none(1)? {
        Some(event) => {
            // An unknown event never happens.
            if let Some(index) = NAMES.iter().position(|name| name.as_bytes() == event.bytes()) {
                call.vm.set_field(registered, NAMES[index], function);
                call.vm.events.attached[index] = true;
            }
        }
        None => {
            for (index, name) in NAMES.iter().enumerate() {
                if call.vm.field(registered, name) == function {
                    call.vm.set_field(registered, name, Value::NIL);
                    call.vm.events.attached[index] = false;
                }
            }
        }
    }
    call.none()
}
