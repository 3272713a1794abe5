//! Upvalues and closures.
//!
//! What is known of the function decides how its variables are reached:
//!
//! | function | variable | address |
//! | --- | --- | --- |
//! | a constant | nothing assigns to it | none: its value is a constant |
//! | a constant | closed (that is for ever) | a constant |
//! | a constant | open, in a frame of the trace | none: the variable *is* a slot of the trace |
//! | a constant | open, further down | loaded from the upvalue, guarded to lie below the trace |
//! | any closure of a prototype | closed | loaded from the function, guarded to be closed |
//!
//! Once a debug function has rebound variables, no closure counts as constant here ([`Vm::rebind_variables`](moonwake_lang::vm::Vm::rebind_variables)).
//!
//! **Captured locals.** A closure that is made on the trace over a local variable has an open upvalue, which leads to the variable's stack
//! slot. The trace goes on keeping the variable in a register: whoever uses it from the trace through the upvalue is found to
//! mean that slot, and no one else runs before an exit has restored the slot. Only `CLOSE`, which moves the
//! value from the slot into the upvalue, needs it in memory, and puts it there first.

use super::liveness::Registers;
use super::machine::{captured_registers, child, variable};
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Field, Helper, IrRef, Op, Type};
use crate::trace::abort::Rec;
use moonwake_lang::object::{Gc, Proto, Upvalue};
use moonwake_lang::value::Value;
use std::mem::offset_of;

/// Where a variable is.
enum Place {
    /// In this slot of the trace.
    Slot(i32),
    /// In memory: its address, and the upvalue object for the barrier.
    Memory { address: IrRef, owner: IrRef },
}

impl Recorder {
    fn upvalue_place(&mut self, at: &At<'_>, index: usize) -> Rec<Place> {
        let function = self.running_function(at)?;
        let upvalue = at.function().upvalue(index);
        let closed = upvalue.header.aux.get() == 0;
        let constant = function.ir.is_constant() && !at.vm.variables_rebound;
        let owner = match constant {
            true => self.pointer(upvalue.as_ptr()),
            false => self.e.op_with(Op::UREF, Type::Ptr, &[function.ir], &[index as i32]),
        };
        let closed_at = offset_of!(Upvalue, closed) as i32;
        if closed && constant {
            let address = self.pointer((upvalue.address() + closed_at as usize) as *const Value);
            return Ok(Place::Memory { address, owner });
        }
        let address = self.field(owner, Field::UpvPlace);
        if closed {
            let offset = self.e.integer(Type::I64, closed_at.into());
            let own = self.e.op(Op::ADD, Type::Ptr, &[owner, offset]);
            self.e.guard(Op::EQ, Type::None, &[address, own])?;
            return Ok(Place::Memory { address, owner });
        }
        let lowest = self.lowest.min(self.frames[0].base);
        Ok(match self.slot_at(upvalue.value.get()) {
            Some(slot) if slot >= lowest => {
                let here = self.e.op_with(Op::SADDR, Type::Ptr, &[], &[slot]);
                self.e.guard(Op::EQ, Type::None, &[address, here])?;
                Place::Slot(slot)
            }
            _ => {
                // Other memory may lie above; only the slots of the trace must not be meant.
                let below = self.e.op_with(Op::SADDR, Type::Ptr, &[], &[lowest]);
                let op = if upvalue.value.get() < at.address(self.register_of(lowest)) { Op::ULT } else { Op::UGT };
                let bound = match op {
                    Op::ULT => below,
                    _ => self.e.op_with(Op::SADDR, Type::Ptr, &[], &[STACK_SPAN]),
                };
                self.e.guard(op, Type::None, &[address, bound])?;
                Place::Memory { address, owner }
            }
        })
    }

    /// The value of an upvalue that nothing assigns to, if it is known which closure runs.
    fn fixed_variable(&mut self, at: &At<'_>, index: usize) -> Rec<Option<Traced>> {
        if at.vm.variables_rebound
            || !at.proto().source().is_fixed(index)
            || !self.running_function(at)?.ir.is_constant()
        {
            return Ok(None);
        }
        Ok(Some(self.value(variable(at.function().upvalue(index)))))
    }

