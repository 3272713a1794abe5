//! `os`: the C library's view of the system. [`date`] has the calendar.
//!
//! Reference: Lua 5.1 manual §5.8.

mod date;
mod system;

use super::io::stream::c_string;
use crate::object::Gc;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeResult};

functions! { "os.":
    "clock" => clock,
    "date" => date::date,
    "difftime" => difftime,
    "execute" => execute,
    "exit" => exit,
    "getenv" => getenv,
    "remove" => remove,
    "rename" => rename,
    "setlocale" => setlocale,
    "time" => date::time,
    "tmpname" => tmpname,
}

/// Opens the library.
pub fn open(vm: &mut Vm) {
    vm.new_library("os", FUNCTIONS);
}

/// Processor time in seconds.
fn clock(call: &mut Call) -> NativeResult {
    call.one(system::processor_time())
}

fn difftime(call: &mut Call) -> NativeResult {
    // LuaJIT checks the second argument first.
    let earlier = call.integer_or(1, 0)?;
    let later = call.integer(0)?;
    call.one(later as f64 - earlier as f64)
}

/// Runs a command and returns its status as the system encodes it; without a command, whether there is a shell.
fn execute(call: &mut Call) -> NativeResult {
    let command = call.string_or_none(0)?.map(|command| c_string(command.bytes()));
    let status = system::run(command.as_deref());
    call.one(f64::from(status))
}

/// Ends the process. A true second argument closes the machine first.
fn exit(call: &mut Call) -> NativeResult {
    let status = match call.arg(0) {
        Value::NIL | Value::TRUE => 0,
        Value::FALSE => 1,
        _ => call.int32(0)?,
    };
    if !call.arg(1).is_falsy() {
        super::close(call.vm);
    }
    std::process::exit(status)
}

fn getenv(call: &mut Call) -> NativeResult {
    let name = call.bytes(0)?;
    match system::environment_variable(name) {
        Some(value) => call.return_bytes(&value),
        None => call.one(Value::NIL),
    }
}

fn remove(call: &mut Call) -> NativeResult {
    let name = call.bytes(0)?;
    call.system_result(system::remove(name), Some(name))
}

fn rename(call: &mut Call) -> NativeResult {
    let (from, to) = (call.bytes(0)?, call.bytes(1)?);
    call.system_result(system::rename(from, to), Some(from))
}

fn setlocale(call: &mut Call) -> NativeResult {
    const CATEGORIES: [(&str, libc::c_int); 6] = [
        ("all", libc::LC_ALL),
        ("collate", libc::LC_COLLATE),
        ("ctype", libc::LC_CTYPE),
        ("monetary", libc::LC_MONETARY),
        ("numeric", libc::LC_NUMERIC),
        ("time", libc::LC_TIME),
    ];
    let locale = call.string_or_none(0)?.map(Gc::bytes);
    let category = CATEGORIES[call.option(1, Some("all"), &CATEGORIES.map(|(name, _)| name))?].1;
    match system::set_locale(category, locale) {
        Some(name) => call.return_bytes(&name),
        None => call.one(Value::NIL),
    }
}

fn tmpname(call: &mut Call) -> NativeResult {
    match system::temporary_name() {
        Some(name) => call.return_bytes(&name),
        None => Err(call.error("unable to generate a unique filename")),
    }
}
