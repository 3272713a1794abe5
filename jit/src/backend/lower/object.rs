//! New objects, and what the collector must be told.

use super::{CompileError, Lowering, TRUSTED};
use crate::ir::{Field, Helper, Ins, Op, Type};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{InstBuilder, Value};
use moonwake_lang::object::{Header, Table};
use std::mem::offset_of;

impl Lowering<'_> {
    pub(super) fn allocation(&mut self, ins: &Ins) -> Result<Value, CompileError> {
        let literals = |lowering: &mut Self, lits: &[i32]| -> Vec<Value> {
            lits.iter().map(|&n| lowering.b.ins().iconst(I32, i64::from(n))).collect()
        };
        let [first, second, third] = ins.lits.map(|n| n as u32);
        match ins.op {
            Op::TNEW => self.inline_table(first, second, third, |lowering| {
                let arguments = literals(lowering, &ins.lits);
                lowering.call_helper(Helper::TableNew, &arguments)
            }),
            Op::TDUP => {
                let template = self.value(ins.a());
                self.call_helper(Helper::TableDup, &[template])
            }
            Op::CNEW => {
                let slow = |lowering: &mut Self| {
                    let arguments = literals(lowering, &ins.lits);
                    lowering.call_helper(Helper::CdataNew, &arguments)
                };
                if third == 8 { self.inline_cdata(first, second, slow) } else { slow(self) }
            }
            Op::CCOPY => {
                let arguments = literals(self, &ins.lits);
                let object = self.call_helper(Helper::CdataNew, &arguments)?;
                let (to, from) = (self.b.ins().iadd_imm_s(object, i64::from(third)), self.value(ins.a()));
                self.copy(to, from, second)?;
                Ok(object)
            }
            Op::CBOX => {
                let size = ins.mem().size();
                let object = self.inline_cdata(second, size, |lowering| {
                    let arguments = literals(lowering, &[ins.lits[1], size as i32, 8]);
                    lowering.call_helper(Helper::CdataNew, &arguments)
                })?;
                self.store_memory(ins.mem(), ins.a(), object, 8);
                Ok(object)
            }
            _ => {
                let (proto, maker) = (self.value(ins.a()), self.value(ins.b()));
                self.call_helper(Helper::ClosureNew, &[proto, maker, self.base])
            }
        }
    }

    pub(super) fn object_effect(&mut self, ins: &Ins) -> Result<(), CompileError> {
        let object = self.value(ins.a());
        if ins.op == Op::NEWKEY {
            let shape = self.b.ins().iconst(I32, i64::from(ins.lits[0]));
            let place = self.b.ins().iconst(I32, i64::from(ins.lits[1]));
            let value = self.boxed(ins.b());
            self.call_helper(Helper::NewKey, &[object, shape, place, value])?;
            return Ok(());
        }
        if ins.op == Op::RESHAPE {
            let shape = self.b.ins().iconst(I32, i64::from(ins.lits[0]));
            self.b.ins().store(TRUSTED, shape, object, offset_of!(Header, size) as i32);
            return Ok(());
        }
        if ins.op == Op::NEWITEM {
            return self.append_item(ins, object);
        }
        self.barrier(object, |lowering| lowering.call_helper(Helper::Barrier, &[object]))
    }

    /// Lengthens an array by one: in place if there is room, else by a call, which makes some. The table has no dictionary that
    /// could hold the index after it.
    fn append_item(&mut self, ins: &Ins, object: Value) -> Result<(), CompileError> {
        let index = self.value(ins.b());
        if self.restoring {
            let value = self.boxed(ins.c());
            self.call_helper(Helper::NewItem, &[object, index, value])?;
            return Ok(());
        }
        let array = self.field(object, Field::TabArray);
        if self.trace.has_room(ins) {
            // A new table, of which the collector has not heard yet.
            self.add_item(ins, object, array, index);
            return Ok(());
        }
        let (first, room, cold, next) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(array, first, &[], cold, &[]);
        self.b.switch_to_block(first);
        // The values' own header stands before them, and says how many there can be.
        let before = offset_of!(Header, size) as i32 - size_of::<Header>() as i32;
        let capacity = self.b.ins().load(I32, TRUSTED, array, before);
        let fits = self.b.ins().icmp(IntCC::UnsignedLessThan, index, capacity);
        self.b.ins().brif(fits, room, &[], cold, &[]);
        self.b.switch_to_block(cold);
        let value = self.boxed(ins.c());
        self.rarely(|lowering| lowering.call_helper(Helper::NewItem, &[object, index, value]))?;
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(room);
        self.add_item(ins, object, array, index);
        let ty = self.trace.ty(ins.c());
        if ty.is_object() || ty == Type::Val {
            // Of a large array the collector hears of the one item: to look through all of it again each time would take for ever.
            self.barrier(object, |lowering| {
                let value = lowering.boxed(ins.c());
                lowering.call_helper(Helper::BarrierItem, &[object, value])
            })?;
        }
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
        Ok(())
    }

    /// Writes an item behind the array, where there is room.
    fn add_item(&mut self, ins: &Ins, object: Value, array: Value, index: Value) {
        let place = self.item(array, ins.b());
        self.store_boxed(ins.c(), place, 0);
        let size = self.b.ins().iadd_imm_s(index, 1);
        self.b.ins().store(TRUSTED, size, object, offset_of!(Table, array_size) as i32);
    }

    /// Writes a part of the trace that is rarely run.
    pub(super) fn rarely<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        self.rare = true;
        let result = write(self);
        self.rare = false;
        result
    }

    /// Tells the collector, if one bit of the object's header says that it must hear of a store.
    fn barrier(
        &mut self,
        object: Value,
        tell: impl FnOnce(&mut Self) -> Result<Value, CompileError>,
    ) -> Result<(), CompileError> {
        let byte = self.b.ins().uload8(I32, TRUSTED, object, offset_of!(Header, gc) as i32);
        let bits = self.b.ins().band_imm_u(byte, i64::from(self.environment.layout.barrier_bits));
        let (cold, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(cold);
        self.b.ins().brif(bits, cold, &[], next, &[]);
        self.b.switch_to_block(cold);
        self.rarely(tell)?;
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
        Ok(())
    }
}
