//! Signatures: what is known of a function type before any argument is.
//!
//! Preparing one costs a microsecond, so each is kept: by the function's type, and for a variadic function by the types of the
//! arguments of a call besides.

#![allow(unsafe_code)]

use super::{
    CallRefusal, check_count,
    ffi_type::{Described, Descriptions, describe_parameter, describe_result},
    plan_result, type_for_variadic,
};
use crate::{
    convert::{from_lua::Offer, to_lua::Load},
    ctype::{CTypeId, CTypes, Convention, FunctionId, Kind},
    problem::{Outcome, Problem},
    state::Ffi,
};
use libffi::{
    low::{ffi_abi_FFI_DEFAULT_ABI, ffi_cif, prep_cif, prep_cif_var},
    raw::{ffi_abi_FFI_GNUW64, ffi_call},
};
use moonwake_lang::value::Value;
use std::{cell::RefCell, collections::HashMap, ffi::c_void, rc::Rc};

/// A prepared function type.
pub(crate) struct Signature {
    cif: Box<ffi_cif>,
    /// What `cif` points to.
    _descriptions: Descriptions,
    /// The arguments.
    pub arguments: Box<[Slot]>,
    /// The size of the buffer that holds them.
    pub buffer_size: usize,
    /// The type of the result.
    pub result_ctype: CTypeId,
    /// How the result becomes a Lua value.
    pub result: Load,
}

/// The room of an argument in the buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Its type.
    pub ctype: CTypeId,
    /// Where it lies.
    pub offset: usize,
    /// The size of its type.
    pub size: u64,
    /// Which of the arguments it is that libffi passes; an empty struct is none.
    pub passed: Option<usize>,
}

/// All prepared signatures.
#[derive(Default)]
pub(crate) struct Signatures {
    /// By the number of the function's ctype.
    fixed: RefCell<Vec<Option<Rc<Signature>>>>,
    variadic: RefCell<HashMap<VariadicKey, Rc<Signature>>>,
}

/// A function's type, and the types of the arguments for its `...`.
type VariadicKey = (CTypeId, Box<[CTypeId]>);

impl Ffi {
    /// The signature of a function type for a call with these arguments.
    #[inline]
    pub(crate) fn signature_for_call(&self, function: CTypeId, arguments: &[Value]) -> Outcome<Rc<Signature>> {
        if let Some(Some(known)) = self.signatures.fixed.borrow().get(function.index()) {
            return match arguments.len() == known.arguments.len() {
                true => Ok(known.clone()),
                false => Err(Problem::argument_count()),
            };
        }
        self.prepare_for_call(function, arguments)
    }

    #[cold]
    fn prepare_for_call(&self, function: CTypeId, arguments: &[Value]) -> Outcome<Rc<Signature>> {
        let known = self.known();
        let mut types = self.types_mut();
        let Kind::Function(id) = types.kind(function) else { return Err(Problem::uncallable_signature()) };
        let (fixed, variadic) = (types.function(id).params.len(), types.function(id).variadic);
        if let Err(CallRefusal::Count | CallRefusal::Argument(..)) = check_count(fixed, variadic, arguments.len()) {
            return Err(Problem::argument_count());
        }
        if !variadic {
            return self.signature(&mut types, function);
        }
        let passed: Box<[CTypeId]> = arguments[fixed..]
            .iter()
            .map(|&argument| {
                let offer = Offer::of(&types, argument);
                type_for_variadic(&mut types, known, offer)
            })
            .collect();
        let key = (function, passed);
        if let Some(known) = self.signatures.variadic.borrow().get(&key) {
            return Ok(known.clone());
        }
        let signature = Rc::new(Signature::prepare(&mut types, id, &key.1)?);
        self.signatures.variadic.borrow_mut().insert(key, signature.clone());
        Ok(signature)
    }

    /// The signature of a function type that is not variadic.
    pub(crate) fn signature(&self, types: &mut CTypes, function: CTypeId) -> Outcome<Rc<Signature>> {
        if let Some(Some(known)) = self.signatures.fixed.borrow().get(function.index()) {
            return Ok(known.clone());
        }
        let Kind::Function(id) = types.kind(function) else { return Err(Problem::uncallable_signature()) };
        let signature = Rc::new(Signature::prepare(types, id, &[])?);
        let mut fixed = self.signatures.fixed.borrow_mut();
        if fixed.len() <= function.index() {
            fixed.resize(function.index() + 1, None);
        }
        fixed[function.index()] = Some(signature.clone());
        Ok(signature)
    }
}

impl Signature {
    fn prepare(types: &mut CTypes, function: FunctionId, more: &[CTypeId]) -> Outcome<Signature> {
        let function = types.function(function).clone();
        let mut descriptions = Descriptions::default();
        let mut arguments = Vec::new();
        let mut end = 0;
        for &ctype in function.params.iter().chain(more) {
            let ctype = types.bare(ctype);
            let size = types.size_of(ctype).ok_or_else(Problem::uncallable_signature)?;
            let described = describe_parameter(types, ctype, &mut descriptions);
            let passed = match described.ok_or_else(Problem::uncallable_signature)? {
                Described::Nothing => None,
                Described::As(description) => {
                    descriptions.arguments.push(description);
                    Some(descriptions.arguments.len() - 1)
                }
            };
            arguments.push(Slot { ctype, offset: end, size, passed });
            // Each begins aligned for every type; the machine's registers are loaded 8 bytes at a time.
            end += (size as usize).next_multiple_of(16).max(16);
        }
        let result_type = describe_result(types, function.result, &mut descriptions);
        let result_type = match result_type.ok_or_else(Problem::uncallable_signature)? {
            Described::Nothing => &raw mut libffi::low::types::void,
            Described::As(description) => description,
        };
        let abi = match function.convention {
            Convention::Native => ffi_abi_FFI_DEFAULT_ABI,
            Convention::Microsoft => ffi_abi_FFI_GNUW64,
        };
        let mut cif: Box<ffi_cif> = Box::default();
        let total = descriptions.arguments.len();
        let fixed = arguments[..function.params.len()].iter().filter(|slot| slot.passed.is_some()).count();
        let list = descriptions.arguments.as_mut_ptr();
        // SAFETY: the descriptions live as long as the interface, and vectors do not move what they hold when they are moved.
        let prepared = unsafe {
            match function.variadic {
                true => prep_cif_var(&mut *cif, abi, fixed, total, result_type, list),
                false => prep_cif(&mut *cif, abi, total, result_type, list),
            }
        };
        prepared.map_err(|_| Problem::uncallable_signature())?;
        Ok(Signature {
            cif,
            _descriptions: descriptions,
            arguments: arguments.into(),
            buffer_size: end,
            result_ctype: types.bare(function.result),
            result: plan_result(types, function.result),
        })
    }

    /// Calls the function at `code`.
    ///
    /// # Safety
    /// It is a function of this type, `places` are addresses of as many arguments, and the result has room for 16 bytes, or the size of
    /// its type if that is more.
    pub unsafe fn call(&self, code: *const c_void, result: *mut c_void, places: *mut *mut c_void) {
        // SAFETY: the caller's promise. libffi does not change an interface by calling through it.
        unsafe {
            let code = std::mem::transmute::<*const c_void, unsafe extern "C" fn()>(code);
            ffi_call(self.interface(), Some(code), result, places);
        }
    }

    /// What libffi knows of it, for a closure; valid as long as this is.
    pub fn interface(&self) -> *mut ffi_cif {
        std::ptr::from_ref(&*self.cif).cast_mut()
    }
}
