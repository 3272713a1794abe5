//! The command line's options: one table, from which the usage text comes too.
//!
//! They are spelled as LuaJIT spells them. Options end at the first word that is no option (the script), at `-` (the script comes from
//! standard input) or at `--`.

use moonwake::Stress;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What one option does with its value.
enum Effect {
    Flag(fn(&mut Options)),
    /// The value follows in the same word or the next.
    Value(fn(&mut Options, OsString) -> Result<(), String>),
    /// The value, if there is one, follows in the same word.
    Optional(fn(&mut Options, OsString) -> Result<(), String>),
    /// What follows in the same word and all words after it are no options of this table.
    Rest(fn(&mut Options, Vec<OsString>) -> Result<(), String>),
}

struct Row {
    names: &'static [&'static str],
    value: &'static str,
    help: &'static str,
    effect: Effect,
}

const TABLE: &[Row] = &[
    Row {
        names: &["-e"],
        value: "chunk",
        help: "Run this chunk.",
        effect: Effect::Value(|o, v| {
            o.actions.push(Action::Chunk(v));
            o.has_chunk = true;
            Ok(())
        }),
    },
    Row {
        names: &["-l"],
        value: "name",
        help: "Require this library.",
        effect: Effect::Value(|o, v| {
            o.actions.push(Action::Require(v));
            Ok(())
        }),
    },
    Row {
        names: &["-i"],
        value: "",
        help: "Go on interactively after the script.",
        effect: Effect::Flag(|o| o.interactive = true),
    },
    Row { names: &["-v"], value: "", help: "Show the version.", effect: Effect::Flag(|o| o.version = true) },
    Row {
        names: &["-E"],
        value: "",
        help: "Ignore environment variables.",
        effect: Effect::Flag(|o| o.ignore_environment = true),
    },
    Row {
        names: &["-j"],
        value: "command",
        help: "Control the JIT compiler: on, off, flush, v[=file], dump[=what[,file]]; or start a module: p[=what[,file]], bc[=file].",
        effect: Effect::Value(|o, v| {
            o.actions.push(Action::Jit(text("-j", v)?));
            Ok(())
        }),
    },
    Row {
        names: &["-O"],
        value: "[options]",
        help: "Set the optimisation level (0 to 3), flags (+fold, -loop) or parameters (hotloop=56) of the JIT compiler.",
        effect: Effect::Optional(|o, v| {
            o.actions.push(Action::Optimise(text("-O", v)?));
            Ok(())
        }),
    },
    Row {
        names: &["-b"],
        value: "...",
        help: "Save or list bytecode: input output, or with -bl input; -bg keeps debug information, -b alone names its options.",
        effect: Effect::Rest(|o, words| {
            if o.interactive || o.version || o.actions.iter().any(|action| !matches!(action, Action::Optimise(_))) {
                return Err("-b runs nothing: of other options only -O may stand before it".to_owned());
            }
            o.actions.push(Action::Save(words));
            o.has_chunk = true;
            Ok(())
        }),
    },
    Row {
        names: &["-I"],
        value: "dir",
        help: "Look for headers that C declarations include in this folder, too.",
        effect: Effect::Value(|o, v| {
            o.include_dirs.push(v.into());
            Ok(())
        }),
    },
    Row {
        names: &["-L"],
        value: "dir",
        help: "Look for C libraries in this folder, too.",
        effect: Effect::Value(|o, v| {
            o.library_dirs.push(v.into());
            Ok(())
        }),
    },
    Row {
        names: &["--memory"],
        value: "size",
        help: "Let scripts use at most so much memory for Lua's objects: bytes, or 64K, 64M, 4G.",
        effect: Effect::Value(|o, v| {
            let size = text("--memory", v)?;
            o.memory_limit = Some(bytes_of(&size).ok_or_else(|| format!("--memory: '{size}' is no size"))?);
            Ok(())
        }),
    },
    Row {
        names: &["--stats"],
        value: "[=file]",
        help: "At exit, write what the JIT compiler and the collector did as one JSON object, to the file or to standard error.",
        effect: Effect::Optional(|o, v| {
            o.stats = Some((!v.is_empty()).then(|| PathBuf::from(v)));
            Ok(())
        }),
    },
    Row {
        names: &["--stress"],
        value: "[=slices]",
        help: "For tests: compile every loop on its first turn and collect at every safe point, or do a small piece of that.",
        effect: Effect::Optional(|o, v| {
            o.stress = match v.as_bytes() {
                b"" => Stress::Collections,
                b"slices" => Stress::Slices,
                _ => return Err(format!("--stress is followed by nothing or by '=slices', not by '={}'", v.display())),
            };
            Ok(())
        }),
    },
    Row { names: &["-h", "--help"], value: "", help: "Show this text.", effect: Effect::Flag(|o| o.help = true) },
];

