//! From text to functions: `load`, `loadstring`, `loadfile`, `dofile`.

use super::super::io::stream::{Standard, Stream, SystemError};
use super::super::jit::events::Event;
use super::super::string::buffer;
use crate::bytecode::Prototype;
use crate::bytecode::dump::{Refusal, undump};
use crate::compile::compile;
use crate::object::{Function, Gc, Table};
use crate::parse::parse;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

functions! { "":
    "dofile" => dofile,
    "load" => load,
    "loadfile" => loadfile,
    "loadstring" => loadstring,
}

/// What a binary chunk starts with.
const BINARY_MARK: u8 = 0x1b;

/// Which kinds of chunks may be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    /// Source texts.
    pub text: bool,
    /// What `string.dump` made.
    pub binary: bool,
}

impl Mode {
    /// Both kinds.
    pub const ANY: Mode = Mode { text: true, binary: true };
}

impl Vm {
    /// Makes a function of a chunk, in the global environment of the running coroutine. `name` is as for `load`: `@file`,
    /// `=name` or the text itself.
    ///
    /// # Errors
    /// The message of a syntax error.
    pub fn load(&mut self, chunk: &[u8], name: &[u8]) -> Result<Gc<Function>, Vec<u8>> {
        self.load_chunk(chunk, name, Mode::ANY, None)
    }

    /// The same with a choice of what may be loaded and of the environment.
    ///
    /// # Errors
    /// The message of a syntax error, or that the chunk is not of an allowed kind.
    pub fn load_chunk(
        &mut self,
        chunk: &[u8],
        name: &[u8],
        mode: Mode,
        environment: Option<Gc<Table>>,
    ) -> Result<Gc<Function>, Vec<u8>> {
        let binary = chunk.first() == Some(&BINARY_MARK);
        if !(if binary { mode.binary } else { mode.text }) {
            return Err(b"attempt to load chunk with wrong mode".to_vec());
        }
        let function = self.instantiate(read_chunk(chunk, name)?);
        if let Some(environment) = environment {
            self.set_function_environment(function, environment);
        }
        self.tell_compiled(function);
        Ok(function)
    }

    /// Tells scripts that are attached to the event `bc`.
    fn tell_compiled(&mut self, function: Gc<Function>) {
        if self.has_event_handler(Event::Bytecode) {
            // In the registry the function is safe from the collector.
            let registry = self.registry();
            self.set_field(registry, "_COMPILED", function);
            self.tell_event(Event::Bytecode, &[function.into()]);
            self.set_field(registry, "_COMPILED", Value::NIL);
        }
    }
}

/// The function that a chunk holds, be it a source text or what `string.dump` made.
///
/// # Errors
/// The message of a syntax error, or that the chunk is damaged or of another version.
pub fn read_chunk(chunk: &[u8], name: &[u8]) -> Result<Prototype, Vec<u8>> {
    match chunk.first() {
        Some(&BINARY_MARK) => undump_named(chunk, name),
        _ => compile(skip_header(chunk), name).map_err(|error| error.message()),
    }
}

/// The function that `string.dump` made these bytes of. One without debug information is called what the caller calls it.
fn undump_named(chunk: &[u8], name: &[u8]) -> Result<Prototype, Vec<u8>> {
    let is_named = name.first() != Some(&BINARY_MARK);
    undump(chunk, if is_named { name } else { b"=?" }).map_err(|refusal| {
        let shown: &[u8] = match name {
            [b'@' | b'=', rest @ ..] => rest,
            _ if is_named => name,
            _ => b"(binary)",
        };
        let problem = match refusal {
            Refusal::Incompatible => "incompatible",
            Refusal::Malformed => "malformed",
        };
        [shown, b": cannot load ", problem.as_bytes(), b" bytecode"].concat()
    })
}

/// Returns the function, or nil and the message.
fn loaded(call: &mut Call, result: Result<Gc<Function>, Vec<u8>>) -> NativeResult {
    match result {
        Ok(function) => call.one(function),
        Err(message) => {
            let message = call.vm.string_value(message);
            call.values(&[Value::NIL, message])
        }
    }
}

/// `load(chunk, name, mode, env)`: the chunk is a string, or a function that returns it piece by piece.
fn load(call: &mut Call) -> NativeResult {
    if is_text(call.arg(0)) {
        return loadstring(call);
    }
    let name = call.string_or_none(1)?.map_or(&b"=(load)"[..], |name| without_zero(name.bytes())).to_vec();
    // An environment that is no table is as good as none.
    let (mode, environment) = (mode(call, 2)?, call.arg(3).as_table());
    let reader = Value::from(call.callable(0)?);
    let (mut chunk, mut try_at) = (Vec::new(), 2);
    loop {
        let piece =
            match call.vm.call_protected(reader, &[]).map(|values| values.first().copied().unwrap_or(Value::NIL)) {
                Ok(piece) => piece,
                Err(error) => return call.values(&[Value::NIL, error.value]),
            };
        match (piece.as_str(), piece.to_number()) {
            (Some(text), _) if text.is_empty() => break,
            (Some(text), _) => chunk.extend_from_slice(text.bytes()),
            (None, Some(n)) => crate::format::push_number(&mut chunk, n),
            (None, None) if piece.is_nil() => break,
            (None, None) => {
                let error = call.error("reader function must return a string");
                return call.values(&[Value::NIL, error.value]);
            }
        }
        if call.vm.check_string_size(chunk.len()).is_err() {
            return loaded(call, Err(b"not enough memory".to_vec()));
        }
        // A reader may have no end, so a text that cannot become a program is noticed before: whenever it has doubled.
        if chunk.len() >= try_at {
            if is_hopeless(&chunk, &name) {
                break;
            }
            try_at = 2 * chunk.len();
        }
    }
    let result = call.vm.load_chunk(&chunk, &name, mode, environment);
    loaded(call, result)
}

