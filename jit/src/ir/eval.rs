//! The reference evaluator: runs a trace over a simulated memory, one instruction at a time.
//!
//! It says what every operation means in the fewest words, and is what the optimiser and the machine code are checked
//! against: a trace before and after any pass, and its machine code, must leave by an exit of the same bytecode position with the same memory.
//! A trace that ends in its own start without having been peeled is run turn by turn, its last snapshot applied to the stack in
//! between, which is what recording it meant.
//!
//! Everything outside the trace is behind [`World`]: memory, the runtime helpers, C.

use super::helpers::{FAILED, Failure, Helper};
use super::memory::MemType;
use super::ops::Op;
use super::semantics;
use super::signature::CSignature;
use super::trace::{Ins, IrRef, Link, SnapRef, Trace};
use super::types::Type;
use crate::snapshot::Snapshot;
use moonwake_lang::object::{Function, Header};
use moonwake_lang::trace_state::{ExitReason, TraceState};
use moonwake_lang::value::{CANONICAL_NAN, NUMBER_LIMIT, POINTER_MASK, Value};
use std::collections::{HashMap, HashSet};
use std::mem::offset_of;

/// What went wrong in the simulated world: the trace or the test is at fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault(pub String);

/// What a trace runs in.
pub trait World {
    /// Address of the virtual machine, which a [`TraceState`] starts.
    fn machine(&self) -> u64;
    /// The `size` bytes at an address, zero-extended.
    fn read(&self, address: u64, size: u32) -> Result<u64, Fault>;
    /// Writes the low `size` bytes of `bits` at an address.
    fn write(&mut self, address: u64, size: u32, bits: u64) -> Result<(), Fault>;
    /// The heap's epoch.
    fn epoch(&self) -> u32;
    /// Fresh memory for a `SCRATCH`.
    fn scratch(&mut self, size: u32) -> Result<u64, Fault>;
    /// A runtime helper that is not plain mathematics. Arguments and result as registers hold them.
    fn helper(&mut self, helper: Helper, arguments: &[u64]) -> Result<u64, Fault>;
    /// A C function. Arguments and results as registers hold them.
    fn native(&mut self, address: u64, signature: &CSignature, arguments: &[u64]) -> Result<[u64; 2], Fault>;
}

/// How a trace was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exit {
    /// The snapshot that was applied.
    pub snapshot: SnapRef,
    /// Why.
    pub reason: ExitReason,
    /// The bytecode to go on with.
    pub pc: u64,
    /// The base of the frame to go on in.
    pub base: u64,
    /// Multiple results that wait.
    pub results: Option<u32>,
}

/// Runs `trace` on the frame at `base` until it leaves; at most `turns` turns of its loop.
pub fn run(trace: &Trace, world: &mut dyn World, base: u64, turns: u64) -> Result<Exit, Fault> {
    let mut machine = Evaluator { trace, world, base, values: vec![0; trace.ins.len()], results: HashMap::new() };
    machine.run(turns)
}

/// What becomes of control after an instruction.
enum Next {
    Continue(u64),
    Leave,
}

struct Evaluator<'a> {
    trace: &'a Trace,
    world: &'a mut dyn World,
    base: u64,
    /// The register of each instruction.
    values: Vec<u64>,
    /// The result registers of the latest run of each `CALLC`.
    results: HashMap<IrRef, [u64; 2]>,
}

