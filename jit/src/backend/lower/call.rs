//! Calls of runtime helpers and of C functions.
//!
//! A C function within 2 GB of the code is called by its distance, as a C compiler does, any other and a runtime helper by its address in a
//! register: 0.6 against 1.1 ns for a call of `double(double)` in a loop, where C takes 0.5. Arguments of C
//! functions are in the registers that the signature asks for already, by [`crate::ir::signature`]; here only widths are
//! adjusted, and structs in memory are laid on the stack.

use super::memory::C_MEMORY;
use super::{CompileError, Lowering, TRUSTED, clif_type};
use crate::backend::Callee;
use crate::ir::helpers::FAILED;
use crate::ir::{CParam, CSignature, Failure, Helper, Ins, IrRef, MemType, Type};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{AbiParam, ArgumentPurpose, InstBuilder, Signature, Value};
use cranelift_codegen::ir::{ExtFuncData, ExternalName, FuncRef, SigRef, UserExternalName};
use cranelift_codegen::isa::CallConv;
use cranelift_module::FuncId;
use moonwake_lang::trace_state::TraceState;
use std::mem::offset_of;

/// Registers for arguments by the System V convention.
const INTEGER_REGISTERS: usize = 6;
const FLOAT_REGISTERS: usize = 8;
/// Blocks up to this size are copied by single loads and stores.
pub(super) const COPY_LIMIT: u32 = 128;

/// The signature of a helper, for calls by this convention. One that preserves all registers leaves its result in the machine's
/// [`TraceState::helper_result`].
pub(in crate::backend) fn helper_signature(helper: Helper, convention: CallConv) -> Signature {
    let info = helper.info();
    let mut signature = Signature::new(convention);
    let machine = info.takes_machine.then_some(I64);
    let params = info.params.iter().filter_map(|&ty| clif_type(ty));
    signature.params.extend(machine.into_iter().chain(params).map(AbiParam::new));
    if convention != CallConv::PreserveAll {
        signature.returns.extend(clif_type(info.result).map(AbiParam::new));
    }
    signature
}

