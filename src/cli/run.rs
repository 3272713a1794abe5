//! Running what the command line asks for.

use super::options::{Action, Options, Script, usage};
use super::repl;
use super::signals::interruptible;
use moonwake::{Config, Engine};
use moonwake_lang::stdlib::io::stream::{write_stderr, write_stdout};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

/// The version line.
pub const VERSION: &str =
    concat!("moonwake ", env!("CARGO_PKG_VERSION"), " -- a tracing JIT compiler and FFI for Lua 5.1");

/// Runs the program with these words and returns its exit status.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(problem) => {
            report(format!("{problem}\n{}", usage("moonwake").trim_end()).as_bytes());
            return ExitCode::FAILURE;
        }
    };
    if options.help {
        write_stdout(usage("moonwake").as_bytes());
        return ExitCode::SUCCESS;
    }
    if run(&options) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes an error as `lua` does: the program's name, the message, the traceback.
fn report(message: &[u8]) {
    if message.is_empty() {
        return;
    }
    write_stderr(&[b"moonwake: ", message, b"\n"].concat());
}

/// Whether something succeeded; if not, its message is written.
fn told(result: Result<(), Vec<u8>>) -> bool {
    result.map_err(|message| report(&message)).is_ok()
}

fn run(options: &Options) -> bool {
    let mut engine = match Engine::new(config(options)) {
        Ok(engine) => engine,
        Err(message) => return told(Err(message.into_bytes())),
    };
    // An error is told before finalisers and buffers have their say.
    let succeeded = told(run_actions(options, &mut engine));
    engine.close();
    told(write_stats(options, &mut engine)) && succeeded
}

fn config(options: &Options) -> Config {
    let mut config = Config {
        include_dirs: options.include_dirs.clone(),
        library_dirs: options.library_dirs.clone(),
        stats: options.stats.is_some(),
        stress: options.stress,
        memory_limit: options.memory_limit,
        ..Config::default()
    };
    #[cfg(feature = "ggml")]
    {
        config.include_dirs.push(std::path::PathBuf::from(moonwake_ggml::INCLUDE_DIR));
        config.library_dirs.push(std::path::PathBuf::from(moonwake_ggml::LIB_DIR));
    }
    if !options.ignore_environment {
        config.environment = true;
    }
    config
}

/// Runs everything in LuaJIT's order.
fn run_actions(options: &Options, engine: &mut Engine) -> Result<(), Vec<u8>> {
    set_arguments(options, engine);
    if !options.ignore_environment
        && let Some(init) = std::env::var_os("LUA_INIT")
    {
        interruptible(engine, |engine| match init.as_bytes() {
            [b'@', file @ ..] => engine.run_file(Path::new(OsStr::from_bytes(file)), &[]),
            source => engine.run_source(source, b"=LUA_INIT", &[]),
        })?;
    }
    let idle = options.script.is_none() && !options.has_chunk && !options.version;
    let interactive = options.interactive || (idle && std::io::stdin().is_terminal());
    let banner = |shown: bool| {
        if shown {
            write_stdout(VERSION.as_bytes());
            write_stdout(b"\n");
        }
    };
    banner(options.version || options.interactive);
    for action in &options.actions {
        carry_out(action, engine)?;
    }
    match &options.script {
        Some(Script::File(file)) => interruptible(engine, |engine| engine.run_script(Some(Path::new(file))))?,
        Some(Script::Stdin) => interruptible(engine, |engine| engine.run_script(None))?,
        // Input that nothing on the command line speaks of may fail: that has never been seen in the exit status of a Lua.
        None if !interactive && idle => {
            told(interruptible(engine, |engine| engine.run_script(None)));
        }
        None => {}
    }
    if interactive {
        banner(!options.version && !options.interactive);
        repl::run(engine);
    }
    Ok(())
}

fn carry_out(action: &Action, engine: &mut Engine) -> Result<(), Vec<u8>> {
    match action {
        Action::Chunk(source) => {
            interruptible(engine, |engine| engine.run_source(source.as_bytes(), b"=(command line)", &[]))
        }
        Action::Require(name) => interruptible(engine, |engine| engine.require(name.as_bytes())),
        Action::Jit(command) => engine.jit_command(command).map_err(String::into_bytes),
        Action::Optimise(setting) => engine.optimisation(setting).map_err(String::into_bytes),
        Action::Save(words) => {
            let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
            engine.save_bytecode(&words).map_err(|failure| {
                write_stderr(&failure.text());
                // There is nothing more to say.
                Vec::new()
            })
        }
    }
}

/// Sets the global `arg`: the script at 0, its arguments from 1, what stood before it at negative indexes; without a script all words have
/// negative indexes, as in LuaJIT.
fn set_arguments(options: &Options, engine: &mut Engine) {
    let script = match &options.script {
        Some(Script::File(file)) => Some(file.clone()),
        Some(Script::Stdin) => Some("-".into()),
        None => None,
    };
    let mut words: Vec<&[u8]> = options.words_before.iter().map(|w| w.as_bytes()).collect();
    let zero = words.len();
    words.extend(script.as_ref().map(|s| s.as_bytes()));
    words.extend(options.script_args.iter().map(|w| w.as_bytes()));
    engine.set_arguments(&words, zero);
}

fn write_stats(options: &Options, engine: &mut Engine) -> Result<(), Vec<u8>> {
    let Some(target) = &options.stats else { return Ok(()) };
    let json = engine.stats_json();
    match target {
        None => write_stderr((json + "\n").as_bytes()),
        Some(file) => {
            std::fs::write(file, json + "\n").map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        }
    }
    Ok(())
}
