//! How each kind of object is made, and how memory outside the heap goes with it.
//!
//! Every function leaves the object complete: at the next safe point the collector may scan it.

#![allow(unsafe_code)]

use super::Heap;
use crate::bytecode::{Ins, Op, Prototype};
use crate::object::{
    Cdata, Coroutine, Function, Gc, Header, Kind, Proto, Table, Upvalue, Userdata, Values, cdata_flags, proto_flags,
};
use crate::value::Value;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The entry instruction of every native function.
static NATIVE_ENTRY: u32 = Ins::ad(Op::NATIVE, 0, 0).0;

/// The number of values that a [`Values`] object can hold.
pub const MAX_VALUES: usize = 1 << 27;

impl Heap {
    /// A run of this many values, all nil.
    pub(crate) fn new_values(&mut self, capacity: usize) -> Gc<Values> {
        debug_assert!(capacity <= MAX_VALUES);
        let values: Gc<Values> = self.allocate(Kind::Values, 8 + 8 * capacity, 0, capacity as u32);
        // SAFETY: the object has room for that many values; nil is all ones.
        unsafe { std::ptr::write_bytes(values.first().cast::<u8>(), 0xff, 8 * capacity) };
        values
    }

    /// A run of these values.
    #[inline(always)]
    pub(crate) fn new_values_of(&mut self, values: &[Value]) -> Gc<Values> {
        let run: Gc<Values> = self.allocate(Kind::Values, 8 + 8 * values.len(), 0, values.len() as u32);
        for (i, &value) in values.iter().enumerate() {
            // SAFETY: the object has room for that many values.
            unsafe { run.first().add(i).write(value) };
        }
        run
    }

    /// A run of nils of any size; `None` when it cannot be had (see [`Heap::refuse`]).
    pub(crate) fn try_new_values(&mut self, capacity: usize) -> Option<Gc<Values>> {
        if capacity > MAX_VALUES || !self.can_allocate(8 + 8 * capacity) {
            self.refuse();
            return None;
        }
        Some(self.new_values(capacity))
    }

    /// Whether an object of this size can be had: it is small, or it is within the limit and the system has the memory. To be asked before a string
    /// or a cdata is made whose size a program chose.
    pub fn can_allocate(&self, bytes: usize) -> bool {
        bytes <= super::class::CELL_LIMIT || bytes <= self.pace.limit && super::chunk::can_map(bytes)
    }

    /// Notes that a store could not be done for want of memory: at the next safe point the virtual machine is to throw.
    #[cold]
    pub(crate) fn refuse(&mut self) {
        self.refused = true;
        self.request(super::poll::COLLECT | super::poll::MEMORY);
    }

    /// Frees the old body of a table that has grown, if it is large: nothing else refers to it. While marking goes on, the collector may be
    /// about to scan it.
    pub(crate) fn free_body(&mut self, address: usize, bytes: usize) {
        if bytes > super::class::CELL_LIMIT && self.phase != super::cycle::Phase::Mark {
            self.space.free_large(address);
        }
    }

    /// An empty table of a shape, without room for anything.
    #[inline(always)]
    pub(crate) fn new_bare_table(&mut self, shape: u32) -> Gc<Table> {
        let table: Gc<Table> = self.allocate(Kind::Table, size_of::<Table>(), 0, shape);
        // SAFETY: the object is new and of this layout.
        unsafe {
            let table = table.as_ptr();
            (&raw mut (*table).slots).write(Cell::new(std::ptr::null_mut()));
            (&raw mut (*table).array).write(Cell::new(std::ptr::null_mut()));
            (&raw mut (*table).array_size).write(Cell::new(0));
            (&raw mut (*table).spare).write(Cell::new(0));
        }
        table
    }

    /// A closure of a prototype.
    pub fn new_function_lua(&mut self, proto: Gc<Proto>, env: Gc<Table>, upvalues: &[Gc<Upvalue>]) -> Gc<Function> {
        let flags = &proto.flags;
        flags.set(flags.get().checked_add(proto_flags::CLOSURE).unwrap_or(flags.get()));
        let function = self.new_function(proto.code, env, proto.as_ptr(), upvalues.len(), upvalues.len());
        // SAFETY: room for that many words was allocated behind the object's fields.
        unsafe {
            let words = (function.address() + Function::UPVALUES_OFFSET) as *mut u64;
            for (i, upvalue) in upvalues.iter().enumerate() {
                words.add(i).write(upvalue.address() as u64);
            }
        }
        function
    }

