//! Random programs must print the same on moonwake as on LuaJIT, messages of errors included.
//!
//!     cargo test --test differential -- --programs 100000 --from 1
//!
//! `cargo test` alone compares a few hundred programs of fixed seeds. A difference is shrunk to a few lines and printed with
//! both outputs and with the seed that brings it back. This is a test without libtest's harness, so that it has options of its
//! own; libtest's are let through.
//!
//! [`generate`] makes programs, [`tree`] is what they are made of, [`subjects`] runs them, [`shrink`] makes failing ones small.

mod generate;
mod random;
mod shrink;
mod subjects;
mod tree;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, thread};
use subjects::{REFERENCE, Runner, SUBJECTS, Subject};
use tree::Node;

struct Options {
    programs: u64,
    from: u64,
    batch: u64,
    jobs: usize,
    differences: usize,
    /// Each with of how many batches one runs on it.
    subjects: Vec<(&'static Subject, u64)>,
    /// Print the programs in place of running them.
    show: bool,
    /// Another test was asked for.
    skip: bool,
}

const USAGE: &str = "cargo test --test differential -- [options]
  --programs N      how many programs (400)
  --from SEED       the seed of the first; the others' follow (1)
  --batch N         programs in one process (40)
  --jobs N          processes at a time (one for each processor)
  --differences N   stop after so many (5)
  --subject NAME    compare this one; may be given again (all of moonwake; some under stress)
  --show            print the programs, and run none
";

fn main() -> ExitCode {
    match parse(env::args().skip(1)).and_then(|options| if options.skip { Ok(true) } else { run(&options) }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("differential: {why}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options {
        programs: 400,
        from: 1,
        batch: 40,
        jobs,
        differences: 5,
        subjects: Vec::new(),
        show: false,
        skip: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value\n{USAGE}"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("'{text}' is not a whole number"));
        match word.as_str() {
            "--programs" => options.programs = number(value()?)?,
            "--from" => options.from = number(value()?)?,
            "--batch" => options.batch = number(value()?)?.max(1),
            "--jobs" => options.jobs = number(value()?)?.max(1) as usize,
            "--differences" => options.differences = number(value()?)?.max(1) as usize,
            "--subject" => {
                let name = value()?;
                let known = SUBJECTS.iter().find(|subject| subject.name == name);
                let names: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name).collect();
                let known = known.ok_or(format!("there is no subject '{name}', only {}", names.join(", ")))?;
                options.subjects.push((known, 1));
            }
            "--show" => options.show = true,
            "--list" => options.skip = true,
            "--help" => return Err(format!("usage: {USAGE}")),
            // The rest is libtest's: options such as --nocapture, and names of tests to run.
            other if other.starts_with('-') => {}
            name => options.skip |= !"differential".contains(name),
        }
    }
    if options.subjects.is_empty() {
        options.subjects = SUBJECTS.iter().map(|subject| (subject, subject.one_in)).filter(|row| row.1 > 0).collect();
    }
    Ok(options)
}

/// Whether all programs printed the same everywhere.
fn run(options: &Options) -> Result<bool, String> {
    shrink::self_test()?;
    let seeds = options.from..options.from.saturating_add(options.programs);
    if options.show {
        for seed in seeds {
            print!("-- seed {seed}\n{}", generate::program(seed).text());
        }
        return Ok(true);
    }
    let start = Instant::now();
    let runner = Runner::new();
    let (next, found) = (AtomicU64::new(seeds.start), AtomicUsize::new(0));
    let failure = Mutex::new(None);
    let work = || {
        while found.load(Ordering::Relaxed) < options.differences {
            let first = next.fetch_add(options.batch, Ordering::Relaxed);
            if first >= seeds.end {
                return;
            }
            let batch = first..first.saturating_add(options.batch).min(seeds.end);
            if let Err(why) = compare(&runner, options, batch, &found) {
                found.store(usize::MAX, Ordering::Relaxed);
                if let Ok(mut failure) = failure.lock() {
                    *failure = Some(why);
                }
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(work);
        }
    });
    if let Some(why) = failure.into_inner().unwrap_or(None) {
        return Err(why);
    }
    let (count, names) = (
        found.into_inner(),
        options.subjects.iter().map(|&(subject, one_in)| match one_in {
            1 => subject.name.to_owned(),
            _ => format!("{} (one in {one_in})", subject.name),
        }),
    );
    println!(
        "differential: {} programs from seed {} on {}: {} in {:.1} s",
        options.programs,
        options.from,
        names.collect::<Vec<_>>().join(", "),
        if count == 0 { "no difference".to_owned() } else { format!("{count} differences") },
        start.elapsed().as_secs_f32()
    );
    Ok(count == 0)
}

/// Compares one batch of seeds on all subjects, and reports what differs.
fn compare(runner: &Runner, options: &Options, seeds: std::ops::Range<u64>, found: &AtomicUsize) -> Result<(), String> {
    let programs: Vec<Node> = seeds.clone().map(generate::program).collect();
    let texts: Vec<String> = programs.iter().map(Node::text).collect();
    let expected = runner.run(&REFERENCE, &texts)?;
    if let Some(index) = expected.iter().position(|text| dies(text)) {
        let seed = seeds.start + index as u64;
        return Err(format!("the generator made what {} fails on, seed {seed}: {}", REFERENCE.name, expected[index]));
    }
    let batch = (seeds.start - options.from) / options.batch;
    for &(subject, one_in) in &options.subjects {
        if !batch.is_multiple_of(one_in) {
            continue;
        }
        let printed = runner.run(subject, &texts)?;
        for index in 0..texts.len() {
            if printed[index] == expected[index] {
                continue;
            }
            if found.fetch_add(1, Ordering::Relaxed) >= options.differences {
                return Ok(());
            }
            report(runner, subject, &programs[..=index], seeds.start)?;
        }
    }
    Ok(())
}

/// Prints a difference that the last of some programs shows, shrunk.
fn report(runner: &Runner, subject: &Subject, programs: &[Node], first_seed: u64) -> Result<(), String> {
    // What the last program prints on both, if that is not the same. When the process fails, all programs have run alone.
    let differing = |programs: &[Node]| {
        let texts: Vec<String> = programs.iter().map(Node::text).collect();
        let (expected, printed) =
            (runner.run(&REFERENCE, &texts).ok()?.pop()?, runner.run(subject, &texts).ok()?.pop()?);
        (expected != printed).then_some((expected, printed))
    };
    let seed = first_seed + programs.len() as u64 - 1;
    println!("\n=== seed {seed}: {} differs from {}", subject.name, REFERENCE.name);
    let alone = &programs[programs.len() - 1..];
    let Some((programs, outputs)) =
        [alone, programs].into_iter().find_map(|programs| Some((programs, differing(programs)?)))
    else {
        println!("it does not do so when it is tried again");
        return Ok(());
    };
    // A process that fails and an output that differs are different findings: one may not shrink into the other.
    let small = shrink::shrink(programs.to_vec(), |programs| {
        differing(programs).is_some_and(|(expected, printed)| {
            dies(&expected) == dies(&outputs.0) && dies(&printed) == dies(&outputs.1)
        })
    });
    let texts: Vec<String> = small.iter().map(Node::text).collect();
    print!("{}", texts.join("-- then, in the same process:\n"));
    let (expected, printed) = differing(&small).unwrap_or(outputs);
    print!("{}", difference(&expected, &printed));
    let (from, count) = (seed + 1 - programs.len() as u64, programs.len());
    println!("again: cargo test --test differential -- --from {from} --programs {count} --subject '{}'", subject.name);
    Ok(())
}

/// Whether this tells of a process that failed, in place of a program's output.
fn dies(output: &str) -> bool {
    output.starts_with("the process fails")
}

/// The first line in which two outputs differ, both ways.
fn difference(expected: &str, printed: &str) -> String {
    let (mut left, mut right) = (expected.lines(), printed.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return String::new(),
            (one, other) if one != other => {
                let (one, other) = (one.unwrap_or("(nothing)"), other.unwrap_or("(nothing)"));
                return format!("--- expected: {one}\n--- printed:  {other}\n");
            }
            _ => {}
        }
    }
}
