//! A whole trace: its instructions, constants, snapshots, and where it starts and ends.
//!
//! It is plain data without a pointer that is followed, so it can be printed, parsed, compared and compiled on another
//! thread. Addresses of bytecode and of objects are numbers here.
//!
//! ```text
//!   IrRef   0                    nothing
//!           1 .. 2^31            an instruction, its index in `ins`
//!           2^31 ..              a constant, its index in `constants`
//! ```
//!
//! **Invariant:** operands of instruction n are below n (only a PHI's second operand may be anything), and so are the values of snapshots taken
//! before it. Instructions are never moved: a removed one becomes a `NOP`, so that a reference names the same thing in every dump.

use super::constants::{Const, Constants};
use super::helpers::{Failure, Helper};
use super::memory::{Field, MemType};
use super::ops::{Op, Operand};
use super::signature::CSignature;
use super::types::Type;
use crate::snapshot::Snapshot;

/// A reference to an instruction or a constant. See the head of this file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IrRef(pub u32);

impl IrRef {
    /// No value.
    pub const NONE: IrRef = IrRef(0);
    const CONSTANT: u32 = 1 << 31;

    /// The constant with this index.
    pub const fn constant(index: u32) -> IrRef {
        IrRef(IrRef::CONSTANT | index)
    }

    /// Whether it is a constant.
    pub const fn is_constant(self) -> bool {
        self.0 & IrRef::CONSTANT != 0
    }

    /// Whether it is an instruction.
    pub const fn is_instruction(self) -> bool {
        self.0 != 0 && !self.is_constant()
    }

    /// Whether it is anything.
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }

    /// Index of the instruction.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Index of the constant.
    pub const fn constant_index(self) -> usize {
        (self.0 & !IrRef::CONSTANT) as usize
    }
}

impl std::fmt::Debug for IrRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.is_constant() {
            true => write!(f, "k{}", self.constant_index()),
            false => write!(f, "{:04}", self.0),
        }
    }
}

/// A run of references in [`Trace::lists`]: the arguments of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct List {
    /// First of them.
    pub start: u32,
    /// Their number.
    pub len: u32,
}

/// A snapshot of the trace, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SnapRef(pub u32);

impl SnapRef {
    /// No snapshot: the instruction is no guard.
    pub const NONE: SnapRef = SnapRef(u32::MAX);

    /// Its index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where an instruction came from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Origin {
    /// Address of the bytecode instruction.
    pub pc: u64,
    /// How many inlined calls deep.
    pub depth: u32,
}

/// One instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ins {
    /// The operation.
    pub op: Op,
    /// The type of its result.
    pub ty: Type,
    /// It is not executed; exits that need the object make it. See [`crate::opt::sink`].
    pub sunk: bool,
    /// Value operands, in order; the rest are [`IrRef::NONE`].
    pub refs: [IrRef; 3],
    /// Literal operands, in order; the rest are 0. A memory type, field, helper or signature is its number.
    pub lits: [i32; 3],
    /// Arguments of a call.
    pub list: List,
    /// Where a guard leaves to.
    pub snap: SnapRef,
    /// Where it came from.
    pub origin: Origin,
    /// The previous instruction of the same operation: a chain that CSE and forwarding walk.
    pub prev: IrRef,
}

impl Ins {
    /// An instruction with these value operands.
    pub fn new(op: Op, ty: Type, refs: &[IrRef]) -> Ins {
        let mut ins = Ins {
            op,
            ty,
            sunk: false,
            refs: [IrRef::NONE; 3],
            lits: [0; 3],
            list: List::default(),
            snap: SnapRef::NONE,
            origin: Origin::default(),
            prev: IrRef::NONE,
        };
        ins.refs[..refs.len()].copy_from_slice(refs);
        ins
    }

    /// The same with these literal operands.
    pub fn with_lits(mut self, lits: &[i32]) -> Ins {
        self.lits[..lits.len()].copy_from_slice(lits);
        self
    }

    /// The first value operand.
    pub const fn a(&self) -> IrRef {
        self.refs[0]
    }

    /// The second value operand.
    pub const fn b(&self) -> IrRef {
        self.refs[1]
    }

    /// The third value operand.
    pub const fn c(&self) -> IrRef {
        self.refs[2]
    }