/// Something to do before the script, in the order of the command line.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// `-e`.
    Chunk(OsString),
    /// `-l`.
    Require(OsString),
    /// `-j`.
    Jit(String),
    /// `-O`.
    Optimise(String),
    /// `-b`, with all words behind it.
    Save(Vec<OsString>),
}

/// What to run.
#[derive(Debug, PartialEq)]
pub enum Script {
    /// A file.
    File(OsString),
    /// Standard input.
    Stdin,
}

/// A command line, taken apart.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    /// What is done before the script, in order.
    pub actions: Vec<Action>,
    /// Whether a chunk is among it, or one that is saved, so that standard input is none.
    pub has_chunk: bool,
    /// The script, if one is given.
    pub script: Option<Script>,
    /// Its arguments.
    pub script_args: Vec<OsString>,
    /// The words before the script, the program's name first.
    pub words_before: Vec<OsString>,
    /// `-i`.
    pub interactive: bool,
    /// `-v`.
    pub version: bool,
    /// `-h`.
    pub help: bool,
    /// `-E`.
    pub ignore_environment: bool,
    /// Each `-I`.
    pub include_dirs: Vec<PathBuf>,
    /// Each `-L`.
    pub library_dirs: Vec<PathBuf>,
    /// `--memory`, in bytes.
    pub memory_limit: Option<usize>,
    /// `--stats`, and its file.
    pub stats: Option<Option<PathBuf>>,
    /// `--stress`.
    pub stress: Stress,
}

fn text(option: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|v| format!("{option} wants text, not {}", v.display()))
}

/// "64M" as bytes.
fn bytes_of(size: &str) -> Option<usize> {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &size[digits.len()..] {
        "" => 0,
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(1 << shift)
}

impl Options {
    /// Reads a command line, whose first word is the program's name.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Options, String> {
        let mut options = Options::default();
        let mut words = words.into_iter();
        options.words_before.extend(words.next());
        while let Some(word) = words.next() {
            let bytes = word.as_bytes();
            if bytes == b"--" {
                options.words_before.push(word);
                if let Some(script) = words.next() {
                    options.script = Some(Script::File(script));
                }
                break;
            }
            if bytes == b"-" {
                options.script = Some(Script::Stdin);
                break;
            }
            if bytes.first() != Some(&b'-') {
                options.script = Some(Script::File(word));
                break;
            }
            options.words_before.push(word.clone());
            options.option(&word, &mut words)?;
        }
        options.script_args.extend(words);
        Ok(options)
    }

    fn option(&mut self, word: &OsStr, rest: &mut dyn Iterator<Item = OsString>) -> Result<(), String> {
        let bytes = word.as_bytes();
        for row in TABLE {
            for name in row.names {
                let Some(attached) = bytes.strip_prefix(name.as_bytes()) else { continue };
                let long = name.starts_with("--");
                let attached = match (long, attached) {
                    (true, [b'=', value @ ..]) => value,
                    (true, [_, ..]) => continue,
                    (_, attached) => attached,
                };
                match &row.effect {
                    Effect::Flag(set) if attached.is_empty() => set(self),
                    Effect::Flag(_) => continue,
                    Effect::Optional(set) => set(self, OsStr::from_bytes(attached).to_owned())?,
                    Effect::Rest(set) => {
                        let letters = (!attached.is_empty()).then(|| [b"-", attached].concat());
                        let letters = letters.map(|letters| OsStr::from_bytes(&letters).to_owned());
                        set(self, letters.into_iter().chain(rest).collect())?;
                    }
                    Effect::Value(set) if attached.is_empty() => {
                        let value = rest.next().ok_or_else(|| format!("{name} needs an argument: {}", row.value))?;
                        self.words_before.push(value.clone());
                        set(self, value)?;
                    }
                    Effect::Value(set) => set(self, OsStr::from_bytes(attached).to_owned())?,
                }
                return Ok(());
            }
        }
        Err(format!("unrecognized option '{}'", word.display()))
    }
}