/// Whether a text is no program whatever follows: it has an error before its last byte, which that byte did not mend.
fn is_hopeless(chunk: &[u8], name: &[u8]) -> bool {
    if chunk.first() == Some(&BINARY_MARK) {
        return false;
    }
    let complaint = |text: &[u8]| parse(skip_header(text), name).err().filter(|error| !error.at_end);
    complaint(chunk).is_some_and(|error| complaint(&chunk[..chunk.len() - 1]) == Some(error))
}

fn loadstring(call: &mut Call) -> NativeResult {
    if !is_text(call.arg(0)) {
        return load(call);
    }
    let copy = buffer::contents(call.arg(0));
    let (chunk, default_name) = match &copy {
        Some(copy) => (&copy[..], &b""[..]),
        None => (call.bytes(0)?, call.bytes(0)?),
    };
    let name = without_zero(call.string_or_none(1)?.map_or(default_name, Gc::bytes));
    let (mode, environment) = (mode(call, 2)?, call.arg(3).as_table());
    let result = call.vm.load_chunk(chunk, name, mode, environment);
    loaded(call, result)
}

/// A chunk's name as C sees it: up to its first zero byte.
fn without_zero(name: &[u8]) -> &[u8] {
    name.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Whether this is a chunk and no function that returns its pieces.
fn is_text(value: Value) -> bool {
    value.as_str().is_some() || value.is_number() || buffer::contents(value).is_some()
}

fn mode(call: &mut Call, i: usize) -> LuaResult<Mode> {
    Ok(match call.string_or_none(i)? {
        None => Mode::ANY,
        Some(mode) => Mode { text: mode.bytes().contains(&b't'), binary: mode.bytes().contains(&b'b') },
    })
}

/// `loadfile(name, mode, env)`: without a name, standard input.
fn loadfile(call: &mut Call) -> NativeResult {
    let name = call.string_or_none(0)?.map(Gc::bytes);
    let mode = mode(call, 1)?;
    let environment = match call.arg(2) {
        Value::NIL => None,
        _ => Some(call.table(2)?),
    };
    let result = load_file(call.vm, name, mode, environment);
    loaded(call, result)
}

fn dofile(call: &mut Call) -> NativeResult {
    let name = call.string_or_none(0)?.map(Gc::bytes);
    match load_file(call.vm, name, Mode::ANY, None) {
        Ok(function) => {
            let results = call.vm.call(function.into(), &[])?;
            call.values(&results)
        }
        Err(message) => Err(call.vm.plain_error(message)),
    }
}

/// Loads a file, or standard input.
///
/// # Errors
/// The message of a syntax error, or why the file cannot be read.
pub fn load_file(
    vm: &mut Vm,
    name: Option<&[u8]>,
    mode: Mode,
    environment: Option<Gc<Table>>,
) -> Result<Gc<Function>, Vec<u8>> {
    let (chunk, chunk_name) = read_source(name)?;
    vm.load_chunk(&chunk, &chunk_name, mode, environment)
}

/// What a file or standard input holds, and what its chunk is called.
///
/// # Errors
/// Why it cannot be read.
pub fn read_source(name: Option<&[u8]>) -> Result<(Vec<u8>, Vec<u8>), Vec<u8>> {
    match name {
        Some(name) => Ok((read_file(name)?, [b"@", name].concat())),
        None => Ok((read_all(Stream::standard(Standard::Input), b"stdin")?, b"=stdin".to_vec())),
    }
}

/// What a file holds.
///
/// # Errors
/// Why it cannot be read.
pub fn read_file(name: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let stream = Stream::open(name, b"rb").map_err(|error| problem(b"cannot open ", name, error))?;
    read_all(stream, name)
}

fn read_all(mut stream: Stream, name: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let mut text = Vec::new();
    stream.read(&mut text, usize::MAX);
    match stream.error() {
        Some(error) => Err(problem(b"cannot read ", name, error)),
        None => Ok(text),
    }
}

fn problem(what: &[u8], name: &[u8], error: SystemError) -> Vec<u8> {
    [what, name, b": ", error.message().as_bytes()].concat()
}

/// What follows a byte order mark and a first line that starts with `#`; its line end stays, so that lines are counted right.
fn skip_header(chunk: &[u8]) -> &[u8] {
    let chunk = chunk.strip_prefix(b"\xef\xbb\xbf").unwrap_or(chunk);
    match chunk {
        [b'#', ..] => &chunk[chunk.iter().position(|&c| c == b'\n').unwrap_or(chunk.len())..],
        _ => chunk,
    }
}
