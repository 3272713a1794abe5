//! Checks that a prototype from outside is well formed: every operand lies in its range.
//!
//! The table of operations says what each field means, so most checks follow from it; what reads or writes a run of
//! registers is listed in [`run`]. A verified prototype cannot make the interpreter read a register, constant, upvalue, child or instruction
//! that is not there. It can still be nonsense (a loop without its preparation), which is the checksum's business.

use super::{Constant, Ins, Mode, Op, Prototype, UpvalueSource, Word};

/// Most upvalues of a function.
const MAX_UPVALUES: usize = 255;

/// Whether a function and every function inside it are well formed.
pub fn verify(f: &Prototype) -> bool {
    let Some(starts) = instruction_starts(f) else { return false };
    let upvalue_exists = |child: &Prototype| {
        child.upvalues.iter().all(|upvalue| match *upvalue {
            UpvalueSource::ParentLocal(register) => register < f.registers,
            UpvalueSource::ParentUpvalue(index) => usize::from(index) < f.upvalues.len(),
        })
    };
    f.params <= f.registers
        && f.upvalues.len() <= MAX_UPVALUES
        && f.fixed_upvalues.checked_shr(f.upvalues.len() as u32).is_none_or(|beyond| beyond == 0)
        && (f.lines.is_empty() || f.lines.len() == f.code.len())
        && (f.upvalue_names.is_empty() || f.upvalue_names.len() == f.upvalues.len())
        && f.locals.iter().all(|local| local.register < f.registers)
        && starts.iter().enumerate().all(|(at, &is_start)| !is_start || instruction(f, at, &starts))
        && f.children.iter().all(|child| upvalue_exists(child) && verify(child))
}

/// For each word of the code, whether an instruction starts there. The code starts with the right entry and cannot run past its end.
fn instruction_starts(f: &Prototype) -> Option<Vec<bool>> {
    let entry = Ins(*f.code.first()?);
    let entry_op = if f.vararg { Op::FUNCV } else { Op::FUNC };
    if entry != Ins::ad(entry_op, f.registers, f.params.into()) {
        return None;
    }
    let mut starts = vec![false; f.code.len()];
    let (mut at, mut last) = (0, Op::HALT);
    while at < f.code.len() {
        starts[at] = true;
        last = Op::from_code(Ins(f.code[at]).code())?;
        let is_entry = matches!(last, Op::FUNC | Op::FUNCV);
        let never_compiled = matches!(last, Op::NATIVE | Op::HALT) || last != last.uncompiled();
        if never_compiled || is_entry != (at == 0) {
            return None;
        }
        at += last.words();
    }
    let leaves =
        matches!(last, Op::RETURN | Op::RETURNM | Op::RETURN0 | Op::RETURN1 | Op::TAILCALL | Op::TAILCALLM | Op::JUMP);
    (at == f.code.len() && leaves).then_some(starts)
}

fn instruction(f: &Prototype, at: usize, starts: &[bool]) -> bool {
    let ins = Ins(f.code[at]);
    let info = ins.op().info();
    let in_range = |mode: Mode, field: usize| match mode {
        Mode::None => field == 0,
        Mode::Dst | Mode::Reg => field < usize::from(f.registers),
        // The first register behind the last is one from which nothing needs to be closed or kept.
        Mode::Base => field <= usize::from(f.registers),
        Mode::Const => field < f.constants.len(),
        Mode::Proto => field < f.children.len(),
        Mode::Upval => field < f.upvalues.len() && !(stores_upvalue(ins.op()) && f.is_fixed(field)),
        Mode::Pri => field <= 2,
        Mode::Lit | Mode::Short => true,
        Mode::Trace => false,
    };
    let fields = in_range(info.a, ins.a())
        && match info.c {
            Some(c) => in_range(info.b_or_d, ins.b()) && in_range(c, ins.c()),
            None => in_range(info.b_or_d, ins.d()),
        };
    fields
        && info.words.iter().zip(at + 1..).all(|(word, place)| data_word(f, *word, f.code[place], at, starts))
        && run(f, ins).is_none_or(|(low, end)| low <= end && end <= usize::from(f.registers))
        && constant_kinds(f, ins)
}

