//! The disassembler: prototypes as text, by the operand modes in the table of operations.
//!
//! ```text
//! main <0-0> vararg, 0 params, 3 registers, 1 constants
//!   0000    FUNCV      3 0
//!   0001    GETGLOBAL  r0             ; "print"
//!   0005    KSHORT     r2 42
//!   0006    CALL       r0 1 2
//!   0007    RETURN0
//! ```
//!
//! A position that some jump leads to is marked with `=>`, as in LuaJIT's listings. Functions inside follow the one that they
//! stand in.

use super::{Constant, Ins, Mode, Prototype, TemplateValue, Word};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The listing of a function and all functions inside it.
pub fn disassemble(prototype: &Prototype) -> String {
    listing(prototype, true)
}

/// The listing of a function, and if asked for of all functions inside it.
pub fn listing(prototype: &Prototype, all: bool) -> String {
    let mut out = String::new();
    list(prototype, all, &mut out);
    out
}

/// The positions that jumps lead to.
pub fn targets(prototype: &Prototype) -> BTreeSet<usize> {
    let mut targets = BTreeSet::new();
    prototype.for_each_instruction(|at, ins| {
        if ins.op().jumps() {
            targets.insert(prototype.jump_target(at));
        }
    });
    targets
}

fn list(prototype: &Prototype, all: bool, out: &mut String) {
    let vararg = if prototype.vararg { "vararg, " } else { "" };
    let who = if prototype.first_line == 0 { "main" } else { "function" };
    let _ = writeln!(
        out,
        "{who} <{}-{}> {vararg}{} params, {} registers, {} constants",
        prototype.first_line,
        prototype.last_line,
        prototype.params,
        prototype.registers,
        prototype.constants.len(),
    );
    let targets = targets(prototype);
    prototype.for_each_instruction(|at, ins| {
        let mark = if targets.contains(&at) { "=>" } else { "  " };
        let _ = writeln!(out, "  {at:04} {mark} {}", instruction(prototype, at, ins).trim_end());
    });
    if all {
        for child in &prototype.children {
            list(child, all, out);
        }
    }
}

/// One instruction: its name, its operands and, behind a semicolon, what they refer to.
pub fn instruction(prototype: &Prototype, at: usize, ins: Ins) -> String {
    let info = ins.op().info();
    let mut operands = String::new();
    let mut notes: Vec<String> = Vec::new();
    let fields = match info.c {
        Some(c) => [Some((info.a, ins.a())), Some((info.b_or_d, ins.b())), Some((c, ins.c()))],
        None => [Some((info.a, ins.a())), Some((info.b_or_d, ins.d())), None],
    };
    for (mode, value) in fields.into_iter().flatten() {
        match mode {
            Mode::None => continue,
            Mode::Dst | Mode::Reg | Mode::Base => drop(write!(operands, "r{value} ")),
            Mode::Lit | Mode::Trace | Mode::Proto => drop(write!(operands, "{value} ")),
            Mode::Short => drop(write!(operands, "{} ", value as u16 as i16)),
            Mode::Pri => operands.push_str(["nil ", "false ", "true "].get(value).copied().unwrap_or("? ")),
            Mode::Const => {
                let _ = write!(operands, "k{value} ");
                notes.extend(prototype.constants.get(value).map(constant));
            }
            Mode::Upval => {
                let _ = write!(operands, "u{value} ");
                notes.extend(prototype.upvalue_names.get(value).map(|name| String::from_utf8_lossy(name).into_owned()));
            }
        }
    }
    for (index, word) in info.words.iter().enumerate() {
        let value = prototype.code.get(at + 1 + index).copied().unwrap_or_default();
        match word {
            Word::Jump => drop(write!(operands, "=> {:04} ", prototype.jump_target(at))),
            Word::Num => drop(write!(operands, "{value} ")),
            Word::Key => notes.extend(prototype.constants.get((value >> 16) as usize).map(constant)),
            // Caches are the virtual machine's own.
            Word::Shape | Word::NewShape | Word::Epoch | Word::PtrLow | Word::PtrHigh => {}
        }
    }
    let notes = if notes.is_empty() { String::new() } else { format!("; {}", notes.join(", ")) };
    format!("{:<10} {:<14} {notes}", info.name, operands.trim_end())
}

fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Number(n) => n.to_string(),
        Constant::String(text) => string(text),
        Constant::Int64(n) => format!("{n}LL"),
        Constant::Uint64(n) => format!("{n}ULL"),
        Constant::Imaginary(n) => format!("{n}i"),
        Constant::Template(template) => {
            let value = |value: &TemplateValue| match value {
                TemplateValue::Nil => "nil".to_string(),
                TemplateValue::Boolean(b) => b.to_string(),
                TemplateValue::Number(n) => n.to_string(),
                TemplateValue::String(text) => string(text),
            };
            let items = template.items.iter().map(value);
            let fields = template
                .fields
                .iter()
                .map(|(name, field)| format!("{} = {}", String::from_utf8_lossy(name), value(field)));
            format!("{{{}}}", items.chain(fields).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A string in quotes, cut to a readable length.
fn string(text: &[u8]) -> String {
    const SHOWN: usize = 40;
    let cut = if text.len() > SHOWN { "~" } else { "" };
    format!("\"{}{cut}\"", text[..text.len().min(SHOWN)].escape_ascii())
}
