//! The front end on megabytes of source: how fast texts become tokens, trees and bytecode.
//!
//! `cargo bench -p moonwake-lang --bench front [file...]`. Without files, the texts are the programs of `benchmarks/programs`, over and
//! over, and a few that are generated. The best of five runs counts, in time of the processor. With `MOONWAKE_BENCH_KEEP=folder` the texts
//! are kept, for others to read.

#![allow(unsafe_code)]

use moonwake_lang::compile::compile;
use moonwake_lang::parse::parse;
use std::fmt::Write;
use std::hint::black_box;
use std::path::Path;

const BYTES: usize = 10 << 20;

/// The benchmark programs, each in a function of its own.
fn programs() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/programs");
    let mut files: Vec<_> =
        folder.read_dir().expect("the programs are there").map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "lua"));
    files.sort();
    let texts: Vec<_> = files.iter().map(|path| std::fs::read_to_string(path).expect("it can be read")).collect();
    let mut all = String::new();
    while all.len() < BYTES {
        for text in &texts {
            write!(all, "do local function program(...)\n{text}\nend end\n").expect("a string takes everything");
        }
    }
    all
}

/// What generators of data write: tables, a line an entry.
fn data() -> String {
    let mut all = String::new();
    for part in 0.. {
        if all.len() >= BYTES {
            break;
        }
        let _ = writeln!(all, "function part{part}() return {{");
        for i in 0..1000 {
            let _ = writeln!(
                all,
                "  {{ id = {i}, name = \"entry {}\", weight = {}.5, tags = {{ 'a', 'b' }} }},",
                i + part,
                i % 100
            );
        }
        all.push_str("} end\n");
    }
    all
}

/// 100,000 lines of simple statements in functions of a hundred.
fn lines() -> String {
    let mut all = String::new();
    for i in 0..1000 {
        let _ = writeln!(all, "function f{i}(a, b, c)");
        for j in 0..98 {
            let _ = writeln!(all, "  a.x{j} = b[{j}] + c * {j} - (a.x{j} or 0)");
        }
        all.push_str("end\n");
    }
    all
}

/// Seconds that this thread has run.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to the structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn best(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = processor_time();
        run();
        processor_time() - start
    };
    (0..5).map(time).fold(f64::INFINITY, f64::min)
}

fn report(name: &str, source: &[u8]) {
    if let Some(folder) = std::env::var_os("MOONWAKE_BENCH_KEEP") {
        std::fs::write(Path::new(&folder).join(name), source).expect("the folder is there");
    }
    let megabytes = source.len() as f64 / 1e6;
    let parsing = best(|| drop(black_box(parse(source, b"=bench"))));
    let all = best(|| drop(black_box(compile(source, b"=bench"))));
    match compile(source, b"=bench") {
        Ok(_) => println!(
            "{name:<12} {megabytes:5.1} MB  parsed at {:5.1} MB/s  compiled at {:5.1} MB/s",
            megabytes / parsing,
            megabytes / all
        ),
        Err(error) => println!("{name}: {error:?}"),
    }
}

fn main() {
    let files: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    for file in &files {
        report(file, &std::fs::read(file).expect("the file can be read"));
    }
    if files.is_empty() {
        report("programs", programs().as_bytes());
        report("data", data().as_bytes());
        report("lines", lines().as_bytes());
    }
}