fn stores_upvalue(op: Op) -> bool {
    matches!(op, Op::SETUPVAL | Op::SETUPVALK | Op::SETUPVALP)
}

fn data_word(f: &Prototype, word: Word, value: u32, at: usize, starts: &[bool]) -> bool {
    match word {
        Word::Jump => {
            let target = at as i64 + 2 + i64::from(value as i32);
            usize::try_from(target).is_ok_and(|target| target > 0 && starts.get(target) == Some(&true))
        }
        Word::Key => value & 0xffff == 0 && matches!(f.constants.get(value as usize >> 16), Some(Constant::String(_))),
        // Caches are empty.
        Word::Shape | Word::NewShape | Word::Epoch | Word::PtrLow | Word::PtrHigh => value == 0,
        Word::Num => value < 1 << 26,
    }
}

/// The registers from the first to before the end that an instruction reads or writes in a row; `None` when it touches no such run.
fn run(f: &Prototype, ins: Ins) -> Option<(usize, usize)> {
    let a = ins.a();
    let end = match ins.op() {
        Op::KNIL => return Some((a, ins.d() + 1)),
        Op::CONCAT => return Some((ins.b(), ins.c() + 1)),
        Op::NEWOBJECT => match f.constants.get(ins.d()) {
            Some(Constant::Template(template)) => a + 1 + template.fields.len(),
            _ => usize::MAX,
        },
        Op::SETLIST => a + 1 + ins.d(),
        Op::SETLISTM => a + 1 + ins.d(),
        Op::GETMETHOD => a + 3,
        Op::CALL => (a + 1 + ins.c().max(1)).max(a + ins.b().saturating_sub(1)),
        Op::CALLM => (a + 2 + ins.c()).max(a + ins.b().saturating_sub(1)),
        Op::TAILCALL => a + 1 + ins.d().max(1),
        Op::TAILCALLM => a + 2 + ins.d(),
        Op::RETURN => a + ins.d().saturating_sub(1),
        Op::RETURNM => a + ins.d(),
        Op::VARARG => a + ins.b().saturating_sub(1),
        Op::FORPREP | Op::FORLOOP => a + 4,
        Op::ITERPREP => return a.checked_sub(4).map_or(Some((1, 0)), |low| Some((low, a + 1))),
        Op::ITERCALL => return a.checked_sub(4).map_or(Some((1, 0)), |low| Some((low, a + ins.b().max(3) - 1))),
        Op::ITERLOOP => return a.checked_sub(2).map_or(Some((1, 0)), |low| Some((low, a + 1))),
        _ => return None,
    };
    Some((a, end))
}

/// Whether the constants that an instruction names are of a kind that it can use.
fn constant_kinds(f: &Prototype, ins: Ins) -> bool {
    let is_number = |index: usize| matches!(f.constants.get(index), Some(Constant::Number(_)));
    let is_template = |index: usize| matches!(f.constants.get(index), Some(Constant::Template(_)));
    match ins.op() {
        Op::ADDRK | Op::SUBRK | Op::MULRK | Op::DIVRK | Op::MODRK => is_number(ins.c()),
        Op::ADDKR | Op::SUBKR | Op::MULKR | Op::DIVKR | Op::MODKR => is_number(ins.b()),
        Op::LTRK | Op::NLTRK | Op::LERK | Op::NLERK | Op::LTKR | Op::NLTKR | Op::LEKR | Op::NLEKR => is_number(ins.d()),
        Op::DUPTABLE | Op::NEWOBJECT => is_template(ins.d()),
        Op::KCONST | Op::SETUPVALK | Op::EQRK | Op::NERK => !is_template(ins.d()),
        _ => true,
    }
}
