//! The harness of the filetests: text in, text out, compared with what the file itself holds.
//!
//! ```text
//!   test opt fold                  the command: what to do with the trace
//!   0001    num   SLOAD   #1       the trace, as a dump prints it
//!   link loop
//!   ; check: ADD                   a line of the output contains this
//!   ; not: MUL                     none does
//!   ;---- output                   everything below was written by the harness
//!   ; …
//! ```
//!
//! A file may hold several cases with an empty line between them: a rule, and its twin that shows when it must not fire.
//!
//! With `MOONWAKE_BLESS=1` the output in the files is replaced by what the commands give now; a diff then shows what changed.

use std::fmt::Write;
use std::path::{Path, PathBuf};

const OUTPUT: &str = ";---- output";
const OUTPUT_LINE: &str = ";";

/// One case of a file, taken apart.
pub struct FileTest {
    /// The file it is in, and which one it is there.
    pub name: String,
    /// The words after `test`.
    pub command: Vec<String>,
    /// The lines that are neither the command, checks nor output.
    pub body: String,
    checks: Vec<String>,
    nots: Vec<String>,
    /// Everything above the output.
    head: String,
    expected: String,
}

impl FileTest {
    /// The cases of a file, with an empty line between them.
    fn read(path: &Path) -> Vec<FileTest> {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let cases = text.split("\n\n").filter(|case| !case.trim().is_empty()).enumerate();
        cases.map(|(n, case)| FileTest::case(format!("{} case {}", path.display(), n + 1), case)).collect()
    }

    fn case(name: String, text: &str) -> FileTest {
        let (head, output) = text.split_once(OUTPUT).unwrap_or((text, ""));
        let output = output.lines().skip(1).map(|l| l.strip_prefix(OUTPUT_LINE).unwrap_or("").trim_start());
        let mut test = FileTest {
            name,
            command: Vec::new(),
            body: String::new(),
            checks: Vec::new(),
            nots: Vec::new(),
            head: head.to_owned(),
            expected: output.collect::<Vec<_>>().join("\n"),
        };
        for line in head.lines() {
            if let Some(command) = line.strip_prefix("test ") {
                test.command = command.split_whitespace().map(str::to_owned).collect();
            } else if let Some(check) = line.strip_prefix("; check: ") {
                test.checks.push(check.trim().to_owned());
            } else if let Some(not) = line.strip_prefix("; not: ") {
                test.nots.push(not.trim().to_owned());
            } else {
                test.body.push_str(line);
                test.body.push('\n');
            }
        }
        test
    }

    /// Looks for what must and must not be in the output.
    fn check(&self, output: &str) -> Result<(), String> {
        let squeezed: Vec<String> =
            output.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for check in &self.checks {
            if !squeezed.iter().any(|l| l.contains(check.as_str())) {
                return Err(format!("no line has `{check}`:\n{output}"));
            }
        }
        for not in &self.nots {
            if squeezed.iter().any(|l| l.contains(not.as_str())) {
                return Err(format!("a line has `{not}`:\n{output}"));
            }
        }
        Ok(())
    }

    /// Compares the output with what the file says.
    fn compare(&self, output: &str) -> Result<(), String> {
        match output.trim_end() == self.expected.trim_end() {
            true => Ok(()),
            false => Err(format!("expected:\n{}\ngot:\n{output}", self.expected)),
        }
    }

    /// The case with this output.
    fn blessed(&self, output: &str) -> String {
        let mut text = self.head.trim_end().to_owned();
        let _ = write!(text, "\n{OUTPUT}\n");
        for line in output.lines() {
            let _ = writeln!(text, "{}", format!("{OUTPUT_LINE} {line}").trim_end());
        }
        text
    }
}

/// Runs `command` on every case below `folder` of the filetests; it gives the output or says what is wrong with the case.
pub fn run_all(folder: &str, command: impl Fn(&FileTest) -> Result<String, String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests").join(folder);
    let bless = std::env::var_os("MOONWAKE_BLESS").is_some();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(!paths.is_empty(), "no filetests in {}", root.display());
    paths.sort();
    let mut failures = String::new();
    for path in &paths {
        let mut blessed = String::new();
        for test in FileTest::read(path) {
            let output = match command(&test) {
                Ok(output) => output,
                Err(message) => {
                    let _ = writeln!(failures, "\n==== {}\n{message}", test.name);
                    continue;
                }
            };
            if let Err(message) = test.check(&output).and_then(|()| if bless { Ok(()) } else { test.compare(&output) })
            {
                let _ = writeln!(failures, "\n==== {}\n{message}", test.name);
            }
            blessed.push_str(if blessed.is_empty() { "" } else { "\n" });
            blessed.push_str(&test.blessed(&output));
        }
        if bless && failures.is_empty() {
            std::fs::write(path, blessed).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|e| e == "ir") {
            paths.push(path);
        }
    }
}
