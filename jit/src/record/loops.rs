//! Loops: how a trace begins in one, closes it, and deals with other loops on its way.
//!
//! A loop's trace begins right before its `FORLOOP`, `ITERLOOP` or `LOOP` runs, and is complete when that instruction is reached
//! again in the same frame: state and place are the same, so the trace can turn.
//!
//! Other loops on the way:
//!
//! | | root trace | side trace |
//! | --- | --- | --- |
//! | entered, compiled | abort: the other one will get a side trace that leads back here | ends, linked to the other one |
//! | entered, not compiled | abort, so that it is compiled first; unrolled if that was tried in vain | unrolled a few times |
//! | left | goes on | goes on |
//!
//! **Numeric loops** count in an `int` when start, limit and step are whole. The step is taken for a constant when the code says that it is
//! one, and then one check of the limit, before the loop, makes overflow checks in it needless.

use super::machine::Pc;
use super::recorder::{Kind, whole};
use super::{At, Flow, Recorder, Traced};
use crate::ir::{IrRef, Link, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::{Ins, Op as Bc};
use moonwake_lang::value::Value;

/// How a loop's instruction was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    /// The loop runs a turn.
    Turns,
    /// The loop is over.
    Leaves,
}

impl Recorder {
    /// Whether the instruction is where the trace began, in the same state: the loop is closed.
    fn closes_loop(&self, at: &At<'_>) -> bool {
        at.pc == self.beginning.pc
            && self.base == 0
            && self.depth() == 0
            && self.returned == 0
            && self.bytecode.len() > 1
            && self.beginning.kind != Kind::Function
    }

    /// The trace that is entered at the instruction, unless the recording has just begun at it: what lies there then made the parent leave.
    fn compiled_here(&self, pc: Pc) -> Option<u32> {
        let ins = pc.ins();
        let compiled = matches!(ins.op(), Bc::FORLOOPJ | Bc::ITERLOOPJ | Bc::LOOPJ);
        (compiled && (self.bytecode.len() > 1 || !self.is_own_root(ins.d() as u32))).then(|| ins.d() as u32)
    }

    fn is_own_root(&self, trace: u32) -> bool {
        matches!(self.beginning.kind, Kind::Side { root, .. } if root == trace)
    }

    /// What a loop at `pc` means for this recording; `Some` if it ends here.
    fn meet_loop(&mut self, at: &mut At<'_>, pc: Pc, event: Event) -> Rec<Option<Flow>> {
        let compiled = self.compiled_here(pc);
        if event == Event::Leaves || self.bytecode.len() <= 1 && compiled.is_none() {
            return Ok(None);
        }
        if self.is_root() {
            if compiled.is_some() || !at.known.penalties.gave_up(pc) {
                return Err(Reason::InnerLoop.into());
            }
        } else if let Some(trace) = compiled {
            return Ok(Some(Flow::Stop(Link::Trace(trace))));
        }
        self.loops_left -= 1;
        if self.loops_left < 0 { Err(Reason::LoopUnroll.into()) } else { Ok(None) }
    }

    /// A loop's instruction that is about to run: whether the trace ends before it.
    fn at_loop(&mut self, at: &mut At<'_>, event: Event) -> Rec<Option<Flow>> {
        if self.closes_loop(at) {
            if std::mem::take(&mut self.takes_turn) {
                return Ok(None);
            }
            self.snapshot(at.pc, at);
            return Ok(Some(Flow::Stop(Link::Loop)));
        }
        let met = self.meet_loop(at, at.pc, event)?;
        if met.is_some() {
            self.snapshot(at.pc, at);
        } else if event == Event::Turns && self.bytecode.len() <= 1 {
            self.snapshot(at.pc, at);
            self.e.guard(Op::POLL, Type::None, &[])?;
        }
        Ok(met)
    }
}

/// `JUMP`
pub fn jump(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    Ok(r.jump(at, true))
}

/// `LOOP`
pub fn other(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    if let Some(flow) = r.at_loop(at, Event::Turns)? {
        return Ok(flow);
    }
    Ok(Flow::Next)
}