    /// The memory type that a load, a store, `WRAP` or `CBOX` names.
    ///
    /// # Panics
    /// When the operation names none.
    pub fn mem(&self) -> MemType {
        MemType::from_code(self.lits[0]).expect("the operation names a memory type")
    }

    /// The field that `FLOAD` names.
    ///
    /// # Panics
    /// When the operation names none.
    pub fn field(&self) -> Field {
        Field::from_code(self.lits[0]).expect("the operation names a field")
    }

    /// The helper that `CALL` names.
    pub fn helper(&self) -> Option<Helper> {
        if self.op == Op::CALL { Helper::from_code(self.lits[0]) } else { None }
    }

    /// Whether it can leave the trace.
    pub fn is_guard(&self) -> bool {
        self.op.info().guard || self.helper().is_some_and(|h| h.info().failure != Failure::Never)
    }

    /// Whether the operation, the type and the operands are the same.
    pub fn same_computation(&self, other: &Ins) -> bool {
        self.op == other.op && self.ty == other.ty && self.refs == other.refs && self.lits == other.lits
    }
}

/// Where a trace starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// At a loop or a function entry.
    Root {
        /// The first instruction that it covers.
        pc: u64,
    },
    /// At the exit of another trace.
    Side {
        /// That trace.
        parent: u32,
        /// Its exit, which is the number of its snapshot.
        exit: u32,
        /// The first instruction that it covers.
        pc: u64,
    },
}

/// Where a trace ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// At its own `LOOP`; without one, at its own start.
    Loop,
    /// At the entry of another trace.
    Trace(u32),
    /// In the interpreter.
    Interpreter,
}

/// A trace.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its number.
    pub number: u32,
    /// Where it starts.
    pub start: Start,
    /// How many bytecode instructions the traces that lead to it stand for, from the root of its tree on.
    pub before: u32,
    /// Its instructions; the first is not one.
    pub ins: Vec<Ins>,
    /// Its constants.
    pub constants: Constants,
    /// The arguments of its calls.
    pub lists: Vec<IrRef>,
    /// The signatures of its native calls.
    pub signatures: Vec<CSignature>,
    /// Its snapshots in order. The last is the state at its end.
    pub snapshots: Vec<Snapshot>,
    /// Where it ends.
    pub link: Link,
    /// The instruction that divides preamble and loop body, if it was peeled.
    pub loop_at: IrRef,
}

/// Turns that a loop is thought to run before it is left.
const TURNS: u32 = 8;

impl Trace {
    /// A trace without instructions.
    pub fn new(number: u32, start: Start) -> Trace {
        Trace {
            number,
            start,
            before: 0,
            ins: vec![Ins::new(Op::NOP, Type::None, &[])],
            constants: Constants::default(),
            lists: Vec::new(),
            signatures: Vec::new(),
            snapshots: Vec::new(),
            link: Link::Interpreter,
            loop_at: IrRef::NONE,
        }
    }

    /// The address of the first bytecode instruction that it covers.
    pub fn start_pc(&self) -> u64 {
        match self.start {
            Start::Root { pc } | Start::Side { pc, .. } => pc,
        }
    }

    /// How many bytecode instructions a run through it stands for that leaves by this snapshot, from the root of the tree on. Of a loop nobody
    /// knows how often it turned: it is taken for a short one.
    pub fn work_until(&self, snapshot: &Snapshot) -> u32 {
        let turn = self.snapshots.iter().map(|s| s.done).max().unwrap_or(0);
        let turns = if self.is_in_loop(snapshot) { TURNS * turn } else { 0 };
        self.before.saturating_add(turns + snapshot.done)
    }

    /// Whether a `NEWITEM` adds to a table that was made in the trace, with room for the item.
    pub fn has_room(&self, item: &Ins) -> bool {
        let index = self.constant(item.b()).filter(|_| item.op == Op::NEWITEM);
        let room = self.ins_of(item.a(), Op::TNEW).map(|table| table.lits[2]);
        matches!((index, room), (Some(Const::Int(index)), Some(room)) if index < room)
    }

    /// Whether it goes back to its own start when it has come to its end: a loop that was not peeled, or a function that calls itself.
    pub fn restarts(&self) -> bool {
        self.link == Link::Loop && !self.loop_at.is_some()
    }

    /// Whether a snapshot was taken in the loop, not in the preamble.
    pub fn is_in_loop(&self, snapshot: &Snapshot) -> bool {
        self.loop_at.is_some() && snapshot.at > self.loop_at
    }

