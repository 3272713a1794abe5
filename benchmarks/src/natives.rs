//! What has to be compiled before a round: the C twins, and the shared library that the call benchmarks call.
//!
//! Everything is compiled by `cc -O2` for the baseline processor, as a C programmer would by default, on every run: that takes
//! a tenth of a second a file, and nothing can be out of date.

use crate::programs::{Needs, Program, folder};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of compiled files, with the library in it.
#[derive(Debug)]
pub struct Natives {
    folder: PathBuf,
}

impl Natives {
    /// Compiles the library into `target`, which is made when it is missing.
    ///
    /// # Errors
    /// A line that says what could not be made or compiled.
    pub fn new(target: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&target).map_err(|e| format!("cannot make {}: {e}", target.display()))?;
        let natives = Natives { folder: target };
        compile(cc().args(["-shared", "-fPIC"]).arg(folder("native").join("calls.c")), &natives.library())?;
        Ok(natives)
    }

    /// The shared library of `native/calls.c`.
    pub fn library(&self) -> PathBuf {
        self.folder.join("libcalls.so")
    }

    /// Compiles a program's C twin; `None` when it has none.
    ///
    /// # Errors
    /// A line that names the file that does not compile.
    pub fn twin(&self, program: &Program) -> Result<Option<PathBuf>, String> {
        let Some(source) = program.source("c") else { return Ok(None) };
        let target = self.folder.join(program.name);
        let mut command = cc();
        command.arg("-I").arg(folder("native")).arg(source);
        if program.needs == Needs::Calls {
            command.arg(self.library()).arg("-Wl,-rpath,$ORIGIN");
        }
        compile(command.arg("-lm"), &target)?;
        Ok(Some(target))
    }

    /// An empty C program, whose start-up is subtracted from the twins' times.
    ///
    /// # Errors
    /// A line, when the compiler fails.
    pub fn empty(&self) -> Result<PathBuf, String> {
        let source = self.folder.join("empty.c");
        fs::write(&source, "int main(void) { return 0; }\n")
            .map_err(|e| format!("cannot write {}: {e}", source.display()))?;
        let target = self.folder.join("empty");
        compile(cc().arg(source), &target)?;
        Ok(target)
    }
}

fn cc() -> Command {
    let mut command = Command::new("cc");
    command.args(["-O2", "-std=gnu11"]);
    command
}

fn compile(command: &mut Command, target: &Path) -> Result<(), String> {
    let output = command.arg("-o").arg(target).output().map_err(|e| format!("cannot run cc: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.contains("error")).unwrap_or("no message");
    Err(format!("cc cannot make {}: {line}", target.display()))
}
