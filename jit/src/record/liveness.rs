//! Which registers of a function are live where: those that may be read before they are written.
//!
//! A snapshot need not restore a dead register, and a value that only dead registers hold need not go around in a loop. Since
//! bytecode reuses registers for every temporary, most are dead at a loop's head.
//!
//! This is the textbook backward analysis, `live before = reads + (live after - writes)`, repeated until nothing changes. Registers
//! that a closure captures are live everywhere, because the closure reads them unseen.

use super::machine::{Pc, captured_registers};
use moonwake_lang::bytecode::{Constant, Ins, Mode, Op, Prototype};
use moonwake_lang::object::{Gc, Proto};
use std::collections::HashMap;

/// A set of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Registers([u64; 4]);

impl Registers {
    /// No register.
    pub const NONE: Registers = Registers([0; 4]);
    /// Every register.
    pub const ALL: Registers = Registers([u64::MAX; 4]);

    /// Whether a register is in the set.
    pub fn contains(&self, register: i32) -> bool {
        usize::try_from(register).is_ok_and(|r| r < 256 && self.0[r / 64] >> (r % 64) & 1 != 0)
    }

    /// Puts a register in.
    pub fn add(&mut self, register: usize) {
        if register < 256 {
            self.0[register / 64] |= 1 << (register % 64);
        }
    }

    fn add_run(&mut self, first: usize, count: usize) {
        (first..first + count).for_each(|register| self.add(register));
    }

    fn from_on(first: usize) -> Registers {
        let mut set = Registers::NONE;
        (first..256).for_each(|register| set.add(register));
        set
    }

