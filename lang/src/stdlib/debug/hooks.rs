//! `debug.sethook` and `debug.gethook`. The hook belongs to the machine; a coroutine that is given is ignored, as in LuaJIT.

use crate::value::Value;
use crate::vm::hook::Events;
use crate::vm::native::{Call, NativeResult};

/// `sethook([coroutine,] function, mask [, count])`; without a function the hook goes.
pub(super) fn sethook(call: &mut Call) -> NativeResult {
    let (_, place) = call.coroutine_or_running();
    if call.arg(place).is_nil() {
        call.vm.set_hook(None, Events::default());
        return call.none();
    }
    let mask = call.bytes(place + 1)?;
    let function = call.callable(place)?;
    let count = call.int32_or(place + 2, 0)?.max(0) as u32;
    let wants = |letter| mask.contains(&letter);
    let events = Events { call: wants(b'c'), returns: wants(b'r'), line: wants(b'l'), count };
    call.vm.set_hook(Some(function.into()), events);
    call.none()
}

pub(super) fn gethook(call: &mut Call) -> NativeResult {
    let (function, events) = call.vm.hook();
    let letters = [(events.call, 'c'), (events.returns, 'r'), (events.line, 'l')];
    let mask: String = letters.iter().filter(|(wanted, _)| *wanted).map(|(_, letter)| letter).collect();
    let mask = call.vm.string_value(mask);
    call.values(&[function.unwrap_or(Value::NIL), mask, Value::number(f64::from(events.count))])
}