impl Evaluator<'_> {
    fn run(&mut self, turns: u64) -> Result<Exit, Fault> {
        let trace = self.trace;
        let mut at = IrRef(1);
        let mut left = turns;
        loop {
            if let Some(ins) = trace.ins(at) {
                if !ins.sunk {
                    match self.step(at, ins)? {
                        Next::Continue(bits) => self.values[at.index()] = bits,
                        Next::Leave => return self.leave(ins.snap, reason(ins.op)),
                    }
                }
                at = IrRef(at.0 + 1);
                continue;
            }
            let end = SnapRef(trace.snapshots.len().wrapping_sub(1) as u32);
            if trace.link != Link::Loop {
                return self.leave(end, ExitReason::End);
            }
            left = left.checked_sub(1).ok_or_else(|| Fault("the loop does not end".to_owned()))?;
            if trace.loop_at.is_some() {
                let turned: Vec<(IrRef, u64)> = trace.phis().map(|(_, phi)| (phi.a(), self.phi_value(phi))).collect();
                for (target, bits) in turned {
                    self.values[target.index()] = bits;
                }
                at = IrRef(trace.loop_at.0 + 1);
            } else {
                let exit = self.leave(end, ExitReason::End)?;
                self.base = exit.base;
                at = IrRef(1);
            }
        }
    }

    /// What goes around in a PHI: boxed if the PHI is a `val`.
    fn phi_value(&self, phi: &Ins) -> u64 {
        if phi.ty == Type::Val { self.boxed(phi.b()) } else { self.bits(phi.b()) }
    }

    /// The register of a value.
    fn bits(&self, at: IrRef) -> u64 {
        match self.trace.constant(at) {
            Some(constant) => constant.bits(),
            None => self.values[at.index()],
        }
    }

    /// A value as a `val`.
    fn boxed(&self, at: IrRef) -> u64 {
        box_bits(self.trace.ty(at), self.bits(at))
    }

    fn number(&self, at: IrRef) -> f64 {
        f64::from_bits(self.bits(at))
    }

    fn step(&mut self, at: IrRef, ins: &Ins) -> Result<Next, Fault> {
        let [a, b, c] = ins.refs;
        let ty = self.trace.ty(a);
        let guard = |holds: bool| if holds { Next::Continue(0) } else { Next::Leave };
        let offset = |address: u64, by: i32| address.wrapping_add_signed(i64::from(by));
        let fault = |what: &str| Fault(format!("{}: {what}", self.trace.display(&|_| None).line(at)));
        Ok(match ins.op {
            Op::SLOAD => {
                let value = self.world.read(offset(self.base, 8 * ins.lits[0]), 8)?;
                Next::Continue(unbox_known(ins.ty, value))
            }
            Op::UNBOX => match unbox(ins.ty, box_bits(ty, self.bits(a))) {
                Some(bits) => Next::Continue(bits),
                None => Next::Leave,
            },
            Op::BOX => Next::Continue(self.boxed(a)),
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
            | Op::UGE => {
                let holds = semantics::compare(ins.op, ty, self.bits(a), self.bits(b));
                guard(holds.ok_or_else(|| fault("this comparison does not exist"))?)
            }
            Op::SHAPE => {
                let shape = self.world.read(self.bits(a) + offset_of!(Header, size) as u64, 4)?;
                guard(shape == ins.lits[0] as u32 as u64)
            }
            Op::EPOCH => guard(self.world.epoch() == ins.lits[0] as u32),
            Op::STACK => {
                let limit = self.world.read(self.world.machine() + offset_of!(TraceState, stack_limit) as u64, 8)?;
                guard(offset(self.base, 8 * ins.lits[0]) <= limit)
            }
            Op::POLL => guard(self.world.read(self.world.machine() + offset_of!(TraceState, poll) as u64, 4)? == 0),
            Op::EVENT => {
                let place = self.world.machine() + offset_of!(TraceState, poll) as u64;
                guard(self.world.read(place, 8)? == 0)
            }
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
            | Op::FROUND
            | Op::BNOT
            | Op::BSWAP
            | Op::BAND
            | Op::BOR
            | Op::BXOR
            | Op::SHL
            | Op::SHR
            | Op::SAR
            | Op::ROL
            | Op::ROR => {
                let bits = semantics::arithmetic(ins.op, ty, self.bits(a), self.bits(b));
                Next::Continue(bits.ok_or_else(|| fault("this has no result"))?)
            }
            Op::ADDOV | Op::SUBOV | Op::MULOV => match semantics::arithmetic(ins.op, ty, self.bits(a), self.bits(b)) {
                Some(bits) => Next::Continue(bits),
                None => Next::Leave,
            },
            Op::TONUM => Next::Continue(semantics::to_num(ty, self.bits(a)).to_bits()),
            Op::TOINT => match semantics::to_int(self.bits(a)) {
                Some(n) => Next::Continue(n as u32 as u64),
                None => Next::Leave,
            },
            Op::TOBIT => Next::Continue(semantics::to_bit(self.bits(a)) as u32 as u64),
            Op::CONV => Next::Continue(semantics::convert(ty, ins.ty, self.bits(a))),
            Op::WRAP => Next::Continue(semantics::wrap(ins.mem(), self.bits(a))),
            Op::FLOAD => {
                let field = ins.field();
                Next::Continue(self.load(field.mem(), offset(self.bits(a), field.offset()))?)
            }
            Op::ALOAD => Next::Continue(self.world.read(offset(self.bits(a), 8 * self.bits(b) as i32), 8)?),
            Op::ASTORE => {
                let place = offset(self.bits(a), 8 * self.bits(b) as i32);
                self.world.write(place, 8, self.boxed(c))?;
                Next::Continue(0)
            }
            Op::KLOAD => Next::Continue(self.world.read(offset(self.bits(a), 8 * ins.lits[0]), 8)?),
            Op::KSTORE => {
                self.world.write(offset(self.bits(a), 8 * ins.lits[0]), 8, self.boxed(b))?;
                Next::Continue(0)
            }
            Op::NEWKEY => {
                let arguments = [self.bits(a), ins.lits[0] as u32 as u64, ins.lits[1] as u32 as u64, self.boxed(b)];
                Next::Continue(self.world.helper(Helper::NewKey, &arguments)?)
            }
            Op::RESHAPE => {
                self.world.write(
                    offset(self.bits(a), offset_of!(Header, size) as i32),
                    4,
                    ins.lits[0] as u32 as u64,
                )?;
                Next::Continue(0)
            }
            Op::NEWITEM => {
                let arguments = [self.bits(a), self.bits(b), self.boxed(c)];
                Next::Continue(self.world.helper(Helper::NewItem, &arguments)?)
            }
            Op::SADDR => Next::Continue(offset(self.base, 8 * ins.lits[0])),
            Op::SSTORE => {
                self.world.write(offset(self.base, 8 * ins.lits[0]), 8, self.boxed(a))?;
                Next::Continue(0)
            }
            Op::RLOAD => Next::Continue(self.world.read(offset(self.base, 8 * ins.lits[0]), 8)?),
            Op::UREF => {
                let place = Function::UPVALUES_OFFSET as i32 + 8 * ins.lits[0];
                Next::Continue(self.world.read(offset(self.bits(a), place), 8)?)
            }
            Op::ULOAD => Next::Continue(self.world.read(self.bits(a), 8)?),
            Op::USTORE => {
                self.world.write(self.bits(a), 8, self.boxed(b))?;
                Next::Continue(0)
            }
            Op::BARRIER => Next::Continue(self.world.helper(Helper::Barrier, &[self.bits(a)])?),
            Op::ADDR => Next::Continue(offset(self.bits(a), ins.lits[0])),
            Op::INDEX => {
                let index = semantics::convert(self.trace.ty(b), Type::I64, self.bits(b)) as i64;
                Next::Continue(self.bits(a).wrapping_add_signed(index.wrapping_mul(i64::from(ins.lits[0]))))
            }
            Op::SCRATCH => {
                let place = self.world.scratch(ins.lits[0] as u32)?;
                for i in 0..ins.lits[0] {
                    self.world.write(offset(place, i), 1, 0)?;
                }
                Next::Continue(place)
            }
            Op::XLOAD => Next::Continue(self.load(ins.mem(), offset(self.bits(a), ins.lits[1]))?),
            Op::XSTORE => {
                self.store(ins.mem(), offset(self.bits(a), ins.lits[1]), b)?;
                Next::Continue(0)
            }
            Op::XCOPY => {
                self.copy(self.bits(a), self.bits(b), ins.lits[0] as u32)?;
                Next::Continue(0)
            }
            Op::TNEW | Op::TDUP | Op::CNEW | Op::CCOPY | Op::CBOX | Op::CLOSURE => Next::Continue(self.allocate(ins)?),
            Op::CALL => self.call(ins)?,
            Op::CALLC => {
                let signature = self.trace.signature(ins);
                let arguments: Vec<u64> = self.trace.list(ins.list).iter().map(|&r| self.bits(r)).collect();
                let results = self.world.native(self.bits(a), signature, &arguments)?;
                self.results.insert(at, results);
                Next::Continue(results[0])
            }
            Op::RESULT => {
                let registers = self.results.get(&a).ok_or_else(|| fault("the call has not run"))?;
                Next::Continue(registers[ins.lits[0] as usize])
            }
            Op::LOOP | Op::PHI | Op::NOP => Next::Continue(0),
        })
    }

    fn copy(&mut self, to: u64, from: u64, size: u32) -> Result<(), Fault> {
        for i in 0..u64::from(size) {
            let byte = self.world.read(from.wrapping_add(i), 1)?;
            self.world.write(to.wrapping_add(i), 1, byte)?;
        }
        Ok(())
    }

    fn load(&self, mem: MemType, address: u64) -> Result<u64, Fault> {
        let bits = self.world.read(address, mem.size())?;
        Ok(match mem {
            MemType::F32 => f64::from(f32::from_bits(bits as u32)).to_bits(),
            MemType::I8 | MemType::I16 => semantics::wrap(mem, bits),
            _ => bits,
        })
    }

    fn store(&mut self, mem: MemType, address: u64, value: IrRef) -> Result<(), Fault> {
        let bits = match mem {
            MemType::F32 => (self.number(value) as f32).to_bits() as u64,
            _ => self.bits(value),
        };
        self.world.write(address, mem.size(), bits)
    }

    fn allocate(&mut self, ins: &Ins) -> Result<u64, Fault> {
        let literals = ins.lits.map(|n| n as u32 as u64);
        match ins.op {
            Op::TNEW => self.world.helper(Helper::TableNew, &literals),
            Op::CNEW => self.world.helper(Helper::CdataNew, &literals),
            Op::CCOPY => {
                let object = self.world.helper(Helper::CdataNew, &literals)?;
                self.copy(object + literals[2], self.bits(ins.a()), literals[1] as u32)?;
                Ok(object)
            }
            Op::TDUP => self.world.helper(Helper::TableDup, &[self.bits(ins.a())]),
            Op::CLOSURE => self.world.helper(Helper::ClosureNew, &[self.bits(ins.a()), self.bits(ins.b()), self.base]),
            _ => {
                let object = self.world.helper(Helper::CdataNew, &[literals[1], ins.mem().size() as u64, 8])?;
                self.store(ins.mem(), object + 8, ins.a())?;
                Ok(object)
            }
        }
    }

    fn call(&mut self, ins: &Ins) -> Result<Next, Fault> {
        let helper = ins.helper().ok_or_else(|| Fault("a call of no helper".to_owned()))?;
        let info = helper.info();
        let arguments = self.trace.list(ins.list).to_vec();
        let of = |n: usize| arguments.get(n).map_or(0.0, |&r| self.number(r));
        let bits = match helper.evaluate(of(0), of(1)) {
            Some(n) => n.to_bits(),
            None => {
                let bits: Vec<u64> = arguments
                    .iter()
                    .zip(info.params)
                    .map(|(&r, &param)| if param == Type::Val { self.boxed(r) } else { self.bits(r) })
                    .collect();
                self.world.helper(helper, &bits)?
            }
        };
        Ok(match info.failure {
            Failure::Null if bits == 0 => Next::Leave,
            Failure::Sentinel if bits == FAILED => Next::Leave,
            _ => Next::Continue(bits),
        })
    }

    /// Applies a snapshot to the stack.
    fn leave(&mut self, at: SnapRef, reason: ExitReason) -> Result<Exit, Fault> {
        let trace = self.trace;
        let snapshot: &Snapshot =
            trace.snapshots.get(at.index()).ok_or_else(|| Fault("it leaves without a snapshot".to_owned()))?;
        let mut made = HashSet::new();
        for entry in &snapshot.entries {
            self.materialise(entry.value, snapshot, &mut made)?;
        }
        for entry in &snapshot.entries {
            let value = self.boxed(entry.value);
            self.world.write(self.base.wrapping_add_signed(8 * i64::from(entry.slot)), 8, value)?;
        }
        let base = self.base.wrapping_add_signed(8 * i64::from(snapshot.base));
        Ok(Exit { snapshot: at, reason, pc: snapshot.pc, base, results: snapshot.results })
    }

    /// Makes the object that a sunk instruction stands for, as it was at the snapshot, and what it refers to.
    ///
    /// `made` holds the objects and the addresses inside them that this exit has made so far.
    fn materialise(&mut self, object: IrRef, snapshot: &Snapshot, made: &mut HashSet<IrRef>) -> Result<(), Fault> {
        let trace = self.trace;
        let Some(ins) = trace.ins(object).filter(|ins| ins.sunk) else { return Ok(()) };
        if !made.insert(object) {
            return Ok(());
        }
        self.values[object.index()] = self.allocate(ins)?;
        for at in trace.refs().filter(|&at| at > object && at < snapshot.at) {
            let part = &trace.ins[at.index()];
            if part.sunk && !part.op.is_allocation() && made.contains(&part.a()) {
                for &value in &part.refs[1..] {
                    self.materialise(value, snapshot, made)?;
                }
                if let Next::Continue(bits) = self.step(at, part)? {
                    self.values[at.index()] = bits;
                }
                if part.ty != Type::None {
                    made.insert(at);
                }
            }
        }
        Ok(())
    }
}

