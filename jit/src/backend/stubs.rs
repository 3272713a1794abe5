//! The two functions between the interpreter and all traces.
//!
//! `enter` is called by the C convention, saves the registers that it protects, and calls a trace. `to_interpreter` is what an exit
//! that is not linked jumps to: it notes in the [`TraceState`] which exit was taken, and returns to `enter`.
//!
//! Besides, helpers in a form that preserves all registers.

#![allow(unsafe_code)]

use super::CompileError;
use super::codemem::CodeMemory;
use super::link::ExitRecord;
use super::lower::{helper_signature, trace_signature};
use crate::ir::Helper;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, InstBuilder, MemFlagsData, Signature};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use moonwake_lang::trace_state::{EnterTrace, TraceState};
use std::mem::offset_of;

/// Addresses of the stubs.
pub struct Stubs {
    enter: usize,
    /// Where unlinked exits jump to.
    pub to_interpreter: usize,
}

impl Stubs {
    /// Compiles them.
    pub fn compile(memory: &mut CodeMemory) -> Result<Stubs, CompileError> {
        Ok(Stubs { enter: compile_enter(memory)?, to_interpreter: compile_to_interpreter(memory)? })
    }

    /// The function that enters traces.
    pub fn enter(&self) -> EnterTrace {
        // SAFETY: `compile_enter` made it with this signature and convention.
        unsafe { std::mem::transmute::<usize, EnterTrace>(self.enter) }
    }
}

/// `fn(vm, base, code) -> reason`, C convention.
fn compile_enter(memory: &mut CodeMemory) -> Result<usize, CompileError> {
    let config = memory.frontend_config();
    let (context, builder_context) = memory.context();
    let mut signature = Signature::new(config.default_call_conv);
    signature.params = vec![AbiParam::new(I64); 3];
    signature.returns = vec![AbiParam::new(I64)];
    context.func.signature = signature;
    let mut b = FunctionBuilder::new(&mut context.func, builder_context);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    let params = b.block_params(block).to_vec();
    let (vm, base, code) = (params[0], params[1], params[2]);
    let nothing = b.ins().iconst(I64, 0);
    let signature = b.import_signature(trace_signature());
    let call = b.ins().call_indirect(signature, code, &[vm, base, nothing]);
    let reason = b.inst_results(call)[0];
    b.ins().return_(&[reason]);
    b.seal_all_blocks();
    b.finalize(config);
    Ok(memory.define(false)?.0)
}

/// `fn(vm, base, record) -> reason`, the convention of traces.
fn compile_to_interpreter(memory: &mut CodeMemory) -> Result<usize, CompileError> {
    let config = memory.frontend_config();
    let (context, builder_context) = memory.context();
    context.func.signature = trace_signature();
    let mut b = FunctionBuilder::new(&mut context.func, builder_context);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    let params = b.block_params(block).to_vec();
    let (vm, base, record) = (params[0], params[1], params[2]);
    let trusted = MemFlagsData::trusted();
    let pc = b.ins().load(I64, trusted, record, ExitRecord::PC);
    let reason = b.ins().load(I64, trusted, record, ExitRecord::REASON);
    b.ins().store(trusted, record, vm, offset_of!(TraceState, exit) as i32);
    b.ins().store(trusted, pc, vm, offset_of!(TraceState, exit_pc) as i32);
    b.ins().store(trusted, base, vm, offset_of!(TraceState, exit_base) as i32);
    b.ins().return_(&[reason]);
    b.seal_all_blocks();
    b.finalize(config);
    Ok(memory.define(false)?.0)
}

/// A helper that takes the machine, as a function that preserves all registers and leaves its result in [`TraceState::helper_result`].
pub fn compile_preserving(memory: &mut CodeMemory, helper: Helper, address: usize) -> Result<usize, CompileError> {
    let config = memory.frontend_config();
    let (context, builder_context) = memory.context();
    context.func.signature = helper_signature(helper, CallConv::PreserveAll);
    let mut b = FunctionBuilder::new(&mut context.func, builder_context);
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    let arguments = b.block_params(block).to_vec();
    let signature = b.import_signature(helper_signature(helper, config.default_call_conv));
    let target = b.ins().iconst(I64, address as i64);
    let call = b.ins().call_indirect(signature, target, &arguments);
    if let [result] = *b.inst_results(call) {
        b.ins().store(MemFlagsData::trusted(), result, arguments[0], offset_of!(TraceState, helper_result) as i32);
    }
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(config);
    Ok(memory.define(false)?.0)
}
