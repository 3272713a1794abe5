//! One-line programs and what they return: expressions, assignments, closures, loops, calls and LuaJIT's further syntax.
//!
//! `tests/results.txt` holds a program a line, with its results (or its error) below it. They are LuaJIT's, taken down by running it.

use moonwake_lang::compile::compile;
use moonwake_lang::stdlib;
use moonwake_lang::value::Value;
use moonwake_lang::vm::Vm;

/// A value in the notation of the file.
fn show(value: Value) -> String {
    if value.is_number() {
        let n = value.as_f64();
        return match n {
            _ if n.is_nan() => "nan".into(),
            _ if n == n.floor() && n.abs() < 1e15 => {
                format!("{}{}", if n == 0.0 && n.is_sign_negative() { "-" } else { "" }, n as i64)
            }
            _ => n.to_string(),
        };
    }
    match value.as_str() {
        Some(string) => String::from_utf8_lossy(string.bytes()).into_owned(),
        None if value.is_nil() => "nil".into(),
        None if value == Value::TRUE => "true".into(),
        None if value == Value::FALSE => "false".into(),
        None if value.as_table().is_some() => "table".into(),
        None => "function".into(),
    }
}

fn run(source: &str) -> String {
    let prototype = match compile(source.as_bytes(), b"=t") {
        Ok(prototype) => prototype,
        Err(error) => return error.to_string(),
    };
    let mut vm = Vm::new();
    stdlib::open(&mut vm);
    let main = vm.instantiate(prototype);
    match vm.call(main.into(), &[]) {
        Ok(values) => values.into_iter().map(show).collect::<Vec<_>>().join(" "),
        Err(error) => format!("error: {}", show(error.value)),
    }
}

#[test]
fn programs_return_what_they_return_in_luajit() {
    let mut lines = include_str!("results.txt").lines();
    let (mut count, mut wrong) = (0, Vec::new());
    while let (Some(source), Some(expected)) = (lines.next(), lines.next()) {
        let expected = expected.strip_prefix("    ").expect("results are indented");
        let result = run(source);
        if result != expected {
            wrong.push(format!("{source}\n    expected {expected}\n    was      {result}"));
        }
        count += 1;
    }
    assert!(count > 300);
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
