//! The methods of files.

use super::read::{Format, Item};
use super::stream::{Origin, Stream};
use super::{OUTPUT, close_stream, stream_of};
use crate::stdlib::string::buffer;
use crate::value::Value;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};
use std::cell::RefMut;

functions! { "io.file.":
    "__gc" => collect,
    "__tostring" => tostring,
    "close" => close,
    "flush" => flush,
    "lines" => lines,
    "read" => read,
    "seek" => seek,
    "setvbuf" => setvbuf,
    "write" => write,
}

/// The iterator of `lines`; its upvalues are the library's state, the file, whether to close it at the end, and the formats.
static NEXT_LINE: NativeFunction = NativeFunction { name: "io.next_line", function: next_line };

/// The number of upvalues of `NEXT_LINE` before the formats.
const FIRST_FORMAT: usize = 3;

/// As in LuaJIT, this is `io.close` too: without a file it closes the default output.
pub(super) fn close(call: &mut Call) -> NativeResult {
    if call.get(0).is_some() {
        let stream = call.file(0)?;
        return close_stream(call, stream);
    }
    match stream_of(call.default_file(OUTPUT)) {
        Some(stream) if stream.is_open() => close_stream(call, stream),
        _ => Err(call.error("attempt to use a closed file")),
    }
}

fn flush(call: &mut Call) -> NativeResult {
    let result = call.file(0)?.flush();
    call.system_result(result, None)
}

fn read(call: &mut Call) -> NativeResult {
    let stream = call.file(0)?;
    read_formats(call, stream, 1)
}

fn write(call: &mut Call) -> NativeResult {
    let stream = call.file(0)?;
    write_arguments(call, stream, 1)
}

/// Argument `i` as a format to read.
fn format_argument(call: &mut Call, i: usize) -> LuaResult<Format> {
    let argument = call.arg(i);
    if argument.is_number() {
        return match usize::try_from(call.int32(i)?) {
            Ok(count) => Ok(Format::Bytes(count)),
            Err(_) => Err(call.vm.memory_error()),
        };
    }
    match argument.as_str() {
        Some(name) => match Format::parse(name.bytes()) {
            Some(format) => Ok(format),
            None => Err(call.arg_error(i, "invalid format")),
        },
        None => Err(call.arg_error(i, "invalid option")),
    }
}

/// Reads what the arguments from `first` on ask for, a line if there are none. The results end with the first nil.
pub(super) fn read_formats(call: &mut Call, mut stream: RefMut<Stream>, first: usize) -> NativeResult {
    stream.clear_error();
    let line = Format::Line { keep_end: false };
    for i in first..call.len().max(first + 1) {
        let format = if i < call.len() { format_argument(call, i)? } else { line };
        if !push_item(call, &mut stream, format)? {
            break;
        }
    }
    match stream.error() {
        Some(error) => call.system_error(error, None),
        None => call.pushed(),
    }
}

/// Reads one thing and pushes it; false if there was none and nil was pushed.
fn push_item(call: &mut Call, stream: &mut Stream, format: Format) -> LuaResult<bool> {
    let value = match format.read(stream) {
        None => Value::NIL,
        Some(Item::Number(n)) => Value::number(n),
        Some(Item::Text(text)) => call.vm.checked_string(&text)?.into(),
    };
    call.push(value);
    Ok(!value.is_nil())
}

/// Writes the arguments from `first` on: strings and numbers.
pub(super) fn write_arguments(call: &mut Call, mut stream: RefMut<Stream>, first: usize) -> NativeResult {
    let mut result = Ok(());
    let mut digits = Vec::new();
    for i in first..call.len() {
        let written = match call.arg(i).to_number() {
            Some(n) => {
                digits.clear();
                crate::format::push_number(&mut digits, n);
                stream.write(&digits)
            }
            None => match buffer::contents(call.arg(i)) {
                Some(bytes) => stream.write(&bytes),
                None => stream.write(call.bytes(i)?),
            },
        };
        result = result.and(written);
    }
    call.system_result(result, None)
}

fn seek(call: &mut Call) -> NativeResult {
    const WHENCE: [(&str, libc::c_int); 3] =
        [("set", libc::SEEK_SET), ("cur", libc::SEEK_CUR), ("end", libc::SEEK_END)];
    let mut stream = call.file(0)?;
    let whence = WHENCE[call.option(1, Some("cur"), &WHENCE.map(|(name, _)| name))?].1;
    let offset = call.integer_or(2, 0)?;
    match stream.seek(whence, offset) {
        Ok(at) => call.one(at as f64),
        Err(error) => call.system_error(error, None),
    }
}

fn setvbuf(call: &mut Call) -> NativeResult {
    const MODES: [(&str, libc::c_int); 3] = [("full", libc::_IOFBF), ("line", libc::_IOLBF), ("no", libc::_IONBF)];
    const DEFAULT_SIZE: i64 = 512;
    let mut stream = call.file(0)?;
    let mode = MODES[call.option(1, None, &MODES.map(|(name, _)| name))?].1;
    let size = call.integer_or(2, DEFAULT_SIZE)?.max(0) as usize;
    let result = stream.set_buffering(mode, size);
    call.system_result(result, None)
}

fn lines(call: &mut Call) -> NativeResult {
    call.file(0)?;
    let file = call.arg(0);
    new_lines(call, file, 1, false)
}

/// Returns an iterator over what the arguments from `first` on ask for.
pub(super) fn new_lines(call: &mut Call, file: Value, first: usize, close_at_end: bool) -> NativeResult {
    let formats = call.args().get(first..).unwrap_or_default().to_vec();
    let mut upvalues = vec![call.upvalue(0), file, close_at_end.into()];
    upvalues.extend(formats);
    let iterator = call.vm.new_native(&NEXT_LINE, &upvalues);
    call.one(iterator)
}

fn next_line(call: &mut Call) -> NativeResult {
    let Some(mut stream) = stream_of(call.upvalue(1)).filter(|stream| stream.is_open()) else {
        return Err(call.error("attempt to use a closed file"));
    };
    stream.clear_error();
    let count = call.function().upvalue_count() - FIRST_FORMAT;
    if count == 0 {
        push_item(call, &mut stream, Format::Line { keep_end: false })?;
    }
    for i in 0..count {
        let given = call.upvalue(FIRST_FORMAT + i);
        let format = match (given.to_number(), given.as_str()) {
            (Some(n), _) => Ok(Format::Bytes(n.max(0.0) as usize)),
            (None, Some(name)) => Format::parse(name.bytes()).ok_or("invalid format"),
            (None, None) => Err("invalid option"),
        };
        let format = match format {
            Ok(format) => format,
            Err(problem) => return Err(call.arg_error(i, problem)),
        };
        if !push_item(call, &mut stream, format)? {
            break;
        }
    }
    if let Some(error) = stream.error() {
        return Err(call.error(error.message()));
    }
    if !call.upvalue(2).is_falsy() && call.pushed_count() > 0 && call.first_pushed().is_nil() {
        let _ = stream.close();
        return call.none();
    }
    call.pushed()
}

fn tostring(call: &mut Call) -> NativeResult {
    let stream = call.any_file(0)?;
    let text =
        if stream.is_open() { format!("file ({:#x})", stream.as_ptr() as usize) } else { "file (closed)".to_owned() };
    let text = call.vm.string_value(text);
    call.one(text)
}

/// A file that nothing refers to closes itself; this is for programs that ask for it.
fn collect(call: &mut Call) -> NativeResult {
    let mut stream = call.any_file(0)?;
    if stream.is_open() && stream.origin() != Origin::Standard {
        let _ = stream.close();
    }
    call.none()
}
