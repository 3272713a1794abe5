//! Running what the command line asks for.

use super::interrupt::interruptible;
use super::options::{Action, Bytecode, Options, Script, usage};
use super::repl;
use moonwake::{Config, Engine};
use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;

/// The version line.
pub const VERSION: &str =
    concat!("moonwake ", env!("CARGO_PKG_VERSION"), " -- a tracing JIT compiler and FFI for Lua 5.1");

/// Runs the program with these words and returns its exit status.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("moonwake: {problem}");
            eprint!("{}", usage("moonwake"));
            return ExitCode::FAILURE;
        }
    };
    if options.help {
        print!("{}", usage("moonwake"));
        return ExitCode::SUCCESS;
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            report(&message);
            ExitCode::FAILURE
        }
    }
}

/// Writes an error as `lua` does: the program's name, the message, the traceback.
fn report(message: &[u8]) {
    if message.is_empty() {
        return;
    }
    let mut err = std::io::stderr().lock();
    // Nothing can be done about a standard error that is closed.
    let _ = err.write_all(b"moonwake: ").and_then(|()| err.write_all(message)).and_then(|()| err.write_all(b"\n"));
}

fn run(options: Options) -> Result<(), Vec<u8>> {
    let mut engine = Engine::new(config(&options)).map_err(String::into_bytes)?;
    for command in &options.jit_commands {
        engine.jit_command(command).map_err(String::into_bytes)?;
    }
    for setting in &options.optimisations {
        engine.optimisation(setting).map_err(String::into_bytes)?;
    }
    if options.version {
        println!("{VERSION}");
    }
    let result = interruptible(&mut engine, |engine| run_actions(&options, engine));
    engine.close();
    let stats = write_stats(&options, &mut engine);
    result.and(stats)
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
        config.include_dirs.push(PathBuf::from(moonwake_ggml::INCLUDE_DIR));
        config.library_dirs.push(PathBuf::from(moonwake_ggml::LIB_DIR));
    }
    if !options.ignore_environment {
        config.environment = true;
    }
    config
}

fn run_actions(options: &Options, engine: &mut Engine) -> Result<(), Vec<u8>> {
    let interactive = options.interactive
        || (options.script.is_none() && !options.has_chunk && !options.version && std::io::stdin().is_terminal());
    if let Some(bytecode) = options.bytecode {
        return write_bytecode(options, bytecode, engine);
    }
    set_arguments(options, engine);
    if !options.ignore_environment
        && let Some(init) = std::env::var_os("LUA_INIT")
    {
        match init.as_bytes() {
            [b'@', file @ ..] => engine.run_file(&PathBuf::from(std::ffi::OsStr::from_bytes(file)), &[])?,
            source => engine.run_source(source, b"=LUA_INIT", &[])?,
        }
    }
    for action in &options.actions {
        match action {
            Action::Chunk(source) => engine.run_source(source.as_bytes(), b"=(command line)", &[])?,
            Action::Require(name) => engine.require(name.as_bytes())?,
        }
    }
    let args: Vec<&[u8]> = options.script_args.iter().map(|a| a.as_bytes()).collect();
    match &options.script {
        Some(Script::File(file)) => engine.run_file(&PathBuf::from(file), &args)?,
        Some(Script::Stdin) => engine.run_source(&read_stdin()?, b"=stdin", &args)?,
        None if !interactive && !options.has_chunk && !options.version => {
            engine.run_source(&read_stdin()?, b"=stdin", &args)?;
        }
        None => {}
    }
    if interactive {
        if !options.version {
            println!("{VERSION}");
        }
        repl::run(engine);
    }
    Ok(())
}

fn read_stdin() -> Result<Vec<u8>, Vec<u8>> {
    let mut source = Vec::new();
    std::io::stdin().read_to_end(&mut source).map_err(|e| format!("cannot read stdin: {e}").into_bytes())?;
    Ok(source)
}

/// Lists or saves the bytecode of the script, of `-e`'s chunk or of standard input.
fn write_bytecode(options: &Options, wanted: Bytecode, engine: &mut Engine) -> Result<(), Vec<u8>> {
    let mut files = options.script_args.iter();
    let (source, name) = match (options.actions.last(), &options.script) {
        (Some(Action::Chunk(source)), script) => {
            if let Some(Script::File(output)) = script {
                files = std::slice::from_ref(output).iter();
            }
            (source.as_bytes().to_vec(), b"=(command line)".to_vec())
        }
        (_, Some(Script::File(file))) => {
            let source = std::fs::read(file).map_err(|e| format!("cannot open {}: {e}", file.display()))?;
            (source, [b"@", file.as_bytes()].concat())
        }
        _ => (read_stdin()?, b"=stdin".to_vec()),
    };
    let output = files.next();
    let bytes = match (wanted.list, output) {
        (true, _) => engine.list_bytecode(&source, &name)?.into_bytes(),
        (false, Some(_)) => engine.dump_bytecode(&source, &name, !wanted.debug_info)?,
        (false, None) => return Err(b"-b needs a file to save the bytecode in; -bl lists it".to_vec()),
    };
    match output.filter(|file| *file != "-") {
        Some(file) => {
            std::fs::write(file, bytes).map_err(|e| format!("cannot write {}: {e}", file.display()).into_bytes())
        }
        None => std::io::stdout().write_all(&bytes).map_err(|e| format!("cannot write: {e}").into_bytes()),
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
        None => eprintln!("{json}"),
        Some(file) => {
            std::fs::write(file, json + "\n").map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        }
    }
    Ok(())
}
