//! Stacks of coroutines: their memory, how one grows, and how variables leave it.
//!
//! A stack lies outside the heap's blocks, since it moves when it grows. All its places hold values at all times, nil where nothing
//! was stored yet.

#![allow(unsafe_code)]

use super::Heap;
use super::chunk::{self, MARKS};
use super::cycle::Phase;
use crate::object::{Coroutine, Gc, Upvalue, gc_bits};
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

/// Sets the unused part of a coroutine's stack to nil, where dead values would come back to life with the next frame.
pub(super) fn clear_above_top(coroutine: Gc<Coroutine>) {
    let (top, stack, size) = (coroutine.top.get(), coroutine.stack.get(), coroutine.stack_size.get() as usize);
    // SAFETY: `top` lies in the stack, which has `size` places.
    unsafe {
        let used = top.offset_from(stack) as usize;
        std::slice::from_raw_parts_mut(top, size - used).fill(Value::NIL);
    }
    coroutine.header.gc.set(coroutine.header.gc.get() & !gc_bits::STACK_CHANGED);
}

impl Gc<Coroutine> {
    /// Whether some closure has captured the variable at this place of the stack.
    pub fn captures(self, place: *mut Value) -> bool {
        let mut open = self.open_upvalues.get();
        while !open.is_null() {
            let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
            if upvalue.value.get() == place {
                return true;
            }
            open = upvalue.closed.get().0 as *mut Upvalue;
        }
        false
    }
}

impl Heap {
    /// To be called when another coroutine goes on: resumed, or yielded or returned to.
    ///
    /// Stores to a stack run no barrier. Instead the collector looks at the stack of the coroutine that runs last of all, and again at those that
    /// have run while it marked: the one that goes on, and the one that does not.
    #[inline]
    pub fn resumed(&mut self, coroutine: Gc<Coroutine>) {
        if let Some(before) = self.running.replace(coroutine) {
            self.barrier_always(before.header());
        }
        self.stack_changed(coroutine);
    }

    /// To be called when the stack of a coroutine that does not run is written to (`debug.setlocal`).
    #[inline]
    pub fn stack_changed(&mut self, coroutine: Gc<Coroutine>) {
        self.barrier_always(coroutine.header());
        let bits = &coroutine.header.gc;
        bits.set(bits.get() | gc_bits::STACK_CHANGED);
        if self.phase == Phase::Mark && coroutine.header.size.replace(self.shapes.cycle()) != self.shapes.cycle() {
            self.changed_stacks.push(coroutine);
        }
    }

    /// When everything reachable has been marked: marks what closures that are alive share with coroutines that are not. Only what has changed
    /// since marking began is not marked yet: the coroutines that have run since.
    pub(super) fn mark_shared_variables(&mut self) {
        for coroutine in std::mem::take(&mut self.changed_stacks) {
            if chunk::is_set(MARKS, coroutine.address()) {
                continue;
            }
            let mut open = coroutine.open_upvalues.get();
            while !open.is_null() {
                let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
                if chunk::is_set(MARKS, upvalue.address()) {
                    // SAFETY: an open upvalue points into its coroutine's stack, which has not been freed.
                    let value = unsafe { *upvalue.value.get() };
                    self.marker().mark(value);
                }
                open = upvalue.closed.get().0 as *mut Upvalue;
            }
        }
    }

