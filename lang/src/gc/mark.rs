//! Marking: what each kind of object refers to.
//!
//! A [`Marker`] sets the mark bit of what it is given and keeps what must still be scanned on a stack of its own. Strings refer to nothing and
//! are never looked at: their bit is enough.
//!
//! Between the stack and scanning lies a short queue: an object is prefetched when it enters it and has arrived from memory
//! when it leaves it, which made marking of a scattered graph 3.7 times faster. Long bodies are scanned piece by piece, so
//! that a slice keeps to its budget.
//!
//! **Invariant:** an object on the stack has its mark bit set and will be scanned; a table's bodies are pushed by nothing but
//! their table, each time it is scanned, so that scanning a table again scans them again.

#![allow(unsafe_code)]

use super::chunk::{self, MARKS};
use super::space::Space;
use super::stack::clear_above_top;
use super::weak::Suspects;
use crate::object::{Coroutine, Function, Gc, Header, Kind, Proto, Str, Table, Upvalue, Userdata, Values, gc_bits};
use crate::table::dict::{Dict, Entry};
use crate::table::shape::{Shapes, Weak};
use crate::value::{POINTER_MASK, Tag, Value};

/// What lasts between the slices of marking.
#[derive(Default)]
pub(crate) struct MarkState {
    /// Marked objects that have not been scanned.
    pub stack: Vec<usize>,
    /// Long bodies of which the values or entries from this number on have not been scanned, and what in them is weak.
    pub pieces: Vec<(Gc<Header>, usize, Weak)>,
    /// Scanned objects that were stored into since.
    pub remembered: Vec<Gc<Header>>,
    /// Coroutines whose stacks are in use above `top` too.
    pub kept_whole: Vec<Gc<Coroutine>>,
    /// Coroutines that were scanned while they ran, or while others that they had resumed did.
    pub active: Vec<Gc<Coroutine>>,
    /// Tables with weak keys or values that were reached, and which of the two.
    pub weak: Vec<(Gc<Table>, Weak)>,
    /// Entries of those that may be dead.
    pub suspects: Suspects,
}

impl MarkState {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.stack.clear();
        self.pieces.clear();
        self.remembered.clear();
        self.kept_whole.clear();
        self.active.clear();
        self.weak.clear();
        self.suspects = Suspects::default();
    }
}

/// Objects on their way from memory.
const QUEUE: usize = 16;
/// Values or entries of a long body that are scanned at a time.
const PIECE: usize = 512;
/// Remembered objects that are scanned again at a time.
const REMEMBERED: usize = 1024;
/// What marking an object counts for that a long body refers to, as its mark bit may be in no cache.
const MARK_WORK: usize = 24;
/// What scanning an object counts for, its values apart.
const OBJECT_WORK: usize = 32;

/// Marks what it is told is reachable. The virtual machine's roots are given to one.
pub struct Marker<'a> {
    pub(crate) state: &'a mut MarkState,
    pub(crate) shapes: &'a mut Shapes,
    pub(crate) space: &'a Space,
    pub(crate) mode: Gc<Str>,
    pub(crate) running: Option<Gc<Coroutine>>,
}

