//! One virtual machine with the standard library, the FFI and the JIT compiler.

use moonwake_lang::gc::Stress;
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::object::{Function, Gc};
use moonwake_lang::stdlib;
use moonwake_lang::stdlib::base::load::{Mode, load_file};
use moonwake_lang::stdlib::jit::save;
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;
use moonwake_lang::vm::error::Error;
use moonwake_lang::vm::native::NativeFunction;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// How an [`Engine`] is set up.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Folders in which `#include` looks before the system's.
    pub include_dirs: Vec<PathBuf>,
    /// Folders in which `ffi.load` looks before the system's.
    pub library_dirs: Vec<PathBuf>,
    /// Whether to count what [`Engine::stats_json`] reports, where counting costs time.
    pub stats: bool,
    /// What the collector does at every safe point; if it does anything, loops are compiled on their first turn, too: for tests.
    pub stress: Stress,
    /// How many bytes Lua's objects may take; an allocation beyond is a "not enough memory" that `pcall` catches.
    pub memory_limit: Option<usize>,
    /// Whether `LUA_PATH` and the like count.
    pub environment: bool,
}

/// Turns an uncaught error into its message and a traceback, where it is thrown.
static TRACEBACK: NativeFunction = NativeFunction {
    name: "traceback",
    function: |call| {
        let mut value = call.arg(0);
        let is_text = |value: Value| value.as_str().is_some() || value.is_number();
        if !is_text(value) {
            if let Some(f) = call.vm.metamethod(value, Metamethod::ToString) {
                value = call.vm.call_for_one(f, &[value])?;
            }
            if !is_text(value) {
                return call.one(value);
            }
        }
        let message = call.vm.raw_tostring(value).bytes().to_vec();
        let text = call.vm.traceback(call.vm.running(), Some(&message), 1);
        let text = call.vm.heap.intern(&text);
        call.one(text)
    },
};

/// Calls its first argument with the others, as the bottom of the stack: chunks that the host runs have a native function below them, as in
/// LuaJIT, which tracebacks and `debug.getinfo` show.
static HOST: NativeFunction = NativeFunction {
    name: "",
    function: |call| {
        let arguments = call.args().to_vec();
        let handler = Value::from(call.vm.new_native(&TRACEBACK, &[]));
        let results = call.vm.call_with_handler(arguments[0], &arguments[1..], handler)?;
        call.values(&results)
    },
};

/// Whether a piece of source is a whole chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Incomplete {
    /// It can be run.
    Complete,
    /// It ends too early: with more lines it may become a chunk.
    NeedsMore,
    /// It has a syntax error.
    Wrong,
}

/// What the prompt reads `=` at a line's beginning as: "return".
fn as_chunk(source: &[u8]) -> Cow<'_, [u8]> {
    match source {
        [b'=', list @ ..] => Cow::Owned([b"return ", list].concat()),
        statements => Cow::Borrowed(statements),
    }
}

/// A virtual machine with everything in it.
pub struct Engine {
    pub(crate) vm: Box<Vm>,
}

impl Engine {
    /// A new machine.
    ///
    /// # Errors
    /// When the processor is not supported by the JIT compiler.
    pub fn new(config: Config) -> Result<Engine, String> {
        let mut vm = Vm::new();
        stdlib::open(&mut vm);
        if config.environment {
            stdlib::package::use_environment(&mut vm);
        } else {
            let registry = vm.registry();
            vm.set_field(registry, "LUA_NOENV", true);
        }
        let ffi = moonwake_ffi::open(&mut vm);
        let mut settings = moonwake_ffi::settings(&ffi);
        settings.include_dirs.extend(config.include_dirs.iter().cloned());
        settings.library_dirs.extend(config.library_dirs.iter().cloned());
        drop(settings);
        vm.heap.set_stress(config.stress);
        if let Some(bytes) = config.memory_limit {
            vm.heap.set_limit(bytes);
        }
        let stressed = config.stress != Stress::Off;
        moonwake_jit::attach(&mut vm, moonwake_jit::Config { stats: config.stats, stress: stressed })?;
        Ok(Engine { vm })
    }

    /// The machine, for code that speaks its language.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// The word by which [`crate::interrupt::request`] stops a program.
    pub fn poll_word(&self) -> &crate::interrupt::PollWord {
        &self.vm.trace.poll
    }

