//! The basic functions: types, conversions, metatables, iteration, errors.
//!
//! [`load`] has those that compile, [`environment`] those about environments and userdata, [`collect`] the collector's.
//! Reference: Lua 5.1 manual §5.1.

pub mod collect;
pub mod environment;
pub mod load;
mod print;

use crate::number;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::access::raw_equals;
use crate::vm::error::Error;
use crate::vm::native::{Call, NativeResult, Outcome};

functions! { "":
    "assert" => assert,
    "error" => error,
    "getmetatable" => getmetatable,
    "next" => next,
    "ipairs" => ipairs,
    "pairs" => pairs,
    "pcall" => pcall,
    "print" => print::print,
    "rawequal" => rawequal,
    "rawget" => rawget,
    "rawset" => rawset,
    "select" => select,
    "setmetatable" => setmetatable,
    "tonumber" => tonumber,
    "tostring" => tostring,
    "type" => type_,
    "unpack" => unpack,
    "xpcall" => xpcall,
}

/// The iterator of `ipairs`.
static IPAIRS_STEP: crate::vm::native::NativeFunction =
    crate::vm::native::NativeFunction { name: "ipairs_step", function: ipairs_step };

/// Opens the basic library.
pub fn open(vm: &mut Vm) {
    let globals = vm.globals();
    vm.register(globals, FUNCTIONS, &[]);
    vm.register(globals, collect::FUNCTIONS, &[]);
    vm.register(globals, environment::FUNCTIONS, &[]);
    vm.register(globals, load::FUNCTIONS, &[]);
    vm.next_function = vm.field(globals, "next");
    let step = vm.new_native(&IPAIRS_STEP, &[]);
    vm.ipairs_step = step.into();
    let ipairs = FUNCTIONS.iter().find(|f| f.name == "ipairs").expect("it stands in the table above");
    let ipairs = vm.new_native(ipairs, &[step.into()]);
    vm.set_field(globals, "ipairs", ipairs);
    vm.set_field(globals, "_G", globals);
    let version = vm.string_value("Lua 5.1");
    vm.set_field(globals, "_VERSION", version);
    vm.set_loaded("_G", globals);
}

fn assert(call: &mut Call) -> NativeResult {
    if !call.any(0)?.is_falsy() {
        return call.args_from(0);
    }
    match call.get(1) {
        Some(message) if message.is_number() || message.as_str().is_some() => {
            let text = call.bytes(1)?;
            Err(call.error(text))
        }
        // LuaJIT throws the last argument, whichever that is.
        Some(_) => Err(Error::new(call.arg(call.len() - 1))),
        None => Err(call.error("assertion failed!")),
    }
}

fn error(call: &mut Call) -> NativeResult {
    let level = call.int32_or(1, 1)?;
    let value = call.arg(0);
    if level <= 0 || !(value.is_number() || value.as_str().is_some()) {
        return Err(Error::new(value));
    }
    let message = call.bytes(0)?;
    Err(call.vm.error_at_level(level as usize, message))
}

fn type_(call: &mut Call) -> NativeResult {
    let name = call.any(0)?.type_name();
    let name = call.vm.string_value(name);
    call.one(name)
}

fn tostring(call: &mut Call) -> NativeResult {
    let value = call.any(0)?;
    if let Some(handler) = call.vm.metamethod(value, crate::metamethod::Metamethod::ToString) {
        return call.tail_call(handler, &[value]);
    }
    let text = call.vm.raw_tostring(value);
    call.one(text)
}

fn tonumber(call: &mut Call) -> NativeResult {
    let base = call.int32_or(1, 10)?;
    if base == 10 {
        let value = call.any(0)?;
        let n = match value.as_cdata() {
            Some(cdata) => call.vm.cdata_to_number(cdata),
            None => call.vm.to_number(value),
        };
        return call.one(n.map_or(Value::NIL, Value::number));
    }
    let text = call.bytes(0)?;
    if !(2..=36).contains(&base) {
        return Err(call.arg_error(1, "base out of range"));
    }
    call.one(number::to_number_radix(text, base as u32).map_or(Value::NIL, Value::number))
}

fn select(call: &mut Call) -> NativeResult {
    let count = call.len() - 1.min(call.len());
    if call.arg(0).as_str().is_some_and(|s| s.bytes().first() == Some(&b'#')) {
        return call.one(count as f64);
    }
    let n = call.int32(0)?;
    let first = if n < 0 { count as i64 + i64::from(n) } else { i64::from(n) - 1 };
    if first < 0 {
        return Err(call.arg_error(0, "index out of range"));
    }
    call.args_from(first as usize + 1)
}

