//! The interactive prompt.
//!
//! A line is read as an expression first, whose values are printed, and as statements otherwise. Input that is unfinished (the syntax error
//! is at the end of it) asks for more lines. The history is kept in a file in the user's home. The globals `_PROMPT` and `_PROMPT2` replace
//! the prompts. Input that is no terminal is read as it is, and prompted for all the same, as by LuaJIT.

use super::signals::interruptible;
use moonwake::{Engine, Incomplete};
use moonwake_lang::stdlib::io::stream::{Standard, Stream, flush_all, write_stderr, write_stdout};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use std::io::IsTerminal;
use std::path::PathBuf;

const PROMPT: &str = "> ";
const MORE: &str = ">> ";

/// Where lines come from.
enum Input {
    Terminal { editor: Box<Editor<(), FileHistory>>, history: Option<PathBuf> },
    Plain,
}

impl Input {
    fn new() -> Result<Input, ReadlineError> {
        if !std::io::stdin().is_terminal() {
            return Ok(Input::Plain);
        }
        let config = Config::builder().auto_add_history(false).build();
        let mut editor = Box::new(Editor::<(), FileHistory>::with_config(config)?);
        let history = history_file();
        if let Some(file) = &history {
            // No history yet is no error.
            let _ = editor.load_history(file);
        }
        Ok(Input::Terminal { editor, history })
    }

    /// The next line, without its end.
    fn read_line(&mut self, prompt: &[u8]) -> Result<Vec<u8>, ReadlineError> {
        match self {
            Input::Terminal { editor, .. } => Ok(editor.readline(&*String::from_utf8_lossy(prompt))?.into_bytes()),
            Input::Plain => {
                write_stdout(prompt);
                flush_all();
                // What chunks read follows the line.
                let mut input = Stream::standard(Standard::Input);
                let line = input.read_line().ok_or(ReadlineError::Eof)?;
                Ok(line.strip_suffix(b"\n").unwrap_or(line).to_vec())
            }
        }
    }

    fn remember(&mut self, text: &[u8]) {
        if let Input::Terminal { editor, history } = self {
            let text = String::from_utf8_lossy(text);
            let is_new = editor.add_history_entry(text.trim_end()).unwrap_or(false);
            if let (true, Some(file)) = (is_new, history) {
                // At once, for the line may end the program.
                let _ = editor.append_history(file);
            }
        }
    }
}

/// Reads and runs lines until the input ends.
pub fn run(engine: &mut Engine) {
    let Ok(mut input) = Input::new() else {
        complain(b"moonwake: the terminal cannot be used");
        return;
    };
    while let Some(text) = read_chunk(&mut input, engine) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        input.remember(&text);
        match interruptible(engine, |engine| engine.evaluate(&text)) {
            Err(message) if !message.is_empty() => complain(&message),
            _ => {}
        }
    }
    write_stdout(b"\n");
    flush_all();
}

fn complain(message: &[u8]) {
    write_stderr(&[message, b"\n"].concat());
}

/// One complete chunk; `None` at the end of the input.
fn read_chunk(input: &mut Input, engine: &mut Engine) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let prompt = if text.is_empty() { prompt(engine, "_PROMPT", PROMPT) } else { prompt(engine, "_PROMPT2", MORE) };
        match input.read_line(&prompt) {
            Ok(line) => {
                text.extend(line);
                if engine.completeness(&text) != Incomplete::NeedsMore {
                    return Some(text);
                }
                text.push(b'\n');
            }
            Err(ReadlineError::Interrupted) if text.is_empty() => complain(b"(Ctrl-D leaves)"),
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(_) => return None,
        }
    }
}

/// The text of a global variable, or what stands for it.
fn prompt(engine: &mut Engine, variable: &str, default: &str) -> Vec<u8> {
    engine.global_text(variable).unwrap_or_else(|| default.into())
}

fn history_file() -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".moonwake_history"))
}