    /// The text of a global variable that is a string or a number. What the program has printed so far is written out.
    pub fn global_text(&mut self, name: &str) -> Option<Vec<u8>> {
        stdlib::io::stream::flush_all();
        let globals = self.vm.globals();
        let value = self.vm.field(globals, name);
        let has_text = value.as_str().is_some() || value.is_number();
        has_text.then(|| self.vm.raw_tostring(value).bytes().to_vec())
    }

    /// Runs a source text. `name` is as for `load`: `@file`, `=name` or the text itself.
    ///
    /// # Errors
    /// The message of a syntax error, or of an uncaught error with its traceback.
    pub fn run_source(&mut self, source: &[u8], name: &[u8], args: &[&[u8]]) -> Result<(), Vec<u8>> {
        self.call_chunk(source, name, args).map(drop)
    }

    /// Runs a file; a first line that starts with `#` is skipped.
    ///
    /// # Errors
    /// As for [`Engine::run_source`], and when the file cannot be read.
    pub fn run_file(&mut self, file: &Path, args: &[&[u8]]) -> Result<(), Vec<u8>> {
        let chunk = self.load_file(Some(file))?;
        self.call_as_host(chunk.into(), args).map(drop)
    }

    /// Runs a script, or standard input. Its arguments are what the list `arg` holds by then: what ran before may have changed it.
    ///
    /// # Errors
    /// As for [`Engine::run_file`].
    pub fn run_script(&mut self, file: Option<&Path>) -> Result<(), Vec<u8>> {
        let chunk = self.load_file(file)?;
        let globals = self.vm.globals();
        let mut args = Vec::new();
        if let Some(list) = self.vm.field(globals, "arg").as_table() {
            let items = (1..).map(|i| self.vm.heap.get_int(list, i));
            args.extend(items.take_while(|item| !item.is_nil()));
        }
        self.call_values_as_host(chunk.into(), &args).map(drop)
    }

    fn load_file(&mut self, file: Option<&Path>) -> Result<Gc<Function>, Vec<u8>> {
        use std::os::unix::ffi::OsStrExt;
        load_file(&mut self.vm, file.map(|file| file.as_os_str().as_bytes()), Mode::ANY, None)
    }

    /// `require(name)`.
    ///
    /// # Errors
    /// As for [`Engine::run_source`].
    pub fn require(&mut self, name: &[u8]) -> Result<(), Vec<u8>> {
        let require = self.vm.globals();
        let require = self.vm.field(require, "require");
        self.call_as_host(require, &[name]).map(drop)
    }

    /// Runs a line of the interactive prompt: as an expression whose values are printed, or else as statements.
    ///
    /// # Errors
    /// As for [`Engine::run_source`].
    pub fn evaluate(&mut self, source: &[u8]) -> Result<(), Vec<u8>> {
        let chunk = self.as_expression(source).map_or_else(|| as_chunk(source), Cow::Owned);
        let values = self.call_chunk(&chunk, b"=stdin", &[])?;
        if values.is_empty() { Ok(()) } else { self.print(&values) }
    }

    /// The chunk that returns the values of this text, if it is a list of expressions. The call that ends such a list is no tail call:
    /// an error in it has a position and its traceback a main chunk.
    fn as_expression(&mut self, source: &[u8]) -> Option<Vec<u8>> {
        let text = source.strip_prefix(b"=").unwrap_or(source);
        let values = [b"return ", text].concat();
        self.vm.load(&values, b"=stdin").ok()?;
        let kept = [b"return (function(...) return ... end)(", text, b"\n)"].concat();
        Some(if self.vm.load(&kept, b"=stdin").is_ok() { kept } else { values })
    }

    fn print(&mut self, values: &[Value]) -> Result<(), Vec<u8>> {
        let name = self.vm.heap.intern(b"print");
        let print = self.vm.heap.get_str(self.vm.globals(), name);
        self.vm
            .call(print, values)
            .map(drop)
            .map_err(|error| [b"error calling 'print' (", &self.describe(error)[..], b")"].concat())
    }

    /// Whether a text is a whole chunk, or an expression.
    pub fn completeness(&mut self, source: &[u8]) -> Incomplete {
        if self.as_expression(source).is_some() {
            return Incomplete::Complete;
        }
        let mut read = |text: &[u8]| match self.vm.load(text, b"=stdin") {
            Ok(_) => Incomplete::Complete,
            Err(message) if message.ends_with(b"near '<eof>'") => Incomplete::NeedsMore,
            Err(_) => Incomplete::Wrong,
        };
        match read(&as_chunk(source)) {
            // What is no statement may become an expression.
            Incomplete::Wrong => read(&[b"return ", source].concat()),
            result => result,
        }
    }

