//! Which variable a register's value came from, for error messages: "attempt to index **local 'x'** (a nil value)".
//!
//! The compiled code keeps no such names, but it tells them: from the instruction that fails, the code is read backwards to
//! the one that wrote the register, and that one says what it read.
//!
//! ```text
//!   GETGLOBAL r0 "t"
//!   GETFIELD  r0 r0 "x"      <- wrote r0: field 'x'
//!   CALL      r0             <- fails
//! ```
//!
//! Jumps are not followed: of `(a or b).x` the operand that the code reads last, `b`, is named, whichever it was. LuaJIT does
//! the same.

use super::{Constant, Ins, Mode, Op, Prototype};

/// Where a value came from: `local 'x'`, `global 'print'`, `field 'insert'`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin<'a> {
    /// `local`, `global`, `field`, `method` or `upvalue`.
    pub kind: &'static str,
    /// The variable's or key's name.
    pub name: &'a [u8],
}

/// Where the value came from that `register` holds just before the instruction at `at` runs, if the code tells.
pub fn origin_of(prototype: &Prototype, at: usize, register: u8) -> Option<Origin<'_>> {
    let mut register = usize::from(register);
    if let Some(local) = local(prototype, register, at) {
        return Some(local);
    }
    for at in positions(prototype, at).into_iter().rev() {
        let ins = Ins(prototype.code[at]);
        match written(ins, register) {
            Written::Nothing => {}
            Written::Unknown => return None,
            Written::CopyOf(from) => {
                register = from;
                if let Some(local) = local(prototype, register, at) {
                    return Some(local);
                }
            }
            Written::Named(kind) => return Some(Origin { kind, name: name_of(prototype, at, ins)? }),
        }
    }
    None
}

/// What an instruction leaves in a register.
enum Written {
    /// It does not write it.
    Nothing,
    /// A value of which nothing can be said.
    Unknown,
    /// What another register holds.
    CopyOf(usize),
    /// A variable or field of this kind.
    Named(&'static str),
}

fn written(ins: Ins, register: usize) -> Written {
    let a = ins.a();
    let op = ins.op();
    match op {
        Op::MOVE if a == register => Written::CopyOf(ins.d()),
        Op::GETGLOBAL if a == register => Written::Named("global"),
        Op::GETUPVAL if a == register => Written::Named("upvalue"),
        Op::GETFIELD if a == register => Written::Named("field"),
        Op::GETMETHOD if a == register => Written::Named("method"),
        Op::GETMETHOD if a + 2 == register => Written::CopyOf(ins.b()),
        Op::KNIL if (a..=ins.d()).contains(&register) => Written::Unknown,
        // These only read what they are the base of.
        Op::SETLIST | Op::SETLISTM | Op::CLOSE | Op::LOOP | Op::LOOPI | Op::LOOPJ => Written::Nothing,
        _ if op.info().a == Mode::Base && register >= a => Written::Unknown,
        _ if op.info().a == Mode::Dst && register == a => Written::Unknown,
        _ => Written::Nothing,
    }
}

/// The positions of the instructions before the one at `end`.
fn positions(prototype: &Prototype, end: usize) -> Vec<usize> {
    let mut positions = Vec::new();
    let mut at = 0;
    while at < end.min(prototype.code.len()) {
        positions.push(at);
        at += Ins(prototype.code[at]).op().words();
    }
    positions
}

fn local(prototype: &Prototype, register: usize, at: usize) -> Option<Origin<'_>> {
    let name = prototype.local_name(u8::try_from(register).ok()?, at)?;
    Some(Origin { kind: "local", name })
}

fn name_of(prototype: &Prototype, at: usize, ins: Ins) -> Option<&[u8]> {
    if ins.op() == Op::GETUPVAL {
        return prototype.upvalue_names.get(ins.d()).map(|name| &**name);
    }
    let key = ins.op().info().words.iter().position(|word| *word == super::Word::Key)?;
    match prototype.constants.get((prototype.code[at + 1 + key] >> 16) as usize)? {
        Constant::String(name) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;

    /// The origin of field `b` (or, where that is the callee, `a`) of the last instruction `op` of a program.
    fn origin(source: &str, op: Op) -> String {
        let main = compile(source.as_bytes(), b"=t").unwrap();
        let mut found = None;
        main.for_each_instruction(|at, ins| {
            if ins.op() == op {
                found = Some((at, if op.info().a == Mode::Base { ins.a() } else { ins.b() }));
            }
        });
        let (at, register) = found.expect("the program has such an instruction");
        match origin_of(&main, at, register as u8) {
            Some(origin) => format!("{} '{}'", origin.kind, String::from_utf8_lossy(origin.name)),
            None => "nothing".into(),
        }
    }

    #[test]
    fn the_code_tells_where_values_came_from() {
        for (source, op, expected) in [
            ("local x; return x.y", Op::GETFIELD, "local 'x'"),
            ("return x.y", Op::GETFIELD, "global 'x'"),
            ("return x.y.z", Op::GETFIELD, "field 'y'"),
            ("local a; return a[1].z", Op::GETFIELD, "nothing"),
            ("x()", Op::CALL, "global 'x'"),
            ("local f; f(1)", Op::CALL, "local 'f'"),
            ("local t; t.x(1, 2, t.y)", Op::CALL, "field 'x'"),
            ("local t; t:m(1)", Op::CALL, "method 'm'"),
            ("local t; t.u:m(1)", Op::GETMETHOD, "field 'u'"),
            ("f()()", Op::CALL, "nothing"),
            ("for i in x do end", Op::ITERCALL, "nothing"),
            ("local t; t.x.y = 1", Op::SETFIELD, "field 'x'"),
            ("local a, b; b = a.x + 1", Op::ADDRK, "field 'x'"),
            ("local a, b; b = a + 1", Op::ADDRK, "local 'a'"),
            ("local x = 1; return (x or y).z", Op::GETFIELD, "global 'y'"),
        ] {
            assert_eq!(origin(source, op), expected, "{source}");
        }
    }
}
