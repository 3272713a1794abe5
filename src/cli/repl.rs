//! The interactive prompt.
//!
//! A line is read as an expression first, whose values are printed, and as statements otherwise. Input that is unfinished (the syntax error
//! is at the end of it) asks for more lines. The history is kept in a file in the user's home.

use super::interrupt::interruptible;
use moonwake::{Engine, Incomplete};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use std::path::PathBuf;

const PROMPT: &str = "> ";
const MORE: &str = ">> ";

/// Reads and runs lines until the input ends.
pub fn run(engine: &mut Engine) {
    let config = Config::builder().auto_add_history(false).build();
    let Ok(mut editor) = Editor::<(), FileHistory>::with_config(config) else {
        eprintln!("moonwake: the terminal cannot be used");
        return;
    };
    let history = history_file();
    if let Some(file) = &history {
        // No history yet is no error.
        let _ = editor.load_history(file);
    }
    while let Some(text) = read_chunk(&mut editor, engine) {
        if text.trim().is_empty() {
            continue;
        }
        let is_new = editor.add_history_entry(text.trim_end()).unwrap_or(false);
        if let (true, Some(file)) = (is_new, &history) {
            // At once, for the line may end the program.
            let _ = editor.append_history(file);
        }
        if let Err(message) = interruptible(engine, |engine| engine.evaluate(text.as_bytes())) {
            eprintln!("{message}");
        }
    }
}

/// One complete chunk; `None` at the end of the input.
fn read_chunk(editor: &mut Editor<(), FileHistory>, engine: &mut Engine) -> Option<String> {
    let mut text = String::new();
    loop {
        match editor.readline(if text.is_empty() { PROMPT } else { MORE }) {
            Ok(line) => {
                text.push_str(&line);
                if engine.completeness(text.as_bytes()) != Incomplete::NeedsMore {
                    return Some(text);
                }
                text.push('\n');
            }
            Err(ReadlineError::Interrupted) if text.is_empty() => eprintln!("(Ctrl-D leaves)"),
            Err(ReadlineError::Interrupted) => text.clear(),
            Err(_) => return None,
        }
    }
}

fn history_file() -> Option<PathBuf> {
    std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".moonwake_history"))
}
