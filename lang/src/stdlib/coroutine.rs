//! `coroutine`: the machine switches; this is the interface.
//!
//! Reference: Lua 5.1 manual §5.2; `isyieldable` as in 5.3.

use crate::value::Value;
use crate::vm::Vm;
use crate::vm::coroutine::Status;
use crate::vm::native::{Call, NativeFunction, NativeResult, Outcome};

functions! { "coroutine.":
    "create" => create,
    "isyieldable" => isyieldable,
    "resume" => resume,
    "running" => running,
    "status" => status,
    "wrap" => wrap,
    "yield" => yield_,
}

/// What `wrap` returns; its upvalue is the coroutine.
static WRAPPED: NativeFunction = NativeFunction { name: "coroutine.wrapped", function: wrapped };

/// Opens the library.
pub fn open(vm: &mut Vm) {
    vm.new_library("coroutine", FUNCTIONS);
}

fn create(call: &mut Call) -> NativeResult {
    let function = call.callable(0)?;
    let coroutine = call.vm.new_coroutine(function.into());
    call.one(coroutine)
}

fn wrap(call: &mut Call) -> NativeResult {
    let function = call.callable(0)?;
    let coroutine = call.vm.new_coroutine(function.into());
    let wrapped = call.vm.new_native(&WRAPPED, &[coroutine.into()]);
    call.one(wrapped)
}

fn resume(call: &mut Call) -> NativeResult {
    let coroutine = call.coroutine(0)?;
    Ok(Outcome::Resume { coroutine, first: 1, count: call.len() as u32 - 1, wrap: false })
}

fn wrapped(call: &mut Call) -> NativeResult {
    let coroutine = call.upvalue(0).as_coroutine().expect("wrap has put a coroutine there");
    Ok(Outcome::Resume { coroutine, first: 0, count: call.len() as u32, wrap: true })
}

fn yield_(call: &mut Call) -> NativeResult {
    Ok(Outcome::Yield { first: 0, count: call.len() as u32 })
}

/// The running coroutine; nothing in the main one.
fn running(call: &mut Call) -> NativeResult {
    let running = call.vm.running();
    if running == call.vm.main_coroutine() { call.one(Value::NIL) } else { call.one(running) }
}

fn isyieldable(call: &mut Call) -> NativeResult {
    let yieldable = call.vm.is_yieldable();
    call.one(yieldable)
}

fn status(call: &mut Call) -> NativeResult {
    let coroutine = call.coroutine(0)?;
    let status = match coroutine.status() {
        Status::Fresh | Status::Suspended => "suspended",
        Status::Running => "running",
        Status::Normal => "normal",
        Status::Dead => "dead",
    };
    let status = call.vm.string_value(status);
    call.one(status)
}
