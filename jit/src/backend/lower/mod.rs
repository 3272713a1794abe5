//! Lowering: each IR instruction becomes a few Cranelift instructions, in order.
//!
//! A trace is one chain of blocks, a new one after each guard, with the loop's block in the middle. Because it is a chain,
//! whatever was computed dominates all that follows, and no block but the loop's needs parameters.
//!
//! ```text
//!   entry: preamble --guard--> … --> loop(phis): body --guard--> … --> jump loop(phis)
//!              |                                    |
//!              v cold                               v cold
//!            exit 0                               exit 1
//! ```
//!
//! Integer constants are written where they are used, for they fold into instructions; floating-point constants are loads from
//! memory, so those of the loop are loaded once in front of it.
//!
//! Exits of the preamble are written before the loop starts, while a value's name still means what it did there.

mod alloc;
mod arith;
mod call;
mod exit;
mod guard;
mod memory;
mod object;

pub(super) use call::helper_signature;

use super::link::Late;
use super::{Callee, CompileError, Exit, HelperTable, Layout, nan};
use crate::ir::types::Register;
use crate::ir::{Const, Ins, IrRef, Link, Op, SnapRef, Trace, Type};
use cranelift_codegen::Context;
use cranelift_codegen::ir::types::{F64, I32, I64};
use cranelift_codegen::ir::{self as clif, AbiParam, BlockArg, InstBuilder, MemFlagsData, Signature, SourceLoc, Value};
use cranelift_codegen::isa::CallConv;
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use moonwake_lang::trace_state::ExitReason;
use std::collections::{HashMap, HashSet};

/// What code refers to besides the trace.
pub struct Environment<'a> {
    /// Addresses of the runtime helpers.
    pub helpers: &'a HelperTable,
    /// The same for code that is rarely run, of those that such code calls: functions that preserve all registers.
    pub preserving: &'a HelperTable,
    /// Where things are in the virtual machine.
    pub layout: Layout,
    /// Where exits lead at first.
    pub to_interpreter: usize,
    /// The C functions that the trace calls at constant addresses.
    pub callees: Vec<Callee>,
    /// What the function builder must know of the processor.
    pub frontend: TargetFrontendConfig,
    /// What the exit that the trace was compiled for leaves to it.
    pub late: &'a [Late],
}

impl Environment<'_> {
    /// How the C function at an address is reached.
    fn callee(&self, function: u64, variadic: bool) -> Option<&Callee> {
        self.callees.iter().find(|c| c.function == function && c.variadic == variadic)
    }
}

/// The ways out of a trace that was lowered.
pub struct Lowered {
    /// All of them, by number.
    pub exits: Vec<Exit>,
    /// The one at the end of a trace that does not loop.
    pub end: Option<usize>,
}

/// `fn(vm, base, record) -> reason`: the signature of every trace.
pub fn trace_signature() -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params = vec![AbiParam::new(I64); 3];
    signature.returns = vec![AbiParam::new(I64)];
    signature
}

/// The Cranelift type of a value's register; `None` when it needs none.
fn clif_type(ty: Type) -> Option<clif::Type> {
    match ty.register() {
        Register::Nothing => None,
        Register::Float => Some(F64),
        Register::Word => Some(I32),
        Register::Long => Some(I64),
    }
}

/// Builds the function of a trace in `context`.
pub fn lower(
    trace: &Trace,
    environment: &Environment,
    context: &mut Context,
    builder: &mut FunctionBuilderContext,
) -> Result<Lowered, CompileError> {
    context.func.signature = trace_signature();
    let mut b = FunctionBuilder::new(&mut context.func, builder);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params = b.block_params(entry).to_vec();
    let mut lowering = Lowering {
        b,
        trace,
        environment,
        vm: params[0],
        base: params[1],
        start: None,
        values: vec![None; trace.ins.len()],
        floats: HashMap::new(),
        results: HashMap::new(),
        raw: HashMap::new(),
        foreign: nan::foreign(trace),
        identities: identities(trace),
        exits: Vec::new(),
        pending: Vec::new(),
        in_loop: false,
        stored: trace.ins.iter().filter(|ins| ins.op == Op::SSTORE).map(|ins| ins.lits[0]).collect(),
        restoring: false,
        rare: false,
    };
    lowering.complete_slots(environment.late);
    if trace.restarts() {
        lowering.begin_anew();
    }
    let end = lowering.run()?;
    let Lowering { mut b, exits, .. } = lowering;
    b.seal_all_blocks();
    b.finalize(environment.frontend);
    Ok(Lowered { exits, end })
}

