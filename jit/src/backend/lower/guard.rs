//! Guards: a compare and a branch to a cold block.

use super::{Lowering, TRUSTED};
use crate::ir::eval::reason;
use crate::ir::{Field, Ins, Op, Type};
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::types::{F64, I32, I64};
use cranelift_codegen::ir::{self as clif, InstBuilder, MemFlagsData, Value};
use moonwake_lang::object::Header;
use moonwake_lang::trace_state::TraceState;
use moonwake_lang::value::{NUMBER_LIMIT, Tag};
use std::mem::offset_of;

/// Bits of a value below its tag.
const TAG_SHIFT: i64 = 47;

impl Lowering<'_> {
    /// Leaves by the guard's snapshot if `condition` is not zero. The exit is the `then` edge, which compiles to one jump.
    pub(super) fn leave_if(&mut self, condition: Value, ins: &Ins) {
        let (exit, _) = self.exit_to(ins.snap, reason(ins.op));
        let next = self.b.create_block();
        self.b.ins().brif(condition, exit, &[], next, &[]);
        self.b.switch_to_block(next);
    }

    pub(super) fn comparison(&mut self, ins: &Ins) -> Option<Value> {
        if ins.a().is_instruction() && self.identities[ins.a().index()] {
            return self.identity(ins);
        }
        let (a, b) = (self.value(ins.a()), self.value(ins.b()));
        let fails = if self.trace.ty(ins.a()) == Type::Num {
            let holds = match ins.op {
                Op::EQ => FloatCC::Equal,
                Op::NE => FloatCC::NotEqual,
                Op::LT => FloatCC::LessThan,
                Op::LE => FloatCC::LessThanOrEqual,
                Op::GT => FloatCC::GreaterThan,
                Op::GE => FloatCC::GreaterThanOrEqual,
                Op::NLT => FloatCC::UnorderedOrGreaterThanOrEqual,
                Op::NLE => FloatCC::UnorderedOrGreaterThan,
                Op::NGT => FloatCC::UnorderedOrLessThanOrEqual,
                _ => FloatCC::UnorderedOrLessThan,
            };
            self.b.ins().fcmp(holds.complement(), a, b)
        } else {
            let holds = match ins.op {
                Op::EQ => IntCC::Equal,
                Op::NE => IntCC::NotEqual,
                Op::LT => IntCC::SignedLessThan,
                Op::LE => IntCC::SignedLessThanOrEqual,
                Op::GT => IntCC::SignedGreaterThan,
                Op::GE => IntCC::SignedGreaterThanOrEqual,
                Op::ULT => IntCC::UnsignedLessThan,
                Op::ULE => IntCC::UnsignedLessThanOrEqual,
                Op::UGT => IntCC::UnsignedGreaterThan,
                _ => IntCC::UnsignedGreaterThanOrEqual,
            };
            self.b.ins().icmp(holds.complement(), a, b)
        };
        self.leave_if(fails, ins);
        None
    }

    /// A guard that a `val` or a slot holds this very object.
    fn identity(&mut self, ins: &Ins) -> Option<Value> {
        let source = &self.trace.ins[ins.a().index()];
        let value = match source.op {
            Op::UNBOX => self.boxed(source.a()),
            _ => self.b.ins().load(I64, TRUSTED, self.base, 8 * source.lits[0]),
        };
        let object = self.boxed(ins.b());
        let fails = self.b.ins().icmp(IntCC::NotEqual, value, object);
        self.leave_if(fails, ins);
        None
    }

    /// Guards on the state of the machine or of an object.
    pub(super) fn state_guard(&mut self, ins: &Ins) -> Option<Value> {
        let fails = match ins.op {
            Op::SHAPE => {
                let table = self.value(ins.a());
                let shape = self.b.ins().load(I32, TRUSTED, table, offset_of!(Header, size) as i32);
                self.b.ins().icmp_imm_u(IntCC::NotEqual, shape, i64::from(ins.lits[0] as u32))
            }
            Op::EPOCH => {
                let epoch = self.b.ins().load(I32, TRUSTED, self.vm, self.environment.layout.epoch);
                self.b.ins().icmp_imm_u(IntCC::NotEqual, epoch, i64::from(ins.lits[0] as u32))
            }
            Op::STACK => {
                let top = self.b.ins().iadd_imm_s(self.base, 8 * i64::from(ins.lits[0]));
                let limit = self.b.ins().load(I64, TRUSTED, self.vm, offset_of!(TraceState, stack_limit) as i32);
                self.b.ins().icmp(IntCC::UnsignedGreaterThan, top, limit)
            }
            // A comparison with zero takes its operand from memory; a bare value would be loaded and tested.
            Op::POLL => self.flag(I32),
            // The word of native events stands behind that of polls: both are looked at as one.
            _ => self.flag(I64),
        };
        self.leave_if(fails, ins);
        None
    }

    /// Whether a flag of the machine is up: as an `i32` the poll word, as an `i64` with it that of native events.
    fn flag(&mut self, ty: clif::Type) -> Value {
        const { assert!(offset_of!(TraceState, native_event) == offset_of!(TraceState, poll) + 4) };
        let flag = self.b.ins().load(ty, TRUSTED, self.vm, offset_of!(TraceState, poll) as i32);
        self.b.ins().icmp_imm_u(IntCC::NotEqual, flag, 0)
    }

    /// A slot of the stack on entry.
    pub(super) fn slot_load(&mut self, ins: &Ins) -> Option<Value> {
        let offset = 8 * ins.lits[0];
        if let Some(&(ty, raw)) = self.raw.get(&ins.lits[0])
            && ty == ins.ty
        {
            return Some(raw);
        }
        match ins.ty {
            ty if ty.is_primitive() => None,
            Type::Num => Some(self.b.ins().load(F64, TRUSTED, self.base, offset)),
            Type::Int => {
                let number = self.b.ins().load(F64, TRUSTED, self.base, offset);
                Some(self.b.ins().fcvt_to_sint_sat(I32, number))
            }
            ty => {
                let value = self.b.ins().load(I64, TRUSTED, self.base, offset);
                Some(match ty.tag() {
                    Some(tag) => self.b.ins().bxor_imm_u(value, (tag as i64) << TAG_SHIFT),
                    None => value,
                })
            }
        }
    }

    /// The value of a type inside a `val`, whose tag is checked.
    ///
    /// Of an object the tag is taken away by exclusive-or, and nothing must be left of it: one wide constant for both.
    pub(super) fn unbox(&mut self, ins: &Ins) -> Option<Value> {
        let value = self.boxed(ins.a());
        match (ins.ty, ins.ty.tag()) {
            (Type::Num, _) => {
                let limit = self.long(NUMBER_LIMIT);
                let fails = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, value, limit);
                self.leave_if(fails, ins);
                Some(self.b.ins().bitcast(F64, MemFlagsData::new(), value))
            }
            (ty, Some(tag)) if ty.is_primitive() => {
                let fails = match tag {
                    Tag::Nil => self.b.ins().icmp_imm_s(IntCC::NotEqual, value, -1),
                    tag => {
                        let own = self.b.ins().ushr_imm_u(value, TAG_SHIFT);
                        self.b.ins().icmp_imm_u(IntCC::NotEqual, own, tag as i64)
                    }
                };
                self.leave_if(fails, ins);
                None
            }
            (_, Some(tag)) => {
                let address = self.b.ins().bxor_imm_u(value, (tag as i64) << TAG_SHIFT);
                let limit = self.long(1 << TAG_SHIFT);
                let fails = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, address, limit);
                self.leave_if(fails, ins);
                Some(address)
            }
            (_, None) => Some(value),
        }
    }

    /// A field's load, which guards and `FLOAD` share.
    pub(super) fn field(&mut self, object: Value, field: Field) -> Value {
        self.load_memory(field.mem(), object, field.offset(), TRUSTED)
    }
}
