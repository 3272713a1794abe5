//! `io`: files. [`stream`] has what touches the C library, [`read`] the formats; the methods of files are in [`methods`].
//!
//! A file is a userdata with a [`Stream`] inside. The functions of the library share one table of state as their first upvalue: the
//! default input and output, and the metatable of files. Reference: Lua 5.1 manual §5.7; `lines` with formats as in 5.2.

mod methods;
pub mod read;
pub mod stream;

use crate::object::{Gc, Table, Userdata};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};
use std::cell::RefMut;
use stream::{Origin, Standard, Stream, SystemError, SystemResult};

functions! { "io.":
    "close" => methods::close,
    "flush" => flush,
    "input" => |call| default_file(call, INPUT, b"r"),
    "lines" => lines,
    "open" => open_,
    "output" => |call| default_file(call, OUTPUT, b"w"),
    "popen" => popen,
    "read" => read_,
    "tmpfile" => tmpfile,
    "type" => type_,
    "write" => write,
}

/// Places in the table of state.
const INPUT: i64 = 1;
const OUTPUT: i64 = 2;
const METATABLE: i64 = 3;

/// Opens the library.
pub fn open(vm: &mut Vm) {
    let state = vm.heap.new_table(4, 0);
    let metatable = vm.heap.new_table(0, 10);
    vm.register(metatable, methods::FUNCTIONS, &[state.into()]);
    vm.set_field(metatable, "__index", metatable);
    vm.heap.set_int(state, METATABLE, metatable.into());
    let registry = vm.registry();
    vm.set_field(registry, "FILE*", metatable);
    let library = vm.heap.new_table(0, 16);
    vm.register(library, FUNCTIONS, &[state.into()]);
    for (name, which) in [("stdin", Standard::Input), ("stdout", Standard::Output), ("stderr", Standard::Error)] {
        let file = new_file(vm, state, Stream::standard(which));
        vm.set_field(library, name, file);
        match which {
            Standard::Input => vm.heap.set_int(state, INPUT, file.into()),
            Standard::Output => vm.heap.set_int(state, OUTPUT, file.into()),
            Standard::Error => {}
        }
    }
    let globals = vm.globals();
    vm.set_field(globals, "io", library);
    vm.set_loaded("io", library);
}

/// A file value around a stream.
fn new_file(vm: &mut Vm, state: Gc<Table>, stream: Stream) -> Gc<Userdata> {
    let file = vm.heap.new_userdata(Some(Box::new(stream)));
    let metatable = vm.heap.get_int(state, METATABLE).as_table();
    vm.set_userdata_metatable(file, metatable);
    file
}

/// The stream in a file value; `None` for any other value.
pub fn stream_of<'a>(value: Value) -> Option<RefMut<'a, Stream>> {
    let file: Gc<Userdata> = value.as_userdata()?;
    // The object lives until the next safe point, and so until after the caller's use.
    let payload = file.payload().borrow_mut();
    RefMut::filter_map(payload, |payload| payload.as_mut()?.downcast_mut()).ok()
}

impl Call<'_> {
    fn state(&self) -> Gc<Table> {
        self.upvalue(0).as_table().expect("the library's functions are made with its state")
    }

    /// The default input or output.
    fn default_file(&self, which: i64) -> Value {
        self.vm.heap.get_int(self.state(), which)
    }

    /// Argument `i`, which must be a file; it may be closed.
    fn any_file<'s>(&mut self, i: usize) -> LuaResult<RefMut<'s, Stream>> {
        match stream_of(self.arg(i)) {
            Some(stream) => Ok(stream),
            None => Err(self.type_error(i, "FILE*")),
        }
    }

    /// Argument `i`, which must be an open file.
    fn file<'s>(&mut self, i: usize) -> LuaResult<RefMut<'s, Stream>> {
        let stream = self.any_file(i)?;
        if stream.is_open() { Ok(stream) } else { Err(self.error("attempt to use a closed file")) }
    }

    /// The default input or output, which must be open.
    fn open_default<'s>(&mut self, which: i64) -> LuaResult<RefMut<'s, Stream>> {
        match stream_of(self.default_file(which)) {
            Some(stream) if stream.is_open() => Ok(stream),
            _ => Err(self.error("standard file is closed")),
        }
    }

    /// Returns `true`, or for an error nil, a message (with the file's name before it) and the error's number.
    pub(super) fn system_result(&mut self, result: SystemResult<()>, name: Option<&[u8]>) -> NativeResult {
        match result {
            Ok(()) => self.one(Value::TRUE),
            Err(error) => self.system_error(error, name),
        }
    }

    /// Returns nil, a message (with the file's name before it) and the error's number.
    pub(super) fn system_error(&mut self, error: SystemError, name: Option<&[u8]>) -> NativeResult {
        let message = named_message(error, name);
        let message = self.vm.string_value(message);
        self.values(&[Value::NIL, message, Value::number(f64::from(error.0))])
    }

    /// Returns a new file, or the error.
    fn opened(&mut self, result: SystemResult<Stream>, name: Option<&[u8]>) -> NativeResult {
        match result {
            Ok(stream) => {
                let state = self.state();
                let file = new_file(self.vm, state, stream);
                self.one(file)
            }
            Err(error) => self.system_error(error, name),
        }
    }
}