/// The state of lowering one trace.
struct Lowering<'a> {
    b: FunctionBuilder<'a>,
    trace: &'a Trace,
    environment: &'a Environment<'a>,
    /// The virtual machine.
    vm: Value,
    /// The base on entry.
    base: Value,
    /// Where a trace that goes back to its own start does so; takes the base.
    start: Option<clif::Block>,
    /// What each instruction's value is now.
    values: Vec<Option<Value>>,
    /// Floating-point constants that are in a register.
    floats: HashMap<u64, Value>,
    /// Result registers of `CALLC`s.
    results: HashMap<IrRef, Vec<Value>>,
    /// Slots that the parent's exit left unboxed: what they held, and its type.
    raw: HashMap<i32, (Type, Value)>,
    /// Numbers that boxing must look at; see [`nan`].
    foreign: Vec<bool>,
    /// Values that are only compared with a constant object, by the instruction that follows.
    identities: Vec<bool>,
    exits: Vec<Exit>,
    /// Exits that some guard branches to and that are not written yet.
    pending: Vec<exit::Pending>,
    /// The loop has started: values that go around are no longer what they were.
    in_loop: bool,
    /// Slots that the trace stores into: an exit cannot rely on what they held on entry.
    stored: HashSet<i32>,
    /// An exit is being written: what it needs of constants it makes itself.
    restoring: bool,
    /// What is written is rarely run.
    rare: bool,
}

/// Memory that is there and aligned: everything that belongs to the machine.
const TRUSTED: MemFlagsData = MemFlagsData::trusted();

impl Lowering<'_> {
    fn run(&mut self) -> Result<Option<usize>, CompileError> {
        let trace = self.trace;
        let mut header = None;
        for at in trace.refs() {
            let ins = &trace.ins[at.index()];
            self.b.set_srcloc(SourceLoc::new(at.0));
            if ins.op == Op::LOOP {
                header = Some(self.start_loop()?);
            } else if !ins.sunk && !self.identities[at.index()] {
                let value = self.instruction(at, ins)?;
                self.values[at.index()] = value;
            }
        }
        self.b.set_srcloc(SourceLoc::default());
        let end = match header {
            Some(header) => {
                let arguments = self.phi_arguments(true);
                self.b.ins().jump(header, &arguments);
                None
            }
            None => {
                let last = SnapRef(trace.snapshots.len().wrapping_sub(1) as u32);
                let (block, number) = self.exit_to(last, ExitReason::End);
                self.b.ins().jump(block, &[]);
                Some(number)
            }
        };
        debug_assert!(trace.link == Link::Loop || end.is_some());
        self.write_exits()?;
        Ok(end)
    }

    /// Opens the block to which the trace goes back from its end.
    fn begin_anew(&mut self) {
        let start = self.b.create_block();
        self.b.ins().jump(start, &[self.base.into()]);
        self.base = self.b.append_block_param(start, I64);
        self.b.switch_to_block(start);
        self.start = Some(start);
        // Later turns find other values.
        self.raw.clear();
    }

    /// Ends the preamble: writes its exits, and opens the loop's block with a parameter for each PHI.
    fn start_loop(&mut self) -> Result<clif::Block, CompileError> {
        self.load_floats_of_loop();
        let header = self.b.create_block();
        let arguments = self.phi_arguments(false);
        self.b.ins().jump(header, &arguments);
        self.write_exits()?;
        self.in_loop = true;
        for phi in live_phis(self.trace) {
            if let Some(ty) = clif_type(phi.ty) {
                let parameter = self.b.append_block_param(header, ty);
                self.values[phi.a().index()] = Some(parameter);
            }
        }
        self.b.switch_to_block(header);
        Ok(header)
    }

    /// What the PHIs are given: the values of the preamble, or those of a turn.
    fn phi_arguments(&mut self, turned: bool) -> Vec<BlockArg> {
        let phis: Vec<Ins> = live_phis(self.trace).copied().collect();
        let with_register = phis.iter().filter(|phi| clif_type(phi.ty).is_some());
        let sources = with_register.map(|phi| (phi.ty, if turned { phi.b() } else { phi.a() }));
        let sources: Vec<(Type, IrRef)> = sources.collect();
        sources
            .into_iter()
            .map(|(ty, source)| BlockArg::Value(if ty == Type::Val { self.boxed(source) } else { self.value(source) }))
            .collect()
    }

    /// Loads the floating-point constants that the loop uses.
    fn load_floats_of_loop(&mut self) {
        let trace = self.trace;
        let mut constants = Vec::new();
        for ins in trace.ins.iter().skip(trace.loop_at.index()).filter(|i| !i.sunk && !i.op.is_store()) {
            trace.for_each_use(ins, |r| {
                if let Some(Const::Num(bits)) = trace.constant(r) {
                    constants.push(bits);
                }
            });
        }
        for bits in constants {
            if !self.floats.contains_key(&bits) {
                let value = self.b.ins().f64const(f64::from_bits(bits));
                self.floats.insert(bits, value);
            }
        }
    }

    /// A value in its register. Types without a register have none, and are never asked for.
    fn value(&mut self, at: IrRef) -> Value {
        match self.trace.constant(at) {
            None => self.values[at.index()].expect("a value is computed before it is used"),
            Some(Const::Num(bits)) => match self.floats.get(&bits) {
                Some(&value) if !self.restoring => value,
                _ => self.b.ins().f64const(f64::from_bits(bits)),
            },
            Some(Const::Int(n)) => self.b.ins().iconst(I32, i64::from(n)),
            Some(constant) => self.b.ins().iconst(I64, constant.bits() as i64),
        }
    }

    fn long(&mut self, n: u64) -> Value {
        self.b.ins().iconst(I64, n as i64)
    }

    /// Lowers one instruction; gives its value, if it has one.
    fn instruction(&mut self, at: IrRef, ins: &Ins) -> Result<Option<Value>, CompileError> {
        Ok(match ins.op {
            Op::SLOAD => self.slot_load(ins),
            Op::UNBOX => self.unbox(ins),
            Op::BOX => Some(self.boxed(ins.a())),
            Op::EQ
            | Op::NE
            | Op::LT
            | Op::LE
            | Op::GT
            | Op::GE
            | Op::NLT
            | Op::NLE
            | Op::NGT
            | Op::NGE
            | Op::ULT
            | Op::ULE
            | Op::UGT
            | Op::UGE => self.comparison(ins),
            Op::SHAPE | Op::EPOCH | Op::STACK | Op::POLL | Op::EVENT => self.state_guard(ins),
            Op::ADD
            | Op::SUB
            | Op::MUL
            | Op::DIV
            | Op::MOD
            | Op::NEG
            | Op::ABS
            | Op::MIN
            | Op::MAX
            | Op::SQRT
            | Op::FLOOR
            | Op::CEIL
            | Op::TRUNC
            | Op::FROUND => Some(self.arithmetic(ins)?),
            Op::ADDOV | Op::SUBOV | Op::MULOV => Some(self.checked_arithmetic(ins)),
            Op::BNOT | Op::BSWAP | Op::BAND | Op::BOR | Op::BXOR | Op::SHL | Op::SHR | Op::SAR | Op::ROL | Op::ROR => {
                Some(self.bits(ins))
            }
            Op::TONUM | Op::TOINT | Op::TOBIT | Op::CONV | Op::WRAP => Some(self.conversion(ins)),
            Op::FLOAD | Op::ALOAD | Op::KLOAD | Op::UREF | Op::ULOAD | Op::XLOAD => Some(self.load(ins)),
            Op::ASTORE | Op::KSTORE | Op::USTORE | Op::XSTORE | Op::XCOPY => {
                self.store(ins)?;
                None
            }
            Op::ADDR | Op::INDEX | Op::SCRATCH => Some(self.address(ins)),
            Op::SADDR => Some(self.b.ins().iadd_imm_s(self.base, 8 * i64::from(ins.lits[0]))),
            Op::SSTORE => {
                self.store_boxed(ins.a(), self.base, 8 * ins.lits[0]);
                None
            }
            Op::RLOAD => Some(self.b.ins().load(I64, TRUSTED, self.base, 8 * ins.lits[0])),
            Op::NEWKEY | Op::RESHAPE | Op::NEWITEM | Op::BARRIER => {
                self.object_effect(ins)?;
                None
            }
            Op::TNEW | Op::TDUP | Op::CNEW | Op::CCOPY | Op::CBOX | Op::CLOSURE => Some(self.allocation(ins)?),
            Op::CALL => self.helper_call(ins)?,
            Op::CALLC => self.native_call(at, ins)?,
            Op::RESULT => Some(self.results[&ins.a()][ins.lits[0] as usize]),
            Op::LOOP | Op::PHI | Op::NOP => None,
        })
    }
}

