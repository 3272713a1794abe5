//! `cargo run --release -p benchmarks -- [options] [names]`: runs the suite and prints medians and ratios.

use benchmarks::natives::Natives;
use benchmarks::peers;
use benchmarks::programs::{PROGRAMS, Program};
use benchmarks::report::{Clock, Report};
use benchmarks::suite::{self, Outcome, Plan};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs};

struct Options {
    filters: Vec<String>,
    peers: Option<Vec<String>>,
    plan: Plan,
    clock: Clock,
    json: Option<PathBuf>,
    moonwake: Option<PathBuf>,
    /// A text to print in place of running anything.
    instead: Option<String>,
}

/// An option of the command line: its spelling, its value's name (empty for none), its help, and what it does.
struct Flag {
    name: &'static str,
    value: &'static str,
    help: &'static str,
    set: fn(&mut Options, &str) -> Result<(), String>,
}

const FLAGS: &[Flag] = &[
    Flag {
        name: "--filter",
        value: "TEXT",
        help: "run the programs whose name has TEXT in it (as a bare word does; several add up)",
        set: |o, text| {
            o.filters.push(text.to_owned());
            Ok(())
        },
    },
    Flag {
        name: "--peers",
        value: "LIST",
        help: "run these peers only, comma separated",
        set: |o, text| {
            let list: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
            match list.iter().find(|name| !peers::names().any(|known| known == name.as_str())) {
                Some(unknown) => Err(format!("there is no peer '{unknown}'")),
                None => {
                    o.peers = Some(list);
                    Ok(())
                }
            }
        },
    },
    Flag {
        name: "--rounds",
        value: "N",
        help: "how often each peer runs each program (5)",
        set: |o, text| {
            o.plan.rounds = positive(text)?;
            Ok(())
        },
    },
    Flag {
        name: "--limit",
        value: "SECONDS",
        help: "when to give up a run (120)",
        set: |o, text| {
            o.plan.limit = Duration::from_secs(positive(text)? as u64);
            Ok(())
        },
    },
    Flag {
        name: "--size",
        value: "N",
        help: "the programs' size, in place of each one's own",
        set: |o, text| {
            o.plan.size = Some(positive(text)?.to_string());
            Ok(())
        },
    },
    Flag {
        name: "--base",
        value: "PEER",
        help: "the peer that ratios are taken to (luajit)",
        set: |o, text| {
            if !peers::names().any(|known| known == text) {
                return Err(format!("there is no peer '{text}'"));
            }
            text.clone_into(&mut o.plan.base);
            Ok(())
        },
    },
    Flag {
        name: "--cpu",
        value: "",
        help: "show processor time in place of time by the wall",
        set: |o, _| {
            o.clock = Clock::Cpu;
            Ok(())
        },
    },
    Flag {
        name: "--json",
        value: "FILE",
        help: "write every sample to FILE",
        set: |o, text| {
            o.json = Some(PathBuf::from(text));
            Ok(())
        },
    },
    Flag {
        name: "--moonwake",
        value: "FILE",
        help: "measure this binary in place of the workspace's, which is built first",
        set: |o, text| {
            o.moonwake = Some(PathBuf::from(text));
            Ok(())
        },
    },
    Flag {
        name: "--list",
        value: "",
        help: "list programs and peers",
        set: |o, _| {
            let programs: Vec<&str> = PROGRAMS.iter().map(|p| p.name).collect();
            let peers: Vec<&str> = peers::names().collect();
            o.instead = Some(format!("programs: {}\npeers: {}\n", programs.join(", "), peers.join(", ")));
            Ok(())
        },
    },
    Flag {
        name: "--help",
        value: "",
        help: "show this",
        set: |o, _| {
            o.instead = Some(usage());
            Ok(())
        },
    },
];

fn usage() -> String {
    let mut text = String::from("usage: cargo run --release -p benchmarks -- [options] [names]\n");
    for flag in FLAGS {
        text += &format!("  {:20} {}\n", format!("{} {}", flag.name, flag.value), flag.help);
    }
    text
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("'{text}' is not a positive whole number")),
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        filters: Vec::new(),
        peers: None,
        plan: Plan { rounds: 5, limit: Duration::from_secs(120), size: None, base: "luajit".to_owned() },
        clock: Clock::Wall,
        json: None,
        moonwake: None,
        instead: None,
    };
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            options.filters.push(word);
            continue;
        }
        let flag = FLAGS.iter().find(|flag| flag.name == word).ok_or(format!("unknown option {word}\n{}", usage()))?;
        let value = match flag.value {
            "" => String::new(),
            name => words.next().ok_or(format!("{word} needs a {name}"))?,
        };
        (flag.set)(&mut options, &value).map_err(|why| format!("{word}: {why}"))?;
    }
    Ok(options)
}

fn main() -> ExitCode {
    match parse(env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("benchmarks: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs and prints everything. False when peers disagreed on a result.
fn run(options: &Options) -> Result<bool, String> {
    if let Some(text) = &options.instead {
        print!("{text}");
        return Ok(true);
    }
    let wanted = |program: &&Program| {
        options.filters.is_empty() || options.filters.iter().any(|filter| program.name.contains(filter.as_str()))
    };
    let programs: Vec<&Program> = PROGRAMS.iter().filter(wanted).collect();
    if programs.is_empty() {
        return Err(format!("no program is named like {}", options.filters.join(" or ")));
    }

    let own = env::current_exe().map_err(|e| format!("cannot find myself: {e}"))?;
    let natives = Natives::new(own.with_file_name("benchmark-natives"))?;
    let wanted = |name: &str| options.peers.as_ref().is_none_or(|list| list.iter().any(|peer| peer == name));
    let moonwake = match &options.moonwake {
        Some(path) => Ok(path.clone()),
        None if peers::names().any(|name| name.starts_with("moonwake") && wanted(name)) => build_moonwake(),
        None => Err("not wanted".to_owned()),
    };
    let (peers, missing) = peers::find(wanted, &moonwake, &natives);
    let (start_up, failed) = suite::start_up(&peers, &options.plan);
    for line in missing.iter().chain(&failed) {
        println!("skipped {line}");
    }

    let report = Report { start_up, base: &options.plan.base, clock: options.clock };
    println!("{}\n{}", report.start_up_table(), report.head().trim_end());
    let mut outcomes: Vec<Outcome> = Vec::new();
    for program in programs {
        let outcome = suite::measure(program, report.start_up.iter().map(|row| row.peer), &natives, &options.plan);
        print!("{}", report.line(&outcome));
        for line in &outcome.failed {
            println!("  skipped {line}");
        }
        for line in &outcome.differing {
            println!("  DIFFERS {line}");
        }
        outcomes.push(outcome);
    }
    print!("{}", report.means(&outcomes));
    if let Some(path) = &options.json {
        fs::write(path, report.json(&outcomes, options.plan.rounds))
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(outcomes.iter().all(|outcome| outcome.differing.is_empty()))
}

/// Builds this workspace's moonwake in the release profile, and says where it is.
fn build_moonwake() -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let output = Command::new(cargo)
        .args(["build", "--release", "--package", "moonwake", "--bin", "moonwake"])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(root)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !output.status.success() {
        return Err("it does not build".to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let key = "\"executable\":\"";
    let start = text.rfind(key).ok_or("cargo does not say where it is")? + key.len();
    let end = text[start..].find('"').ok_or("cargo does not say where it is")?;
    Ok(PathBuf::from(&text[start..start + end]))
}
