//! Metamethods called by instructions, and how an instruction is completed when they return.
//!
//! A metamethod runs in an ordinary frame, pushed above the registers of the interrupted frame, so that it takes no native stack and
//! a coroutine can yield inside it. Its link is a *continuation*: when it returns, the interrupted instruction is looked
//! at again and completed with the result. What there is to do depends on the operation alone:
//!
//! | operation | completion |
//! | --- | --- |
//! | arithmetic, `LEN`, `GETINDEX` and the like | the result goes into `R[a]` |
//! | comparisons | the jump is taken or not |
//! | `SETINDEX` and the like | nothing |
//! | `CONCAT` | the result takes the place of its two operands, and concatenation goes on to the left |

use super::super::Vm;
use super::super::frame::{CONTINUATION_PLACES, Link, LinkKind};
use super::calls::enter;
use super::compare::{branch, equality_of, ordering_of};
use super::data::function_of;
use super::dispatch::next;
use super::loops::function_constants;
use super::throw::throw_error;
use crate::bytecode::{Ins, Op};
use crate::value::Value;

/// Calls `f` for the instruction at `pc` of the frame at `base`. `extra` comes back to [`finish_instruction`]; `negate` turns the result around.
///
/// # Safety
/// `base` is the base of a Lua frame, `pc` an instruction of its function.
#[inline(always)]
pub unsafe fn call_metamethod<const N: usize>(
    vm: *mut Vm,
    base: *mut Value,
    pc: *const u32,
    f: Value,
    args: [Value; N],
    extra: Value,
    negate: bool,
) {
    // SAFETY: the caller's promise. The arguments travel in the machine, since an array of the handler's own would forbid its
    // sibling call.
    unsafe {
        (*vm).metamethod_args[0] = args[0];
        (*vm).metamethod_args[1] = args[1];
        if N > 2 {
            (*vm).metamethod_args[2] = args[N - 1];
        }
        enter_metamethod(vm, base, pc.wrapping_byte_add(usize::from(negate)), f, N, extra)
    }
}

/// The rest of [`call_metamethod`]; `at` has its lowest bit set for a result to be negated.
#[inline(never)]
unsafe fn enter_metamethod(vm: *mut Vm, base: *mut Value, at: *const u32, f: Value, count: usize, extra: Value) {
    // SAFETY: room for the frame is made before it is written.
    unsafe {
        let registers = (*function_of(base).proto).registers as usize;
        let distance = registers + CONTINUATION_PLACES;
        let pc = ((at as usize & !1) as *const u32).add(1);
        let base = match (*vm).ensure_frame(base, pc, distance + count) {
            Ok(base) => base,
            Err(error) => return throw_error(vm, base, pc, error),
        };
        let new_base = base.add(distance);
        *new_base.sub(4) = extra;
        *new_base.sub(3) = Value(at as u64);
        *new_base.sub(2) = f;
        *new_base.sub(1) = Link::typed(LinkKind::Continuation, distance).as_value();
        for i in 0..count {
            *new_base.add(i) = (*vm).metamethod_args[i];
        }
        enter(vm, new_base, count)
    }
}

/// Completes the instruction that a continuation's frame was called for.
///
/// # Safety
/// `at` and `extra` are what [`call_metamethod`] stored for the frame at `base`.
pub unsafe fn finish_instruction(vm: *mut Vm, base: *mut Value, at: Value, extra: Value, result: Value) {
    // SAFETY: the caller's promise.
    unsafe {
        let negate = at.0 & 1 != 0;
        let at = (at.0 & !1) as *const u32;
        let ins = Ins(*at);
        let pc = at.add(1);
        let k = function_constants(base);
        let op = ins.op();
        match op {
            Op::LTRR
            | Op::NLTRR
            | Op::LERR
            | Op::NLERR
            | Op::LTRK
            | Op::NLTRK
            | Op::LERK
            | Op::NLERK
            | Op::LTKR
            | Op::NLTKR
            | Op::LEKR
            | Op::NLEKR => {
                let holds = result.is_falsy() == negate;
                let taken = holds != ordering_of(base, k, ins).negated;
                next(vm, base, branch(pc, taken), k, 0)
            }
            Op::EQRR | Op::NERR | Op::EQRK | Op::NERK | Op::EQRP | Op::NERP => {
                let (_, _, negated) = equality_of(base, k, ins);
                next(vm, base, branch(pc, result.is_falsy() == negated), k, 0)
            }
            Op::SETFIELD | Op::SETGLOBAL | Op::SETINDEX | Op::SETINDEXI => next(vm, base, at.add(op.words()), k, 0),
            Op::CONCAT => {
                let last = extra.as_f64() as usize;
                *base.add(last) = result;
                super::arith::concat_from(vm, base, pc, ins, k, last)
            }
            _ => {
                *base.add(ins.a()) = result;
                next(vm, base, at.add(op.words()), k, 0)
            }
        }
    }
}
