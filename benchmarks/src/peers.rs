//! Who runs the programs: one table of peers, where each is found, and the command that runs a program on it.

use crate::natives::Natives;
use crate::programs::{Needs, Program};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The language whose files a peer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `NAME.lua`, with the `ffi` library or without.
    Lua {
        /// Whether programs that need `ffi` run.
        ffi: bool,
    },
    /// `NAME.c`, compiled.
    C,
    /// `NAME.py`.
    Python,
}

/// Where a peer's program comes from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// Built in this workspace, in the release profile.
    Workspace,
    /// Built by our build script.
    Built(&'static str),
    /// Whatever the C compiler made.
    Compiled,
    /// Taken along if it happens to be on PATH.
    OnPath(&'static str),
}

/// Something that runs programs.
#[derive(Debug)]
pub struct Peer {
    /// The name in tables and in `--peers`.
    pub name: &'static str,
    /// What it runs.
    pub language: Language,
    /// The options between its program and the script.
    options: &'static [&'static str],
    /// The executable; for C, the empty program.
    executable: PathBuf,
}

const LUA: Language = Language::Lua { ffi: false };
const LUA_FFI: Language = Language::Lua { ffi: true };

/// Every peer that we know: name, language, options, origin.
const PEERS: &[(&str, Language, &[&str], Origin)] = &[
    ("moonwake", LUA_FFI, &[], Origin::Workspace),
    ("moonwake -joff", LUA_FFI, &["-joff"], Origin::Workspace),
    ("luajit", LUA_FFI, &[], Origin::Built(crate::LUAJIT)),
    ("luajit -joff", LUA_FFI, &["-joff"], Origin::Built(crate::LUAJIT)),
    ("lua54", LUA, &[], Origin::Built(crate::LUA54)),
    ("c", Language::C, &[], Origin::Compiled),
    ("pypy3", Language::Python, &[], Origin::OnPath("pypy3")),
    ("python3", Language::Python, &[], Origin::OnPath("python3")),
];

/// The names of all peers, present or not.
pub fn names() -> impl Iterator<Item = &'static str> {
    PEERS.iter().map(|&(name, ..)| name)
}

/// Finds the peers that `wanted` accepts. `moonwake` is this workspace's binary, or why there is none. What is wanted and not
/// there comes back as a line each.
pub fn find(
    wanted: impl Fn(&str) -> bool,
    moonwake: &Result<PathBuf, String>,
    natives: &Natives,
) -> (Vec<Peer>, Vec<String>) {
    let (mut peers, mut missing) = (Vec::new(), Vec::new());
    for &(name, language, options, origin) in PEERS.iter().filter(|&&(name, ..)| wanted(name)) {
        let executable = match origin {
            Origin::Workspace => moonwake.clone(),
            Origin::Built(path) => Ok(PathBuf::from(path)),
            Origin::Compiled => natives.empty(),
            Origin::OnPath(program) => on_path(program).ok_or_else(|| format!("no {program} on PATH")),
        };
        match executable {
            Ok(executable) => peers.push(Peer { name, language, options, executable }),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    (peers, missing)
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

impl Peer {
    /// The command that runs a program, at its own size or another; `None` if this peer cannot run it.
    ///
    /// # Errors
    /// A line, when the C twin does not compile.
    pub fn command(&self, program: &Program, size: Option<&str>, natives: &Natives) -> Result<Option<Command>, String> {
        let command = match self.language {
            Language::Lua { ffi: false } if program.needs != Needs::Nothing => None,
            Language::Lua { .. } => program.source("lua").map(|source| {
                let mut command = self.with(&source);
                if program.needs == Needs::Calls {
                    command.arg(natives.library());
                }
                command
            }),
            Language::Python => program.source("py").map(|source| self.with(&source)),
            Language::C => natives.twin(program)?.map(Command::new),
        };
        Ok(command.map(|mut command| {
            command.args(size);
            command
        }))
    }

    /// The command that runs an empty program: the cost of starting and ending.
    pub fn start_up(&self) -> Command {
        let mut command = self.with(Path::new(match self.language {
            Language::Lua { .. } => "-e",
            Language::Python => "-c",
            Language::C => return Command::new(&self.executable),
        }));
        command.arg("");
        command
    }

    fn with(&self, first: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(self.options).arg(first);
        command
    }
}