    fn set_upvalue(&mut self, at: &mut At<'_>, value: IrRef) -> Rec<Flow> {
        match self.upvalue_place(at, at.ins.a())? {
            Place::Slot(slot) => self.slots.write(slot, value),
            Place::Memory { address, owner } => {
                self.stores_below |= at.function().upvalue(at.ins.a()).header.aux.get() != 0;
                self.store(Op::USTORE, &[address, value], &[]);
                self.barrier(owner, value);
            }
        }
        Ok(Flow::Next)
    }
}

/// No slot of a trace lies so far above its base.
const STACK_SPAN: i32 = 1100;

/// `GETUPVAL`
pub fn get(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    if let Some(value) = r.fixed_variable(at, at.ins.d())? {
        r.set(at.ins.a(), value.ir);
        return Ok(Flow::Next);
    }
    let ir = match r.upvalue_place(at, at.ins.d())? {
        Place::Slot(slot) => r.slot(slot),
        Place::Memory { address, .. } => r.e.op(Op::ULOAD, Type::Val, &[address]),
    };
    r.set(at.ins.a(), ir);
    Ok(Flow::Next)
}

/// `SETUPVAL`
pub fn set(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let value = r.register(at, at.ins.d());
    r.set_upvalue(at, value.ir)
}

/// `SETUPVALK`
pub fn set_constant(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let value = r.value(at.constant(at.ins.d()));
    r.set_upvalue(at, value.ir)
}

/// `SETUPVALP`
pub fn set_primitive(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let value = r.value(super::data::primitive_value(at.ins.d()));
    r.set_upvalue(at, value.ir)
}

/// `CLOSE`: with no open variable at or above the register there is nothing to do.
pub fn close(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let open = at.vm.current.open_upvalues.get();
    let is_open = !open.is_null() && Gc::from_ptr(open).value.get() >= at.address(at.ins.a() as i32);
    let first = r.base + at.ins.a() as i32;
    let from = r.e.op_with(Op::SADDR, Type::Ptr, &[], &[first]);
    if !is_open {
        let captured = r.call(Helper::IsCaptured, &[from])?;
        let no = r.e.int(0);
        r.e.guard(Op::EQ, Type::None, &[captured, no])?;
        return Ok(Flow::Next);
    }
    // Which of them are open may be different another time, so every variable that a closure could have captured is put in its place.
    // (The register of one that is out of scope may be the hidden position of a loop, which is no Lua value.)
    // One that did not change since the trace began may still change from one turn of a loop to the next, and then is not in its place.
    let captured = capturable(at.proto());
    for register in at.ins.a() as i32..i32::from(at.proto().registers) {
        let slot = r.base + register;
        let known = r.slots.get(slot).is_some() || !r.slots.is_dead(slot) && !is_raw(at.register(register));
        if !captured.contains(register) || !known {
            continue;
        }
        let value = r.slot(slot);
        if r.ty(value).is_lua() {
            r.e.op_with(Op::SSTORE, Type::None, &[value], &[slot]);
        }
    }
    r.call(Helper::CloseUpvalues, &[from])?;
    Ok(Flow::Next)
}

/// Whether a register holds a hidden position of a loop, which looks like a tiny number.
fn is_raw(value: Value) -> bool {
    value.to_number().is_some_and(f64::is_subnormal)
}

/// The registers of a function that closures made in it capture.
fn capturable(proto: Gc<Proto>) -> Registers {
    let mut all = Registers::NONE;
    for index in 0..proto.children_len as usize {
        captured_registers(child(proto, index)).for_each(|register| all.add(register.into()));
    }
    all
}

/// `CLOSURE`. One that captures a variable changes what is open, and is made at once; any other can wait until an exit needs it.
pub fn closure(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let proto = at.child(at.ins.d());
    let maker = r.running_function(at)?;
    let proto_ir = r.pointer(proto.as_ptr());
    let made = if captured_registers(proto).next().is_some() {
        let base = r.e.op_with(Op::SADDR, Type::Ptr, &[], &[r.base]);
        r.call(Helper::CapturingClosure, &[proto_ir, maker.ir, base])?
    } else {
        r.e.op(Op::CLOSURE, Type::Fun, &[proto_ir, maker.ir])
    };
    r.protos.push(proto);
    r.set(at.ins.a(), made);
    Ok(Flow::Next)
}