    /// Sets the global `arg`: `words[zero]` gets index 0.
    pub fn set_arguments(&mut self, words: &[&[u8]], zero: usize) {
        let table = self.vm.heap.new_table(words.len(), 0);
        for (i, word) in words.iter().enumerate() {
            let word = self.vm.heap.intern(word);
            self.vm.heap.set_int(table, i as i64 - zero as i64, Value::from(word));
        }
        let name = self.vm.heap.intern(b"arg");
        let globals = self.vm.globals();
        self.vm.heap.set_str(globals, name, Value::from(table));
    }

    /// Saves or lists bytecode, as the words behind `-b` say.
    ///
    /// # Errors
    /// What is wrong with the words, with the input or with the output.
    pub fn save_bytecode(&mut self, words: &[Vec<u8>]) -> Result<(), save::Failure> {
        save::save(words)
    }

    /// Carries out a `-j` command: `v[=file]` or `dump[=what[,file]]`; another one, `name[=argument,...]`, is for the function
    /// `jit.name`, as `on`, `off` and `flush`, or else for the function `start` of the module `jit.name`.
    ///
    /// # Errors
    /// What is wrong with the command.
    pub fn jit_command(&mut self, command: &str) -> Result<(), String> {
        let (name, arguments) = command.split_once('=').unwrap_or((command, ""));
        if moonwake_jit::COMMANDS.contains(&name) {
            return moonwake_jit::command(&mut self.vm, command);
        }
        const START: &[u8] = b"local start = require 'jit'[...] \
            if type(start) ~= 'function' then \
                local found, module = pcall(require, 'jit.' .. ...) \
                if not found and not tostring(module):find('not found', 1, true) then error(module, 0) end \
                start = type(module) == 'table' and module.start \
                if not start then error('unknown JIT command \\'' .. ... .. '\\'', 0) end \
            end \
            return start(select(2, ...))";
        let mut words = vec![Value::from(self.vm.heap.intern(name.as_bytes()))];
        if !arguments.is_empty() {
            // An argument of no length is none.
            let word =
                |word: &str| if word.is_empty() { Value::NIL } else { self.vm.heap.intern(word.as_bytes()).into() };
            words.extend(arguments.split(',').map(word));
        }
        let text = |message: &[u8]| String::from_utf8_lossy(message).into_owned();
        let start = self.vm.load(START, b"=(command line)").map_err(|message| text(&message))?;
        self.vm.call(Value::from(start), &words).map(drop).map_err(|error| text(&self.describe(error)))
    }

    /// Applies an `-O` setting: a level, `+flag`, `-flag` or `parameter=value`.
    ///
    /// # Errors
    /// What is wrong with the setting.
    pub fn optimisation(&mut self, setting: &str) -> Result<(), String> {
        moonwake_jit::optimisation(&mut self.vm, setting)
    }

    /// Runs pending finalisers and flushes files, as at the end of a program.
    pub fn close(&mut self) {
        stdlib::close(&mut self.vm);
    }

    fn call_chunk(&mut self, source: &[u8], name: &[u8], args: &[&[u8]]) -> Result<Vec<Value>, Vec<u8>> {
        let chunk = self.vm.load(source, name)?;
        self.call_as_host(chunk.into(), args)
    }

    fn call_as_host(&mut self, function: Value, args: &[&[u8]]) -> Result<Vec<Value>, Vec<u8>> {
        let args: Vec<Value> = args.iter().map(|arg| Value::from(self.vm.heap.intern(arg))).collect();
        self.call_values_as_host(function, &args)
    }

    fn call_values_as_host(&mut self, function: Value, args: &[Value]) -> Result<Vec<Value>, Vec<u8>> {
        let arguments = [&[function], args].concat();
        let host = Value::from(self.vm.new_native(&HOST, &[]));
        let result = self.vm.call(host, &arguments);
        result.map_err(|error| {
            let message = self.describe(error);
            // What the error has left behind is finalised before it is told.
            self.vm.full_collect();
            message
        })
    }

    fn describe(&mut self, error: Error) -> Vec<u8> {
        // The traceback has made a string of what has a text. An error that is nil says nothing.
        match error.value {
            Value::NIL => Vec::new(),
            value if value.as_str().is_some() || value.is_number() => self.vm.raw_tostring(value).bytes().to_vec(),
            _ => b"(error object is not a string)".to_vec(),
        }
    }
}