/// The usage text.
pub fn usage(program: &str) -> String {
    let mut out = format!("usage: {program} [options]... [script [args]...]\n");
    for row in TABLE {
        let head = row.names.iter().map(|n| {
            format!("{n}{}{}", if row.value.starts_with('[') || row.value.is_empty() { "" } else { " " }, row.value)
        });
        let head = head.collect::<Vec<_>>().join(", ");
        out.push_str(&format!("  {head:<16} {}\n", row.help));
    }
    out.push_str("  -                Run standard input.\n  --               End of the options.\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, String> {
        Options::parse(std::iter::once("moonwake").chain(words.iter().copied()).map(OsString::from))
    }

    #[test]
    fn options_end_at_the_script() {
        let o = parse(&["-e", "x=1", "-joff", "-j", "v", "a.lua", "-e", "y"]).unwrap();
        assert_eq!(o.actions, [Action::Chunk("x=1".into()), Action::Jit("off".into()), Action::Jit("v".into())]);
        assert_eq!(o.script, Some(Script::File("a.lua".into())));
        assert_eq!(o.script_args, ["-e", "y"]);
        assert_eq!(o.words_before.len(), 6);
    }

    #[test]
    fn values_may_be_attached() {
        let o = parse(&["-lfoo", "-O3", "-Ohotloop=1", "--stats=out.json", "-"]).unwrap();
        let settings = ["3", "hotloop=1"].map(|setting| Action::Optimise(setting.into()));
        assert_eq!(o.actions[0], Action::Require("foo".into()));
        assert_eq!(o.actions[1..], settings);
        assert_eq!(o.stats, Some(Some("out.json".into())));
        assert_eq!(o.script, Some(Script::Stdin));
        assert_eq!(parse(&["--stats"]).unwrap().stats, Some(None));
        assert_eq!(parse(&["--memory=64M"]).unwrap().memory_limit, Some(64 << 20));
        assert_eq!(parse(&["--memory", "5000"]).unwrap().memory_limit, Some(5000));
    }

    #[test]
    fn the_words_of_b_are_its_own() {
        let o = parse(&["-O2", "-blg", "a.lua", "-n", "x"]).unwrap();
        assert_eq!(o.actions[1], Action::Save(["-lg", "a.lua", "-n", "x"].map(OsString::from).to_vec()));
        assert_eq!((o.script, &o.script_args[..]), (None, &[][..]));
        assert_eq!(parse(&["-b"]).unwrap().actions, [Action::Save(Vec::new())]);
        assert!(parse(&["-e", "x=1", "-b", "a", "b"]).is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(parse(&["-x"]).unwrap_err(), "unrecognized option '-x'");
        assert_eq!(parse(&["-ix"]).unwrap_err(), "unrecognized option '-ix'");
        assert_eq!(parse(&["-e"]).unwrap_err(), "-e needs an argument: chunk");
        assert_eq!(parse(&["--memory=1T"]).unwrap_err(), "--memory: '1T' is no size");
        assert!(parse(&["--statsx"]).is_err());
        assert_eq!(parse(&["--stress=x"]).unwrap_err(), "--stress is followed by nothing or by '=slices', not by '=x'");
    }

    #[test]
    fn the_usage_names_every_option() {
        let usage = usage("moonwake");
        for row in TABLE {
            assert!(row.names.iter().all(|name| usage.contains(name)));
        }
    }
}
