//! `string.buffer`: mutable strings, and Lua values as bytes.
//!
//! A buffer is a userdata around a [`queue::Queue`]. [`encode`] and [`decode`] are the serialiser, whose format [`tags`] gives;
//! [`options`] are the dictionaries that it may use. Pointers into a buffer and bytes that C owns need the FFI, which answers through
//! [`CdataHooks`](crate::stdlib::integer64::CdataHooks).
//!
//! A buffer's methods find their buffer in argument 0. No borrow of its queue is held while Lua code runs, since that may use the same buffer.
//!
//! Reference: <https://luajit.org/ext_buffer.html>

#![allow(unsafe_code)]

mod decode;
mod encode;
mod options;
mod queue;
mod tags;

use super::push_formatted;
use crate::metamethod::Metamethod;
use crate::object::{Gc, Userdata};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::access::MAX_STRING;
use crate::vm::error::{Error, LuaResult};
use crate::vm::native::{Call, NativeFunction, NativeResult};
use decode::Decoder;
use encode::Encoder;
use options::Options;
use queue::Queue;
use std::cell::RefMut;

functions! { "string.buffer.":
    "decode" => decode_string,
    "encode" => encode_string,
    "new" => new,
}

/// The methods of buffers.
static METHODS: &[NativeFunction] = &[
    NativeFunction { name: "buffer.__gc", function: free },
    NativeFunction { name: "buffer.__len", function: length },
    NativeFunction { name: "buffer.__tostring", function: tostring },
    NativeFunction { name: "buffer.commit", function: commit },
    NativeFunction { name: "buffer.decode", function: decode },
    NativeFunction { name: "buffer.encode", function: encode },
    NativeFunction { name: "buffer.free", function: free },
    NativeFunction { name: "buffer.get", function: get },
    NativeFunction { name: "buffer.put", function: put },
    NativeFunction { name: "buffer.putcdata", function: putcdata },
    NativeFunction { name: "buffer.putf", function: putf },
    NativeFunction { name: "buffer.ref", function: ref_ },
    NativeFunction { name: "buffer.reserve", function: reserve },
    NativeFunction { name: "buffer.reset", function: reset },
    NativeFunction { name: "buffer.set", function: set },
    NativeFunction { name: "buffer.skip", function: skip },
    NativeFunction { name: "buffer.tostring", function: tostring },
];

static OPEN: NativeFunction = NativeFunction { name: "string.open_buffer", function: open_library };

/// Makes the library ready for `require "string.buffer"`.
pub fn open(vm: &mut Vm) {
    vm.set_preload("string.buffer", &OPEN);
}

fn open_library(call: &mut Call) -> NativeResult {
    let metatable = call.vm.heap.new_table(0, METHODS.len() + 2);
    call.vm.register(metatable, METHODS, &[]);
    call.vm.set_field(metatable, "__index", metatable);
    let name = call.vm.string_value("buffer");
    call.vm.set_field(metatable, "__metatable", name);
    let library = call.vm.heap.new_table(0, FUNCTIONS.len());
    call.vm.register(library, FUNCTIONS, &[metatable.into()]);
    call.one(library)
}

/// The queue in a buffer; `None` for any other value.
fn queue_of<'a>(value: Value) -> Option<RefMut<'a, Queue>> {
    let buffer: Gc<Userdata> = value.as_userdata()?;
    RefMut::filter_map(buffer.payload().borrow_mut(), |payload| payload.as_mut()?.downcast_mut()).ok()
}

/// A copy of the unread bytes of a buffer; `None` for any other value.
pub fn contents(value: Value) -> Option<Vec<u8>> {
    queue_of(value).map(|queue| queue.bytes().to_vec())
}

/// Where the unread bytes of a buffer lie, with a zero behind them; `None` for any other value.
pub fn address(value: Value) -> Option<*const u8> {
    let mut queue = queue_of(value)?;
    if queue.owned() > 0 {
        queue.room(1)[0] = 0;
    }
    Some(queue.start())
}

