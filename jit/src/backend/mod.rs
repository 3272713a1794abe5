//! The Cranelift backend: from a finished [`Trace`] to machine code.
//!
//! A trace becomes one function. Its preamble is straight code, its loop one block with the PHIs as parameters, and every exit
//! a cold block that writes the changed stack slots and jumps on. What Cranelift is asked to do was measured:
//!
//! - `opt_level=none`. `speed` doubles compile time and goes quadratic with exits (240 guards: 77 ms against 2.3 ms), and our
//!   own passes have done what it would do.
//! - The backtracking register allocator: the single-pass one makes loops 4 times slower.
//! - One exit block for a snapshot, shared by its guards; guards branch to it by the `then` edge.
//! - Traces use the `tail` calling convention and leave by a tail call through a slot in memory ([`link`]), so one trace is
//!   linked to another by storing a pointer; code is never patched.
//!
//! Reading order: [`link`] (how traces are entered, left and joined), [`lower`] (instructions), [`codemem`] (where code lives),
//! [`helpers`] (the functions that code calls), [`nan`], [`stubs`].

pub mod codemem;
pub mod helpers;
pub mod link;
pub mod lower;
pub mod nan;
pub mod stubs;
#[cfg(target_arch = "x86_64")]
mod x64;

pub use helpers::HelperTable;
pub use link::{ExitRecord, Late};

use crate::ir::{Helper, Link, Op, SnapRef, Trace};
use codemem::CodeMemory;
use cranelift_module::FuncId;
use moonwake_lang::trace_state::{EnterTrace, ExitReason};

/// Where the lang crate's heap keeps what compiled code looks at.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Distance of the heap's epoch (32 bits) from the start of the virtual machine.
    pub epoch: i32,
    /// The bits of a header's `gc` byte that ask for a write barrier.
    pub barrier_bits: u8,
    /// Distance of the pointers to the strings of one byte from the start of the virtual machine.
    pub byte_strings: i32,
    /// Distance of the heap's runs of free cells from the start of the virtual machine.
    pub runs: i32,
}

/// Why a trace could not be compiled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CompileError {
    /// The trace calls a helper that the table has no address of.
    NoHelper(&'static str),
    /// Cranelift or the operating system refused.
    Backend(String),
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CompileError::NoHelper(name) => write!(f, "there is no runtime helper '{name}'"),
            CompileError::Backend(message) => write!(f, "{message}"),
        }
    }
}

impl std::error::Error for CompileError {}

/// One way out of a compiled trace.
#[derive(Debug)]
pub struct Exit {
    /// The snapshot that it restores.
    pub snapshot: SnapRef,
    /// Why it is taken.
    pub reason: ExitReason,
    /// What the code jumps through and the interpreter reads.
    pub record: Box<ExitRecord>,
}

/// A trace as machine code. The code itself belongs to the [`Backend`], which must outlive it.
#[derive(Debug)]
pub struct CompiledTrace {
    /// The trace's number.
    pub number: u32,
    /// Address of the code, by the `tail` convention.
    pub code: usize,
    /// Its size in bytes, constants included.
    pub size: usize,
    /// The ways out, by number.
    pub exits: Vec<Exit>,
    /// The exit by which a trace that does not loop goes on.
    pub end: Option<usize>,
    /// Cranelift IR and machine code as text, if asked for.
    pub listing: Option<Listing>,
}

/// A compiled trace as text.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Cranelift IR.
    pub clif: String,
    /// Machine code as Cranelift prints it.
    pub code: String,
    /// For each range of the machine code, the IR instruction that it came from.
    pub origins: Vec<(u32, u32, u32)>,
}

/// A C function at a constant address.
pub struct Callee {
    /// Its address.
    pub function: u64,
    /// Whether it is called with variable arguments.
    pub variadic: bool,
    /// What is called: the function, or a thunk that goes to it.
    pub address: usize,
    /// The same for a call by its distance, if it is within reach.
    pub near: Option<FuncId>,
}