    /// A native function: `word` says which (see [`Gc::native_word`]), and it gets these upvalues.
    pub fn new_function_native(&mut self, word: *const (), env: Gc<Table>, upvalues: &[Value]) -> Gc<Function> {
        let function = self.new_function(&NATIVE_ENTRY, env, std::ptr::null_mut(), upvalues.len(), upvalues.len() + 1);
        // SAFETY: room for that many words was allocated behind the object's fields.
        unsafe {
            let words = (function.address() + Function::UPVALUES_OFFSET) as *mut u64;
            words.write(word as u64);
            for (i, upvalue) in upvalues.iter().enumerate() {
                words.add(1 + i).write(upvalue.0);
            }
        }
        function
    }

    fn new_function(
        &mut self,
        pc: *const u32,
        env: Gc<Table>,
        proto: *mut Proto,
        upvalues: usize,
        words: usize,
    ) -> Gc<Function> {
        let bytes = Function::UPVALUES_OFFSET + 8 * words;
        let function: Gc<Function> = self.allocate(Kind::Function, bytes, upvalues as u16, 0);
        // SAFETY: the object is new and of this layout.
        unsafe {
            let function = function.as_ptr();
            (&raw mut (*function).pc).write(Cell::new(pc));
            (&raw mut (*function).env).write(Cell::new(env));
            (&raw mut (*function).proto).write(proto);
        }
        function
    }

    /// An open upvalue for a stack place. `next` is the open upvalue below it.
    pub fn new_upvalue_open(&mut self, place: *mut Value, next: *mut Upvalue) -> Gc<Upvalue> {
        let upvalue: Gc<Upvalue> = self.allocate(Kind::Upvalue, size_of::<Upvalue>(), 1, 0);
        // SAFETY: the object is new and of this layout.
        unsafe {
            (&raw mut (*upvalue.as_ptr()).value).write(Cell::new(place));
            (&raw mut (*upvalue.as_ptr()).closed).write(Cell::new(Value(next as u64)));
        }
        upvalue
    }

    /// A closed upvalue.
    pub fn new_upvalue_closed(&mut self, value: Value) -> Gc<Upvalue> {
        let upvalue: Gc<Upvalue> = self.allocate(Kind::Upvalue, size_of::<Upvalue>(), 0, 0);
        // SAFETY: the object is new and of this layout.
        unsafe {
            (&raw mut (*upvalue.as_ptr()).value).write(Cell::new((&raw mut (*upvalue.as_ptr()).closed).cast()));
            (&raw mut (*upvalue.as_ptr()).closed).write(Cell::new(value));
        }
        upvalue
    }

    /// A C value of `size` bytes aligned to `align`, all zero. With `variable` its length is remembered.
    pub fn new_cdata(&mut self, ctype: u32, size: usize, align: usize, variable: bool) -> Gc<Cdata> {
        let head = if variable { 16 } else { 8 };
        let padding = align.saturating_sub(8);
        let cdata: Gc<Cdata> = self.allocate(Kind::Cdata, head + padding + size, 0, ctype);
        let start = (cdata.address() + head).next_multiple_of(align.max(8)) - cdata.address();
        debug_assert!(start / 8 < 256, "an alignment of more than 1 KB");
        cdata.header.aux.set((start / 8) as u16 | if variable { cdata_flags::VARIABLE } else { 0 });
        // SAFETY: the object has room for head, padding and payload.
        unsafe {
            if variable {
                *((cdata.address() + 8) as *mut u64) = size as u64;
            }
            std::ptr::write_bytes(cdata.payload(), 0, size);
        }
        cdata
    }

    /// A userdata around a Rust value.
    pub fn new_userdata(&mut self, payload: Option<Box<dyn Any>>) -> Gc<Userdata> {
        let userdata: Gc<Userdata> = self.allocate(Kind::Userdata, size_of::<Userdata>(), 0, 0);
        // SAFETY: the object is new and of this layout.
        unsafe {
            let userdata = userdata.as_ptr();
            (&raw mut (*userdata).metatable).write(Cell::new(std::ptr::null_mut()));
            (&raw mut (*userdata).env).write(Cell::new(std::ptr::null_mut()));
            (&raw mut (*userdata).payload).write(RefCell::new(payload));
        }
        self.owners.push(userdata.header());
        userdata
    }