impl Lowering<'_> {
    /// Calls a helper with these arguments, the machine added in front if it wants it. Gives its result, or the machine.
    ///
    /// In code that is rarely run it is called so that it preserves all registers. Else what is in registers around a call that
    /// hardly ever happens would be kept in memory by the code that always runs.
    pub(super) fn call_helper(&mut self, helper: Helper, arguments: &[Value]) -> Result<Value, CompileError> {
        let info = helper.info();
        let preserving = self.environment.preserving.get(helper).filter(|_| self.restoring || self.rare);
        let (address, convention) = match preserving {
            Some(address) => (address, CallConv::PreserveAll),
            None => {
                let address = self.environment.helpers.get(helper).ok_or(CompileError::NoHelper(info.name))?;
                (address, self.environment.frontend.default_call_conv)
            }
        };
        let address = self.long(address as u64);
        let machine = info.takes_machine.then_some(self.vm);
        let values: Vec<Value> = machine.into_iter().chain(arguments.iter().copied()).collect();
        let signature = self.b.import_signature(helper_signature(helper, convention));
        let call = self.b.ins().call_indirect(signature, address, &values);
        Ok(match clif_type(info.result) {
            None => self.vm,
            Some(ty) if preserving.is_some() => {
                self.b.ins().load(ty, TRUSTED, self.vm, offset_of!(TraceState, helper_result) as i32)
            }
            Some(_) => self.b.inst_results(call)[0],
        })
    }

    pub(super) fn helper_call(&mut self, ins: &Ins) -> Result<Option<Value>, CompileError> {
        let trace = self.trace;
        let Some(helper) = ins.helper() else { return Ok(None) };
        let info = helper.info();
        let mut arguments = Vec::with_capacity(info.params.len());
        for (&argument, &param) in trace.list(ins.list).iter().zip(info.params) {
            arguments.push(if param == Type::Val { self.boxed(argument) } else { self.value(argument) });
        }
        if helper == Helper::StringChar {
            return Ok(Some(self.byte_string(arguments[0])));
        }
        let result = self.call_helper(helper, &arguments)?;
        match info.failure {
            Failure::Never => {}
            Failure::Null => {
                let failed = self.b.ins().icmp_imm_u(IntCC::Equal, result, 0);
                self.leave_if(failed, ins);
            }
            Failure::Sentinel => {
                let sentinel = self.long(FAILED);
                let failed = self.b.ins().icmp(IntCC::Equal, result, sentinel);
                self.leave_if(failed, ins);
            }
        }
        Ok(clif_type(ins.ty).map(|_| result))
    }

    /// The string of one byte.
    fn byte_string(&mut self, byte: Value) -> Value {
        let wide = self.b.ins().uextend(I64, byte);
        let offset = self.b.ins().ishl_imm_u(wide, 3);
        let place = self.b.ins().iadd(self.vm, offset);
        self.b.ins().load(I64, TRUSTED, place, self.environment.layout.byte_strings)
    }

    pub(super) fn native_call(&mut self, at: IrRef, ins: &Ins) -> Result<Option<Value>, CompileError> {
        let trace = self.trace;
        let own = trace.signature(ins);
        let mut signature = Signature::new(self.environment.frontend.default_call_conv);
        let passed = if in_pieces(own) { self.arguments_in_pieces(ins, own) } else { self.arguments(ins, own) };
        let (params, arguments): (Vec<AbiParam>, Vec<Value>) = passed.into_iter().unzip();
        signature.params = params;
        // A function that returns a struct in memory returns its address, too; nobody needs it.
        let in_memory = own.params.contains(&CParam::Result);
        let results = if in_memory { &[] } else { own.results.as_slice() };
        signature.returns.extend(results.iter().map(|&mem| AbiParam::new(result_type(mem))));
        let signature = self.b.import_signature(signature);
        let environment = self.environment;
        let callee = trace.int_constant(ins.a()).and_then(|k| environment.callee(k as u64, own.variadic));
        let call = match callee {
            Some(&Callee { near: Some(near), .. }) => {
                let function = self.near_function(near, signature);
                self.b.ins().call(function, &arguments)
            }
            callee => {
                let target = match callee {
                    Some(callee) => self.long(callee.address as u64),
                    None => self.value(ins.a()),
                };
                self.b.ins().call_indirect(signature, target, &arguments)
            }
        };
        let registers = self.b.inst_results(call).to_vec();
        let values: Vec<Value> = registers.iter().zip(results).map(|(&r, &mem)| self.returned(mem, r)).collect();
        let first = values.first().copied();
        self.results.insert(at, values);
        Ok(first)
    }

    /// A C function of the module, called in the way of this signature.
    fn near_function(&mut self, near: FuncId, signature: SigRef) -> FuncRef {
        let name = UserExternalName { namespace: 0, index: near.as_u32() };
        let name = self.b.func.declare_imported_user_function(name);
        self.b.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        })
    }

    fn arguments(&mut self, ins: &Ins, own: &CSignature) -> Vec<(AbiParam, Value)> {
        let trace = self.trace;
        let with_params = trace.list(ins.list).iter().zip(&own.params);
        let argument = |(&argument, param): (&IrRef, &CParam)| {
            let value = self.value(argument);
            match *param {
                CParam::Scalar(mem) => (AbiParam::new(argument_type(mem)), self.passed(mem, trace.ty(argument), value)),
                CParam::Memory(size) => (AbiParam::special(I64, ArgumentPurpose::StructArgument(size)), value),
                CParam::Result => (AbiParam::special(I64, ArgumentPurpose::StructReturn), value),
            }
        };
        with_params.map(argument).collect()
    }

    /// The arguments of a call with structs in memory, each struct as integers of 8 bytes that the stack takes.
    ///
    /// Cranelift copies a struct argument by a call of `memcpy`, which costs more than the function that is called. But what is on the
    /// stack is on it in order, whatever it belongs to: with every integer register taken, the words of a struct land where the struct
    /// belongs. Registers that no argument is for are given any value.
    fn arguments_in_pieces(&mut self, ins: &Ins, own: &CSignature) -> Vec<(AbiParam, Value)> {
        let trace = self.trace;
        let (mut integers, mut floats, mut stack) = (Vec::new(), Vec::new(), Vec::new());
        for (&argument, param) in trace.list(ins.list).iter().zip(&own.params) {
            let value = self.value(argument);
            match *param {
                CParam::Scalar(mem) => {
                    let passed = (AbiParam::new(argument_type(mem)), self.passed(mem, trace.ty(argument), value));
                    let (registers, count) = if mem.is_float() {
                        (&mut floats, FLOAT_REGISTERS)
                    } else {
                        (&mut integers, INTEGER_REGISTERS)
                    };
                    if registers.len() < count { registers.push(passed) } else { stack.push(passed) }
                }
                CParam::Result => integers.push((AbiParam::new(I64), value)),
                CParam::Memory(size) => {
                    for word in self.words(value, size) {
                        stack.push((AbiParam::new(I64), word));
                    }
                }
            }
        }
        integers.resize(INTEGER_REGISTERS, (AbiParam::new(I64), self.vm));
        integers.into_iter().chain(floats).chain(stack).collect()
    }

    /// The bytes of a struct as words, the last filled up with zeros. It has 8 bytes at least.
    fn words(&mut self, address: Value, size: u32) -> Vec<Value> {
        let load = |lowering: &mut Self, at: u32| lowering.load_memory(MemType::I64, address, at as i32, C_MEMORY);
        let mut words: Vec<Value> = (0..size / 8).map(|n| load(self, 8 * n)).collect();
        if !size.is_multiple_of(8) {
            let last = load(self, size - 8);
            words.push(self.b.ins().ushr_imm_u(last, i64::from(8 * (8 - size % 8))));
        }
        words
    }

    /// A value as the callee expects it: a small integer is extended by its own sign or lack of one.
    fn passed(&mut self, mem: MemType, ty: Type, value: Value) -> Value {
        match mem {
            MemType::I8 => {
                let byte = self.b.ins().ireduce(I8, value);
                self.b.ins().sextend(I32, byte)
            }
            MemType::U8 => {
                let byte = self.b.ins().ireduce(I8, value);
                self.b.ins().uextend(I32, byte)
            }
            MemType::I16 => {
                let half = self.b.ins().ireduce(I16, value);
                self.b.ins().sextend(I32, half)
            }
            MemType::U16 => {
                let half = self.b.ins().ireduce(I16, value);
                self.b.ins().uextend(I32, half)
            }
            MemType::U32 if ty.is_long() => self.b.ins().ireduce(I32, value),
            MemType::F32 => self.b.ins().fdemote(F32, value),
            MemType::I32 | MemType::U32 | MemType::I64 | MemType::U64 | MemType::F64 | MemType::Ptr => value,
        }
    }

    /// What came back, as the IR has it: the upper bits of a small integer mean nothing.
    fn returned(&mut self, mem: MemType, value: Value) -> Value {
        match mem {
            MemType::I8 | MemType::I16 => self.b.ins().sextend(I32, value),
            MemType::U8 | MemType::U16 => self.b.ins().uextend(I32, value),
            MemType::U32 => self.b.ins().uextend(I64, value),
            MemType::F32 => self.b.ins().fpromote(F64, value),
            MemType::I32 | MemType::I64 | MemType::U64 | MemType::F64 | MemType::Ptr => value,
        }
    }

    pub(super) fn call_memcpy(&mut self, to: Value, from: Value, size: u32) -> Result<(), CompileError> {
        let size = self.long(u64::from(size));
        self.b.call_memcpy(self.environment.frontend, to, from, size);
        Ok(())
    }
}

/// Whether structs in memory are passed word by word. The processor's convention is the one that the numbers of registers are of.
fn in_pieces(signature: &CSignature) -> bool {
    let sizes = signature.params.iter().filter_map(|param| match param {
        CParam::Memory(size) => Some(*size),
        CParam::Scalar(_) | CParam::Result => None,
    });
    let sizes: Vec<u32> = sizes.collect();
    let known = cfg!(all(target_arch = "x86_64", not(windows)));
    known && !signature.variadic && !sizes.is_empty() && sizes.iter().all(|size| (8..=COPY_LIMIT).contains(size))
}

fn argument_type(mem: MemType) -> cranelift_codegen::ir::Type {
    match mem {
        MemType::I8 | MemType::U8 | MemType::I16 | MemType::U16 | MemType::I32 | MemType::U32 => I32,
        MemType::I64 | MemType::U64 | MemType::Ptr => I64,
        MemType::F32 => F32,
        MemType::F64 => F64,
    }
}

fn result_type(mem: MemType) -> cranelift_codegen::ir::Type {
    match mem {
        MemType::I8 | MemType::U8 => I8,
        MemType::I16 | MemType::U16 => I16,
        other => argument_type(other),
    }
}