    /// What is in either set.
    pub fn with(self, other: Registers) -> Registers {
        Registers(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// The registers of the set below `end`.
    pub fn below(self, end: usize) -> Registers {
        self.without(Registers::from_on(end))
    }

    fn without(self, other: Registers) -> Registers {
        Registers(std::array::from_fn(|i| self.0[i] & !other.0[i]))
    }
}

/// What an instruction does to registers. What it writes on only one of its ways does not count as written.
#[derive(Default)]
struct Access {
    reads: Registers,
    writes: Registers,
}

fn access(source: &Prototype, ins: Ins) -> Access {
    let op = ins.op().uncompiled();
    let (a, b, c, d) = (ins.a(), ins.b(), ins.c(), ins.d());
    let mut by_mode = by_modes(op, ins);
    let (reads, writes) = (&mut by_mode.reads, &mut by_mode.writes);
    match op {
        Op::KNIL => writes.add_run(a, d + 1 - a.min(d + 1)),
        Op::CONCAT => reads.add_run(b, c + 1 - b.min(c + 1)),
        // Only when they jump.
        Op::ISTC | Op::ISFC => *writes = Registers::NONE,
        Op::GETMETHOD => writes.add(a + 2),
        Op::NEWOBJECT => reads.add_run(a + 1, template_fields(source, d)),
        Op::SETLIST => reads.add_run(a, d + 1),
        Op::SETLISTM => *reads = Registers::from_on(a),
        Op::CALL => {
            *writes = Registers::from_on(a);
            reads.add(a);
            reads.add_run(a + 2, c.saturating_sub(1));
        }
        Op::CALLM => {
            *writes = Registers::from_on(a);
            *reads = Registers::from_on(a);
        }
        Op::TAILCALL => {
            *writes = Registers::ALL;
            reads.add(a);
            reads.add_run(a + 2, d.saturating_sub(1));
        }
        Op::TAILCALLM | Op::RETURNM => {
            *writes = Registers::ALL;
            *reads = Registers::from_on(a);
        }
        Op::RETURN => {
            *writes = Registers::ALL;
            reads.add_run(a, d.saturating_sub(1));
        }
        Op::RETURN0 | Op::RETURN1 => *writes = Registers::ALL,
        Op::VARARG if b == 0 => *writes = Registers::from_on(a),
        Op::VARARG => writes.add_run(a, b - 1),
        Op::FORPREP | Op::FORLOOP => {
            reads.add_run(a, 3);
            writes.add(a + 3);
        }
        Op::ITERPREP => {
            reads.add(a - 2);
            writes.add(a - 1);
        }
        Op::ITERCALL => {
            reads.add_run(a - 4, 4);
            *writes = Registers::from_on(a - 1);
        }
        Op::ITERLOOP => {
            reads.add(a);
            writes.add(a - 2);
        }
        // "Registers from R[a] on are free here."
        Op::LOOP => *writes = Registers::from_on(a),
        Op::FUNC | Op::FUNCV => *writes = Registers::from_on(source.params.into()),
        // The modes of the rest say everything; their other effects are not on registers.
        Op::MOVE | Op::KPRI | Op::KSHORT | Op::KCONST | Op::NOT | Op::NEG | Op::LEN => {}
        Op::BNOT | Op::BANDRR | Op::BORRR | Op::BXORRR | Op::SHLRR | Op::SHRRR | Op::SARRR => {}
        Op::ADDRR | Op::SUBRR | Op::MULRR | Op::DIVRR | Op::MODRR | Op::POWRR => {}
        Op::ADDRK | Op::SUBRK | Op::MULRK | Op::DIVRK | Op::MODRK => {}
        Op::ADDKR | Op::SUBKR | Op::MULKR | Op::DIVKR | Op::MODKR => {}
        Op::EQRR | Op::NERR | Op::EQRK | Op::NERK | Op::EQRP | Op::NERP => {}
        Op::LTRR | Op::NLTRR | Op::LERR | Op::NLERR | Op::LTRK | Op::NLTRK | Op::LERK | Op::NLERK => {}
        Op::LTKR | Op::NLTKR | Op::LEKR | Op::NLEKR | Op::IST | Op::ISF => {}
        Op::GETUPVAL | Op::SETUPVAL | Op::SETUPVALK | Op::SETUPVALP | Op::CLOSE | Op::CLOSURE => {}
        Op::NEWTABLE | Op::DUPTABLE | Op::GETGLOBAL | Op::SETGLOBAL | Op::GETFIELD | Op::SETFIELD => {}
        Op::GETINDEX | Op::SETINDEX | Op::GETINDEXI | Op::SETINDEXI | Op::JUMP => {}
        Op::NATIVE | Op::HALT => {}
        // `uncompiled` gives none of these.
        Op::FORLOOPI | Op::FORLOOPJ | Op::ITERLOOPI | Op::ITERLOOPJ | Op::LOOPI | Op::LOOPJ | Op::FUNCI | Op::FUNCJ => {
        }
    }
    by_mode
}

/// What the operand modes alone say.
fn by_modes(op: Op, ins: Ins) -> Access {
    let info = op.info();
    let mut access = Access::default();
    let mut field = |mode: Mode, value: usize| match mode {
        Mode::Dst => access.writes.add(value),
        Mode::Reg => access.reads.add(value),
        Mode::None
        | Mode::Base
        | Mode::Const
        | Mode::Proto
        | Mode::Upval
        | Mode::Lit
        | Mode::Short
        | Mode::Pri
        | Mode::Trace => {}
    };
    field(info.a, ins.a());
    match info.c {
        Some(c) => {
            field(info.b_or_d, ins.b());
            field(c, ins.c());
        }
        None => field(info.b_or_d, ins.d()),
    }
    access
}

fn template_fields(source: &Prototype, constant: usize) -> usize {
    match source.constants.get(constant) {
        Some(Constant::Template(template)) => template.fields.len(),
        _ => 0,
    }
}

/// The live registers of one function.
#[derive(Debug)]
pub struct Liveness {
    start: Pc,
    before: Vec<Registers>,
}

impl Liveness {
    /// Analyses a function.
    pub fn of(proto: Gc<Proto>) -> Liveness {
        let source = proto.source();
        let mut captured = Registers::NONE;
        let mut instructions = Vec::new();
        source.for_each_instruction(|at, ins| {
            let jump = ins.op().jumps().then(|| source.jump_target(at));
            let falls = !matches!(
                ins.op(),
                Op::JUMP
                    | Op::ITERPREP
                    | Op::TAILCALL
                    | Op::TAILCALLM
                    | Op::RETURN
                    | Op::RETURNM
                    | Op::RETURN0
                    | Op::RETURN1
            );
            instructions.push((at, access(source, ins), jump, falls.then_some(at + ins.op().words())));
        });
        for child in 0..source.children.len() {
            captured_registers(child_of(proto, child)).for_each(|r| captured.add(r.into()));
        }
        let mut before = vec![captured; source.code.len() + 1];
        let mut changed = true;
        while changed {
            changed = false;
            for (at, access, jump, next) in instructions.iter().rev() {
                let after = jump.iter().chain(next).fold(captured, |set, &to| set.with(before[to]));
                let live = access.reads.with(after.without(access.writes)).with(captured);
                changed |= before[*at] != live;
                before[*at] = live;
            }
        }
        Liveness { start: Pc::new(proto.code), before }
    }

    /// The registers that are live before the instruction at `pc`.
    pub fn before(&self, pc: Pc) -> Registers {
        let at = (pc.bits() - self.start.bits()) as usize / 4;
        self.before.get(at).copied().unwrap_or(Registers::ALL)
    }
}

fn child_of(proto: Gc<Proto>, index: usize) -> Gc<Proto> {
    super::machine::child(proto, index)
}

/// Analyses that were made, by function. To be emptied whenever functions may have been freed.
#[derive(Debug, Default)]
pub struct Analyses(HashMap<usize, Liveness>);

impl Analyses {
    /// The registers that are live before the instruction at `pc` of this function.
    pub fn before(&mut self, proto: Gc<Proto>, pc: Pc) -> Registers {
        self.0.entry(proto.address()).or_insert_with(|| Liveness::of(proto)).before(pc)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
