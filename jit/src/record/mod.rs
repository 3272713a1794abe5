//! The recorder: it runs beside the interpreter, one bytecode instruction ahead, and writes down what the instruction does to the very
//! values that it is about to find.
//!
//! ```text
//!   interpreter shows an instruction ──> [`Recorder::step`] ──> handler of the operation ──> IR through the emitter
//!                                            │                        │
//!                                            v                        v
//!                                 where it was expected?      where it goes on: the next expectation
//! ```
//!
//! Since an instruction is recorded before it runs, its handler finds out for itself what will happen (which way a comparison
//! goes, what a lookup finds, which function is called), emits guards that it always does, and foretells the next
//! instruction. If the interpreter then shows another one, something happened that was not recorded, and the recording is aborted: so a
//! mistake or an omission here costs a trace, not a wrong result.
//!
//! Rules that every handler keeps:
//!
//! - Guards come before effects. A guard leaves by the last snapshot, and the interpreter does the instruction again.
//! - An effect sets [`Recorder::effect`], and the next instruction begins with a snapshot.
//! - A value that is read is unboxed when its type matters, not before.
//!
//! Reading order: [`machine`] (what is looked at), [`slots`], [`recorder`] (state and basics), [`liveness`]; then by theme: [`data`],
//! [`arith`], [`bits`], [`compare`], [`loops`], [`call`], [`ret`], [`varargs`], [`upvalue`], [`lookup`], [`store`], [`construct`],
//! [`strings`], [`metamethod`], [`iterate`], [`natives`], and for C values [`cdata`].

pub mod arith;
pub mod bitfield;
pub mod bits;
pub mod call;
pub mod ccall;
pub mod cdata;
pub mod cnamespace;
pub mod compare;
pub mod construct;
pub mod cvalue;
pub mod data;
pub mod iterate;
pub mod liveness;
pub mod lookup;
pub mod loops;
pub mod machine;
pub mod metamethod;
pub mod natives;
pub mod recorder;
pub mod ret;
pub mod slots;
pub mod store;
pub mod strings;
pub mod upvalue;
pub mod varargs;

pub use machine::{At, Known, Pc};
pub use recorder::{Beginning, Kind, Recorder, Traced};

use crate::events;
use crate::ir::Link;
use crate::trace::abort::{Abort, Reason, Rec};
use moonwake_lang::bytecode::Op;

/// What becomes of a recording after an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// It goes on.
    Next,
    /// The trace is complete, and ends like this.
    Stop(Link),
}

