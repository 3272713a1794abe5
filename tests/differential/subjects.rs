//! The implementations that are compared, and how a batch of programs runs on one.
//!
//! Many programs share a process, since starting one costs more than running a program. When a process fails, its programs run
//! again one by one, so that the one to blame is known.

use benchmarks::measure;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// An implementation with options.
#[derive(Debug)]
pub struct Subject {
    /// Its name in `--subject` and in reports.
    pub name: &'static str,
    program: &'static str,
    options: &'static [&'static str],
    /// Of how many batches one is compared when nothing else is asked for; 0 for none. Stress takes some thirty times as long.
    pub one_in: u64,
}

const MOONWAKE: &str = env!("CARGO_BIN_EXE_moonwake");

/// What everyone must agree with. LuaJIT's interpreter, since compiled code may be wrong where it is not: LuaJIT's own takes the
/// start of `for i = -0, 3` for 0, which is the one difference in 40,000 programs between it and its interpreter.
pub const REFERENCE: Subject =
    Subject { name: "luajit -joff", program: benchmarks::LUAJIT, options: &["-joff"], one_in: 0 };

/// Whom to compare with it.
pub const SUBJECTS: &[Subject] = &[
    Subject { name: "moonwake", program: MOONWAKE, options: &[], one_in: 1 },
    Subject { name: "moonwake -joff", program: MOONWAKE, options: &["-joff"], one_in: 1 },
    Subject { name: "moonwake hot", program: MOONWAKE, options: &["-Ohotloop=1", "-Ohotexit=1"], one_in: 1 },
    Subject { name: "moonwake stress", program: MOONWAKE, options: &["--stress"], one_in: 100 },
    Subject { name: "moonwake slices", program: MOONWAKE, options: &["--stress=slices"], one_in: 50 },
    Subject { name: "luajit", program: benchmarks::LUAJIT, options: &[], one_in: 0 },
    Subject { name: "luajit hot", program: benchmarks::LUAJIT, options: &["-Ohotloop=2", "-Ohotexit=2"], one_in: 0 },
];

/// How long a process may take, and how much longer for each program in it: a thousand times what they take, and more than a machine
/// that is busy with other work needs.
const LIMIT: Duration = Duration::from_secs(20);
const LIMIT_EACH: Duration = Duration::from_millis(500);

/// Where batches are written.
pub struct Runner {
    folder: PathBuf,
    batches: AtomicUsize,
}

impl Runner {
    /// A runner that writes into cargo's folder for tests.
    pub fn new() -> Self {
        Runner { folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")), batches: AtomicUsize::new(0) }
    }

    /// What each program prints on the subject: its output, or a line that says how the process failed.
    ///
    /// # Errors
    /// When a batch cannot be written.
    pub fn run(&self, subject: &Subject, programs: &[String]) -> Result<Vec<String>, String> {
        let number = self.batches.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("differential-{}-{number}.lua", std::process::id()));
        fs::write(&path, batch(programs)).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        let count = u32::try_from(programs.len()).unwrap_or(u32::MAX);
        let mut command = Command::new(subject.program);
        command.args(subject.options).arg(&path);
        let finished = measure::run(&mut command, LIMIT + LIMIT_EACH * count).map(|finished| finished.output);
        let _ = fs::remove_file(&path);
        match finished.map(|output| split(&output)) {
            Ok(outputs) if outputs.len() == programs.len() => Ok(outputs),
            Ok(outputs) if programs.len() <= 1 => Ok(vec![outputs.concat()]),
            Err(why) if programs.len() == 1 => Ok(vec![format!("the process fails: {why}\n")]),
            _ => {
                let each = programs.iter().map(|program| self.run(subject, std::slice::from_ref(program)));
                Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
            }
        }
    }
}

/// The Lua file that runs the programs one after the other. Its own name, which is never the same, is in no message.
fn batch(programs: &[String]) -> String {
    let mut text = format!("local run = loadstring([==[{}]==], '=prelude')()\n", include_str!("prelude.lua"));
    for (index, program) in programs.iter().enumerate() {
        text += &format!("run({index}, [==[\n{program}]==])\n");
    }
    text
}

/// The parts of an output that begin with a line `@ <index>`, without that line.
fn split(output: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for line in output.lines() {
        if line.starts_with("@ ") {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}