/// The backend: the code memory, the stubs in it, and what the code needs to know of the machine.
pub struct Backend {
    memory: CodeMemory,
    helpers: HelperTable,
    /// Those that preserve all registers, made as they are needed.
    preserving: HelperTable,
    layout: Layout,
    stubs: stubs::Stubs,
    /// Whether compiled traces keep their [`Listing`].
    pub keep_listing: bool,
}

impl Backend {
    /// A backend for this machine.
    pub fn new(helpers: HelperTable, layout: Layout) -> Result<Backend, CompileError> {
        let mut memory = CodeMemory::new()?;
        let stubs = stubs::Stubs::compile(&mut memory)?;
        Ok(Backend { memory, helpers, preserving: HelperTable::empty(), layout, stubs, keep_listing: false })
    }

    /// The function by which the interpreter enters every trace.
    pub fn enter(&self) -> EnterTrace {
        self.stubs.enter()
    }

    /// Where an exit that is not linked jumps to.
    pub fn to_interpreter(&self) -> usize {
        self.stubs.to_interpreter
    }

    /// Compiles a finished trace. It is linked to itself where it ends in itself, and to the interpreter everywhere else.
    pub fn compile(&mut self, trace: &Trace) -> Result<CompiledTrace, CompileError> {
        self.compile_side(trace, &[])
    }

    /// The same for a side trace, whose parent's exit leaves `late` to it.
    pub fn compile_side(&mut self, trace: &Trace, late: &[Late]) -> Result<CompiledTrace, CompileError> {
        debug_assert_eq!(crate::ir::verify::verify(trace), Ok(()), "{trace}");
        let callees = self.callees(trace)?;
        self.make_preserving(trace)?;
        let environment = lower::Environment {
            helpers: &self.helpers,
            preserving: &self.preserving,
            layout: self.layout,
            to_interpreter: self.stubs.to_interpreter,
            callees,
            frontend: self.memory.frontend_config(),
            late,
        };
        let (context, builder) = self.memory.context();
        let lowered = lower::lower(trace, &environment, context, builder)?;
        let (code, size, listing) = self.memory.define(self.keep_listing)?;
        if let (Link::Loop, Some(end)) = (trace.link, lowered.end) {
            lowered.exits[end].record.link(code);
        }
        Ok(CompiledTrace { number: trace.number, code, size, exits: lowered.exits, end: lowered.end, listing })
    }

    /// Makes the forms that preserve all registers of the helpers that the trace may call where it rarely runs.
    fn make_preserving(&mut self, trace: &Trace) -> Result<(), CompileError> {
        for ins in &trace.ins {
            let helpers: &[Helper] = match ins.op {
                Op::TNEW => &[Helper::TableNew],
                Op::TDUP => &[Helper::TableDup],
                Op::CNEW | Op::CCOPY | Op::CBOX => &[Helper::CdataNew],
                Op::CLOSURE => &[Helper::ClosureNew],
                Op::NEWKEY => &[Helper::NewKey],
                Op::NEWITEM => &[Helper::NewItem, Helper::BarrierItem],
                Op::BARRIER => &[Helper::Barrier],
                _ => &[],
            };
            for &helper in helpers {
                if let (None, Some(address)) = (self.preserving.get(helper), self.helpers.get(helper)) {
                    let stub = stubs::compile_preserving(&mut self.memory, helper, address)?;
                    self.preserving.set(helper, stub);
                }
            }
        }
        Ok(())
    }

    /// How each C function that the trace calls at a constant address is reached.
    fn callees(&mut self, trace: &Trace) -> Result<Vec<Callee>, CompileError> {
        let mut callees: Vec<Callee> = Vec::new();
        for ins in trace.ins.iter().filter(|i| i.op == crate::ir::Op::CALLC && !i.sunk) {
            let Some(function) = trace.int_constant(ins.a()).map(|k| k as u64) else { continue };
            let variadic = trace.signature(ins).variadic;
            if callees.iter().any(|c| c.function == function && c.variadic == variadic) {
                continue;
            }
            let address = if variadic { self.memory.variadic_thunk(function)? } else { function as usize };
            let near = self.memory.near_function(address, self.stubs.to_interpreter)?;
            callees.push(Callee { function, variadic, address, near });
        }
        Ok(callees)
    }
}