/// `ITERLOOP`
pub fn generic(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a();
    let again = !at.register(a as i32).is_nil();
    let event = if again { Event::Turns } else { Event::Leaves };
    if let Some(flow) = r.at_loop(at, event)? {
        return Ok(flow);
    }
    leaves_at_start(r, event)?;
    let control = r.tested_register(at, a)?;
    if again {
        r.set(a - 2, control.ir);
    }
    Ok(r.jump(at, again))
}

/// A loop that ends the moment its recording begins.
fn leaves_at_start(r: &Recorder, event: Event) -> Rec<()> {
    let begins = r.bytecode.len() <= 1 && r.is_root();
    if begins && event == Event::Leaves { Err(Reason::LeavesLoop.into()) } else { Ok(()) }
}

/// `FORPREP`
pub fn prepare(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a();
    let parts = [r.typed_register(at, a)?, r.typed_register(at, a + 1)?, r.typed_register(at, a + 2)?];
    if !parts.iter().all(|part| part.now.is_number()) {
        return Err(Reason::BadType.into());
    }
    let [index, limit, step] = parts;
    let counts = Counting::of(r, at, at.pc, step)?;
    let index = counts.number(r, index)?;
    let (i, l, s) = (index.now.as_f64(), limit.now.as_f64(), step.now.as_f64());
    let runs = if s >= 0.0 { i <= l } else { i >= l };
    let end = at.loop_instruction().ok_or(Reason::BadType)?;
    if runs
        && let Some(link) = r.compiled_here(end).filter(|_| !r.is_root())
        && let Some(flow) = link_before_first_turn(r, at, end, (index, step), link)?
    {
        return Ok(flow);
    }
    r.set(a, index.ir);
    r.set(a + 3, index.ir);
    let other = at.way(runs);
    counts.guard(r, at, index, limit, runs, other)?;
    if runs && r.is_root() && (r.compiled_here(end).is_some() || !at.known.penalties.gave_up(end)) {
        return Err(Reason::InnerLoop.into());
    }
    Ok(r.jump(at, !runs))
}

/// Ends a side trace where it enters a compiled numeric loop: with the index one step before the start, the loop's instruction
/// gives the start. That is exact for whole numbers.
fn link_before_first_turn(
    r: &mut Recorder,
    at: &mut At<'_>,
    end: Pc,
    (index, step): (Traced, Traced),
    link: u32,
) -> Rec<Option<Flow>> {
    let (Some(i), Some(s)) = (whole(index.now), whole(step.now)) else { return Ok(None) };
    if i.checked_sub(s).is_none() || at.known.traces.get(link).is_none() {
        return Ok(None);
    }
    let (Some(i), Some(s)) = (r.int(index)?, r.int(step)?) else { return Ok(None) };
    let before = r.e.guard(Op::SUBOV, Type::Int, &[i, s])?;
    r.set(at.ins.a(), before);
    r.effect = true;
    r.snapshot(end, at);
    Ok(Some(Flow::Stop(Link::Trace(link))))
}

/// `FORLOOP`
pub fn numeric(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a() as i32;
    let (i, l, s) = (at.register(a).as_f64(), at.register(a + 1).as_f64(), at.register(a + 2).as_f64());
    let next = i + s;
    let again = if s >= 0.0 { next <= l } else { next >= l };
    let event = if again { Event::Turns } else { Event::Leaves };
    if let Some(flow) = r.at_loop(at, event)? {
        return Ok(flow);
    }
    leaves_at_start(r, event)?;
    let a = at.ins.a();
    let (index, limit) = (r.typed_register(at, a)?, r.typed_register(at, a + 1)?);
    let step = r.typed_register(at, a + 2)?;
    let prepared_at = at.pc.target().offset(-2);
    let counts = Counting::of(r, at, prepared_at, step)?;
    let next = Traced { ir: counts.step(r, index, limit)?, now: Value::number(next) };
    r.set(a, next.ir);
    r.set(a + 3, next.ir);
    let other = at.way(!again);
    counts.guard(r, at, next, limit, again, other)?;
    Ok(r.jump(at, again))
}

/// How a numeric loop counts.
struct Counting {
    /// The step, in the trace.
    step: IrRef,
    /// The step now.
    now: f64,
    /// The step, if the code says that it is always this.
    constant: Option<i32>,
}