impl Marker<'_> {
    /// Marks the object that a value refers to, if any.
    #[inline(always)]
    pub fn mark(&mut self, value: Value) {
        if value.is_object() && chunk::set(MARKS, value.address()) && !value.is(Tag::Str) {
            self.state.stack.push(value.address());
        }
    }

    /// Marks an object.
    #[inline(always)]
    pub fn mark_object<T>(&mut self, object: Gc<T>) {
        if chunk::set(MARKS, object.address()) {
            self.state.stack.push(object.address());
        }
    }

    /// Marks an object unless the pointer is null.
    #[inline(always)]
    pub fn mark_pointer<T>(&mut self, object: *mut T) {
        if !object.is_null() {
            self.mark_object(Gc::from_ptr(object));
        }
    }

    /// Marks what values refer to.
    pub fn mark_values(&mut self, values: &[Value]) {
        values.iter().for_each(|&value| self.mark(value));
    }

    /// Marks every object that one of these words is, boxes, or points into: for memory of which nobody knows where in it objects are,
    /// such as the native stack below compiled code.
    pub fn mark_conservative(&mut self, words: &[u64]) {
        for &word in words {
            let (tag, address) = (word & !POINTER_MASK, (word & POINTER_MASK) as usize);
            if (tag == 0 || Value(word).is_object())
                && let Some(object) = self.space.object_at(address)
            {
                self.mark_object(Gc::<Header>::from_address(object));
            }
        }
    }

    /// Marks a coroutine and what any place of its stack may refer to, and leaves the places above `top` as they are: for a coroutine on
    /// which a compiled trace runs, which knows better than `top` what it uses.
    pub fn mark_whole_stack(&mut self, coroutine: Gc<Coroutine>) {
        self.mark_object(coroutine);
        // SAFETY: the stack has this many places.
        let places = unsafe { std::slice::from_raw_parts(coroutine.stack.get(), coroutine.stack_size.get() as usize) };
        for &place in places {
            self.mark_conservative(&[place.0]);
        }
        self.state.kept_whole.push(coroutine);
    }

    /// Keeps a shape id from getting another meaning, and what the shape refers to alive: for ids that compiled code compares with.
    pub fn keep_shape(&mut self, id: u32) {
        self.reach_shape(id);
    }

    /// Whether a shape's tables have weak references; marks what the shape refers to.
    #[inline]
    fn reach_shape(&mut self, id: u32) -> Weak {
        self.shapes.reach(id).unwrap_or_else(|| {
            let metatable = self.shapes.metatable(id);
            let weak = metatable.map_or(Weak::default(), |metatable| self.weakness(metatable));
            self.shapes.reached(id, weak);
            metatable.into_iter().for_each(|metatable| self.mark_object(metatable));
            weak
        })
    }

    /// What `__mode` of a metatable says.
    fn weakness(&self, metatable: Gc<Table>) -> Weak {
        let shape = metatable.shape();
        let mode = if self.shapes.is_dictionary(shape) {
            let dict = metatable.dict();
            dict.and_then(|dict| dict.find(self.mode.into()).map(|number| dict.entry(number).value))
        } else {
            self.shapes.lookup(shape, self.mode).map(|slot| metatable.slot_value(slot))
        };
        let Some(mode) = mode.and_then(Value::as_str) else { return Weak::default() };
        Weak { keys: mode.bytes().contains(&b'k'), values: mode.bytes().contains(&b'v') }
    }

    /// Marks a table's new body and has it scanned, again if need be.
    #[inline(always)]
    pub(crate) fn push_body<T>(&mut self, body: Gc<T>) {
        chunk::set(MARKS, body.address());
        self.state.stack.push(body.address());
    }

    /// Like [`Marker::drain`], and scans the remembered objects again. Some at a time: there can be millions.
    pub(crate) fn drain_remembered(&mut self, budget: usize) -> (bool, usize) {
        let mut work = 0;
        loop {
            let (all, more) = self.drain(budget - work);
            work += more;
            if !all || work >= budget || self.state.remembered.is_empty() {
                return (all && self.state.remembered.is_empty(), work);
            }
            let MarkState { stack, remembered, .. } = &mut *self.state;
            let from = remembered.len().saturating_sub(REMEMBERED);
            stack.extend(remembered.drain(from..).map(Gc::address));
        }
    }

    /// Scans what waits to be scanned and what that leads to, until about `budget` bytes have been scanned. Returns whether
    /// nothing is left, and how much was scanned.
    pub(crate) fn drain(&mut self, budget: usize) -> (bool, usize) {
        let mut queue = [0; QUEUE];
        let (mut at, mut queued, mut work) = (0, 0, 0);
        while work < budget {
            let next = match self.state.stack.pop() {
                Some(next) => {
                    prefetch(next);
                    queued += 1;
                    next
                }
                None if queued > 0 => 0,
                None => match self.state.pieces.pop() {
                    Some((body, start, weak)) => {
                        work += self.scan_piece(body, start, weak);
                        continue;
                    }
                    None => return (true, work),
                },
            };
            let object = std::mem::replace(&mut queue[at], next);
            at = (at + 1) % QUEUE;
            if object != 0 {
                queued -= 1;
                work += self.scan(Gc::from_address(object));
            }
        }
        self.state.stack.extend(queue.iter().filter(|&&object| object != 0));
        (false, work)
    }

    /// Marks what an object refers to; about how many bytes were read for it.
    #[inline]
    fn scan(&mut self, object: Gc<Header>) -> usize {
        const STR: u8 = Kind::Str as u8;
        const TABLE: u8 = Kind::Table as u8;
        const FUNCTION: u8 = Kind::Function as u8;
        const UPVALUE: u8 = Kind::Upvalue as u8;
        const PROTO: u8 = Kind::Proto as u8;
        const COROUTINE: u8 = Kind::Coroutine as u8;
        const CDATA: u8 = Kind::Cdata as u8;
        const USERDATA: u8 = Kind::Userdata as u8;
        const VALUES: u8 = Kind::Values as u8;
        const DICT: u8 = Kind::Dict as u8;
        match object.kind.get() {
            TABLE => return self.scan_table(object.cast()),
            VALUES | DICT => return self.scan_piece(object, 0, Weak::default()),
            FUNCTION => self.scan_function(object.cast()),
            UPVALUE => self.scan_upvalue(object.cast()),
            PROTO => self.scan_proto(object.cast()),
            COROUTINE => return self.scan_coroutine(object.cast()),
            USERDATA => {
                let userdata: Gc<Userdata> = object.cast();
                self.mark_pointer(userdata.metatable.get());
                self.mark_pointer(userdata.env.get());
                needs_barrier(object);
            }
            STR | CDATA => {}
            kind => unreachable!("an object of kind {kind} was marked"),
        }
        OBJECT_WORK
    }

    #[inline]
    fn scan_table(&mut self, t: Gc<Table>) -> usize {
        needs_barrier(t.header());
        let weak = self.reach_shape(t.shape());
        if weak != Weak::default() {
            return self.scan_weak_table(t, weak);
        }
        t.array_object().into_iter().for_each(|array| self.push_body(array));
        if self.shapes.is_dictionary(t.shape()) {
            t.dict().into_iter().for_each(|dict| self.push_body(dict));
        } else if !t.slots.get().is_null() {
            self.push_body(Gc::from_first(t.slots.get()));
        }
        OBJECT_WORK
    }

    /// The bodies of a weak table are marked without being pushed; what is strong in them is marked here.
    fn scan_weak_table(&mut self, t: Gc<Table>, weak: Weak) -> usize {
        self.state.weak.push((t, weak));
        let body = if self.shapes.is_dictionary(t.shape()) {
            t.dict().map(Gc::header)
        } else {
            let slots = t.slots.get();
            (!slots.is_null()).then(|| Gc::<Values>::from_first(slots).header())
        };
        let mut work = OBJECT_WORK;
        for body in t.array_object().map(Gc::header).into_iter().chain(body) {
            chunk::set(MARKS, body.address());
            work += self.scan_piece(body, 0, weak);
        }
        work
    }

    /// Scans a body's values or entries from number `start` on; if there are many, the rest of them later.
    #[inline]
    fn scan_piece(&mut self, body: Gc<Header>, start: usize, weak: Weak) -> usize {
        let is_dict = body.kind.get() == Kind::Dict as u8;
        let count = if is_dict { body.cast::<Dict>().used.get() } else { body.size.get() } as usize;
        let end = count.min(start + PIECE);
        if end < count {
            self.state.pieces.push((body, end, weak));
        }
        let before = self.state.stack.len();
        if is_dict {
            self.scan_entries(body.cast(), start.min(end)..end, weak);
            // An entry leads to two places, and has its part of the index.
            return OBJECT_WORK + (end - start.min(end)) * 2 * size_of::<Entry>();
        }
        // SAFETY: a run holds as many values as its header says.
        let values = unsafe { std::slice::from_raw_parts(body.cast::<Values>().first(), end) };
        if weak.values {
            values[start..].iter().filter(|value| value.is(Tag::Str)).for_each(|&value| self.mark(value));
        } else {
            self.mark_values(&values[start..]);
        }
        OBJECT_WORK + (end - start) * size_of::<Value>() + (self.state.stack.len() - before) * MARK_WORK
    }

    fn scan_entries(&mut self, dict: Gc<Dict>, entries: std::ops::Range<usize>, weak: Weak) {
        for entry in entries.map(|number| dict.entry(number)).filter(|entry| !entry.value.is_nil()) {
            if !weak.keys || entry.key.is(Tag::Str) {
                self.mark(entry.key);
            }
            if !weak.values || entry.value.is(Tag::Str) {
                self.mark(entry.value);
            }
        }
    }

    fn scan_function(&mut self, function: Gc<Function>) {
        needs_barrier(function.header());
        self.mark_object(function.env.get());
        if function.is_native() {
            for i in 0..function.upvalue_count() {
                // SAFETY: the upvalue lies inside the object.
                self.mark(unsafe { *function.native_upvalue(i) });
            }
        } else {
            self.mark_pointer(function.proto);
            (0..function.upvalue_count()).for_each(|i| self.mark_object(function.upvalue(i)));
        }
    }

    fn scan_upvalue(&mut self, upvalue: Gc<Upvalue>) {
        needs_barrier(upvalue.header());
        // SAFETY: an upvalue points into the stack of a coroutine that has not been freed, or at itself.
        self.mark(unsafe { *upvalue.value.get() });
    }

    fn scan_proto(&mut self, proto: Gc<Proto>) {
        // SAFETY: the arrays are this long.
        let (constants, children) = unsafe {
            (
                std::slice::from_raw_parts(proto.constants, proto.constants_len as usize),
                std::slice::from_raw_parts(proto.children, proto.children_len as usize),
            )
        };
        self.mark_values(constants);
        children.iter().for_each(|&child| self.mark_object(child));
    }

    /// Marks what a coroutine refers to. Clears the unused part of its stack if that has changed.
    pub(crate) fn scan_coroutine(&mut self, coroutine: Gc<Coroutine>) -> usize {
        needs_barrier(coroutine.header());
        let stack = coroutine.stack.get();
        // SAFETY: `top` lies in the coroutine's stack.
        let live = unsafe { coroutine.top.get().offset_from(stack) } as usize;
        // SAFETY: the stack holds values up to its end.
        self.mark_values(unsafe { std::slice::from_raw_parts(stack, live) });
        self.mark_pointer(coroutine.env.get());
        self.mark_pointer(coroutine.resumer.get());
        let mut open = coroutine.open_upvalues.get();
        while !open.is_null() {
            let upvalue: Gc<Upvalue> = Gc::from_ptr(open);
            self.mark_object(upvalue);
            open = upvalue.closed.get().0 as *mut Upvalue;
        }
        if coroutine.header.gc.get() & gc_bits::STACK_CHANGED != 0 {
            if self.running == Some(coroutine) || !coroutine.is_at_rest() {
                self.state.active.push(coroutine);
            } else {
                clear_above_top(coroutine);
            }
        }
        OBJECT_WORK + coroutine.stack_size.get() as usize * size_of::<Value>()
    }
}

/// Notes in an object's header that it has been scanned: see [`super::barrier`].
#[inline(always)]
fn needs_barrier(object: Gc<Header>) {
    object.gc.set(object.gc.get() | gc_bits::NEEDS_BARRIER);
}

/// Asks for an object's memory.
#[inline(always)]
pub(crate) fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching has no effect that a program can see.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
