//! Jumps, loops and the safe points in them.
//!
//! A loop's back edge counts down one of 64 hot counts, chosen by the address of its instruction, as LuaJIT does it: no
//! storage per loop, and a collision only makes a loop hot a little early. At zero the tracer is asked.

use super::super::Vm;
use super::super::messages;
use super::calls::resume_lua;
use super::compare::branch;
use super::data::function_of;
use super::dispatch::{handlers, next, tail};
use super::throw::throw_error;
use crate::bytecode::{Ins, Op};
use crate::object::{Gc, Table};
use crate::table::array_index;
use crate::table::next::BY_KEY;
use crate::value::Value;

/// The hot count of the instruction at `pc`.
///
/// # Safety
/// `vm` is the running virtual machine.
#[inline(always)]
pub unsafe fn hot_count(vm: *mut Vm, pc: *const u32) -> *mut u16 {
    // SAFETY: the index is below the number of counts.
    unsafe { (&raw mut (*vm).hot_counts).cast::<u16>().add((pc as usize >> 2) & (super::super::HOT_COUNTS - 1)) }
}

/// Whether a numeric loop runs with this index.
#[inline(always)]
fn within(index: f64, limit: f64, step: f64) -> bool {
    if step >= 0.0 { index <= limit } else { index >= limit }
}