    /// The instructions that may leave by a snapshot.
    pub fn leaving_by(&self, snapshot: SnapRef) -> impl Iterator<Item = &Ins> {
        self.ins.iter().filter(move |ins| ins.snap == snapshot && ins.op != Op::NOP)
    }

    /// References of all instructions in order, removed ones included.
    pub fn refs(&self) -> impl DoubleEndedIterator<Item = IrRef> + use<> {
        (1..self.ins.len() as u32).map(IrRef)
    }

    /// The reference that the next instruction will have.
    pub fn next_ref(&self) -> IrRef {
        IrRef(self.ins.len() as u32)
    }

    /// The instruction behind a reference, if it is one.
    pub fn ins(&self, at: IrRef) -> Option<&Ins> {
        if at.is_instruction() { self.ins.get(at.index()) } else { None }
    }

    /// The instruction behind a reference, if it is one of this operation.
    pub fn ins_of(&self, at: IrRef, op: Op) -> Option<&Ins> {
        self.ins(at).filter(|ins| ins.op == op)
    }

    /// The type of a value.
    pub fn ty(&self, at: IrRef) -> Type {
        match self.ins(at) {
            Some(ins) => ins.ty,
            None if at.is_constant() => self.constants.get(at).ty(),
            None => Type::None,
        }
    }

    /// The constant behind a reference, if it is one.
    pub fn constant(&self, at: IrRef) -> Option<Const> {
        at.is_constant().then(|| self.constants.get(at))
    }

    /// The number behind a reference to a `num` constant.
    pub fn num_constant(&self, at: IrRef) -> Option<f64> {
        match self.constant(at)? {
            Const::Num(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The integer behind a reference to an `int`, `i64`, `u64` or `ptr` constant.
    pub fn int_constant(&self, at: IrRef) -> Option<i64> {
        match self.constant(at)? {
            Const::Int(n) => Some(i64::from(n)),
            Const::I64(n) => Some(n),
            Const::U64(n) | Const::Ptr(n) => Some(n as i64),
            _ => None,
        }
    }

    /// The arguments of a call.
    pub fn list(&self, list: List) -> &[IrRef] {
        &self.lists[list.start as usize..][..list.len as usize]
    }

    /// The signature of a `CALLC`.
    pub fn signature(&self, ins: &Ins) -> &CSignature {
        &self.signatures[ins.lits[0] as usize]
    }

    /// Interns a signature.
    pub fn add_signature(&mut self, signature: CSignature) -> i32 {
        match self.signatures.iter().position(|s| *s == signature) {
            Some(at) => at as i32,
            None => {
                self.signatures.push(signature);
                self.signatures.len() as i32 - 1
            }
        }
    }

    /// Calls `visit` with each value that an instruction uses, the arguments of calls included.
    pub fn for_each_use(&self, ins: &Ins, mut visit: impl FnMut(IrRef)) {
        ins.refs.iter().chain(self.list(ins.list)).copied().filter(|r| r.is_some()).for_each(&mut visit);
    }

    /// Whether a reference names an instruction of the loop body.
    pub fn in_loop(&self, at: IrRef) -> bool {
        self.loop_at.is_some() && at.is_instruction() && at > self.loop_at
    }

    /// The PHIs, which stand at the end.
    pub fn phis(&self) -> impl Iterator<Item = (IrRef, &Ins)> {
        let start = if self.loop_at.is_some() { self.loop_at.index() } else { self.ins.len() };
        self.ins.iter().enumerate().skip(start).filter(|(_, i)| i.op == Op::PHI).map(|(n, i)| (IrRef(n as u32), i))
    }

    /// Number of guards, and how many of them run on every turn of the loop (all of them when there is no loop).
    pub fn guard_counts(&self) -> (usize, usize) {
        let guards = |from: usize| self.ins[from..].iter().filter(|i| i.is_guard()).count();
        (guards(0), guards(if self.loop_at.is_some() { self.loop_at.index() } else { 0 }))
    }

    /// The literal operands of an instruction with what they are.
    pub fn literals(ins: &Ins) -> impl Iterator<Item = (Operand, i32)> {
        let kinds = ins.op.info().operands.iter().filter(|o| !matches!(o, Operand::Ref | Operand::List));
        kinds.copied().zip(ins.lits)
    }
}
