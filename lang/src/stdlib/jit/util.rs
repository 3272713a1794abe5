//! `jit.util`: what functions and traces are made of.
//!
//! The shapes are LuaJIT's; what they show is moonwake's own bytecode. Functions on the intermediate representation of traces, whose form is
//! LuaJIT's alone, find nothing.

use super::lua_proto;
use crate::bytecode::{Constant, Ins, Op};
use crate::chunk_name::short_name;
use crate::object::{Gc, Proto};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};

functions! { "jit.util.":
    "funcbc" => funcbc,
    "funcinfo" => funcinfo,
    "funck" => funck,
    "funcuvname" => funcuvname,
    "ircalladdr" => ircalladdr,
    "traceexitstub" => nothing,
    "traceinfo" => traceinfo,
    "traceir" => nothing,
    "tracek" => nothing,
    "tracemc" => tracemc,
    "tracesnap" => nothing,
}

static OPEN: NativeFunction = NativeFunction { name: "jit.open_util", function: open_util };

/// Makes the library ready for `require "jit.util"`.
pub(super) fn open(vm: &mut Vm) {
    vm.set_preload("jit.util", &OPEN);
}

fn open_util(call: &mut Call) -> NativeResult {
    let library = call.vm.heap.new_table(0, FUNCTIONS.len());
    call.vm.register(library, FUNCTIONS, &[]);
    call.one(library)
}

/// Argument 0, which must be a Lua function.
pub(super) fn proto_argument(call: &mut Call) -> LuaResult<Gc<Proto>> {
    let function = call.callable(0)?;
    lua_proto(function).ok_or_else(|| call.type_error(0, "function"))
}

/// `funcinfo(function [, position])`
fn funcinfo(call: &mut Call) -> NativeResult {
    let function = call.callable(0)?;
    let position = call.int32_or(1, 0)? as u32 as usize;
    let info = call.vm.heap.new_table(0, 16);
    let vm = &mut *call.vm;
    vm.set_field(info, "upvalues", function.upvalue_count() as f64);
    let Some(proto) = lua_proto(function) else {
        vm.set_field(info, "addr", function.native_word() as usize as f64);
        if let Some(name) = function.native_name() {
            let name = vm.string_value(name);
            vm.set_field(info, "name", name);
        }
        return call.one(info);
    };
    let source = proto.source();
    // Behind the end there is no line.
    let line = (position < source.code.len()).then(|| source.line(position).unwrap_or(source.first_line));
    let numbers = source.constants.iter().filter(|constant| matches!(constant, Constant::Number(_))).count();
    for (name, n) in [
        ("linedefined", source.first_line as usize),
        ("lastlinedefined", source.last_line as usize),
        ("params", source.params.into()),
        ("stackslots", source.registers.into()),
        ("bytecodes", source.code.len()),
        ("nconsts", numbers),
        ("gcconsts", source.constants.len() - numbers + source.children.len()),
    ] {
        vm.set_field(info, name, n as f64);
    }
    if let Some(line) = line {
        vm.set_field(info, "currentline", f64::from(line));
    }
    vm.set_field(info, "isvararg", source.vararg);
    vm.set_field(info, "children", !source.children.is_empty());
    let location = [&short_name(&source.chunk_name)[..], format!(":{}", line.unwrap_or(0)).as_bytes()].concat();
    for (name, text) in [("source", &source.chunk_name[..]), ("loc", &location)] {
        let text = vm.string_value(text);
        vm.set_field(info, name, text);
    }
    call.one(info)
}

/// `funcbc(function, position)`: the word of code there, and the operation that it is; nothing behind the end.
fn funcbc(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let position = call.int32(1)?;
    let word = usize::try_from(position).ok().and_then(|at| proto.source().code.get(at).copied());
    match word {
        Some(word) => {
            let name = Op::from_code(Ins(word).code()).map_or("", |op| op.info().name);
            let name = call.vm.string_value(name);
            call.values(&[Value::number(word.into()), name])
        }
        None => call.none(),
    }
}

/// `funck(function, index)`: a constant number (index from 0), or another constant (index from -1 downwards).
fn funck(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let index = call.int32(1)?;
    let wants_number = index >= 0;
    let nth = if wants_number { index as usize } else { (-1 - index) as usize };
    let is_number = |value: &&Value| value.is_number();
    let constant = proto.constant_values().iter().filter(|value| is_number(value) == wants_number).nth(nth);
    match constant {
        Some(&constant) => call.one(constant),
        None => call.none(),
    }
}

/// `funcuvname(function, index)`: the name of an upvalue, counted from 0.
fn funcuvname(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let index = call.int32(1)?;
    match usize::try_from(index).ok().and_then(|index| proto.source().upvalue_names.get(index)) {
        Some(name) => call.return_bytes(name),
        None => call.none(),
    }
}

fn traceinfo(call: &mut Call) -> NativeResult {
    let number = call.int32(0)?.max(0) as u32;
    let info = call.vm.jit_hooks().and_then(|hooks| hooks.trace_info(call.vm, number));
    let Some(info) = info else { return call.none() };
    let table = call.vm.heap.new_table(0, 5);
    let numbers = [("nins", info.instructions), ("nk", info.constants), ("nexit", info.exits), ("link", info.link)];
    for (name, n) in numbers {
        call.vm.set_field(table, name, f64::from(n));
    }
    let link_type = call.vm.string_value(info.link_type);
    call.vm.set_field(table, "linktype", link_type);
    call.one(table)
}

/// `tracemc(number)`: the machine code of a trace as a string, its address, and 0 for where its loop starts.
fn tracemc(call: &mut Call) -> NativeResult {
    let number = call.int32(0)?.max(0) as u32;
    let code = call.vm.jit_hooks().and_then(|hooks| hooks.machine_code(call.vm, number));
    let Some((code, address)) = code else { return call.none() };
    let code = call.vm.string_value(code);
    call.values(&[code, Value::number(address as f64), Value::number(0.0)])
}

fn ircalladdr(call: &mut Call) -> NativeResult {
    call.int32(0)?;
    call.one(0.0)
}

fn nothing(call: &mut Call) -> NativeResult {
    call.number(0)?;
    call.none()
}