    /// After marking: clears the unused parts of the stacks that are in use. Those of coroutines at rest were cleared when they were scanned, and
    /// have not changed since: else they would have been scanned again.
    pub(super) fn clear_active_stacks(&mut self) {
        let kept_whole = std::mem::take(&mut self.marks.kept_whole);
        for coroutine in std::mem::take(&mut self.marks.active) {
            if !kept_whole.contains(&coroutine) {
                clear_above_top(coroutine);
            }
        }
        // What runs goes on changing its stack.
        self.running = self.running.filter(|running| chunk::is_set(MARKS, running.address()));
        if let Some(running) = self.running {
            running.header.gc.set(running.header.gc.get() | gc_bits::STACK_CHANGED);
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::{Marker, Stress, poll};
    use crate::object::Table;

    /// A heap with two coroutines, the first of which runs.
    struct Two {
        heap: Heap,
        coroutines: [Gc<Coroutine>; 2],
    }

    impl Two {
        fn new() -> Two {
            let mut heap = Heap::with_seed(1);
            heap.set_stress(Stress::Slices);
            let coroutines = [0; 2].map(|_| heap.new_coroutine(32, None));
            Two { heap, coroutines }
        }

        fn push(&mut self, number: usize, value: Value) {
            let coroutine = self.coroutines[number];
            // SAFETY: the tests push fewer values than the stacks have places.
            unsafe { *coroutine.top.get() = value };
            coroutine.top.set(coroutine.top.get().wrapping_add(1));
        }

        fn pop(&mut self, number: usize) -> Value {
            let coroutine = self.coroutines[number];
            coroutine.top.set(coroutine.top.get().wrapping_sub(1));
            // SAFETY: the place was pushed to.
            unsafe { *coroutine.top.get() }
        }

        fn assert_unused_is_nil(&self) {
            for coroutine in self.coroutines {
                let stack = coroutine.stack.get();
                // SAFETY: the places lie in the stack.
                let unused = (0..32).map(|i| unsafe { stack.add(i) }).filter(|&place| place >= coroutine.top.get());
                unused.for_each(|place| assert!(unsafe { *place }.is_nil()));
            }
        }

        fn roots(&self) -> impl FnMut(&mut Marker) + use<> {
            let coroutines = self.coroutines;
            move |marker| coroutines.iter().for_each(|&coroutine| marker.mark_object(coroutine))
        }

        fn new_list(&mut self, length: usize) -> Gc<Table> {
            let mut list = self.heap.new_table(0, 0);
            for _ in 0..length {
                let next = self.heap.new_table(0, 0);
                self.heap.set_int(next, 1, list.into());
                list = next;
            }
            list
        }
    }

    #[test]
    fn what_stacks_get_while_others_are_marked_survives() {
        let mut two = Two::new();
        let filler = two.new_list(500);
        two.push(0, filler.into());
        let mut running = 0;
        for step in 0..2_000 {
            let value = two.heap.new_table(0, 0);
            two.heap.set_int(value, 1, Value::number(f64::from(step)));
            two.push(running, value.into());
            let marked = two.heap.phase == Phase::Mark;
            two.heap.step(&mut two.roots());
            if marked && two.heap.phase != Phase::Mark {
                two.assert_unused_is_nil();
            }
            if step % 3 == 0 {
                running = 1 - running;
                two.heap.resumed(two.coroutines[running]);
                two.heap.step(&mut two.roots());
                running = 1 - running;
                two.heap.resumed(two.coroutines[running]);
            }
            let value = two.pop(running).as_table().unwrap();
            assert_eq!(two.heap.get_int(value, 1), Value::number(f64::from(step)));
            if step % 7 == 0 {
                running = 1 - running;
                two.heap.resumed(two.coroutines[running]);
            }
        }
        assert!(two.heap.stats().collections > 20);
    }

    #[test]
    fn what_a_closure_shares_with_a_dead_coroutine_survives() {
        let mut two = Two::new();
        let main = two.coroutines[0];
        let filler = two.new_list(500);
        two.push(0, filler.into());
        let mut next = 0.0;
        for _ in 0..20 {
            let dying = two.heap.new_coroutine(8, None);
            let place = dying.stack.get();
            let upvalue = two.heap.find_upvalue(dying, place);
            let mut completed = false;
            while !completed {
                let value = two.heap.new_table(0, 0);
                next += 1.0;
                two.heap.set_int(value, 1, Value::number(next));
                two.heap.resumed(dying);
                // SAFETY: the place is the first of the stack, which is not freed before a collection is complete.
                unsafe { *place = value.into() };
                two.heap.resumed(main);
                completed = two.heap.step(&mut |marker| {
                    marker.mark_object(main);
                    marker.mark_object(upvalue);
                });
                if two.heap.phase != Phase::Mark {
                    // The coroutine is dead; nobody can resume it any more.
                    while !two.heap.step(&mut |_| {}) {}
                    break;
                }
            }
            // SAFETY: the upvalue is alive.
            let value = unsafe { *upvalue.value.get() }.as_table().unwrap();
            assert_eq!(two.heap.get_int(value, 1), Value::number(next));
        }
    }

    #[test]
    fn dead_values_above_the_top_do_not_come_back() {
        let mut two = Two::new();
        for number in [0, 1] {
            let value = two.heap.new_table(0, 0);
            two.push(number, value.into());
            two.pop(number);
        }
        two.heap.full_collect(&mut two.roots());
        two.assert_unused_is_nil();
        for number in [0, 1] {
            two.heap.resumed(two.coroutines[number]);
            two.push(number, Value::TRUE);
            two.pop(number);
        }
        two.heap.set_stress(Stress::Off);
        two.heap.full_collect(&mut two.roots());
        two.assert_unused_is_nil();
        assert_eq!(two.heap.poll_word().load(std::sync::atomic::Ordering::Relaxed) & poll::COLLECT, 0);
    }
}
