//! Environments of functions and coroutines, and bare userdata.

use crate::metamethod::Metamethod;
use crate::object::{Function, Gc, Table, Userdata};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

functions! { "":
    "getfenv" => getfenv,
    "newproxy" => newproxy,
    "setfenv" => setfenv,
}

/// What `getfenv` and `setfenv` speak of.
enum Target {
    /// Level 0: the running coroutine.
    Coroutine,
    /// A function, given as such or by its level.
    Function(Gc<Function>),
}

fn target(call: &mut Call, default: Option<i32>) -> LuaResult<Target> {
    if let Some(function) = call.arg(0).as_function() {
        return Ok(Target::Function(function));
    }
    let level = match default {
        Some(default) => call.int32_or(0, default)?,
        None => call.int32(0)?,
    };
    if level == 0 {
        return Ok(Target::Coroutine);
    }
    let frame = usize::try_from(level).ok().and_then(|level| call.vm.frame(level));
    match frame.and_then(|frame| frame.function()) {
        Some(function) => Ok(Target::Function(function)),
        None => Err(call.arg_error(0, "invalid level")),
    }
}

fn getfenv(call: &mut Call) -> NativeResult {
    let environment = match target(call, Some(1))? {
        Target::Coroutine => call.vm.current_globals(),
        Target::Function(function) => function.env.get(),
    };
    call.one(environment)
}

fn setfenv(call: &mut Call) -> NativeResult {
    let by_level = call.arg(0).as_function().is_none();
    // The environment is checked first, as LuaJIT does.
    let environment = match (call.arg(1).as_table(), by_level) {
        (Some(table), _) => table,
        (None, _) => return Err(call.type_error(1, "table")),
    };
    match target(call, None)? {
        Target::Coroutine => {
            call.vm.set_current_globals(environment);
            call.none()
        }
        Target::Function(function) if function.is_native() => {
            Err(call.error("'setfenv' cannot change environment of given object"))
        }
        Target::Function(function) => {
            call.vm.set_function_environment(function, environment);
            call.one(function)
        }
    }
}

/// A userdata of nothing: with no metatable, a new one (`true`), or that of another proxy.
fn newproxy(call: &mut Call) -> NativeResult {
    let metatable = match call.arg(0) {
        Value::NIL | Value::FALSE => None,
        Value::TRUE => Some(call.vm.heap.new_table(0, 0)),
        other => match other.as_userdata().and_then(|proxy| proxy_metatable(call.vm, proxy)) {
            Some(metatable) => Some(metatable),
            None => return Err(call.arg_error(0, "boolean or proxy expected")),
        },
    };
    let proxy = call.vm.heap.new_userdata(None);
    if let Some(metatable) = metatable {
        call.vm.set_userdata_metatable(proxy, Some(metatable));
        // It may get a `__gc` later; then that is called.
        call.vm.heap.set_finaliser(proxy.into(), Value::NIL);
        if call.arg(0) == Value::TRUE {
            let proxies = proxies(call.vm);
            let _ = call.vm.heap.set(proxies, metatable.into(), Value::TRUE);
        }
    }
    call.one(proxy)
}

/// The metatable of a userdata that `newproxy` made.
fn proxy_metatable(vm: &mut Vm, proxy: Gc<Userdata>) -> Option<Gc<Table>> {
    let metatable = vm.metatable_of(proxy.into())?;
    let proxies = proxies(vm);
    (vm.heap.get(proxies, metatable.into()) == Value::TRUE).then_some(metatable)
}

/// The metatables that `newproxy` has made; weak, so that they can go.
fn proxies(vm: &mut Vm) -> Gc<Table> {
    let proxies = vm.registry_table("_PROXIES");
    if vm.heap.metatable(proxies).is_none() {
        let metatable = vm.heap.new_table(0, 1);
        let mode = vm.string_value("k");
        vm.set_field(metatable, Metamethod::Mode.name(), mode);
        vm.heap.set_metatable(proxies, Some(metatable));
    }
    proxies
}