/// Records one operation.
type Handler = fn(&mut Recorder, &mut At<'_>) -> Rec<Flow>;

impl Recorder {
    /// Records the instruction that is about to run.
    pub fn step(&mut self, at: &mut At<'_>) -> Rec<Flow> {
        if at.op() == Op::NATIVE && self.expected.natives > 0 && self.is_same_coroutine(at) {
            // It was recorded with the call.
            self.expected.natives -= 1;
            return Ok(Flow::Next);
        }
        if !self.is_expected(at) {
            return Err(Reason::Unforeseen.into());
        }
        self.check_limits()?;
        self.set_origin(at.pc);
        self.bytecode.push((at.pc, self.depth() as u32));
        self.function = at.function();
        self.watched |= events::are_told(at.vm);
        if !self.takes_turn {
            events::recording(at.vm, self, at.pc);
        }
        self.finish_pending(at)?;
        // At a function's entry the call before it is where to go on: nothing had an effect since.
        if self.effect && at.op() != Op::FUNC && at.op() != Op::FUNCV {
            self.snapshot(at.pc, at);
        }
        if self.bytecode.len() == 1 && self.beginning.kind == Kind::Function {
            self.e.guard(crate::ir::Op::POLL, crate::ir::Type::None, &[])?;
        }
        if std::mem::take(&mut self.native_called) {
            // What the trace believes still holds unless the call ran Lua or failed; the snapshot stands behind the call.
            self.e.guard(crate::ir::Op::EVENT, crate::ir::Type::None, &[])?;
        }
        if self.is_long_enough() {
            return Ok(Flow::Stop(Link::Interpreter));
        }
        if !matches!(at.op(), Op::CALLM | Op::TAILCALLM | Op::RETURNM | Op::SETLISTM) {
            self.multiple = None;
        }
        self.taken = None;
        self.expected.pc = at.pc.next();
        self.expected.natives = 0;
        let flow = HANDLERS[at.op() as usize](self, at)?;
        self.expected.base = self.base;
        Ok(flow)
    }

    /// Whether a trace that need not close a loop ends here, at a snapshot just taken: what follows is compiled by itself, if it gets hot.
    /// Compiling takes longer than in proportion, and the many paths of a tree each have all that follows them.
    fn is_long_enough(&self) -> bool {
        let (beginning, snapshots) = (self.beginning.kind, &self.e.trace.snapshots);
        beginning != Kind::Loop
            && snapshots.len() > PIECE
            && snapshots.last().is_some_and(|last| last.at == self.e.trace.next_ref())
    }

    fn check_limits(&self) -> Rec<()> {
        let trace = &self.e.trace;
        if trace.ins.len() > self.limits.maxrecord as usize {
            return Err(Reason::TraceTooLong.into());
        }
        if trace.snapshots.len() > self.limits.maxsnap as usize {
            return Err(Reason::TooManySnapshots.into());
        }
        Ok(())
    }
}

/// Snapshots after which a side trace or a function's trace may end.
const PIECE: usize = 100;

/// For operations that a recording never meets, and those that it does not record.
fn not_recorded(_: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    Err(Abort::operation(at.op()))
}

/// Names the recorder of each operation, with an arm for every one of them and no catch-all.
macro_rules! handler_of {
    (MOVE) => {
        data::mov
    };
    (KPRI) => {
        data::primitive
    };
    (KNIL) => {
        data::nils
    };
    (KSHORT) => {
        data::short
    };
    (KCONST) => {
        data::constant
    };
    (NOT) => {
        data::not
    };
    (NEG) => {
        arith::negate
    };
    (LEN) => {
        strings::length
    };
    (ADDRR) => {
        arith::add
    };
    (SUBRR) => {
        arith::subtract
    };
    (MULRR) => {
        arith::multiply
    };
    (DIVRR) => {
        arith::divide
    };
    (MODRR) => {
        arith::modulo
    };
    (POWRR) => {
        arith::power
    };
    (ADDRK) => {
        arith::add
    };
    (SUBRK) => {
        arith::subtract
    };
    (MULRK) => {
        arith::multiply
    };
    (DIVRK) => {
        arith::divide
    };
    (MODRK) => {
        arith::modulo
    };
    (ADDKR) => {
        arith::add
    };
    (SUBKR) => {
        arith::subtract
    };
    (MULKR) => {
        arith::multiply
    };
    (DIVKR) => {
        arith::divide
    };
    (MODKR) => {
        arith::modulo
    };
    (BNOT) => {
        bits::not
    };
    (BANDRR) => {
        bits::and
    };
    (BORRR) => {
        bits::or
    };
    (BXORRR) => {
        bits::xor
    };
    (SHLRR) => {
        bits::shift_left
    };
    (SHRRR) => {
        bits::shift_right
    };
    (SARRR) => {
        bits::shift_arithmetic
    };
    (CONCAT) => {
        strings::concat
    };
    (EQRR) => {
        compare::equal
    };
    (NERR) => {
        compare::equal
    };
    (EQRK) => {
        compare::equal
    };
    (NERK) => {
        compare::equal
    };
    (EQRP) => {
        compare::equal
    };
    (NERP) => {
        compare::equal
    };
    (LTRR) => {
        compare::order
    };
    (NLTRR) => {
        compare::order
    };
    (LERR) => {
        compare::order
    };
    (NLERR) => {
        compare::order
    };
    (LTRK) => {
        compare::order
    };
    (NLTRK) => {
        compare::order
    };
    (LERK) => {
        compare::order
    };
    (NLERK) => {
        compare::order
    };
    (LTKR) => {
        compare::order
    };
    (NLTKR) => {
        compare::order
    };
    (LEKR) => {
        compare::order
    };
    (NLEKR) => {
        compare::order
    };
    (IST) => {
        compare::truth
    };
    (ISF) => {
        compare::truth
    };
    (ISTC) => {
        compare::truth
    };
    (ISFC) => {
        compare::truth
    };
    (GETUPVAL) => {
        upvalue::get
    };
    (SETUPVAL) => {
        upvalue::set
    };
    (SETUPVALK) => {
        upvalue::set_constant
    };
    (SETUPVALP) => {
        upvalue::set_primitive
    };
    (CLOSE) => {
        upvalue::close
    };
    (CLOSURE) => {
        upvalue::closure
    };
    (NEWTABLE) => {
        construct::table
    };
    (DUPTABLE) => {
        construct::duplicate
    };
    (NEWOBJECT) => {
        construct::object
    };
    (SETLIST) => {
        construct::list
    };
    (SETLISTM) => {
        construct::list
    };
    (GETGLOBAL) => {
        lookup::global
    };
    (SETGLOBAL) => {
        store::global
    };
    (GETFIELD) => {
        lookup::field
    };
    (SETFIELD) => {
        store::field
    };
    (GETMETHOD) => {
        lookup::method
    };
    (GETINDEX) => {
        lookup::index
    };
    (SETINDEX) => {
        store::index
    };
    (GETINDEXI) => {
        lookup::number
    };
    (SETINDEXI) => {
        store::number
    };
    (CALL) => {
        call::call
    };
    (CALLM) => {
        call::call
    };
    (TAILCALL) => {
        call::tail
    };
    (TAILCALLM) => {
        call::tail
    };
    (RETURN) => {
        ret::values
    };
    (RETURNM) => {
        ret::values
    };
    (RETURN0) => {
        ret::values
    };
    (RETURN1) => {
        ret::values
    };
    (VARARG) => {
        varargs::values
    };
    (JUMP) => {
        loops::jump
    };
    (FORPREP) => {
        loops::prepare
    };
    (FORLOOP) => {
        loops::numeric
    };
    (FORLOOPI) => {
        loops::numeric
    };
    (FORLOOPJ) => {
        loops::numeric
    };
    (ITERPREP) => {
        iterate::prepare
    };
    (ITERCALL) => {
        iterate::call
    };
    (ITERLOOP) => {
        loops::generic
    };
    (ITERLOOPI) => {
        loops::generic
    };
    (ITERLOOPJ) => {
        loops::generic
    };
    (LOOP) => {
        loops::other
    };
    (LOOPI) => {
        loops::other
    };
    (LOOPJ) => {
        loops::other
    };
    (FUNC) => {
        call::enter_function
    };
    (FUNCI) => {
        call::enter_function
    };
    (FUNCJ) => {
        call::enter_function
    };
    (FUNCV) => {
        varargs::enter_function
    };
    (NATIVE) => {
        not_recorded
    };
    (HALT) => {
        not_recorded
    };
}

macro_rules! handlers {
    ($($name:ident, $a:ident, $fmt:ident($($m:ident),+), [$($w:ident),*], $doc:literal;)*) => {
        /// The recorder of each operation.
        static HANDLERS: [Handler; moonwake_lang::bytecode::OP_COUNT] = [$(handler_of!($name)),*];
    };
}
moonwake_lang::for_each_op!(handlers);