fn unpack(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let first = i64::from(call.int32_or(1, 1)?);
    let last = match call.arg(2) {
        Value::NIL => call.vm.heap.len(table) as i64,
        _ => i64::from(call.int32(2)?),
    };
    let count = (last - first + 1).max(0) as usize;
    call.vm.check_stack(count, "too many results to unpack")?;
    for i in first..=last {
        let value = call.vm.heap.get_int(table, i);
        call.push(value);
    }
    call.pushed()
}

// ------------------------------------------------------------------------------------------------ tables

fn rawequal(call: &mut Call) -> NativeResult {
    let (a, b) = (call.any(0)?, call.any(1)?);
    call.one(raw_equals(a, b))
}

fn rawget(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let key = call.any(1)?;
    let value = call.vm.heap.get(table, key);
    call.one(value)
}

fn rawset(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let (key, value) = (call.any(1)?, call.any(2)?);
    call.raw_set(table, key, value)?;
    call.one(table)
}

impl Call<'_> {
    /// `table[key] = value`, without metamethods.
    ///
    /// # Errors
    /// When the key is nil or NaN.
    pub fn raw_set(
        &mut self,
        table: crate::object::Gc<crate::object::Table>,
        key: Value,
        value: Value,
    ) -> crate::vm::error::LuaResult<()> {
        use crate::table::KeyError;
        let problem = match self.vm.heap.set(table, key, value) {
            Ok(()) => return Ok(()),
            Err(KeyError::Nil) => "table index is nil",
            Err(KeyError::NaN) => "table index is NaN",
        };
        Err(self.vm.plain_error(problem))
    }
}

fn getmetatable(call: &mut Call) -> NativeResult {
    let value = call.any(0)?;
    let Some(metatable) = call.vm.own_metatable_of(value) else { return call.one(Value::NIL) };
    let protection = call.vm.field(metatable, "__metatable");
    call.one(if protection.is_nil() { metatable.into() } else { protection })
}

fn setmetatable(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let metatable = match call.get(1) {
        Some(Value::NIL) => None,
        Some(value) if value.as_table().is_some() => value.as_table(),
        _ => return Err(call.arg_error(1, "nil or table expected")),
    };
    if let Some(current) = call.vm.heap.metatable(table)
        && !call.vm.field(current, "__metatable").is_nil()
    {
        return Err(call.error("cannot change a protected metatable"));
    }
    call.vm.heap.set_metatable(table, metatable);
    call.one(table)
}

fn next(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    match call.vm.heap.next(table, call.arg(1)) {
        Ok(Some((key, value))) => call.values(&[key, value]),
        Ok(None) => call.one(Value::NIL),
        Err(_) => Err(call.vm.plain_error("invalid key to 'next'")),
    }
}

fn pairs(call: &mut Call) -> NativeResult {
    let object = call.any(0)?;
    if object.as_cdata().is_some()
        && let Some(handler) = call.vm.metamethod(object, crate::metamethod::Metamethod::Pairs)
    {
        return call.tail_call(handler, &[object]);
    }
    let table = call.table(0)?;
    call.values(&[call.vm.next_function, table.into(), Value::NIL])
}

fn ipairs(call: &mut Call) -> NativeResult {
    let object = call.any(0)?;
    if object.as_cdata().is_some()
        && let Some(handler) = call.vm.metamethod(object, crate::metamethod::Metamethod::IPairs)
    {
        return call.tail_call(handler, &[object]);
    }
    let table = call.table(0)?;
    call.values(&[call.upvalue(0), table.into(), Value::number(0.0)])
}

fn ipairs_step(call: &mut Call) -> NativeResult {
    let table = call.table(0)?;
    let index = i64::from(call.int32(1)?) + 1;
    let value = call.vm.heap.get_int(table, index);
    if value.is_nil() { call.none() } else { call.values(&[Value::number(index as f64), value]) }
}

// ------------------------------------------------------------------------------------------------ protected calls

fn pcall(call: &mut Call) -> NativeResult {
    call.any(0)?;
    Ok(Outcome::ProtectedCall)
}

fn xpcall(call: &mut Call) -> NativeResult {
    call.any(0)?;
    call.callable(1)?;
    Ok(Outcome::ProtectedCallWithHandler)
}
