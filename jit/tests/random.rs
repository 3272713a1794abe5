//! Random traces: the evaluator on the trace as written, on the optimised one, and their machine code must all leave the same.
//!
//! `MOONWAKE_SEEDS=from..to` runs other seeds than the usual ones.

mod common;

use common::generate::{self, Generator, Random};
use common::world::{self, Block};
use moonwake_jit::backend::Backend;
use moonwake_jit::ir::verify::verify;
use moonwake_jit::ir::{Link, Trace};
use moonwake_jit::opt::{self, Passes};

/// Runs one seed; gives whether its loop was peeled.
fn check(seed: u64, backend: &mut Backend) -> Result<bool, String> {
    let mut random = Random::new(seed);
    let description = generate::describe(&mut random);
    let mut block = Block::new();
    block.describe(&description)?;
    // Cells taken inline lie elsewhere than what the evaluator makes, so only what can be seen is the same.
    let inline = seed % 2 == 1;
    if inline {
        block.set_runs();
    }
    let trace = Generator::trace(&mut random, &block);
    let shown = |trace: &Trace| format!("test run\n{description}{}", trace.display(&|c| block.name_of(c)));
    verify(&trace).map_err(|m| format!("{m}\n{}", shown(&trace)))?;
    let plain = block.evaluate(&trace, 100).map_err(|f| format!("{}\n{}", f.0, shown(&trace)))?;
    let mut e = match opt::replay(&trace, Passes::ALL) {
        Ok(e) => e,
        Err(opt::Never) => return Err(format!("a guard never holds, but it did\n{}", shown(&trace))),
    };
    let peeled = opt::optimise(&mut e).is_ok();
    if !peeled {
        opt::finish(&mut e);
    }
    let text = format!("{}\n{}", shown(&trace), e.trace.display(&|c| block.name_of(c)));
    let complain = |what: String| format!("{what}\n{text}");
    verify(&e.trace).map_err(complain)?;
    let optimised = block.evaluate(&e.trace, 100).map_err(|f| complain(f.0))?;
    block.same(&plain, &optimised).map_err(|m| complain(format!("optimised, it {m}")))?;
    for (trace, expected) in [(&trace, &plain), (&e.trace, &optimised)] {
        let compiled = backend.compile(trace).map_err(|m| complain(m.to_string()))?;
        let machine = block.execute(backend, trace, &compiled);
        let outcome = match !inline && (trace.loop_at.is_some() || trace.link != Link::Loop) {
            true => block.identical(expected, &machine),
            false => block.same(expected, &machine),
        };
        outcome.map_err(complain)?;
    }
    Ok(peeled && e.trace.loop_at.is_some())
}

#[test]
fn evaluator_optimiser_and_machine_code_agree() {
    let range = std::env::var("MOONWAKE_SEEDS").ok();
    let range = range.as_deref().and_then(|r| r.split_once("..")).unwrap_or(("0", "800"));
    let (from, to): (u64, u64) = (range.0.parse().unwrap_or(0), range.1.parse().unwrap_or(0));
    let mut backend = world::backend();
    backend.keep_listing = false;
    let mut loops = 0;
    for seed in from..to {
        if seed % 500 == 499 {
            backend = world::backend();
            backend.keep_listing = false;
        }
        if std::env::var_os("MOONWAKE_TRACE_SEEDS").is_some() {
            eprintln!("seed {seed}");
        }
        match check(seed, &mut backend) {
            Ok(peeled) => loops += u64::from(peeled),
            Err(message) => panic!("seed {seed}: {message}"),
        }
    }
    assert!(loops * 2 > to - from, "only {loops} of {} traces were peeled loops", to - from);
}
