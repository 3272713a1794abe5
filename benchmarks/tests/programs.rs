//! Every program prints the same on every peer that needs no installation, at a size that takes milliseconds.

use benchmarks::natives::Natives;
use benchmarks::peers;
use benchmarks::programs::PROGRAMS;
use benchmarks::suite::{self, Plan};
use std::path::Path;
use std::time::Duration;

#[test]
fn all_peers_print_the_same() {
    let natives =
        Natives::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("natives")).expect("cc compiles the library");
    let wanted = |name: &str| ["luajit", "luajit -joff", "lua54", "c"].contains(&name);
    let (peers, missing) = peers::find(wanted, &Err(String::new()), &natives);
    assert_eq!(missing, Vec::<String>::new());
    for program in PROGRAMS {
        let plan = Plan {
            rounds: 1,
            limit: Duration::from_secs(60),
            size: Some(program.small.to_owned()),
            base: "luajit".to_owned(),
        };
        let outcome = suite::measure(program, &peers, &natives, &plan);
        assert_eq!(outcome.failed, Vec::<String>::new());
        assert_eq!(outcome.differing, Vec::<String>::new());
        assert!(outcome.rows.len() >= 3, "{} ran on {} peers only", program.name, outcome.rows.len());
        assert!(!outcome.output.is_empty(), "{} prints nothing", program.name);
    }
}
