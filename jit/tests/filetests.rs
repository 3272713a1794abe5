//! Runs the textual tests in `jit/filetests`.

mod common;

use common::filetest::{self, FileTest};
use common::world::{self, Block};
use moonwake_jit::ir::parse::parse;
use moonwake_jit::ir::verify::verify;
use moonwake_jit::ir::{Link, Trace};
use moonwake_jit::opt::{self, Emitter, Passes};

/// Names of objects stand for addresses of their own.
fn names(name: &str) -> Option<u64> {
    let hash = name.bytes().fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    Some(0x1000 + (hash & 0xffff) * 16)
}

fn read(test: &FileTest) -> Result<Trace, String> {
    let trace = parse(&test.body, &names).map_err(|e| e.to_string())?;
    verify(&trace)?;
    Ok(trace)
}

/// `test opt <pass> …`: emits the trace again through these passes.
fn optimise(test: &FileTest) -> Result<String, String> {
    let mut passes = Passes::NONE;
    for word in &test.command[1..] {
        match word.as_str() {
            "all" => passes = Passes::ALL,
            word if passes.set(word, true) => {}
            other => return Err(format!("`{other}` is no pass")),
        }
    }
    let trace = read(test)?;
    let peeled_before = trace.loop_at.is_some();
    let mut e = match peeled_before {
        // It shows what the last passes make of a loop; emitting it again would need its preamble only.
        true => Emitter::new(trace, Passes { peel: false, ..passes }),
        false => match opt::replay(&trace, passes) {
            Ok(e) => e,
            Err(opt::Never) => return Ok("a guard never holds\n".to_owned()),
        },
    };
    let peeled = opt::optimise(&mut e);
    verify(&e.trace).map_err(|m| format!("{m}\n{}", e.trace))?;
    let text = e.trace.to_string();
    let again = parse(&text, &names).map_err(|m| format!("{m}\n{text}"))?;
    if again.to_string() != text {
        return Err(format!("printed:\n{text}\nparsed and printed again:\n{again}"));
    }
    Ok(match peeled {
        Ok(()) => text,
        Err(why) => format!("not peeled: {why:?}\n{text}"),
    })
}

/// `test run`: runs the trace as it stands and optimised, in the evaluator and as machine code; all must leave the same.
fn run(test: &FileTest) -> Result<String, String> {
    let mut block = Block::new();
    let text = block.describe(&test.body)?;
    let asked_for = |what: &str| test.command.iter().any(|word| word == what);
    if asked_for("polled") {
        block.set_poll();
    }
    if asked_for("inline") {
        block.set_runs();
    }
    let trace = parse(&text, &|name| block.name(name)).map_err(|e| e.to_string())?;
    verify(&trace)?;
    let plain = block.evaluate(&trace, 1000).map_err(|f| f.0)?;
    let mut output = block.show(&plain.0, &plain.1);
    let mut e = opt::replay(&trace, Passes::ALL).map_err(|_| "a guard never holds")?;
    if let Err(why) = opt::optimise(&mut e) {
        output.push_str(&format!("not peeled: {why:?}\n"));
        opt::finish(&mut e);
    }
    verify(&e.trace).map_err(|m| format!("{m}\n{}", e.trace))?;
    let optimised = block.evaluate(&e.trace, 1000).map_err(|f| format!("{}\n{}", f.0, e.trace))?;
    block.same(&plain, &optimised).map_err(|m| format!("optimised, it {m}{}", e.trace))?;
    let mut backend = world::backend();
    for (trace, expected) in [(&trace, &plain), (&e.trace, &optimised)] {
        let compiled = backend.compile(trace).map_err(|e| format!("{e}\n{trace}"))?;
        let machine = block.execute(&backend, trace, &compiled);
        let listing = compiled.listing.as_ref().map_or("", |l| &l.clif);
        if std::env::var_os("MOONWAKE_LISTING").is_some() {
            println!("{}\n{listing}\n{}", test.name, compiled.listing.as_ref().map_or("", |l| &l.code));
        }
        // A trace that is not peeled jumps to its own start, and each of its turns leaves objects behind.
        let outcome = match !asked_for("inline") && (trace.loop_at.is_some() || trace.link != Link::Loop) {
            true => block.identical(expected, &machine),
            false => block.same(expected, &machine),
        };
        outcome.map_err(|m| format!("{m}\n{trace}\n{listing}"))?;
    }
    output.push_str(&e.trace.display(&|c| block.name_of(c)).to_string());
    Ok(output)
}

#[test]
fn runs() {
    filetest::run_all("run", run);
}

#[test]
fn opt() {
    filetest::run_all("opt", optimise);
}
