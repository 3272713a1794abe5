//! Loads, stores and addresses.

use super::call::COPY_LIMIT;
use super::{CompileError, Lowering, TRUSTED};
use crate::ir::{Class, Effect, Ins, IrRef, MemType, Op, Type};
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value};
use moonwake_lang::object::Function;
use moonwake_lang::value::Tag;

/// C memory: a bad pointer there is the program's fault and faults as in C; nothing is known of its alignment.
pub(super) const C_MEMORY: MemFlagsData = MemFlagsData::new().with_notrap();

impl Lowering<'_> {
    pub(super) fn load(&mut self, ins: &Ins) -> Value {
        let a = self.value(ins.a());
        match ins.op {
            Op::FLOAD => self.field(a, ins.field()),
            Op::ALOAD => {
                let place = self.item(a, ins.b());
                self.b.ins().load(I64, TRUSTED, place, 0)
            }
            Op::KLOAD => self.b.ins().load(I64, TRUSTED, a, 8 * ins.lits[0]),
            Op::UREF => self.b.ins().load(I64, TRUSTED, a, Function::UPVALUES_OFFSET as i32 + 8 * ins.lits[0]),
            Op::ULOAD => self.b.ins().load(I64, TRUSTED, a, 0),
            _ => self.load_memory(ins.mem(), a, ins.lits[1], C_MEMORY),
        }
    }

    /// Address of an array's item. Its index was checked to be below the size, so it has no sign.
    pub(super) fn item(&mut self, array: Value, index: IrRef) -> Value {
        if let Some(k) = self.trace.int_constant(index) {
            return self.b.ins().iadd_imm_s(array, 8 * k);
        }
        let index = self.value(index);
        let wide = self.b.ins().uextend(I64, index);
        let offset = self.b.ins().ishl_imm_u(wide, 3);
        self.b.ins().iadd(array, offset)
    }

    pub(super) fn load_memory(&mut self, mem: MemType, address: Value, offset: i32, flags: MemFlagsData) -> Value {
        let ins = self.b.ins();
        match mem {
            MemType::I8 => ins.sload8(I32, flags, address, offset),
            MemType::U8 => ins.uload8(I32, flags, address, offset),
            MemType::I16 => ins.sload16(I32, flags, address, offset),
            MemType::U16 => ins.uload16(I32, flags, address, offset),
            MemType::I32 => ins.load(I32, flags, address, offset),
            MemType::U32 => ins.uload32(flags, address, offset),
            MemType::I64 | MemType::U64 | MemType::Ptr => ins.load(I64, flags, address, offset),
            MemType::F64 => ins.load(F64, flags, address, offset),
            MemType::F32 => {
                let float = ins.load(F32, flags, address, offset);
                self.b.ins().fpromote(F64, float)
            }
        }
    }

    pub(super) fn store(&mut self, ins: &Ins) -> Result<(), CompileError> {
        let a = self.value(ins.a());
        match ins.op {
            Op::ASTORE => {
                let place = self.item(a, ins.b());
                self.store_boxed(ins.c(), place, 0);
            }
            Op::KSTORE => self.store_boxed(ins.b(), a, 8 * ins.lits[0]),
            Op::USTORE => self.store_boxed(ins.b(), a, 0),
            Op::XCOPY => {
                let source = self.value(ins.b());
                self.copy(a, source, ins.lits[0] as u32)?;
            }
            _ => {
                debug_assert_eq!(ins.op.info().effect, Effect::Store(Class::Memory));
                self.store_memory(ins.mem(), ins.b(), a, ins.lits[1]);
            }
        }
        Ok(())
    }

    pub(super) fn store_memory(&mut self, mem: MemType, value: IrRef, address: Value, offset: i32) {
        let wide = self.trace.ty(value).is_long();
        let value = self.value(value);
        match mem {
            MemType::I8 | MemType::U8 => self.b.ins().istore8(C_MEMORY, value, address, offset),
            MemType::I16 | MemType::U16 => self.b.ins().istore16(C_MEMORY, value, address, offset),
            MemType::U32 if wide => self.b.ins().istore32(C_MEMORY, value, address, offset),
            MemType::F32 => {
                let float = self.b.ins().fdemote(F32, value);
                self.b.ins().store(C_MEMORY, float, address, offset)
            }
            MemType::I32 | MemType::U32 | MemType::I64 | MemType::U64 | MemType::F64 | MemType::Ptr => {
                self.b.ins().store(C_MEMORY, value, address, offset)
            }
        };
    }

    /// Copies a block: a small one piece by piece, a larger one by `memcpy`.
    pub(super) fn copy(&mut self, to: Value, from: Value, size: u32) -> Result<(), CompileError> {
        if size > COPY_LIMIT {
            return self.call_memcpy(to, from, size);
        }
        let mut at = 0;
        while at < size {
            let ty = match size - at {
                8.. => I64,
                4..8 => I32,
                2..4 => I16,
                _ => I8,
            };
            let piece = self.b.ins().load(ty, C_MEMORY, from, at as i32);
            self.b.ins().store(C_MEMORY, piece, to, at as i32);
            at += ty.bytes();
        }
        Ok(())
    }

    pub(super) fn address(&mut self, ins: &Ins) -> Value {
        match ins.op {
            Op::ADDR => {
                let object = self.value(ins.a());
                self.b.ins().iadd_imm_s(object, i64::from(ins.lits[0]))
            }
            Op::INDEX => {
                let base = self.value(ins.a());
                let index = self.widened(ins.b());
                let scale = ins.lits[0];
                let offset = match scale {
                    1 => index,
                    2 | 4 | 8 => self.b.ins().ishl_imm_u(index, i64::from(scale.trailing_zeros())),
                    _ => self.b.ins().imul_imm_s(index, i64::from(scale)),
                };
                self.b.ins().iadd(base, offset)
            }
            _ => {
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, (ins.lits[0] as u32).next_multiple_of(8), 4);
                let slot = self.b.create_sized_stack_slot(data);
                let zero = self.long(0);
                for at in (0..ins.lits[0]).step_by(8) {
                    self.b.ins().stack_store(I64, zero, slot, at);
                }
                self.b.ins().stack_addr(I64, slot, 0)
            }
        }
    }

    /// A value with its tag.
    pub(super) fn boxed(&mut self, at: IrRef) -> Value {
        let ty = self.trace.ty(at);
        if let Some(value) = self.trace.constant(at).and_then(|c| c.boxed()) {
            return self.long(value.0);
        }
        match (ty, ty.tag()) {
            (_, Some(_)) if ty.is_primitive() => self.long(crate::ir::eval::box_bits(ty, 0)),
            (_, Some(tag)) => {
                let address = self.value(at);
                self.tagged(address, tag)
            }
            (Type::Num, None) => {
                let number = self.value(at);
                let bits = self.float_bits(number);
                if self.foreign[at.index()] { self.canonical(bits) } else { bits }
            }
            (Type::Int, None) => {
                let value = self.value(at);
                let number = self.number_of(Type::Int, value);
                self.float_bits(number)
            }
            (_, None) => self.value(at),
        }
    }

    /// The address of an object with its tag.
    pub(super) fn tagged(&mut self, address: Value, tag: Tag) -> Value {
        self.b.ins().bor_imm_u(address, (tag as i64) << 47)
    }

    /// The bits of a number, a NaN that looks like a tag made the canonical one.
    fn canonical(&mut self, bits: Value) -> Value {
        use cranelift_codegen::ir::condcodes::IntCC;
        use moonwake_lang::value::{CANONICAL_NAN, NUMBER_LIMIT};
        let limit = self.long(NUMBER_LIMIT);
        let foreign = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, bits, limit);
        let nan = self.long(CANONICAL_NAN);
        self.b.ins().select(foreign, nan, bits)
    }

    /// Stores a value with its tag. Numbers are stored from where they are.
    pub(super) fn store_boxed(&mut self, at: IrRef, address: Value, offset: i32) {
        let value = match self.trace.ty(at) {
            Type::Num if !at.is_constant() && !self.foreign[at.index()] => self.value(at),
            Type::Int if !at.is_constant() => {
                let value = self.value(at);
                self.number_of(Type::Int, value)
            }
            _ => self.boxed(at),
        };
        self.b.ins().store(TRUSTED, value, address, offset);
    }
}
