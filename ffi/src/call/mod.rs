//! Calls of C functions.
//!
//! ```text
//!     function ctype ──> Signature (prepared once)      how the parameters and the result travel
//!     Lua arguments  ──> one buffer, an argument each   by the conversions of `convert::from_lua`
//!     libffi         ──> registers and stack            the call itself
//!     result         ──> a Lua value                    by `convert::to_lua`
//! ```
//!
//! The machine's stack holds the arguments while C runs, so strings and cdata whose addresses C was given stay alive; objects do
//! not move. A callback that throws leaves its error with the FFI, and the call that entered C raises it once C has returned.
//!
//! The JIT compiles calls by [`plan_call`], and makes them without libffi.

#![allow(unsafe_code)]

mod ffi_type;
mod signature;

pub(crate) use signature::{Signature, Signatures};

use crate::{
    convert::{
        compatible::referred,
        from_lua::{Conversion, Offer, plan},
        to_lua::{Load, plan_box, plan_load},
    },
    ctype::{CTypeId, CTypes, Float, FunctionId, Kind},
    operators::raise,
    problem::Problem,
    scalar::Scalar,
    state::{Ffi, KnownTypes},
};
use moonwake_lang::vm::native::{Call, NativeResult};
use std::{ffi::c_void, mem::MaybeUninit};

/// How a call with arguments of certain kinds is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallPlan {
    /// The arguments, those for `...` too.
    pub arguments: Vec<Argument>,
    /// How many of them are named parameters.
    pub fixed: usize,
    /// Whether the function takes `...`.
    pub variadic: bool,
    /// The type of the result.
    pub result: CTypeId,
    /// How the result becomes a Lua value, once it is in memory or a register.
    pub load: Load,
}

/// An argument of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argument {
    /// The type as which it is passed.
    pub ctype: CTypeId,
    /// How the Lua value becomes one of that type.
    pub conversion: Conversion,
}

/// Why a call cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallRefusal {
    /// Too few arguments, or too many.
    Count,
    /// This argument cannot be converted to this type.
    Argument(usize, CTypeId),
}

/// How a function of this type is called with values of these kinds.
///
/// # Errors
/// When it cannot be.
pub fn plan_call(
    types: &mut CTypes,
    known: KnownTypes,
    function: FunctionId,
    offers: &[Offer],
) -> Result<CallPlan, CallRefusal> {
    let function = types.function(function).clone();
    let fixed = function.params.len();
    check_count(fixed, function.variadic, offers.len())?;
    let mut arguments = Vec::with_capacity(offers.len());
    for (i, &offer) in offers.iter().enumerate() {
        let ctype = match function.params.get(i) {
            Some(&param) => param,
            None => type_for_variadic(types, known, offer),
        };
        match plan(types, known, ctype, offer, false) {
            Some(conversion) => arguments.push(Argument { ctype, conversion }),
            None => return Err(CallRefusal::Argument(i, ctype)),
        }
    }
    let load = plan_result(types, function.result);
    Ok(CallPlan { arguments, fixed, variadic: function.variadic, result: function.result, load })
}

fn check_count(fixed: usize, variadic: bool, given: usize) -> Result<(), CallRefusal> {
    if given < fixed || given > fixed && !variadic { Err(CallRefusal::Count) } else { Ok(()) }
}

/// How a result becomes a Lua value: as a load does, but a struct is a copy.
pub fn plan_result(types: &mut CTypes, result: CTypeId) -> Load {
    match types.kind(result) {
        Kind::Record(_) => plan_box(types, result),
        _ => plan_load(types, result),
    }
}

/// The type as which a value is passed for `...`: C's default promotions, and addresses of what is not a scalar.
pub fn type_for_variadic(types: &mut CTypes, known: KnownTypes, offer: Offer) -> CTypeId {
    let id = match offer {
        Offer::Number => return CTypeId::DOUBLE,
        Offer::Boolean => return CTypeId::INT32,
        Offer::String => return known.const_char_pointer,
        Offer::Cdata(id) => types.bare(referred(types, id)),
        // Of these, those that cannot be passed at all are refused by the conversion.
        Offer::Nil | Offer::LightUserdata | Offer::Userdata | Offer::Table | Offer::Function | Offer::Coroutine => {
            return CTypeId::POINTER_TO_VOID;
        }
    };
    match types.kind(types.underlying(id)) {
        Kind::Array { of, .. } => types.pointer_to(of),
        Kind::Record(_) | Kind::Function(_) => types.pointer_to(id),
        Kind::Float(Float::Single | Float::Half | Float::Brain) => CTypeId::DOUBLE,
        Kind::Bool | Kind::Int { bytes: 1 | 2, .. } => CTypeId::INT32,
        _ => id,
    }
}