/// The PHIs that are executed.
fn live_phis(trace: &Trace) -> impl Iterator<Item = &Ins> {
    trace.phis().map(|(_, phi)| phi).filter(|phi| !phi.sunk)
}

/// For each instruction, whether it takes an object out of a `val` or a slot only for the next instruction, a guard that this is a certain
/// object. Two such guards are one: the `val` is compared as it is.
fn identities(trace: &Trace) -> Vec<bool> {
    let mut uses = vec![0u32; trace.ins.len()];
    let mut used = |at: IrRef| {
        if at.is_instruction() {
            uses[at.index()] += 1;
        }
    };
    trace.ins.iter().for_each(|ins| trace.for_each_use(ins, &mut used));
    trace.snapshots.iter().flat_map(|snapshot| &snapshot.entries).for_each(|entry| used(entry.value));
    let is_identity = |at: IrRef| {
        let (ins, next) = (&trace.ins[at.index()], trace.ins.get(at.index() + 1));
        let is_taken_out = match ins.op {
            Op::UNBOX => next.is_some_and(|next| next.snap == ins.snap),
            Op::SLOAD => true,
            _ => false,
        };
        is_taken_out
            && ins.ty.is_object()
            && uses[at.index()] == 1
            && next.is_some_and(|next| next.op == Op::EQ && next.a() == at && next.b().is_constant())
    };
    let mut identities = vec![false; trace.ins.len()];
    trace.refs().for_each(|at| identities[at.index()] = is_identity(at));
    identities
}