    /// Counts the memory that a userdata owns outside the heap, in place of what was counted before.
    pub fn set_outside(&mut self, userdata: Gc<Userdata>, bytes: usize) {
        let before = userdata.header.size.replace(bytes as u32) as usize;
        self.outside -= before;
        self.add_outside(bytes);
    }

    /// A coroutine whose stack has room for `size` values, all nil. `stack_limit` is the end of the stack. The first coroutine
    /// that a heap makes is taken to run at once; others run from [`Heap::resumed`] on.
    pub fn new_coroutine(&mut self, size: usize, env: Option<Gc<Table>>) -> Gc<Coroutine> {
        let stack = super::stack::allocate(size);
        let coroutine: Gc<Coroutine> = self.allocate(Kind::Coroutine, size_of::<Coroutine>(), 0, 0);
        // SAFETY: the object is new and of this layout.
        unsafe {
            let header = std::ptr::read(&raw const (*coroutine.as_ptr()).header);
            coroutine.as_ptr().write(Coroutine {
                header,
                stack: Cell::new(stack),
                stack_limit: Cell::new(stack.add(size)),
                base: Cell::new(stack),
                top: Cell::new(stack),
                pc: Cell::new(std::ptr::null()),
                open_upvalues: Cell::new(std::ptr::null_mut()),
                resumer: Cell::new(std::ptr::null_mut()),
                env: Cell::new(env.map_or(std::ptr::null_mut(), Gc::as_ptr)),
                stack_size: Cell::new(size as u32),
                state: Cell::new(0),
            });
        }
        self.owners.push(coroutine.header());
        self.running.get_or_insert(coroutine);
        self.stack_changed(coroutine);
        self.add_outside(8 * size);
        coroutine
    }

    /// A prototype object around arrays that it then owns.
    pub(crate) fn new_proto(
        &mut self,
        code: Box<[u32]>,
        constants: Box<[Value]>,
        children: Box<[Gc<Proto>]>,
        source: &Prototype,
        chunk: Rc<Prototype>,
    ) -> Gc<Proto> {
        let proto: Gc<Proto> = self.allocate(Kind::Proto, size_of::<Proto>(), 0, 0);
        let outside = 4 * code.len() + 8 * (constants.len() + children.len());
        // SAFETY: the object is new and of this layout.
        unsafe {
            let header = std::ptr::read(&raw const (*proto.as_ptr()).header);
            proto.as_ptr().write(Proto {
                header,
                code_len: code.len() as u32,
                code: Box::into_raw(code).cast(),
                registers: source.registers,
                params: source.params,
                flags: Cell::new(if source.vararg { proto_flags::VARARG } else { 0 }),
                constants_len: constants.len() as u32,
                constants: Box::into_raw(constants).cast(),
                children_len: children.len() as u32,
                children: Box::into_raw(children).cast(),
                source,
                chunk: Rc::into_raw(chunk),
            });
        }
        self.protos.push(proto.header());
        self.add_outside(outside);
        proto
    }
}

/// Frees the memory outside the heap that an object owns; returns how much of it [`Heap::outside`] counted.
pub(crate) fn free_outside(owner: Gc<Header>) -> usize {
    let kind = owner.kind.get();
    // SAFETY: the object is of the kind its header says, it was made by the functions above, and nothing uses it any more.
    unsafe {
        if kind == Kind::Proto as u8 {
            let proto = &*owner.cast::<Proto>().as_ptr();
            let slice = std::ptr::slice_from_raw_parts_mut::<u32>;
            drop(Box::from_raw(slice(proto.code, proto.code_len as usize)));
            drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(proto.constants, proto.constants_len as usize)));
            drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(proto.children, proto.children_len as usize)));
            drop(Rc::from_raw(proto.chunk));
            4 * proto.code_len as usize + 8 * (proto.constants_len + proto.children_len) as usize
        } else if kind == Kind::Coroutine as u8 {
            let coroutine = owner.cast::<Coroutine>();
            super::stack::close_upvalues(coroutine, coroutine.stack.get());
            super::stack::free(coroutine.stack.get(), coroutine.stack_size.get() as usize);
            8 * coroutine.stack_size.get() as usize
        } else {
            debug_assert_eq!(kind, Kind::Userdata as u8);
            // A destructor may panic; the object is dead either way.
            drop((*owner.cast::<Userdata>().as_ptr()).payload.take());
            owner.size.get() as usize
        }
    }
}