impl Call<'_> {
    /// Argument `i`, which must be a buffer.
    fn buffer<'s>(&mut self, i: usize) -> LuaResult<RefMut<'s, Queue>> {
        match queue_of(self.arg(i)) {
            Some(queue) => Ok(queue),
            None => Err(self.type_error(i, "buffer")),
        }
    }

    /// Argument `i` as a number of bytes.
    fn byte_count(&mut self, i: usize) -> LuaResult<usize> {
        if !self.arg(i).is_number() {
            return Err(self.type_error(i, "number"));
        }
        match usize::try_from(self.int32(i)?) {
            Ok(count) if count <= MAX_STRING => Ok(count),
            _ => Err(self.arg_error(i, "number out of range")),
        }
    }

    /// Returns the buffer, after the collector was told of the memory it has got.
    fn return_buffer(&mut self) -> NativeResult {
        self.count_memory();
        self.one(self.arg(0))
    }

    fn count_memory(&mut self) {
        let owned = queue_of(self.arg(0)).map_or(0, |queue| queue.owned());
        if let Some(buffer) = self.arg(0).as_userdata()
            && buffer.header.size.get() as usize != owned
        {
            self.vm.heap.set_outside(buffer, owned);
        }
    }

    /// Refuses what would make a buffer too long.
    fn check_room(&mut self, queue: &Queue, more: usize) -> LuaResult<()> {
        self.vm.check_string_size(queue.len().saturating_add(more))
    }

    fn append(&mut self, bytes: &[u8]) -> LuaResult<()> {
        let mut queue = self.buffer(0)?;
        self.check_room(&queue, bytes.len())?;
        queue.append(bytes);
        Ok(())
    }
}

/// `new([size,] [options])`
fn new(call: &mut Call) -> NativeResult {
    let mut queue = Queue::default();
    let mut given = call.arg(0).as_table();
    if given.is_none() {
        if !call.arg(0).is_nil() {
            let size = call.byte_count(0)?;
            call.vm.check_string_size(size)?;
            if size > 0 {
                queue.room(size);
            }
        }
        if !call.arg(1).is_nil() {
            given = Some(call.table(1)?);
        }
    }
    let owned = queue.owned();
    let buffer = call.vm.heap.new_userdata(Some(Box::new(queue)));
    let metatable = call.upvalue(0).as_table();
    call.vm.set_userdata_metatable(buffer, metatable);
    call.vm.heap.set_outside(buffer, owned);
    if let Some(options) = given {
        options::set(call, buffer, options)?;
    }
    call.one(buffer)
}

fn reset(call: &mut Call) -> NativeResult {
    call.buffer(0)?.clear();
    release_owner(call);
    call.return_buffer()
}

fn free(call: &mut Call) -> NativeResult {
    *call.buffer(0)? = Queue::default();
    release_owner(call);
    call.return_buffer()
}

/// Nothing is borrowed any more.
fn release_owner(call: &mut Call) {
    if let Some(buffer) = call.arg(0).as_userdata() {
        options::set_owner(call.vm, buffer, Value::NIL);
    }
}

// --------------------------------------------------------------------------------------------------------- writing

/// Puts strings and numbers into a buffer, for compiled code: all of them, or none if this is no buffer or would become too long.
pub fn put_plain(vm: &mut Vm, buffer: Gc<Userdata>, values: &[Value]) -> bool {
    let Some(mut queue) = queue_of(buffer.into()) else { return false };
    let longest = |value: &Value| value.as_str().map_or(LONGEST_NUMBER, |text| text.len());
    let size = values.iter().map(longest).fold(queue.len(), usize::saturating_add);
    if vm.check_string_size(size).is_err() {
        return false;
    }
    for value in values {
        match value.as_str() {
            Some(text) => queue.append(text.bytes()),
            None => {
                let mut digits = vm.take_buffer();
                crate::format::push_number(&mut digits, value.as_f64());
                queue.append(&digits);
                vm.give_buffer(digits);
            }
        }
    }
    let owned = queue.owned();
    drop(queue);
    if buffer.header.size.get() as usize != owned {
        vm.heap.set_outside(buffer, owned);
    }
    true
}

/// Bytes that a number takes, at most.
const LONGEST_NUMBER: usize = 32;

/// `put(value...)`: strings, numbers, other buffers, and what has `__tostring`.
fn put(call: &mut Call) -> NativeResult {
    whole_for_trace(call, put_each)
}

/// Does what appends to a buffer. Compiled code leaves at an error, and then all is done again: so nothing may be appended by then.
fn whole_for_trace(call: &mut Call, append: fn(&mut Call) -> NativeResult) -> NativeResult {
    let before = call.buffer(0)?.len();
    let result = append(call);
    if result.is_err() && call.vm.serves_trace() {
        call.buffer(0)?.truncate(before);
    }
    result
}

fn put_each(call: &mut Call) -> NativeResult {
    for i in 1..call.len() {
        let value = call.arg(i);
        if let Some(text) = value.as_str() {
            call.append(text.bytes())?;
        } else if let Some(n) = value.to_number() {
            put_number(call, n)?;
        } else if value == call.arg(0) {
            return Err(call.arg_error(i, "cannot put buffer into itself"));
        } else if let Some(bytes) = contents(value) {
            call.append(&bytes)?;
        } else {
            put_as_text(call, i)?;
        }
    }
    call.return_buffer()
}

fn put_number(call: &mut Call, n: f64) -> LuaResult<()> {
    let mut digits = Vec::with_capacity(24);
    crate::format::push_number(&mut digits, n);
    call.append(&digits)
}