/// Bytes of arguments that need no allocation.
const SMALL: usize = 512;
/// Arguments that need none.
const FEW: usize = 16;

/// Calls the C function whose address stands at `place`. Its arguments follow the first argument of the native function that runs.
pub(crate) fn call_function(call: &mut Call<'_>, ffi: &Ffi, function: CTypeId, place: *const u8) -> NativeResult {
    // SAFETY: the caller found an address there.
    let code = unsafe { place.cast::<*const c_void>().read_unaligned() };
    if code.is_null() {
        return Err(raise(call, Problem::null_pointer()));
    }
    let signature = match ffi.signature_for_call(function, call.args().get(1..).unwrap_or_default()) {
        Ok(signature) => signature,
        Err(problem) => return Err(raise(call, problem)),
    };
    let mut small = MaybeUninit::<[u128; SMALL / 16]>::uninit();
    let mut large = Vec::<u128>::new();
    let buffer: *mut u8 = if signature.buffer_size <= SMALL {
        small.as_mut_ptr().cast()
    } else {
        large.resize(signature.buffer_size / 16 + 1, 0);
        large.as_mut_ptr().cast()
    };
    let mut few = [std::ptr::null_mut::<c_void>(); FEW];
    let mut many = Vec::new();
    let places: &mut [*mut c_void] = if signature.arguments.len() <= FEW {
        &mut few
    } else {
        many.resize(signature.arguments.len(), std::ptr::null_mut());
        &mut many
    };
    for (i, argument) in signature.arguments.iter().enumerate() {
        let at = buffer.wrapping_add(argument.offset);
        if let Some(passed) = argument.passed {
            places[passed] = at.cast();
        }
        let value = call.arg(i + 1);
        // SAFETY: the signature reserves room for each argument in the buffer.
        if let Err(problem) = unsafe { ffi.store(call.vm, argument.ctype, at, argument.size, value) } {
            return Err(call.arg_error(i, &problem.0));
        }
    }
    ffi.count_native_call();
    invoke(call, ffi, &signature, code, places)
}

/// Makes the call, and a Lua value of the result.
fn invoke(
    call: &mut Call<'_>,
    ffi: &Ffi,
    signature: &Signature,
    code: *const c_void,
    places: &mut [*mut c_void],
) -> NativeResult {
    let mut scalar = [0u128; 2];
    let mut result = scalar.as_mut_ptr().cast::<u8>();
    let record = match signature.result {
        Load::Box { ctype, bytes, align } if bytes as usize > size_of_val(&scalar) => {
            // On the stack, so that it is seen when a callback collects.
            let cdata = vm_box(call, ctype, bytes, align);
            call.push(cdata.into());
            result = cdata.payload();
            Some(cdata)
        }
        _ => None,
    };
    ffi.callbacks.enter(call.vm);
    // SAFETY: the signature was prepared for the function's type, and the places hold arguments of its types. That the function has
    // the type that was declared is the script's affair.
    unsafe { signature.call(code, result.cast(), places.as_mut_ptr()) };
    if let Some(error) = ffi.take_callback_error(call.vm) {
        return Err(error);
    }
    match (record, signature.result) {
        (Some(cdata), _) => call.one(cdata),
        (None, Load::Nothing) => call.none(),
        (None, load) => {
            // SAFETY: the call has written the result.
            let value = unsafe { load.perform(call.vm, result) };
            call.one(value)
        }
    }
}

fn vm_box(
    call: &mut Call<'_>,
    ctype: CTypeId,
    bytes: u32,
    align: u32,
) -> moonwake_lang::object::Gc<moonwake_lang::object::Cdata> {
    crate::cdata::new_box(call.vm, ctype, bytes as usize, align as usize)
}

/// Writes the value of an integer that is smaller than a register as wide as one: callers of callbacks read all of it.
pub(crate) fn widen(scalar: Scalar, bytes: u64) -> u64 {
    match scalar {
        Scalar::I8 => bytes as i8 as u64,
        Scalar::I16 => bytes as i16 as u64,
        Scalar::I32 => bytes as i32 as u64,
        _ => bytes,
    }
}