/// Why a guard of this operation leaves.
pub fn reason(op: Op) -> ExitReason {
    match op {
        Op::POLL => ExitReason::Poll,
        Op::EVENT => ExitReason::NativeEvent,
        Op::STACK => ExitReason::Stack,
        _ => ExitReason::Guard,
    }
}

/// A register of this type as a Lua value. A NaN that came from C memory becomes the canonical one if it looked like a tag.
pub fn box_bits(ty: Type, bits: u64) -> u64 {
    match ty {
        Type::Num if bits >= NUMBER_LIMIT => CANONICAL_NAN,
        Type::Int => f64::from(bits as i32).to_bits(),
        _ => match ty.tag() {
            Some(tag) if ty.is_primitive() => (tag as u64) << 47 | POINTER_MASK,
            Some(tag) => (tag as u64) << 47 | bits,
            None => bits,
        },
    }
}

/// A Lua value as a register of this type, if it has the type.
pub fn unbox(ty: Type, value: u64) -> Option<u64> {
    match ty {
        Type::Val => Some(value),
        Type::Num => (value < NUMBER_LIMIT).then_some(value),
        _ => (ty.tag().map(|t| t as u32) == Some(Value(value).tag_bits())).then_some(value & POINTER_MASK),
    }
}

/// A Lua value as a register of the type that it is known to have.
fn unbox_known(ty: Type, value: u64) -> u64 {
    match ty {
        Type::Int => f64::from_bits(value) as i32 as u32 as u64,
        _ => unbox(ty, value).unwrap_or(0),
    }
}
