//! `debug.getinfo`.

use super::frame_at;
use crate::chunk_name::short_name;
use crate::object::{Function, Gc, Proto, Table, proto_flags};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::debug::Frame;
use crate::vm::native::{Call, NativeResult};
use crate::vm::written_in_lua::WrittenInLua;

/// What is asked about when nothing else is said: all but the active lines.
const DEFAULT: &[u8] = b"flnSu";
/// Letters that ask for something.
const LETTERS: &[u8] = b"flnSuL";

/// `getinfo([coroutine,] function or level [, what])`
pub(super) fn getinfo(call: &mut Call) -> NativeResult {
    let (coroutine, place) = call.coroutine_or_running();
    let what = call.string_or_none(place + 1)?.map_or(DEFAULT, Gc::bytes);
    let subject = call.arg(place);
    let (function, frames) = if let Some(function) = subject.as_function() {
        (Some(function), None)
    } else if call.vm.to_number(subject).is_some() {
        match frame_at(coroutine, call.int32(place)?) {
            Some((frame, caller)) => (frame.function(), Some((frame, caller))),
            None => return call.one(Value::NIL),
        }
    } else {
        return Err(call.arg_error(place, "function or level expected"));
    };
    if !what.iter().all(|letter| LETTERS.contains(letter)) {
        return Err(call.arg_error(place + 1, "invalid option"));
    }
    let table = call.vm.heap.new_table(0, 12);
    let proto = function.and_then(lua_prototype);
    let written = function.and_then(WrittenInLua::of);
    for letter in what {
        match letter {
            b'S' => source_fields(call.vm, table, proto, written),
            b'l' => {
                let line = frames.as_ref().and_then(|(frame, _)| frame.line());
                call.vm.set_field(table, "currentline", line.map_or(-1.0, f64::from));
            }
            b'n' => name_fields(call.vm, table, frames.as_ref()),
            b'u' => {
                call.vm.set_field(
                    table,
                    "nups",
                    function.filter(|f| !f.is_native()).map_or(0.0, |f| f.upvalue_count() as f64),
                );
                let (parameters, varies) = match (proto, written) {
                    (Some(proto), _) => (proto.params, proto.flags.get() & proto_flags::VARARG != 0),
                    (None, Some(written)) => (written.parameters, false),
                    (None, None) => (0, true),
                };
                call.vm.set_field(table, "nparams", f64::from(parameters));
                call.vm.set_field(table, "isvararg", varies);
            }
            b'f' => call.vm.set_field(table, "func", function.map_or(Value::NIL, Value::from)),
            _ => {
                if let Some(proto) = proto {
                    let lines = active_lines(call.vm, proto);
                    call.vm.set_field(table, "activelines", lines);
                } else if written.is_some() {
                    let none = call.vm.heap.new_table(0, 0);
                    call.vm.set_field(table, "activelines", none);
                }
            }
        }
    }
    call.one(table)
}

/// The prototype of a function that is written in Lua and no part of the standard library.
fn lua_prototype(function: Gc<Function>) -> Option<Gc<Proto>> {
    let proto: Gc<Proto> = (!function.is_native()).then(|| Gc::from_ptr(function.proto))?;
    (proto.flags.get() & proto_flags::BUILTIN == 0).then_some(proto)
}

fn source_fields(vm: &mut Vm, table: Gc<Table>, proto: Option<Gc<Proto>>, written: Option<WrittenInLua>) {
    let (source, short, first, last, what) = match (proto, written) {
        (Some(proto), _) => {
            let source = proto.source();
            let what = if source.is_main() { "main" } else { "Lua" };
            let name = &source.chunk_name;
            let (first, last) = if source.is_stripped() { (0, 0) } else { (source.first_line, source.last_line) };
            (name.to_vec(), short_name(name), f64::from(first), f64::from(last), what)
        }
        (None, Some(written)) => (written.name.into(), written.short_source().into(), -1.0, -1.0, "Lua"),
        (None, None) => (b"=[C]".to_vec(), b"[C]".to_vec(), -1.0, -1.0, "C"),
    };
    for (field, text) in [("source", source), ("short_src", short), ("what", what.into())] {
        let text = vm.string_value(text);
        vm.set_field(table, field, text);
    }
    vm.set_field(table, "linedefined", first);
    vm.set_field(table, "lastlinedefined", last);
}

fn name_fields(vm: &mut Vm, table: Gc<Table>, frames: Option<&(Frame, Option<Frame>)>) {
    let name = frames.and_then(|(frame, caller)| Vm::name_of_callee(frame, caller.as_ref()));
    let kind = match name {
        Some((kind, name)) => {
            let name = vm.string_value(name);
            vm.set_field(table, "name", name);
            kind
        }
        None => "",
    };
    let kind = vm.string_value(kind);
    vm.set_field(table, "namewhat", kind);
}

/// The lines that have code, as keys.
fn active_lines(vm: &mut Vm, proto: Gc<Proto>) -> Gc<Table> {
    let lines = vm.heap.new_table(0, 0);
    // The entry instruction belongs to no line of the body.
    for &line in proto.source().lines.iter().skip(1) {
        vm.heap.set_int(lines, line.into(), Value::TRUE);
    }
    lines
}
