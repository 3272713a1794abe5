//! `jit.util`: what functions and traces are made of.
//!
//! The shapes are LuaJIT's; what they show is moonwake's own bytecode and its own intermediate representation, with the names of
//! [`vmdef`](super::vmdef). Of an operation with more than two operands the first two are shown, of a call one argument if it has no
//! other. Snapshots are counted as exits are: one that no guard leaves by is not shown.

use super::{JitHooks, lua_proto};
use crate::bytecode::{Constant, Ins, Mode, Op};
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
    "traceexitstub" => traceexitstub,
    "traceinfo" => traceinfo,
    "traceir" => traceir,
    "tracek" => tracek,
    "tracemc" => tracemc,
    "tracesnap" => tracesnap,
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
    // Whether a function of the library is written in Lua here does not matter if it is not in LuaJIT.
    let number = function.native_number();
    let Some(proto) = lua_proto(function).filter(|_| number.is_none()) else {
        let address = if function.is_native() { function.native_word() as usize } else { function.address() };
        vm.set_field(info, "addr", address as f64);
        if let Some(number) = number {
            vm.set_field(info, "ffid", number as f64);
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

/// `funcbc(function, position)`: the word of code there, and what its operands are; nothing behind the end.
fn funcbc(call: &mut Call) -> NativeResult {
    let proto = proto_argument(call)?;
    let position = call.int32(1)?;
    let word = usize::try_from(position).ok().and_then(|at| proto.source().code.get(at).copied());
    match word {
        Some(word) => {
            let modes = Op::from_code(Ins(word).code()).map_or(0, operand_modes);
            call.values(&[Value::number((word as i32).into()), Value::number(modes.into())])
        }
        None => call.none(),
    }
}

/// What the operands of an operation are, in LuaJIT's numbers: `a` in the lowest 3 bits, `b` in the next 4, and in 4 more `c`, or `d` if the
/// former are 0.
fn operand_modes(op: Op) -> u32 {
    let info = op.info();
    let number = |mode| match mode {
        Mode::None => 0,
        Mode::Dst => 1,
        Mode::Base => 2,
        Mode::Reg => 3,
        Mode::Upval => 5,
        Mode::Lit | Mode::Const | Mode::Proto | Mode::Trace => 6,
        Mode::Short => 7,
        Mode::Pri => 8,
    };
    let (b, c) = match info.c {
        Some(c) => (number(info.b_or_d), number(c)),
        None => (0, number(info.b_or_d)),
    };
    number(info.a) | b << 3 | c << 7
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

/// Arguments 0 and 1: the number of a trace, and of something in it. With what is known of it; nothing if it is not there.
fn of_trace<T>(
    call: &mut Call,
    find: impl FnOnce(&dyn JitHooks, &mut Vm, u32, i32) -> Option<T>,
) -> LuaResult<Option<T>> {
    let number = call.int32(0)?.max(0) as u32;
    let index = call.int32(1)?;
    Ok(call.vm.jit_hooks().and_then(|hooks| find(hooks, call.vm, number, index)))
}

/// `traceir(number, index)`: modes of the operands, operation and type, the operands, the previous instruction of the operation.
fn traceir(call: &mut Call) -> NativeResult {
    let found = of_trace(call, |hooks, vm, number, index| hooks.instruction(vm, number, u32::try_from(index).ok()?))?;
    match found {
        Some(instruction) => call.values(&instruction.map(|n| Value::number(n.into()))),
        None => call.none(),
    }
}

/// `tracek(number, index)`: a constant, counted from -1 downwards, and its type.
fn tracek(call: &mut Call) -> NativeResult {
    match of_trace(call, |hooks, vm, number, index| hooks.constant(vm, number, index))? {
        Some((constant, ty)) => call.values(&[constant, Value::number(ty.into())]),
        None => call.none(),
    }
}

/// `tracesnap(number, exit)`: from index 0 on, the instruction that the snapshot stands before, the number of slots, and what each of
/// the slots that it restores holds.
fn tracesnap(call: &mut Call) -> NativeResult {
    let found = of_trace(call, |hooks, vm, number, exit| hooks.snapshot(vm, number, u32::try_from(exit).ok()?))?;
    let Some(words) = found else { return call.none() };
    let table = call.vm.heap.new_table(words.len(), 0);
    for (n, word) in words.into_iter().enumerate() {
        call.vm.heap.set_int(table, n as i64, Value::number(word.into()));
    }
    call.one(table)
}

/// `traceexitstub(number, exit)`. Exits are not shared by traces: without the number of one there is none.
fn traceexitstub(call: &mut Call) -> NativeResult {
    if call.len() < 2 {
        call.int32(0)?;
        return call.none();
    }
    match of_trace(call, |hooks, vm, number, exit| hooks.exit_address(vm, number, u32::try_from(exit).ok()?))? {
        Some(address) => call.one(address as f64),
        None => call.none(),
    }
}

/// `ircalladdr(index)`
fn ircalladdr(call: &mut Call) -> NativeResult {
    let index = u32::try_from(call.int32(0)?).ok();
    let address = index.and_then(|index| call.vm.jit_hooks()?.call_address(call.vm, index));
    match address {
        Some(address) => call.one(address as f64),
        None => call.none(),
    }
}
