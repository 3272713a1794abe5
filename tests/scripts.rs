//! Every script in `tests/lua` prints the same with the JIT on, off and in both stress modes: what its `.out` file says, which is what LuaJIT
//! printed where that is the reference.
//!
//! Run with `BLESS=1` to write the `.out` files anew from the interpreter's output; read the difference before committing it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The modes, with their options.
const MODES: [(&str, &[&str]); 4] = [
    ("off", &["-joff"]),
    ("on", &["-Ohotloop=3", "-Ohotexit=2"]),
    ("stress", &["--stress"]),
    ("stress in slices", &["--stress=slices"]),
];

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lua");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the scripts are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "lua"))
        .collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

/// What a script prints, and how it ends. It gets a small native stack: a handler of the interpreter that does not leave by a jump, be it
/// only while instructions are recorded, soon needs more.
fn run(script: &Path, options: &[&str]) -> String {
    let output = Command::new("sh")
        .args(["-c", "ulimit -s 3072 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_moonwake")])
        .args(options)
        .arg(script.file_name().expect("a script has a name"))
        .current_dir(script.parent().expect("a script is in a folder"))
        .output()
        .expect("moonwake starts");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        text.push_str(&format!("[{}]\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    text
}

#[test]
fn scripts_print_the_same_in_every_mode() {
    let mut failures = Vec::new();
    for script in scripts() {
        let expected_file = script.with_extension("out");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected_file, run(&script, MODES[0].1)).expect("the expected output can be written");
        }
        let expected = std::fs::read_to_string(&expected_file)
            .unwrap_or_else(|e| panic!("{} has no expected output: {e}", script.display()));
        for (mode, options) in MODES {
            let got = run(&script, options);
            if got != expected {
                failures.push(format!(
                    "{} with the JIT {mode}:\n{}",
                    script.display(),
                    first_difference(&expected, &got)
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// The scripts by which `lang` tests the standard library check themselves; here compiled code runs them.
#[test]
fn library_scripts_pass_when_compiled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lang/tests/stdlib");
    let entries = std::fs::read_dir(folder).expect("the scripts are there");
    let mut scripts: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|e| e == "lua"));
    scripts.sort();
    let mut failures = Vec::new();
    for script in scripts {
        for (mode, options) in &MODES[1..] {
            let text = run(&script, options);
            if text.contains("[exit status") || text.contains("[signal") {
                failures.push(format!("{} with the JIT {mode}:\n{text}", script.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn first_difference(expected: &str, got: &str) -> String {
    let mut lines = expected.lines().zip(got.lines()).enumerate();
    match lines.find(|(_, (e, g))| e != g) {
        Some((n, (e, g))) => format!("line {}:\n  expected: {e}\n  got:      {g}", n + 1),
        None => format!("expected {} lines, got {}:\n{got}", expected.lines().count(), got.lines().count()),
    }
}
