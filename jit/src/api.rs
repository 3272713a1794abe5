//! What the command asks of the compiler: to be there, `-j`, `-O`, `--stats`. [`crate::library`] has what scripts ask.

use crate::backend::Backend;
use crate::library::Library;
use crate::options::Options;
use crate::report::{Report, Sink, hottest_exits};
use crate::runtime;
use crate::trace::state::Jit;
use moonwake_lang::vm::Vm;
use std::ffi::OsString;
use std::fs::File;

/// How the compiler is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// Whether to count what costs time to count.
    pub stats: bool,
    /// Whether everything is hot at once: for tests.
    pub stress: bool,
}

/// Gives a machine a JIT compiler.
///
/// # Errors
/// When the processor is not supported.
pub fn attach(vm: &mut Vm, config: Config) -> Result<(), String> {
    let backend = Backend::new(runtime::table(), runtime::layout()).map_err(|error| error.to_string())?;
    let enter = backend.enter();
    let mut report = Report::default();
    report.counts = config.stats;
    let jit = Jit::new(backend, Options::DEFAULT, config.stress, report);
    jit.set_thresholds(vm);
    vm.attach_tracer(Box::new(jit), enter);
    vm.set_jit_hooks(&Library);
    Ok(())
}

/// Acts on the machine's compiler; `None` if it has none.
pub fn with_jit<R>(vm: &mut Vm, act: impl FnOnce(&mut Jit, &mut Vm) -> R) -> Option<R> {
    vm.with_tracer(|tracer, vm| tracer.as_any().downcast_mut::<Jit>().map(|jit| act(jit, vm))).flatten()
}

/// The names of the commands that [`command`] knows.
pub const COMMANDS: &[&str] = &["v", "dump"];

/// Carries out a `-j` command: `v[=file]`, `dump[=what[,file]]`. As with LuaJIT, `v` writes to standard error
/// and `dump` to standard output.
///
/// The letters of a dump: `b` bytecode, `o` what the passes did, `i` IR with snapshots, `c` Cranelift IR, `m` machine code. LuaJIT's `t`,
/// `s`, `r`, `x` are understood; their parts are always shown.
///
/// # Errors
/// What is wrong with the command.
pub fn command(vm: &mut Vm, command: &str) -> Result<(), String> {
    let (name, argument) = match command.split_once('=') {
        Some((name, argument)) => (name, Some(argument).filter(|argument| !argument.is_empty())),
        None => (command, None),
    };
    let done = match (name, argument) {
        ("v", file) => {
            let sink = sink(file, "LUAJIT_VERBOSEFILE", Box::new(std::io::stderr()))?;
            with_jit(vm, |jit, _| jit.report.verbose = Some(sink))
        }
        ("dump", argument) => {
            let (what, file) = match argument.map(|a| a.split_once(',').unwrap_or((a, ""))) {
                Some((what, file)) => (what, Some(file).filter(|f| !f.is_empty())),
                None => ("", None),
            };
            let what = dump_letters(what)?;
            let sink = sink(file, "LUAJIT_DUMPFILE", Box::new(std::io::stdout()))?;
            with_jit(vm, |jit, _| jit.report.dump = Some((sink, what)))
        }
        _ => return Err(format!("unknown JIT command '{command}'")),
    };
    done.ok_or_else(|| "there is no JIT compiler".to_owned())
}

/// Where the text of a command goes: to a file, which the environment may name, to standard output if asked for by `-`, or where
/// it goes by itself.
fn sink(file: Option<&str>, variable: &str, default: Sink) -> Result<Sink, String> {
    let file = file.map(OsString::from).or_else(|| std::env::var_os(variable));
    match file {
        None => Ok(default),
        Some(name) if name == "-" => Ok(Box::new(std::io::stdout())),
        Some(name) => match File::create(&name) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => {
                let reason = error.to_string();
                Err(format!("{}: {}", name.display(), reason.split(" (os error").next().unwrap_or_default()))
            }
        },
    }
}

/// What a dump shows: the letters given, or with `+` and `-` in front more or less than the default.
fn dump_letters(text: &str) -> Result<String, String> {
    const DEFAULT: &str = "bim";
    let (mut letters, rest) = match text.as_bytes().first() {
        None => return Ok(DEFAULT.to_owned()),
        Some(b'+' | b'-') => (DEFAULT.to_owned(), text),
        Some(_) => (String::new(), text),
    };
    let mut adds = true;
    for letter in rest.chars() {
        match letter {
            '+' => adds = true,
            '-' => adds = false,
            'b' | 'o' | 'i' | 'c' | 'm' if adds => letters.push(letter),
            'b' | 'o' | 'i' | 'c' | 'm' => letters.retain(|l| l != letter),
            't' | 's' | 'r' | 'x' | 'X' | 'T' => {}
            _ => return Err(format!("unknown dump letter '{letter}'")),
        }
    }
    Ok(letters)
}

/// Applies an `-O` setting: a level, `+pass`, `-pass` or `parameter=value`, or several separated by commas.
///
/// # Errors
/// What is wrong with the setting.
pub fn optimisation(vm: &mut Vm, setting: &str) -> Result<(), String> {
    let applied = with_jit(vm, |jit, vm| {
        jit.options.apply(setting)?;
        jit.set_thresholds(vm);
        Ok(())
    });
    applied.unwrap_or_else(|| Options { ..Options::DEFAULT }.apply(setting))
}

/// What was counted, as members of a JSON object without its braces; empty without a compiler.
pub fn stats_json_members(vm: &mut Vm) -> String {
    let interpreted = moonwake_ffi::state::attached(vm).native_calls();
    let members = |jit: &mut Jit| jit.report.json_members(interpreted) + ", " + &hottest_exits(&jit.traces);
    with_jit(vm, |jit, _| members(jit)).unwrap_or_default()
}