impl Counting {
    /// The counting of a loop whose `FORPREP` is at `prepared_at` and whose step is this.
    fn of(r: &mut Recorder, at: &At<'_>, prepared_at: Pc, step: Traced) -> Rec<Counting> {
        let now = step.now.as_f64();
        let register = prepared_at.ins().a() + 2;
        let constant = whole(step.now).filter(|&n| is_constant(at, prepared_at, register, n));
        if constant.is_some() {
            let step = r.specialise(step)?;
            return Ok(Counting { step: step.ir, now, constant });
        }
        let ir = match r.int(step)? {
            Some(step) => step,
            None => step.ir,
        };
        if r.e.trace.constant(ir).is_none() {
            let zero = if r.ty(ir) == Type::Int { r.e.int(0) } else { r.e.num(0.0) };
            let op = if now >= 0.0 { Op::GE } else { Op::GE.negated(r.ty(ir)).unwrap_or(Op::LT) };
            r.e.guard(op, Type::None, &[ir, zero])?;
        }
        Ok(Counting { step: ir, now, constant: None })
    }

    fn is_whole(&self, r: &Recorder) -> bool {
        self.constant.is_some() || r.ty(self.step) == Type::Int
    }

    /// A start or index as the number it should be counted in.
    fn number(&self, r: &mut Recorder, value: Traced) -> Rec<Traced> {
        if self.is_whole(r)
            && let Some(ir) = r.int(value)?
        {
            return Ok(Traced { ir, ..value });
        }
        Ok(Traced { ir: r.num(value)?, ..value })
    }

    /// The index of the next turn.
    fn step(&self, r: &mut Recorder, index: Traced, limit: Traced) -> Rec<IrRef> {
        let fits = whole(index.now).and_then(|i| i.checked_add(self.now as i32)).is_some();
        if self.is_whole(r)
            && fits
            && let Some(index) = r.int(index)?
        {
            let step = match self.constant {
                Some(step) => r.e.int(step),
                None => self.step,
            };
            if let Some(step_now) = self.constant
                && let Some(limit_now) = whole(limit.now)
                && limit_now.checked_add(step_now).is_some()
                && let Some(limit) = r.int(limit)?
            {
                // The index never lies beyond the limit, so if the limit is not near the end of the range, no sum overflows.
                let (op, end) = match step_now >= 0 {
                    true => (Op::LE, i32::MAX - step_now),
                    false => (Op::GE, i32::MIN - step_now),
                };
                let end = r.e.int(end);
                r.e.guard(op, Type::None, &[limit, end])?;
                return Ok(r.e.op(Op::ADD, Type::Int, &[index, step]));
            }
            return Ok(r.e.guard(Op::ADDOV, Type::Int, &[index, step])?);
        }
        let step = Traced { ir: self.step, now: Value::number(self.now) };
        let (index, step) = (r.num(index)?, r.num(step)?);
        Ok(r.e.op(Op::ADD, Type::Num, &[index, step]))
    }

    /// Guards whether the loop runs with this index; `other` is where it goes on if not so.
    fn guard(&self, r: &mut Recorder, at: &mut At<'_>, index: Traced, limit: Traced, runs: bool, other: Pc) -> Rec<()> {
        let whole_limit = if r.ty(index.ir) == Type::Int { r.int(limit)? } else { None };
        let (index, limit) = match whole_limit {
            Some(limit) => (index.ir, limit),
            None => (r.num(index)?, r.num(limit)?),
        };
        let op = if self.now >= 0.0 { Op::LE } else { Op::GE };
        let op = if runs { op } else { op.negated(r.ty(index)).unwrap_or(op) };
        r.guard_branch(op, index, limit, other, at)
    }
}

/// Whether the code before a `FORPREP` loads this number into the step's register. A jump could lead past that, so the value is still guarded.
fn is_constant(at: &At<'_>, prepared_at: Pc, register: usize, n: i32) -> bool {
    let before = prepared_at.offset(-1);
    if before < Pc::new(at.proto().code) {
        return false;
    }
    let ins: Ins = before.ins();
    match ins.code() {
        code if code == Bc::KSHORT as u8 => ins.a() == register && ins.signed_d() == n,
        code if code == Bc::KCONST as u8 && ins.a() == register => {
            ins.d() < at.proto().constants_len as usize && whole(at.constant(ins.d())) == Some(n)
        }
        _ => false,
    }
}