/// Puts what `__tostring` of argument `i` returns.
fn put_as_text(call: &mut Call, i: usize) -> LuaResult<()> {
    const EXPECTED: &str = "string/number/__tostring";
    let value = call.arg(i);
    let Some(handler) = call.vm.metamethod(value, Metamethod::ToString) else {
        return Err(call.type_error(i, EXPECTED));
    };
    let result = call.vm.call_for_one(handler, &[value])?;
    match (result.as_str(), result.to_number()) {
        (Some(text), _) => call.append(text.bytes()),
        (None, Some(n)) => put_number(call, n),
        (None, None) => {
            call.set_arg(i, result);
            Err(call.type_error(i, EXPECTED))
        }
    }
}

/// `putf(format, value...)`, as `string.format`. What was formatted before an error stays.
fn putf(call: &mut Call) -> NativeResult {
    whole_for_trace(call, put_formatted)
}

fn put_formatted(call: &mut Call) -> NativeResult {
    call.bytes(1)?;
    if let Some(i) = (2..call.len()).find(|&i| call.arg(i) == call.arg(0)) {
        return Err(call.arg_error(i, "cannot put buffer into itself"));
    }
    let mut out = Vec::new();
    let result = push_formatted(call, 1, &mut out);
    call.append(&out)?;
    result?;
    call.return_buffer()
}

/// The bytes at the pointer that argument 1 is, as many as argument 2 says.
fn memory_argument(call: &mut Call) -> LuaResult<(*mut u8, usize)> {
    let cdata = call.cdata(1)?;
    let address = match call.vm.cdata_hooks() {
        Some(hooks) => hooks.to_pointer(call.vm, cdata),
        None => Err("pointer expected, got a number".to_owned()),
    };
    match address {
        Ok(address) => Ok((address, call.byte_count(2)?)),
        Err(message) => Err(call.arg_error(1, &message)),
    }
}

/// `putcdata(pointer, length)`
fn putcdata(call: &mut Call) -> NativeResult {
    call.buffer(0)?;
    let (address, length) = memory_argument(call)?;
    let mut queue = call.buffer(0)?;
    call.check_room(&queue, length)?;
    // SAFETY: that the bytes are there is the script's affair, as with all memory of C.
    unsafe { queue.append_from(address, length) };
    drop(queue);
    call.return_buffer()
}

/// `set(string)` or `set(pointer, length)`: the buffer becomes these bytes, which are not copied.
fn set(call: &mut Call) -> NativeResult {
    call.buffer(0)?;
    let (address, length) = match call.arg(1).as_str() {
        Some(text) => (text.bytes().as_ptr(), text.len()),
        None if call.arg(1).as_cdata().is_some() => {
            let (address, length) = memory_argument(call)?;
            (address.cast_const(), length)
        }
        None => return Err(call.type_error(1, "string")),
    };
    let owner = call.arg(1);
    if let Some(buffer) = call.arg(0).as_userdata() {
        options::set_owner(call.vm, buffer, owner);
    }
    // SAFETY: the bytes of a string stay where they are as long as the buffer holds on to it; C's are the script's affair.
    unsafe { call.buffer(0)?.borrow(address, length) };
    call.return_buffer()
}

/// `reserve(size)`: where so many bytes can be written, and how many more can.
fn reserve(call: &mut Call) -> NativeResult {
    let mut queue = call.buffer(0)?;
    let size = call.byte_count(1)?;
    call.check_room(&queue, size)?;
    let room = queue.room(size);
    let (address, length) = (room.as_mut_ptr(), room.len());
    drop(queue);
    call.count_memory();
    return_pointer(call, if length == 0 { std::ptr::null_mut() } else { address }, length)
}

/// `commit(used)`: what was written to the reserved room becomes part of the buffer.
fn commit(call: &mut Call) -> NativeResult {
    call.buffer(0)?;
    let used = call.byte_count(1)?;
    if !call.buffer(0)?.commit(used) {
        return Err(call.arg_error(1, "number out of range"));
    }
    call.return_buffer()
}

fn return_pointer(call: &mut Call, address: *mut u8, length: usize) -> NativeResult {
    let Some(hooks) = call.vm.cdata_hooks() else { return Err(call.error("no FFI in this machine")) };
    let pointer = hooks.new_byte_pointer(call.vm, address);
    call.values(&[pointer, Value::number(length as f64)])
}

// --------------------------------------------------------------------------------------------------------- reading

/// `skip(count)`
fn skip(call: &mut Call) -> NativeResult {
    call.buffer(0)?;
    let count = call.byte_count(1)?;
    call.buffer(0)?.skip(count);
    call.return_buffer()
}

