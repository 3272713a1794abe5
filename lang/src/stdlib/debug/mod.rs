//! `debug`: looking at functions and active calls, and changing them. [`info`] has `getinfo`, [`variables`] locals and upvalues,
//! [`hooks`] the hook.
//!
//! Functions of the standard library that are written in Lua show as native. Reference: Lua 5.1 manual §5.9; `upvalueid` and
//! `upvaluejoin` as in 5.2.

mod hooks;
mod info;
mod variables;

use super::io::stream;
use crate::object::{Coroutine, Gc};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::debug::{Frame, Frames};
use crate::vm::native::{Call, NativeFunction, NativeResult};

functions! { "debug.":
    "debug" => debug,
    "getfenv" => getfenv,
    "gethook" => hooks::gethook,
    "getinfo" => info::getinfo,
    "getlocal" => variables::getlocal,
    "getmetatable" => getmetatable,
    "getregistry" => getregistry,
    "getupvalue" => variables::getupvalue,
    "setfenv" => setfenv,
    "sethook" => hooks::sethook,
    "setlocal" => variables::setlocal,
    "setmetatable" => setmetatable,
    "setupvalue" => variables::setupvalue,
    "traceback" => traceback,
    "upvalueid" => variables::upvalueid,
    "upvaluejoin" => variables::upvaluejoin,
}

/// What the command line handles uncaught errors with.
static TRACEBACK_HANDLER: NativeFunction = NativeFunction { name: "traceback_handler", function: traceback_handler };

/// Opens the library.
pub fn open(vm: &mut Vm) {
    vm.new_library("debug", FUNCTIONS);
}

/// A function that turns an error into a message with a traceback.
pub fn new_traceback_handler(vm: &mut Vm) -> Value {
    vm.new_native(&TRACEBACK_HANDLER, &[]).into()
}

impl Call<'_> {
    /// The coroutine that an optional first argument names, and the place of the argument behind it.
    fn coroutine_or_running(&self) -> (Gc<Coroutine>, usize) {
        match self.arg(0).as_coroutine() {
            Some(coroutine) => (coroutine, 1),
            None => (self.vm.running(), 0),
        }
    }
}

/// The active function of a coroutine at this level, and the one that called it.
fn frame_at(coroutine: Gc<Coroutine>, level: i32) -> Option<(Frame, Option<Frame>)> {
    let mut frames = Frames::of(coroutine).skip(usize::try_from(level).ok()?);
    Some((frames.next()?, frames.next()))
}

/// Where the registers of the active function at this level end: at the coroutine's top, or where a call has put its function.
fn end_of_frame(coroutine: Gc<Coroutine>, level: i32) -> *mut Value {
    let inner = usize::try_from(level - 1).ok().and_then(|inner| Frames::of(coroutine).nth(inner));
    inner.map_or(coroutine.top.get(), |inner| inner.whole_base().wrapping_sub(2))
}

/// `traceback([coroutine,] [message [, level]])`. A message that is no string is returned as it is.
fn traceback(call: &mut Call) -> NativeResult {
    let (coroutine, place) = call.coroutine_or_running();
    let message = match call.get(place) {
        None => None,
        Some(value) if value.is_number() || value.as_str().is_some() => Some(call.bytes(place)?),
        Some(other) => return call.one(other),
    };
    let level = call.int32_or(place + 1, i32::from(coroutine == call.vm.running()))?;
    let text = call.vm.traceback(coroutine, message, usize::try_from(level).unwrap_or(usize::MAX));
    call.return_bytes(&text)
}

fn traceback_handler(call: &mut Call) -> NativeResult {
    let error = call.arg(0);
    let message = if error.is_number() || error.as_str().is_some() {
        call.bytes(0)?.to_vec()
    } else if call.vm.metamethod(error, crate::metamethod::Metamethod::ToString).is_some() {
        return match call.vm.tostring(error) {
            Ok(text) => call.one(text),
            Err(_) => call.one(error),
        };
    } else {
        format!("(error object is a {} value)", call.vm.type_name_of(error)).into_bytes()
    };
    let text = call.vm.traceback(call.vm.running(), Some(&message), 1);
    call.return_bytes(&text)
}

/// Reads lines from standard input and runs them, until one says `cont`.
fn debug(call: &mut Call) -> NativeResult {
    loop {
        stream::write_stderr(b"lua_debug> ");
        let mut input = stream::Stream::standard(stream::Standard::Input);
        let Some(line) = input.read_line() else { return call.none() };
        if line.strip_suffix(b"\n").unwrap_or(line) == b"cont" {
            return call.none();
        }
        let message = match call.vm.load(line, b"=(debug command)") {
            Ok(function) => match call.vm.call_protected(function.into(), &[]) {
                Ok(_) => continue,
                Err(error) if error.value.as_str().is_some() || error.value.is_number() => {
                    call.vm.raw_tostring(error.value).bytes().to_vec()
                }
                Err(_) => b"(error object is not a string)".to_vec(),
            },
            Err(message) => message,
        };
        stream::write_stderr(&[&message[..], b"\n"].concat());
    }
}

fn getregistry(call: &mut Call) -> NativeResult {
    let registry = call.vm.registry();
    call.one(registry)
}

// ---------------------------------------------------------------------------------------- metatables, environments

fn getmetatable(call: &mut Call) -> NativeResult {
    let value = call.any(0)?;
    let metatable = call.vm.own_metatable_of(value);
    call.one(metatable.map_or(Value::NIL, Value::from))
}

/// Sets the metatable of any value: of a table or userdata its own, of others their type's.
fn setmetatable(call: &mut Call) -> NativeResult {
    let value = call.arg(0);
    let metatable = match call.get(1) {
        Some(Value::NIL) => None,
        Some(value) if value.as_table().is_some() => value.as_table(),
        _ => return Err(call.arg_error(1, "nil or table expected")),
    };
    if let Some(table) = value.as_table() {
        call.vm.heap.set_metatable(table, metatable);
    } else if let Some(userdata) = value.as_userdata() {
        call.vm.set_userdata_metatable(userdata, metatable);
        call.vm.heap.set_finaliser(value, Value::NIL);
    } else {
        call.vm.set_type_metatable(value, metatable);
    }
    call.one(Value::TRUE)
}

fn getfenv(call: &mut Call) -> NativeResult {
    let value = call.any(0)?;
    let environment = if let Some(function) = value.as_function() {
        function.env.get().into()
    } else if let Some(coroutine) = value.as_coroutine() {
        Gc::from_ptr(coroutine.env.get()).into()
    } else {
        match value.as_userdata().map(|userdata| userdata.env.get()) {
            Some(environment) if !environment.is_null() => Gc::from_ptr(environment).into(),
            Some(_) => call.vm.globals().into(),
            None => Value::NIL,
        }
    };
    call.one(environment)
}

fn setfenv(call: &mut Call) -> NativeResult {
    let value = call.arg(0);
    let environment = call.table(1)?;
    if let Some(function) = value.as_function() {
        call.vm.set_function_environment(function, environment);
    } else if let Some(coroutine) = value.as_coroutine() {
        coroutine.env.set(environment.as_ptr());
        call.vm.heap.barrier_always(coroutine.header());
    } else if let Some(userdata) = value.as_userdata() {
        userdata.env.set(environment.as_ptr());
        call.vm.heap.barrier_always(userdata.header());
    } else {
        return Err(call.error("'setfenv' cannot change environment of given object"));
    }
    call.one(value)
}
