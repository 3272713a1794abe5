//! Code memory: `cranelift-jit` owns it, in one arena, so that code stays within reach of code.
//!
//! Defining a function a trace was measured within 10 % of an arena of our own, and every definition starts on a fresh page that is
//! made executable once: pages are never switched back. All of it is given back when the last trace is gone, with the backend.

#![allow(unsafe_code)]

use super::{CompileError, Listing};
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{Signature, UserFuncName};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module};
use std::collections::HashMap;

/// Address space that is reserved for code; pages are used as they are needed.
const RESERVED: usize = 64 << 20;

/// What precedes the address in the name of a C function that is called by its distance.
const NEAR_PREFIX: &str = "near:";

/// Executable memory and the means to fill it.
pub struct CodeMemory {
    /// `None` only while it is dropped.
    module: Option<JITModule>,
    context: Context,
    builder: FunctionBuilderContext,
    thunks: HashMap<u64, usize>,
    /// C functions that are within reach, as the module knows them.
    near: HashMap<usize, FuncId>,
}

/// What went wrong in Cranelift, as text.
pub(super) fn failed(error: impl std::fmt::Display) -> CompileError {
    CompileError::Backend(error.to_string())
}

impl CodeMemory {
    /// Empty code memory for the processor that we run on.
    pub fn new() -> Result<CodeMemory, CompileError> {
        let mut flags = settings::builder();
        let verify = if cfg!(debug_assertions) { "true" } else { "false" };
        for (name, value) in [
            ("opt_level", "none"),
            ("regalloc_algorithm", "backtracking"),
            ("enable_verifier", verify),
            ("preserve_frame_pointers", "true"),
            ("unwind_info", "false"),
            ("enable_probestack", "false"),
            ("use_colocated_libcalls", "false"),
            ("is_pic", "false"),
        ] {
            flags.set(name, value).map_err(failed)?;
        }
        let isa = cranelift_native::builder().map_err(failed)?.finish(settings::Flags::new(flags)).map_err(failed)?;
        let mut builder = JITBuilder::with_isa(isa, cranelift_module::default_libcall_names());
        builder.symbol_lookup_fn(Box::new(|name| {
            let address = usize::from_str_radix(name.strip_prefix(NEAR_PREFIX)?, 16).ok()?;
            Some(std::ptr::with_exposed_provenance(address))
        }));
        builder.memory_provider(Box::new(ArenaMemoryProvider::new_with_size(RESERVED).map_err(failed)?));
        Ok(CodeMemory {
            module: Some(JITModule::new(builder)),
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            thunks: HashMap::new(),
            near: HashMap::new(),
        })
    }

    fn module(&mut self) -> &mut JITModule {
        self.module.as_mut().expect("the module is there until the memory is dropped")
    }

    /// What a function is built in, emptied. [`CodeMemory::define`] compiles what was built.
    pub fn context(&mut self) -> (&mut Context, &mut FunctionBuilderContext) {
        self.context.clear();
        self.context.func.name = UserFuncName::user(0, 0);
        (&mut self.context, &mut self.builder)
    }

    /// What a function builder must know of the processor.
    pub fn frontend_config(&mut self) -> TargetFrontendConfig {
        self.module().isa().frontend_config()
    }

    /// Compiles the function in the context; gives its address, its size and, if asked for, its text.
    pub fn define(&mut self, listing: bool) -> Result<(usize, usize, Option<Listing>), CompileError> {
        let clif = listing.then(|| self.context.func.display().to_string());
        self.context.set_disasm(listing);
        let module = self.module.as_mut().expect("the module is there until the memory is dropped");
        let id = module.declare_anonymous_function(&self.context.func.signature).map_err(failed)?;
        let mut plane = ControlPlane::default();
        module.define_function_with_control_plane(id, &mut self.context, &mut plane).map_err(failed)?;
        let address = finish(module, id)?;
        let compiled = self.context.compiled_code().ok_or_else(|| failed("nothing was compiled"))?;
        let listing = clif.map(|clif| Listing {
            clif,
            code: with_addresses(compiled.vcode.clone().unwrap_or_default(), &self.context, &*module),
            origins: compiled.buffer.get_srclocs_sorted().iter().map(|s| (s.start, s.end, s.loc.bits())).collect(),
        });
        Ok((address, compiled.code_buffer().len(), listing))
    }

    /// The function at `target` for calls by its distance, which takes 32 bits; `None` when it is too far from our code, some of which
    /// lies at `code`.
    pub fn near_function(&mut self, target: usize, code: usize) -> Result<Option<FuncId>, CompileError> {
        if target.abs_diff(code) > i32::MAX as usize - RESERVED {
            return Ok(None);
        }
        if let Some(&id) = self.near.get(&target) {
            return Ok(Some(id));
        }
        // Each call says itself how it passes its arguments.
        let signature = Signature::new(CallConv::SystemV);
        let name = format!("{NEAR_PREFIX}{target:x}");
        let id = self.module().declare_function(&name, Linkage::Import, &signature).map_err(failed)?;
        self.near.insert(target, id);
        Ok(Some(id))
    }

    /// A function that tells a variadic callee how many vector registers hold arguments, which Cranelift does not, and goes to it.
    pub fn variadic_thunk(&mut self, target: u64) -> Result<usize, CompileError> {
        if let Some(&thunk) = self.thunks.get(&target) {
            return Ok(thunk);
        }
        let thunk = match variadic_thunk_code(target) {
            None => target as usize,
            Some(code) => {
                let module = self.module();
                let signature = Signature::new(CallConv::SystemV);
                let id = module.declare_anonymous_function(&signature).map_err(failed)?;
                module.define_function_bytes(id, 16, &code, &[]).map_err(failed)?;
                finish(module, id)?
            }
        };
        self.thunks.insert(target, thunk);
        Ok(thunk)
    }
}

/// Machine code as text, with the addresses of the C functions that it calls by their distance.
fn with_addresses(mut code: String, context: &Context, module: &JITModule) -> String {
    for (reference, name) in context.func.params.user_named_funcs() {
        let callee = module.declarations().get_function_decl(FuncId::from_u32(name.index));
        if let Some(address) = callee.name.as_deref().and_then(|name| name.strip_prefix(NEAR_PREFIX)) {
            code = code.replace(&format!("User({reference})"), &format!("0x{address}"));
        }
    }
    code
}

fn finish(module: &mut JITModule, id: FuncId) -> Result<usize, CompileError> {
    module.finalize_definitions().map_err(failed)?;
    Ok(module.get_finalized_function(id) as usize)
}

#[cfg(target_arch = "x86_64")]
fn variadic_thunk_code(target: u64) -> Option<Vec<u8>> {
    Some(super::x64::variadic_thunk(target))
}

/// Other processors call variadic functions like any others, or are not there yet.
#[cfg(not(target_arch = "x86_64"))]
fn variadic_thunk_code(_target: u64) -> Option<Vec<u8>> {
    None
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the backend owns the memory and is dropped with the virtual machine that ran the code: nothing runs
            // in it now, and nothing can enter it again.
            unsafe { module.free_memory() };
        }
    }
}