/// `get([count...])`: strings of so many bytes, which are consumed; nil stands for all that is left.
fn get(call: &mut Call) -> NativeResult {
    call.buffer(0)?;
    for i in 1..call.len().max(2) {
        let count = if call.arg(i).is_nil() { usize::MAX } else { call.byte_count(i)? };
        let mut queue = call.buffer(0)?;
        let count = count.min(queue.len());
        let text = call.vm.string_value(&queue.bytes()[..count]);
        queue.skip(count);
        call.push(text);
    }
    call.pushed()
}

fn tostring(call: &mut Call) -> NativeResult {
    let queue = call.buffer(0)?;
    call.return_bytes(queue.bytes())
}

fn length(call: &mut Call) -> NativeResult {
    let length = call.buffer(0)?.len();
    call.one(length as f64)
}

/// `ref()`: where the unread bytes lie, and how many there are.
fn ref_(call: &mut Call) -> NativeResult {
    let queue = call.buffer(0)?;
    let (address, length) = (queue.start().cast_mut(), queue.len());
    drop(queue);
    return_pointer(call, address, length)
}

impl Vm {
    /// For `..`: a buffer's bytes as a string, and any other value itself.
    #[cold]
    #[inline(never)]
    pub(crate) fn string_of_buffer(&mut self, value: Value) -> Value {
        match contents(value) {
            Some(bytes) => self.string_value(bytes),
            None => value,
        }
    }
}

// ----------------------------------------------------------------------------------------------------- serialising

fn encode_error(call: &mut Call, problem: encode::Problem) -> Error {
    match problem {
        encode::Problem::TooDeep => call.error("too deep to serialize"),
        encode::Problem::TooLong => call.vm.memory_error(),
        encode::Problem::Unsupported(name) => call.error(format!("cannot serialize '{name}'")),
    }
}

fn decode_error(call: &mut Call, problem: decode::Problem) -> Error {
    use crate::table::KeyError;
    use decode::Problem;
    match problem {
        Problem::EndOfBuffer => call.error("unexpected end of buffer"),
        Problem::BadTag(tag) => call.error(format!("cannot deserialize tag 0x{tag:02x}")),
        Problem::BadIndex(index) => call.error(format!("cannot deserialize dictionary index {index}")),
        Problem::TooDeep => call.error("too deep to serialize"),
        Problem::DuplicateKey => call.error("duplicate table key"),
        Problem::TableTooLarge => call.vm.plain_error("table overflow"),
        Problem::BadKey(KeyError::Nil) => call.vm.plain_error("table index is nil"),
        Problem::BadKey(KeyError::NaN) => call.vm.plain_error("table index is NaN"),
    }
}

/// `buffer:encode(value)`: nothing is appended if it fails.
fn encode(call: &mut Call) -> NativeResult {
    let mut queue = call.buffer(0)?;
    let value = call.any(1)?;
    let options = call.arg(0).as_userdata().map_or(Options::default(), Options::of);
    let before = queue.len();
    let result = Encoder { heap: &call.vm.heap, out: &mut queue, options, depth: 0 }.value(value);
    if let Err(problem) = result {
        queue.truncate(before);
        return Err(encode_error(call, problem));
    }
    drop(queue);
    call.return_buffer()
}

/// `buffer:decode()`: nothing is consumed if it fails.
fn decode(call: &mut Call) -> NativeResult {
    let mut queue = call.buffer(0)?;
    let options = call.arg(0).as_userdata().map_or(Options::default(), Options::of);
    let mut decoder = Decoder { heap: &mut call.vm.heap, rest: queue.bytes(), options, depth: 0 };
    let result = decoder.value();
    let rest = decoder.rest.len();
    match result {
        Ok(value) => {
            let consumed = queue.len() - rest;
            queue.skip(consumed);
            call.one(value)
        }
        Err(problem) => Err(decode_error(call, problem)),
    }
}

/// `encode(value)`
fn encode_string(call: &mut Call) -> NativeResult {
    let value = call.any(0)?;
    let mut out = Queue::default();
    let result = Encoder { heap: &call.vm.heap, out: &mut out, options: Options::default(), depth: 0 }.value(value);
    match result {
        Ok(()) => call.return_bytes(out.bytes()),
        Err(problem) => Err(encode_error(call, problem)),
    }
}

/// `decode(string)`
fn decode_string(call: &mut Call) -> NativeResult {
    let Some(text) = call.arg(0).as_str() else { return Err(call.type_error(0, "string")) };
    let options = Options::default();
    let mut decoder = Decoder { heap: &mut call.vm.heap, rest: text.bytes(), options, depth: 0 };
    let result = decoder.value();
    let rest = decoder.rest.len();
    match result {
        Ok(_) if rest > 0 => Err(call.error("left-over data in buffer")),
        Ok(value) => call.one(value),
        Err(problem) => Err(decode_error(call, problem)),
    }
}