handlers! {
    jump(vm, base, pc, ins, k, x) {
        next(vm, base, branch(pc, true), k, x)
    }

    forprep(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        let (index, limit, step) = (*r, *r.add(1), *r.add(2));
        if !(index.is_number() && limit.is_number() && step.is_number()) {
            return tail(forprep_slow, vm, base, pc, ins, k, x);
        }
        *r.add(3) = index;
        next(vm, base, branch(pc, !within(index.as_f64(), limit.as_f64(), step.as_f64())), k, x)
    }

    #[cold]
    #[inline(never)]
    forprep_slow(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        for (place, what) in ["initial", "limit", "step"].iter().enumerate() {
            let place = r.add(place);
            match (*vm).to_number(*place) {
                Some(n) => *place = Value::number(n),
                None => {
                    let error = messages::for_error(&mut *vm, base, pc.sub(1), what);
                    return throw_error(vm, base, pc, error);
                }
            }
        }
        tail(forprep, vm, base, pc, ins, k, x)
    }

    forloop(vm, base, pc, ins, k, x) {
        let count = hot_count(vm, pc);
        *count = (*count).wrapping_sub(2);
        if (*count as i16) < 0 {
            return tail(hot_loop, vm, base, pc, ins, k, x);
        }
        tail(forloopi, vm, base, pc, ins, k, x)
    }

    forloopi(vm, base, pc, ins, k, x) {
        if (*vm).must_poll() {
            return tail(poll_then_loop, vm, base, pc, ins, k, x);
        }
        tail(forloop_body, vm, base, pc, ins, k, x)
    }

    #[inline(always)]
    forloop_body(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        let step = (*r.add(2)).as_f64();
        let index = (*r).as_f64() + step;
        *r = Value(index.to_bits());
        let again = within(index, (*r.add(1)).as_f64(), step);
        if again {
            *r.add(3) = Value(index.to_bits());
        }
        next(vm, base, branch(pc, again), k, x)
    }

    iterprep(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        *r.sub(1) = Value(if (*r.sub(2)).is_nil() { 0 } else { BY_KEY.into() });
        next(vm, base, branch(pc, true), k, x)
    }

    itercall(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        let (callee, state) = (*r.sub(4), *r.sub(3));
        if callee == (*vm).next_function
            && let Some(t) = state.as_table()
            && ins.b() <= 3
            && step_through_table(vm, r, t)
        {
            return next(vm, base, pc, k, x);
        }
        tail(iterate_list, vm, base, pc, ins, k, x)
    }

    // A loop over `ipairs`, whose iterator need not be called for what lies in the array.
    #[inline(never)]
    iterate_list(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        let (callee, state, control) = (*r.sub(4), *r.sub(3), *r.sub(2));
        if callee == (*vm).ipairs_step
            && let Some(t) = state.as_table()
            && let Some(index) = control.to_number().and_then(array_index)
            && index + 1 < t.array_size.get()
            && ins.b() <= 3
        {
            let item = t.array_value(index + 1);
            *r = if item.is_nil() { Value::NIL } else { Value::number(f64::from(index + 1)) };
            *r.add(1) = item;
            return next(vm, base, pc, k, x);
        }
        tail(super::calls::iterate_by_call, vm, base, pc, ins, k, x)
    }

    iterloop(vm, base, pc, ins, k, x) {
        let count = hot_count(vm, pc);
        *count = (*count).wrapping_sub(2);
        if (*count as i16) < 0 {
            return tail(hot_loop, vm, base, pc, ins, k, x);
        }
        tail(iterloopi, vm, base, pc, ins, k, x)
    }

    iterloopi(vm, base, pc, ins, k, x) {
        if (*vm).must_poll() {
            return tail(poll_then_loop, vm, base, pc, ins, k, x);
        }
        tail(iterloop_body, vm, base, pc, ins, k, x)
    }

    #[inline(always)]
    iterloop_body(vm, base, pc, ins, k, x) {
        let r = base.add(ins.a());
        let again = !(*r).is_nil();
        if again {
            *r.sub(2) = *r;
        }
        next(vm, base, branch(pc, again), k, x)
    }

    loop_(vm, base, pc, ins, k, x) {
        let count = hot_count(vm, pc);
        *count = (*count).wrapping_sub(2);
        if (*count as i16) < 0 {
            return tail(hot_loop, vm, base, pc, ins, k, x);
        }
        tail(loopi, vm, base, pc, ins, k, x)
    }

    loopi(vm, base, pc, ins, k, x) {
        if (*vm).must_poll() {
            return tail(poll_then_loop, vm, base, pc, ins, k, x);
        }
        next(vm, base, pc, k, x)
    }

    #[inline(always)]
    loop_body(vm, base, pc, ins, k, x) {
        next(vm, base, pc, k, x)
    }

    // A loop became hot: the tracer may start to record; then the loop's instruction itself runs, uncounted.
    #[cold]
    #[inline(never)]
    hot_loop(vm, base, pc, ins, k, x) {
        *hot_count(vm, pc) = (*vm).hot_loop_count;
        (*vm).running().base.set(base);
        (*vm).hot_loop(base, pc.sub(1));
        match ins.op().uncompiled() {
            Op::FORLOOP => tail(forloopi, vm, base, pc, ins, k, x),
            Op::ITERLOOP => tail(iterloopi, vm, base, pc, ins, k, x),
            _ => tail(loopi, vm, base, pc, ins, k, x),
        }
    }

    // A compiled loop: run its trace, and go on where it left.
    run_trace(vm, base, pc, ins, k, x) {
        let number = ins.d();
        (*vm).enter_trace(base, number);
        tail(after_trace, vm, base, pc, ins, k, x)
    }

    // A trace that left where it began could not run: the instruction does so in its plain form. While recording, it is shown first.
    #[inline(never)]
    after_trace(vm, base, pc, ins, k, x) {
        let base = (*vm).trace.exit_base.get();
        let pc = (*vm).trace.exit_pc.get();
        if let Some(error) = (*vm).deferred_error.take() {
            return throw_error(vm, base, pc, error);
        }
        let next = Ins(*pc);
        if (*vm).recording || next.d() != ins.d() {
            return resume_lua(vm, base, pc);
        }
        let k = function_constants(base);
        match next.op() {
            Op::FORLOOPJ => tail(forloopi, vm, base, pc.add(1), next, k, 0),
            Op::ITERLOOPJ => tail(iterloopi, vm, base, pc.add(1), next, k, 0),
            Op::LOOPJ => tail(loopi, vm, base, pc.add(1), next, k, 0),
            _ => resume_lua(vm, base, pc),
        }
    }

    // The safe point of a loop's back edge, then the loop's instruction.
    #[cold]
    #[inline(never)]
    poll_then_loop(vm, base, pc, ins, k, x) {
        match (*vm).safe_point_in_lua(base, pc.sub(1)) {
            Ok(()) => {}
            Err(error) => return throw_error(vm, base, pc, error),
        }
        let base = (*vm).running().base.get();
        let k = function_constants(base);
        match ins.op().uncompiled() {
            Op::FORLOOP => tail(forloop_body, vm, base, pc, ins, k, x),
            Op::ITERLOOP => tail(iterloop_body, vm, base, pc, ins, k, x),
            _ => tail(loop_body, vm, base, pc, ins, k, x),
        }
    }

    // A safe point after an instruction that allocated.
    #[cold]
    #[inline(never)]
    poll_then_next(vm, base, pc, ins, k, x) {
        match (*vm).safe_point_in_lua(base, pc) {
            Ok(()) => {}
            Err(error) => return throw_error(vm, base, pc, error),
        }
        let base = (*vm).running().base.get();
        next(vm, base, pc, function_constants(base), x)
    }
}

/// The constants of the Lua function of the frame at `base`.
///
/// # Safety
/// The frame runs a Lua function.
#[inline(always)]
pub unsafe fn function_constants(base: *mut Value) -> *const Value {
    // SAFETY: the caller's promise.
    unsafe { (*function_of(base).proto).constants }
}

/// One step of a loop over `next`, whose variables start at `r`, unless it goes by keys.
#[inline(never)]
unsafe fn step_through_table(vm: *mut Vm, r: *mut Value, t: Gc<Table>) -> bool {
    // SAFETY: called by the handler of `ITERCALL`, for whose loop these registers are.
    unsafe {
        let position = (*r.sub(1)).0 as u32;
        match (*vm).heap.next_at(t, position) {
            Some((key, value, after)) => {
                *r = key;
                *r.add(1) = value;
                *r.sub(1) = Value(u64::from(after));
                true
            }
            None => {
                *r = Value::NIL;
                position != BY_KEY
            }
        }
    }
}
