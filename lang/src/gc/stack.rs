//! Stacks of coroutines: their memory, how one grows, and how variables leave it.
//!
//! A stack lies outside the heap's blocks, since it moves when it grows. All its places hold values at all times, nil where nothing
//! was stored yet.

#![allow(unsafe_code)]

use super::Heap;
use crate::object::{Coroutine, Gc, Upvalue};
use crate::value::Value;
use std::alloc::Layout;

fn layout(size: usize) -> Layout {
    Layout::array::<Value>(size).expect("a stack's size")
}

/// Memory for `size` values, all nil.
pub(super) fn allocate(size: usize) -> *mut Value {
    assert!(size > 0);
    // SAFETY: the size is not zero, and nil is all ones.
    unsafe {
        let stack = std::alloc::alloc(layout(size)).cast::<Value>();
        if stack.is_null() {
            std::alloc::handle_alloc_error(layout(size));
        }
        std::ptr::write_bytes(stack.cast::<u8>(), 0xff, 8 * size);
        stack
    }
}

/// Frees what [`allocate`] gave.
pub(super) fn free(stack: *mut Value, size: usize) {
    // SAFETY: called once for each stack, with the size it was made with.
    unsafe { std::alloc::dealloc(stack.cast(), layout(size)) };
}

/// Closes the open upvalues of a coroutine from stack place `from` upwards: each takes its variable's value along.
///
/// Runs no barrier: for a coroutine that is being freed, after marking. [`Heap::close_upvalues`] is for one that runs.
pub(super) fn close_upvalues(coroutine: Gc<Coroutine>, from: *mut Value) {
    let mut open = coroutine.open_upvalues.get();
    while !open.is_null() {
        let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
        let place = upvalue.value.get();
        if place < from {
            break;
        }
        open = upvalue.closed.get().0 as *mut Upvalue;
        // SAFETY: the place lies in the coroutine's stack.
        upvalue.closed.set(unsafe { *place });
        upvalue.value.set((&raw const upvalue.closed) as *mut Value);
        upvalue.header.aux.set(0);
    }
    coroutine.open_upvalues.set(open);
}

impl Heap {
    /// Closes the open upvalues of `coroutine` from stack place `from` upwards.
    pub fn close_upvalues(&mut self, coroutine: Gc<Coroutine>, from: *mut Value) {
        let mut open = coroutine.open_upvalues.get();
        while !open.is_null() && (from <= Gc::from_ptr(open).value.get()) {
            let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
            open = upvalue.closed.get().0 as *mut Upvalue;
            // SAFETY: an open upvalue's place lies in the coroutine's stack.
            self.barrier(upvalue.header(), unsafe { *upvalue.value.get() });
        }
        close_upvalues(coroutine, from);
    }

    /// The open upvalue of a stack place, made if there is none yet.
    pub fn find_upvalue(&mut self, coroutine: Gc<Coroutine>, place: *mut Value) -> Gc<Upvalue> {
        let mut above: *mut Upvalue = std::ptr::null_mut();
        let mut open = coroutine.open_upvalues.get();
        while !open.is_null() {
            let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
            if upvalue.value.get() == place {
                return upvalue;
            }
            if upvalue.value.get() < place {
                break;
            }
            above = open;
            open = upvalue.closed.get().0 as *mut Upvalue;
        }
        let upvalue = self.new_upvalue_open(place, open);
        if above.is_null() {
            coroutine.open_upvalues.set(upvalue.as_ptr());
        } else {
            Gc::from_ptr(above).closed.set(Value(upvalue.address() as u64));
        }
        upvalue
    }

    /// Moves a coroutine's stack to memory for `size` values, more than it has now. Everything in the coroutine that points into the stack, and
    /// its open upvalues, move along; `stack_limit` keeps its distance from the end. Pointers held elsewhere are the caller's to adjust.
    pub fn grow_stack(&mut self, coroutine: Gc<Coroutine>, size: usize) {
        let old_size = coroutine.stack_size.get() as usize;
        assert!(size >= old_size);
        let (old, new) = (coroutine.stack.get(), allocate(size));
        // SAFETY: both stacks are at least `old_size` long; all pointers moved lie in the old one.
        unsafe {
            std::ptr::copy_nonoverlapping(old, new, old_size);
            let moved = |place: *mut Value| new.add(place.offset_from(old) as usize);
            coroutine.base.set(moved(coroutine.base.get()));
            coroutine.top.set(moved(coroutine.top.get()));
            let reserve = old.add(old_size).offset_from(coroutine.stack_limit.get()) as usize;
            coroutine.stack_limit.set(new.add(size - reserve));
            let mut open = coroutine.open_upvalues.get();
            while !open.is_null() {
                let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
                upvalue.value.set(moved(upvalue.value.get()));
                open = upvalue.closed.get().0 as *mut Upvalue;
            }
        }
        coroutine.stack.set(new);
        coroutine.stack_size.set(size as u32);
        free(old, old_size);
        self.add_outside(8 * (size - old_size));
    }
}
