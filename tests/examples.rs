//! Every example runs and finds its own results right, with the JIT on and off; and the ggml hot loop stays inside its trace.

use std::path::Path;
use std::process::{Command, Output};

fn moonwake(options: &[&str], script: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_moonwake"))
        .args(["-I", moonwake_ggml::INCLUDE_DIR, "-L", moonwake_ggml::LIB_DIR])
        .args(options)
        .arg(script)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("moonwake starts")
}

fn run(options: &[&str], script: &Path) -> String {
    let output = moonwake(options, script);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {options:?} failed:\n{text}\n{err}", script.display());
    text
}

fn examples(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).expect("the examples are there").map(|e| e.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|e| e == "lua")).collect()
}

#[test]
fn examples_check_their_own_results() {
    let mut count = 0;
    for script in examples("examples").into_iter().chain(examples("examples/ggml")) {
        run(&[], &script);
        run(&["-joff"], &script);
        count += 1;
    }
    assert!(count >= 6, "only {count} examples were found");
}

/// The number after `"key": ` in a JSON text.
fn number(json: &str, key: &str) -> f64 {
    let start = json.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key} in {json}")) + key.len() + 3;
    let rest = json[start..].trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().expect("a number")
}

#[test]
fn the_ggml_hot_loop_calls_from_compiled_code() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ggml/hot_loop.lua");
    let target = format!("{}/hot_loop_stats.json", env!("CARGO_TARGET_TMPDIR"));
    run(&[&format!("--stats={target}")], &script);
    let json = std::fs::read_to_string(target).expect("the statistics were written");
    let (compiled, interpreted) = (number(&json, "compiled"), number(&json, "interpreter"));
    assert!(compiled >= 0.99 * (compiled + interpreted), "{compiled} calls were compiled, {interpreted} were not");
    assert!(compiled > 10_000.0, "only {compiled} native calls were made");
    let exits = number(&json, "side_exits");
    assert!(exits * 100.0 < compiled, "{exits} side exits for {compiled} calls");
}
