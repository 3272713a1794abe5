//! `jit.attach`: functions that are called when something happens in the machine.
//!
//! | event | when | arguments |
//! | --- | --- | --- |
//! | `bc` | a function was compiled to bytecode | the function |
//! | `errfin` | a finaliser has thrown | the error |
//!
//! The handlers are kept in the registry. An error in one is reported and goes no further; while one runs no event is told. Other
//! events can be attached to, but never happen: what traces do is shown by `-jv` and `-jdump`.

use super::super::io::stream::write_stderr;
use crate::object::Gc;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeResult};

/// An event that can be attached to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A function was compiled to bytecode.
    Bytecode,
    /// A finaliser has thrown.
    FinaliserError,
}

/// The names by which scripts know the events, in the order above.
const NAMES: [&str; 2] = ["bc", "errfin"];

/// Which events have a handler, and whether one runs.
#[derive(Default)]
struct Handlers {
    attached: [bool; NAMES.len()],
    running: bool,
}

impl Vm {
    /// Whether a script wants to hear of an event.
    pub fn has_event_handler(&mut self, event: Event) -> bool {
        let handlers = self.extension::<Handlers>();
        handlers.attached[event as usize] && !handlers.running
    }

    /// Tells an event to whoever attached to it. A safe point.
    pub fn tell_event(&mut self, event: Event, args: &[Value]) {
        if !self.has_event_handler(event) {
            return;
        }
        let registered = self.registry_table("_VMEVENTS");
        let handler = self.field(registered, NAMES[event as usize]);
        self.extension::<Handlers>().running = true;
        if let Err(error) = self.call_protected(handler, args) {
            let message = error.value.as_str().map_or(&b"?"[..], Gc::bytes);
            write_stderr(&[b"VM handler failed: ", message, b"\n"].concat());
        }
        self.extension::<Handlers>().running = false;
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
                call.vm.extension::<Handlers>().attached[index] = true;
            }
        }
        None => {
            for (index, name) in NAMES.iter().enumerate() {
                if call.vm.field(registered, name) == function {
                    call.vm.set_field(registered, name, Value::NIL);
                    call.vm.extension::<Handlers>().attached[index] = false;
                }
            }
        }
    }
    call.none()
}
