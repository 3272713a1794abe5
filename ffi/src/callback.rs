//! Callbacks: Lua functions that C can call.
//!
//! Converting a Lua function to a C function pointer makes a piece of code (a libffi closure) that knows its *slot*: the function's type and
//! where the Lua function is anchored. It lives until `cb:free()`, or as long as the machine, since nobody knows how long C keeps the
//! pointer. Of those that were freed the last ones are kept a while, so that one that is called after all is "bad callback".
//!
//! ```text
//!     Lua ──calls──> C ──calls──> closure ──> invoked() ──> Lua function
//!                                                │ throws e
//!      e  <──raised── C returns <──zero as result┘
//! ```
//!
//! An error never passes through C: it waits until the call that entered C returns, and until then no callback runs Lua again; each
//! returns zero at once. If compiled code made that call, the machine itself keeps the error until the trace has left. A callback on
//! another thread than the machine's does the same, with an error that says so.

#![allow(unsafe_code)]

use crate::{
    call::{Signature, widen},
    convert::to_lua::{Load, plan_box, plan_load},
    ctype::{CTypeId, Kind},
    problem::{Outcome, Problem},
    scalar::Scalar,
    state::Ffi,
};
use libffi::{
    low::{CodePtr, closure_free, ffi_cif, ffi_closure, try_closure_alloc},
    raw::{ffi_prep_closure_loc, ffi_status_FFI_OK},
};
use moonwake_lang::{
    value::Value,
    vm::{Vm, error::Error},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    ffi::c_void,
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
    thread::ThreadId,
};

/// The callbacks of a machine.
pub(crate) struct Callbacks {
    slots: RefCell<Vec<Option<Box<Slot>>>>,
    /// The last ones that were freed.
    freed: RefCell<VecDeque<Box<Slot>>>,
    /// The machine, as the call that entered C left it.
    machine: Cell<*mut Vm>,
    /// An error waits, anchored, for C to return.
    failed: Cell<bool>,
    /// A callback came on another thread.
    foreign: AtomicBool,
}

impl Default for Callbacks {
    fn default() -> Self {
        Callbacks {
            slots: RefCell::default(),
            freed: RefCell::default(),
            machine: Cell::new(std::ptr::null_mut()),
            failed: Cell::new(false),
            foreign: AtomicBool::new(false),
        }
    }
}

/// A callback.
struct Slot {
    closure: *mut ffi_closure,
    code: CodePtr,
    signature: Rc<Signature>,
    parameters: Box<[Load]>,
    ffi: *const Ffi,
    thread: ThreadId,
    number: usize,
    freed: Cell<bool>,
}

/// How many freed callbacks are kept.
const KEPT: usize = 64;

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: the closure was allocated for this slot.
        unsafe { closure_free(self.closure) };
    }
}

/// Where the error that waits is anchored; the functions are at the places from 1 on.
const ERROR_PLACE: f64 = 0.0;

impl Callbacks {
    /// C is about to be entered.
    #[inline]
    pub fn enter(&self, vm: &mut Vm) {
        self.machine.set(vm);
    }

    fn slot_at(&self, address: usize) -> Option<usize> {
        let slots = self.slots.borrow();
        slots.iter().position(|slot| slot.as_ref().is_some_and(|slot| slot.code.as_ptr() as usize == address))
    }
}

/// Makes a callback of this function type; returns its address.
pub(crate) fn make(ffi: &Ffi, vm: &mut Vm, function_type: CTypeId, function: Value) -> Outcome<usize> {
    let (signature, parameters) = {
        let mut types = ffi.types_mut();
        let signature = ffi.signature(&mut types, function_type)?;
        let parameters = signature.arguments.iter().map(|argument| match types.kind(argument.ctype) {
            Kind::Record(_) => plan_box(&types, argument.ctype),
            _ => plan_load(&mut types, argument.ctype),
        });
        (signature.clone(), parameters.collect())
    };
    let (closure, code) = try_closure_alloc().ok_or_else(Problem::too_many_callbacks)?;
    let number = {
        let mut slots = ffi.callbacks.slots.borrow_mut();
        slots.iter().position(Option::is_none).unwrap_or_else(|| {
            slots.push(None);
            slots.len() - 1
        })
    };
    let thread = std::thread::current().id();
    let interface = signature.interface();
    let slot = Box::new(Slot { closure, code, signature, parameters, ffi, thread, number, freed: Cell::new(false) });
    // SAFETY: the closure was just allocated; the interface and the slot live as long as it does.
    let status = unsafe {
        let user = std::ptr::from_ref(&*slot).cast_mut().cast();
        ffi_prep_closure_loc(closure, interface, Some(invoked), user, code.as_mut_ptr())
    };
    if status != ffi_status_FFI_OK {
        return Err(Problem::uncallable_signature());
    }
    ffi.callbacks.slots.borrow_mut()[number] = Some(slot);
    ffi.anchor_at(vm, place_of(number), function);
    if ffi.callbacks.machine.get().is_null() {
        ffi.callbacks.enter(vm);
    }
    Ok(code.as_ptr() as usize)
}

fn place_of(number: usize) -> f64 {
    number as f64 + 1.0
}

impl Ffi {
    /// `cb:free()`
    pub(crate) fn free_callback(&self, vm: &mut Vm, address: usize) -> Outcome<()> {
        let number = self.callbacks.slot_at(address).ok_or_else(Problem::bad_callback)?;
        let slot = self.callbacks.slots.borrow_mut()[number].take().ok_or_else(Problem::bad_callback)?;
        slot.freed.set(true);
        let mut freed = self.callbacks.freed.borrow_mut();
        freed.push_back(slot);
        if freed.len() > KEPT {
            freed.pop_front();
        }
        drop(freed);
        self.anchor_at(vm, place_of(number), Value::NIL);
        Ok(())
    }

