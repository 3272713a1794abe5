//! Local variables of active functions, and upvalues of closures.
//!
//! A local is known by its number among those that are active where the function stands, counted from 1; numbers behind them are the
//! registers in use besides, and negative ones the variable arguments.

#![allow(unsafe_code)]

use super::{end_of_frame, frame_at};
use crate::bytecode::Prototype;
use crate::object::{Function, Gc, Proto, Upvalue};
use crate::value::Value;
use crate::vm::debug::Frame;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

// ---------------------------------------------------------------------------------------------------------- locals

/// A variable of an active function: its name and its place on the stack.
struct Local {
    name: Vec<u8>,
    place: *mut Value,
}

impl Local {
    /// Variable `number` of a function whose registers end at `end`.
    fn find(frame: &Frame, end: *mut Value, number: i32) -> Option<Local> {
        if number < 0 {
            let (first, count) = frame.varargs();
            let index = number.unsigned_abs() as usize - 1;
            return (index < count).then(|| Local { name: b"(*vararg)".to_vec(), place: first.wrapping_add(index) });
        }
        let mut index = usize::try_from(number).ok()?.checked_sub(1)?;
        let mut first_unnamed = 0;
        if let (Some(proto), Some(at)) = (frame.proto(), frame.position()) {
            for (name, register) in active_locals(proto.source(), at) {
                if index == 0 {
                    return Some(Local { name: name.to_vec(), place: frame.base.wrapping_add(register) });
                }
                index -= 1;
                first_unnamed = first_unnamed.max(register + 1);
            }
        }
        let place = frame.base.wrapping_add(first_unnamed + index);
        (place < end).then(|| Local { name: b"(*temporary)".to_vec(), place })
    }
}

/// The names and registers of the local variables that are active at position `at`, in the order of their declaration.
fn active_locals(source: &Prototype, at: usize) -> impl Iterator<Item = (&[u8], usize)> {
    let at = at as u32;
    let active = source.locals.iter().filter(move |local| local.start <= at && at < local.end);
    active.map(|local| (&*local.name, usize::from(local.register)))
}

/// The variable that a level, which must be in range, and the number behind it mean.
fn local_argument(call: &mut Call) -> LuaResult<Option<Local>> {
    let (coroutine, place) = call.coroutine_or_running();
    let number = call.int32(place + 1)?;
    let level = call.int32(place)?;
    let Some((frame, _)) = frame_at(coroutine, level) else { return Err(call.arg_error(place, "level out of range")) };
    Ok(Local::find(&frame, end_of_frame(coroutine, level), number))
}

/// `getlocal([coroutine,] level, number)`, or `getlocal(function, number)` for the name of a parameter.
pub(super) fn getlocal(call: &mut Call) -> NativeResult {
    let (_, place) = call.coroutine_or_running();
    if let Some(function) = call.arg(place).as_function() {
        let number = call.int32(place + 1)?;
        let name = parameter_name(function, number);
        return match name {
            Some(name) => call.return_bytes(name),
            None => call.one(Value::NIL),
        };
    }
    match local_argument(call)? {
        Some(Local { name, place }) => {
            let name = call.vm.string_value(name);
            // SAFETY: the place lies in an active frame.
            let value = unsafe { *place };
            call.values(&[name, value])
        }
        None => call.one(Value::NIL),
    }
}

fn parameter_name<'a>(function: Gc<Function>, number: i32) -> Option<&'a [u8]> {
    if function.is_native() {
        return None;
    }
    let proto: Gc<Proto> = Gc::from_ptr(function.proto);
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let mut parameters = active_locals(proto.source(), 1).take(proto.params.into());
    parameters.nth(index).map(|(name, _)| name)
}