fn named_message(error: SystemError, name: Option<&[u8]>) -> Vec<u8> {
    let message = error.message().into_bytes();
    match name {
        Some(name) => [stream::c_string(name).as_bytes(), b": ", &message].concat(),
        None => message,
    }
}

fn open_(call: &mut Call) -> NativeResult {
    let name = call.bytes(0)?;
    let mode = call.string_or_none(1)?.map_or(&b"r"[..], Gc::bytes);
    call.opened(Stream::open(name, mode), Some(name))
}

fn popen(call: &mut Call) -> NativeResult {
    let command = call.bytes(0)?;
    let mode = call.string_or_none(1)?.map_or(&b"r"[..], Gc::bytes);
    call.opened(Stream::open_command(command, mode), Some(command))
}

fn tmpfile(call: &mut Call) -> NativeResult {
    call.opened(Stream::temporary(), None)
}

/// Closes a file; a standard one refuses.
fn close_stream(call: &mut Call, mut stream: RefMut<Stream>) -> NativeResult {
    if stream.origin() == Origin::Standard {
        let message = call.vm.string_value("cannot close standard file");
        return call.values(&[Value::NIL, message]);
    }
    let result = stream.close();
    call.system_result(result, None)
}

fn flush(call: &mut Call) -> NativeResult {
    let result = call.open_default(OUTPUT)?.flush();
    call.system_result(result, None)
}

fn read_(call: &mut Call) -> NativeResult {
    let stream = call.open_default(INPUT)?;
    methods::read_formats(call, stream, 0)
}

fn write(call: &mut Call) -> NativeResult {
    let stream = call.open_default(OUTPUT)?;
    methods::write_arguments(call, stream, 0)
}

/// `io.input` and `io.output`: without argument the default file, else sets it to a file or to the file of a name.
fn default_file(call: &mut Call, which: i64, mode: &[u8]) -> NativeResult {
    let argument = call.arg(0);
    if !argument.is_nil() {
        let file = if stream_of(argument).is_some() {
            drop(call.file(0)?);
            argument
        } else {
            let name = call.bytes(0)?;
            match Stream::open(name, mode) {
                Ok(stream) => {
                    let state = call.state();
                    new_file(call.vm, state, stream).into()
                }
                Err(error) => {
                    let message = named_message(error, Some(name));
                    return Err(call.arg_error(0, &String::from_utf8_lossy(&message)));
                }
            }
        };
        let state = call.state();
        call.vm.heap.set_int(state, which, file);
    }
    call.one(call.default_file(which))
}

/// `io.lines(name, ...)`: an iterator that closes the file at its end; without a name, one over the default input.
fn lines(call: &mut Call) -> NativeResult {
    if call.arg(0).is_nil() {
        let file = call.default_file(INPUT);
        return methods::new_lines(call, file, 1, false);
    }
    let name = call.bytes(0)?;
    match Stream::open(name, b"r") {
        Ok(stream) => {
            let state = call.state();
            let file = new_file(call.vm, state, stream);
            methods::new_lines(call, file.into(), 1, true)
        }
        Err(error) => {
            let message = named_message(error, Some(name));
            Err(call.arg_error(0, &String::from_utf8_lossy(&message)))
        }
    }
}

fn type_(call: &mut Call) -> NativeResult {
    let value = call.any(0)?;
    let name = match stream_of(value) {
        None => return call.one(Value::NIL),
        Some(stream) if stream.is_open() => "file",
        Some(_) => "closed file",
    };
    let name = call.vm.string_value(name);
    call.one(name)
}