    /// `cb:set(function)`
    pub(crate) fn set_callback(&self, vm: &mut Vm, address: usize, function: Value) -> Outcome<()> {
        let number = self.callbacks.slot_at(address).ok_or_else(Problem::bad_callback)?;
        self.anchor_at(vm, place_of(number), function);
        Ok(())
    }

    /// Whether there is a callback at this address.
    pub(crate) fn is_callback(&self, address: usize) -> bool {
        self.callbacks.slot_at(address).is_some()
    }

    /// The error of a callback that ran since the interpreter entered C, if one was thrown. To be asked, and raised, after every call.
    #[inline]
    pub(crate) fn take_callback_error(&self, vm: &mut Vm) -> Option<Error> {
        if self.callbacks.failed.get() || self.callbacks.foreign.load(Ordering::Relaxed) {
            return Some(self.take_error(vm));
        }
        None
    }

    #[cold]
    fn take_error(&self, vm: &mut Vm) -> Error {
        if self.callbacks.foreign.swap(false, Ordering::Relaxed) && !self.callbacks.failed.get() {
            return vm.error_at_level(1, Problem::other_thread().0.as_bytes());
        }
        self.callbacks.failed.set(false);
        let error = Error::new(self.anchored(vm, ERROR_PLACE));
        self.anchor_at(vm, ERROR_PLACE, Value::NIL);
        error
    }
}

/// What every closure runs: `arguments` are the addresses of the arguments, the result goes to `result`.
unsafe extern "C" fn invoked(_: *mut ffi_cif, result: *mut c_void, arguments: *mut *mut c_void, slot: *mut c_void) {
    // SAFETY: closures are made with the address of their slot, which lives as long as they do; a machine that has callbacks
    // outlives the calls of C that know of them.
    let (slot, ffi) = unsafe {
        let slot = &*slot.cast::<Slot>();
        (slot, &*slot.ffi)
    };
    let result = result.cast::<u8>();
    clear_result(slot, result);
    if std::thread::current().id() != slot.thread {
        ffi.callbacks.foreign.store(true, Ordering::Relaxed);
        return;
    }
    let machine = ffi.callbacks.machine.get();
    // SAFETY: this is the machine's thread, which waits inside a call of C for us; that call made this address of the machine.
    let vm = unsafe { &mut *machine };
    if ffi.callbacks.failed.get() || vm.has_deferred_error() {
        return;
    }
    let under_trace = vm.is_below_trace();
    if slot.freed.get() {
        let error = vm.plain_error(Problem::bad_callback().0);
        return fail(ffi, vm, error, under_trace);
    }
    // The callback's slot may be freed by the callback itself.
    let (signature, number) = (slot.signature.clone(), slot.number);
    let mut values = Vec::with_capacity(slot.parameters.len());
    for (load, argument) in slot.parameters.iter().zip(&signature.arguments) {
        // SAFETY: libffi passes as many arguments as the signature has, each of its type. What it does not pass has no bytes.
        values.push(unsafe {
            let from = argument.passed.map_or(result, |i| (*arguments.add(i)).cast());
            load.perform(vm, from)
        });
    }
    let function = ffi.anchored(vm, place_of(number));
    let outcome = match vm.call_back(function, &values) {
        Ok(results) => {
            let value = results.first().copied().unwrap_or(Value::NIL);
            // SAFETY: the result has room for a value of its type.
            unsafe { store_result(ffi, vm, &signature, result, value) }
                .map_err(|problem| vm.error_at_level(0, problem.0.as_bytes()))
        }
        Err(error) => Err(error),
    };
    ffi.callbacks.machine.set(machine);
    match outcome {
        Ok(()) => {}
        Err(error) => fail(ffi, vm, error, under_trace),
    }
}

/// Lets an error wait for C to return.
fn fail(ffi: &Ffi, vm: &mut Vm, error: Error, under_trace: bool) {
    if under_trace {
        vm.defer_error(error);
    } else {
        ffi.anchor_at(vm, ERROR_PLACE, error.value);
        ffi.callbacks.failed.set(true);
    }
}

/// What C gets when Lua gives nothing.
fn clear_result(slot: &Slot, result: *mut u8) {
    let bytes = match slot.signature.result {
        Load::Nothing => 0,
        Load::Box { bytes, .. } => bytes as usize,
        Load::Number(scalar) => scalar.bytes().max(8),
        Load::Boolean | Load::Reference { .. } => 8,
    };
    // SAFETY: libffi gives room for a register, or for the type's size if that is more.
    unsafe { std::ptr::write_bytes(result, 0, bytes) };
}

unsafe fn store_result(ffi: &Ffi, vm: &mut Vm, signature: &Signature, result: *mut u8, value: Value) -> Outcome<()> {
    let ctype = signature.result_ctype;
    if signature.result == Load::Nothing {
        return Ok(());
    }
    let (size, scalar) = {
        let types = ffi.types();
        (types.size_of(ctype).unwrap_or(0), Scalar::of(&types, ctype))
    };
    match scalar.filter(|scalar| !scalar.is_float() && scalar.bytes() <= 8) {
        Some(scalar) => {
            let mut bits = 0u64;
            // SAFETY: the scalar has at most 8 bytes, and so has the register that the result becomes.
            unsafe {
                ffi.store(vm, ctype, (&raw mut bits).cast(), size, value)?;
                result.cast::<u64>().write_unaligned(widen(scalar, bits));
            }
            Ok(())
        }
        // SAFETY: the result has room for a value of its type.
        None => unsafe { ffi.store(vm, ctype, result, size, value) },
    }
}