pub(super) fn setlocal(call: &mut Call) -> NativeResult {
    let (coroutine, place) = call.coroutine_or_running();
    let level = call.int32(place)?;
    if frame_at(coroutine, level).is_none() {
        return Err(call.arg_error(place, "level out of range"));
    }
    let value = call.any(place + 2)?;
    let local = local_argument(call)?;
    match local {
        Some(Local { name, place }) => {
            if coroutine.captures(place) {
                call.vm.rebind_variables();
            }
            // SAFETY: the place lies in an active frame.
            unsafe { *place = value };
            if coroutine != call.vm.running() {
                call.vm.heap.stack_changed(coroutine);
            }
            call.return_bytes(&name)
        }
        None => call.one(Value::NIL),
    }
}

// -------------------------------------------------------------------------------------------------------- upvalues

/// Argument 1 as the index of an upvalue of the Lua function that is argument 0; `None` when there is no such upvalue. Those of native
/// functions are their own business.
fn upvalue_argument(call: &mut Call) -> LuaResult<Option<(Gc<Function>, usize)>> {
    let number = call.int32(1)?;
    let function = call.callable(0)?;
    let count = if function.is_native() { 0 } else { function.upvalue_count() };
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    Ok(index.filter(|&index| index < count).map(|index| (function, index)))
}

/// The name of an upvalue; stripped ones have the empty name.
fn upvalue_name<'a>(function: Gc<Function>, index: usize) -> &'a [u8] {
    let proto: Gc<Proto> = Gc::from_ptr(function.proto);
    proto.source().upvalue_names.get(index).map_or(b"", |name| name)
}

/// Whether compiled code may take a Lua function's upvalue for a constant.
fn is_fixed(function: Gc<Function>, index: usize) -> bool {
    let proto: Gc<Proto> = Gc::from_ptr(function.proto);
    proto.source().is_fixed(index)
}

pub(super) fn getupvalue(call: &mut Call) -> NativeResult {
    let Some((function, index)) = upvalue_argument(call)? else { return call.none() };
    let name = call.vm.string_value(upvalue_name(function, index));
    // SAFETY: an upvalue leads to a place in itself or in a stack that holds its variable.
    let value = unsafe { *function.upvalue(index).value.get() };
    call.values(&[name, value])
}

pub(super) fn setupvalue(call: &mut Call) -> NativeResult {
    let value = call.any(2)?;
    let Some((function, index)) = upvalue_argument(call)? else { return call.none() };
    if is_fixed(function, index) {
        call.vm.rebind_variables();
    }
    // SAFETY: as above.
    unsafe { *function.upvalue(index).value.get() = value };
    call.vm.heap.barrier(function.upvalue(index).header(), value);
    call.return_bytes(upvalue_name(function, index))
}

/// What two closures that share a variable agree on.
pub(super) fn upvalueid(call: &mut Call) -> NativeResult {
    call.callable(0)?;
    let Some((function, index)) = upvalue_argument(call)? else {
        return Err(call.arg_error(1, "index out of range"));
    };
    let address =
        if function.is_native() { function.native_upvalue(index) as usize } else { function.upvalue(index).address() };
    call.one(Value::light_userdata(address))
}

/// `upvaluejoin(f, i, g, j)`: from now on, upvalue `i` of `f` is the variable that upvalue `j` of `g` is.
pub(super) fn upvaluejoin(call: &mut Call) -> NativeResult {
    let (target, target_index, _) = lua_upvalue(call, 0)?;
    let (_, _, upvalue) = lua_upvalue(call, 2)?;
    // The place of the target's variable changes, and what nothing assigned to for one closure may be assigned to by the other.
    call.vm.rebind_variables();
    target.set_upvalue(target_index, upvalue);
    call.vm.heap.barrier_always(target.header());
    call.none()
}

fn lua_upvalue(call: &mut Call, place: usize) -> LuaResult<(Gc<Function>, usize, Gc<Upvalue>)> {
    let function = call.callable(place)?;
    if function.is_native() {
        return Err(call.arg_error(place, "Lua function expected"));
    }
    let number = call.int32(place + 1)?;
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    match index.filter(|&index| index < function.upvalue_count()) {
        Some(index) => Ok((function, index, function.upvalue(index))),
        None => Err(call.arg_error(place + 1, "index out of range")),
    }
}
