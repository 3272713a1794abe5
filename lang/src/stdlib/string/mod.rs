//! `string`: the functions that need no pattern; [`find`], [`substitute`] and [`format`] have the others; [`buffer`] is the library
//! of mutable strings.
//!
//! Positions count from 1; negative ones from the end. Reference: Lua 5.1 manual §5.4.

pub mod buffer;
mod cache;
mod find;
mod format;
mod substitute;

pub use find::find_plain;
pub use format::push_formatted;
pub use substitute::GSUB_HELPERS;

use crate::bytecode::dump::dump as dump_prototype;
use crate::object::{Gc, Proto, Str, proto_flags};
use crate::vm::Vm;
use crate::vm::access::MAX_STRING;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

functions! { "string.":
    "byte" => byte,
    "char" => char_,
    "dump" => dump,
    "find" => find::find,
    "format" => format::format,
    "gmatch" => find::gmatch,
    "gsub" => substitute::gsub,
    "len" => len,
    "lower" => lower,
    "match" => find::match_,
    "rep" => rep,
    "reverse" => reverse,
    "sub" => sub,
    "upper" => upper,
}

/// Opens the library and makes its functions methods of strings.
pub fn open(vm: &mut Vm) {
    let library = vm.new_library("string", FUNCTIONS);
    let metatable = vm.heap.new_table(0, 1);
    vm.set_field(metatable, "__index", library);
    let example = vm.string_value("");
    vm.set_type_metatable(example, Some(metatable));
    buffer::open(vm);
}

/// The part of a string of `length` bytes from `first` to `last`, both ends included, as a range of places from 0.
fn range(length: usize, first: i32, last: i32) -> std::ops::Range<usize> {
    let absolute = |place: i32| if place < 0 { length as i64 + i64::from(place) + 1 } else { i64::from(place) };
    let start = absolute(first).max(1) - 1;
    let end = absolute(last).min(length as i64);
    if start < end { start as usize..end as usize } else { 0..0 }
}

impl Call<'_> {
    /// Returns a new string.
    ///
    /// # Errors
    /// When it is too long.
    pub fn return_bytes(&mut self, bytes: &[u8]) -> NativeResult {
        let string = self.vm.checked_string(bytes)?;
        self.one(string)
    }
}

impl Vm {
    /// A string, if it is not too long to be one.
    ///
    /// # Errors
    /// "not enough memory".
    pub fn checked_string(&mut self, bytes: &[u8]) -> LuaResult<Gc<Str>> {
        self.check_string_size(bytes.len())?;
        Ok(self.heap.intern(bytes))
    }

    /// The string with each byte replaced.
    pub fn mapped_string(&mut self, string: Gc<Str>, map: impl Fn(u8) -> u8) -> Gc<Str> {
        self.heap.intern_written(string.len(), |place| {
            for (to, &from) in place.iter_mut().zip(string.bytes()) {
                to.write(map(from));
            }
        })
    }

    /// The string with its bytes from the last to the first.
    pub fn reversed_string(&mut self, string: Gc<Str>) -> Gc<Str> {
        self.heap.intern_written(string.len(), |place| {
            for (to, &from) in place.iter_mut().zip(string.bytes().iter().rev()) {
                to.write(from);
            }
        })
    }

    /// Refuses what would be too long for a string.
    ///
    /// # Errors
    /// "not enough memory".
    pub fn check_string_size(&mut self, length: usize) -> LuaResult<()> {
        if length > MAX_STRING || !self.heap.has_room_for(length) { Err(self.memory_error()) } else { Ok(()) }
    }
}

fn byte(call: &mut Call) -> NativeResult {
    let text = call.bytes(0)?;
    let first = call.int32_or(1, 1)?;
    let last = call.int32_or(2, first)?;
    let range = range(text.len(), first, last);
    if range.len() == 1 {
        return call.one(f64::from(text[range.start]));
    }
    call.vm.check_stack(range.len(), "string slice too long")?;
    for &byte in &text[range] {
        call.push(f64::from(byte).into());
    }
    call.pushed()
}

fn char_(call: &mut Call) -> NativeResult {
    let mut text = call.vm.take_buffer();
    for i in 0..call.len() {
        match u8::try_from(call.int32(i)?) {
            Ok(byte) => text.push(byte),
            Err(_) => return Err(call.arg_error(i, "invalid value")),
        }
    }
    let result = call.return_bytes(&text);
    call.vm.give_buffer(text);
    result
}

fn sub(call: &mut Call) -> NativeResult {
    let string = call.string(0)?;
    let first = call.int32(1)?;
    let last = call.int32_or(2, -1)?;
    let text = string.bytes();
    let range = range(text.len(), first, last);
    if range.len() == text.len() {
        return call.one(string);
    }
    call.return_bytes(&text[range])
}

fn len(call: &mut Call) -> NativeResult {
    if call.arg(0).is_nil() {
        return Err(call.type_error_or_nil(0, "string"));
    }
    let length = call.bytes(0)?.len();
    call.one(length as f64)
}

fn rep(call: &mut Call) -> NativeResult {
    let text = call.bytes(0)?;
    let count = call.int32(1)?.max(0) as usize;
    let separator = call.string_or_none(2)?.map_or(&b""[..], Gc::bytes);
    if count == 0 {
        return call.return_bytes(b"");
    }
    let length = text.len() * count + separator.len() * (count - 1);
    call.vm.check_string_size(length)?;
    let result = call.vm.heap.intern_written(length, |place| {
        let period = text.len() + separator.len();
        let first = period.min(length);
        place[..text.len()].write_copy_of_slice(text);
        place[text.len()..first].write_copy_of_slice(&separator[..first - text.len()]);
        // What is written doubles each time.
        let mut written = first;
        while written < length {
            let (done, rest) = place.split_at_mut(written);
            let more = written.min(rest.len());
            rest[..more].copy_from_slice(&done[..more]);
            written += more;
        }
    });
    call.one(result)
}

fn reverse(call: &mut Call) -> NativeResult {
    let text = call.string(0)?;
    let text = call.vm.reversed_string(text);
    call.one(text)
}

fn lower(call: &mut Call) -> NativeResult {
    let text = call.string(0)?;
    let text = call.vm.mapped_string(text, |byte| byte.to_ascii_lowercase());
    call.one(text)
}

fn upper(call: &mut Call) -> NativeResult {
    let text = call.string(0)?;
    let text = call.vm.mapped_string(text, |byte| byte.to_ascii_uppercase());
    call.one(text)
}

/// The bytes of a function written in Lua; a true second argument strips its debug information, and so does text with an `s`.
fn dump(call: &mut Call) -> NativeResult {
    let function = call.callable(0)?;
    let strip = match call.arg(1).as_str() {
        Some(mode) => mode.bytes().contains(&b's'),
        None => !call.arg(1).is_falsy(),
    };
    let proto: Option<Gc<Proto>> = (!function.is_native()).then(|| Gc::from_ptr(function.proto));
    match proto.filter(|proto| proto.flags.get() & proto_flags::BUILTIN == 0) {
        Some(proto) => {
            let bytes = dump_prototype(proto.source(), strip);
            call.return_bytes(&bytes)
        }
        None => Err(call.error("unable to dump given function")),
    }
}
