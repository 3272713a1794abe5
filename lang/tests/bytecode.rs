//! Listings of what the compiler makes of the programs in `tests/bytecode`.
//!
//! Each program has its listing beside it, as `.txt`. After a change that is meant, `MOONWAKE_BLESS=1 cargo test` writes the
//! listings anew, and the difference is there to be read in the commit.

use moonwake_lang::bytecode::{Prototype, disassemble};
use moonwake_lang::compile::compile;
use std::fmt::Write;
use std::path::Path;

#[test]
fn listings_are_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bytecode");
    let mut programs: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.retain(|path| path.extension().is_some_and(|extension| extension == "lua"));
    programs.sort();
    assert!(!programs.is_empty());
    let bless = std::env::var_os("MOONWAKE_BLESS").is_some();
    let mut different = Vec::new();
    for program in programs {
        let prototype = compile(&std::fs::read(&program).unwrap(), b"=test").unwrap();
        let mut listing = disassemble(&prototype);
        if program.ends_with("lines.lua") {
            list_lines(&prototype, &mut listing);
        }
        list_locals(&prototype, &mut listing);
        let recorded = program.with_extension("txt");
        if bless {
            std::fs::write(&recorded, &listing).unwrap();
        } else if std::fs::read_to_string(&recorded).unwrap_or_default() != listing {
            different.push(format!("{}:\n{listing}", program.display()));
        }
    }
    assert!(different.is_empty(), "other listings than recorded:\n{}", different.join("\n"));
}

/// The line of each instruction of the main function.
fn list_lines(prototype: &Prototype, out: &mut String) {
    let mut lines = String::new();
    prototype.for_each_instruction(|at, _| write!(lines, " {at:04}:{}", prototype.line(at).unwrap()).unwrap());
    writeln!(out, "lines{lines}").unwrap();
}

/// Local variables, their registers and where they are active.
fn list_locals(prototype: &Prototype, out: &mut String) {
    for local in &prototype.locals {
        let name = String::from_utf8_lossy(&local.name);
        writeln!(out, "local {name} r{} {:04}..{:04}", local.register, local.start, local.end).unwrap();
    }
    prototype.children.iter().for_each(|child| list_locals(child, out));
}
