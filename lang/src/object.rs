//! The objects of the heap: how each kind lies in memory.
//!
//! Every object starts with a [`Header`] of 8 bytes. Layouts are `repr(C)` because three readers share them: the
//! interpreter, the collector, and compiled traces, which address fields by `offset_of!`. Fields that change are
//! [`Cell`]s, since objects are shared by nature.
//!
//! ```text
//!   63            32 31        16 15     8 7      0
//!  +----------------+------------+--------+--------+
//!  | size or shape  |    aux     |   gc   |  kind  |     Header
//!  +----------------+------------+--------+--------+
//! ```
//!
//! A [`Gc<T>`] is a plain pointer to an object. **Invariant:** the collector runs only at safe points, and at a safe point every
//! live object is reachable from a root (a coroutine's stack, the registry, the VM's own fields); objects never move.
//! So between two safe points any `Gc` may be held and read freely, and none may be kept across one in a Rust local
//! unless a root also holds it. Native functions run between safe points; calling back into Lua is a safe point.

#![allow(unsafe_code)]

use crate::value::Value;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Not an object: free memory.
    Free,
    /// [`Str`].
    Str,
    /// [`Table`].
    Table,
    /// [`Function`].
    Function,
    /// [`Upvalue`].
    Upvalue,
    /// [`Proto`].
    Proto,
    /// [`Coroutine`].
    Coroutine,
    /// [`Cdata`].
    Cdata,
    /// [`Userdata`].
    Userdata,
    /// A run of values: a table's array part or its slots. `Header::size` is the number of values.
    Values,
    /// A table's dictionary.
    Dict,
}

/// What every object starts with.
#[derive(Debug)]
#[repr(C)]
pub struct Header {
    /// The object's [`Kind`].
    pub kind: Cell<u8>,
    /// The collector's byte: colour, needs-barrier, has a finaliser.
    pub gc: Cell<u8>,
    /// Free for the kind to use.
    pub aux: Cell<u16>,
    /// A length, a capacity, a shape id or a ctype id, as the kind has it.
    pub size: Cell<u32>,
}

/// A pointer to a live heap object. See the head of this file for when it may be held.
#[repr(transparent)]
pub struct Gc<T>(NonNull<T>, PhantomData<*const T>);

impl<T> Gc<T> {
    /// The object at an address that came from [`Gc::address`] or from a [`Value`] of the right tag.
    #[inline(always)]
    pub fn from_address(address: usize) -> Gc<T> {
        debug_assert!(address != 0);
        // SAFETY: no object lies at address zero; callers pass addresses of objects.
        Gc(unsafe { NonNull::new_unchecked(address as *mut T) }, PhantomData)
    }

    /// The object behind a pointer that the heap made.
    #[inline(always)]
    pub fn from_ptr(pointer: *mut T) -> Gc<T> {
        Gc::from_address(pointer as usize)
    }

    /// Its address.
    #[inline(always)]
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// A raw pointer to it.
    #[inline(always)]
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }

    /// The same object seen as its header.
    #[inline(always)]
    pub fn header(self) -> Gc<Header> {
        Gc::from_address(self.address())
    }

    /// The same address seen as another type, for when the kind has been checked.
    #[inline(always)]
    pub fn cast<U>(self) -> Gc<U> {
        Gc::from_address(self.address())
    }
}

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Gc<T> {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, other: &Gc<T>) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Gc<T> {}
impl<T> std::hash::Hash for Gc<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> std::fmt::Debug for Gc<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.address())
    }
}
impl<T> Deref for Gc<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: by this file's invariant the object is alive while the `Gc` is held, and its mutable fields are cells.
        unsafe { self.0.as_ref() }
    }
}

/// An interned string: two strings are equal exactly when they are the same object. A NUL follows the bytes.
#[repr(C)]
pub struct Str {
    /// `size` is the length in bytes.
    pub header: Header,
    /// Hash of the bytes, seeded per heap.
    pub hash: u32,
    bytes: [u8; 0],
}

impl Str {
    /// Offset of the first byte.
    pub const BYTES_OFFSET: usize = std::mem::offset_of!(Str, bytes);

    /// Length in bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.header.size.get() as usize
    }

    /// Whether it is the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, without the NUL.
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the heap allocates `len` bytes and a NUL from here on, and never changes them.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.len()) }
    }
}

impl Gc<Str> {
    /// The bytes, for as long as the string is reachable. Only for use between two safe points.
    #[inline(always)]
    pub fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: as for `Gc::deref`; the lifetime is the caller's promise not to cross a safe point with it.
        unsafe { (*self.as_ptr()).as_bytes() }
    }
}

/// A table.
///
/// Keys that are strings lie in `slots`, in the order that the table's *shape* (hidden class) gives them; the shape also holds
/// the metatable. When there are too many keys, when one is removed or when one is not a string, the table is a *dictionary*: its shape says
/// so and `slots` points to a hash table instead. Whole numbers from 0 on are in `array`.
///
/// **Invariant:** valid array indexes are `0 .. array_size`; when `array_size > 1` the last value is not nil, so that `#t` is
/// `array_size - 1` (or 0), exactly. A value in `slots` may be nil: the key is then absent for every observer.
#[repr(C)]
pub struct Table {
    /// `size` is the shape id; `aux` holds [`table_flags`].
    pub header: Header,
    /// First keyed value, inside a `Values` object whose header stands right before; or the dictionary; or null.
    pub slots: Cell<*mut Value>,
    /// Value of index 0, inside a `Values` object whose header stands right before; or null.
    pub array: Cell<*mut Value>,
    /// Number of valid array indexes, index 0 included.
    pub array_size: Cell<u32>,
    /// For a metatable: a bit for each metamethod that it is known not to have.
    pub spare: Cell<u32>,
}

/// Bits of a table's `aux`.
pub mod table_flags {
    /// The table serves as a metatable or as an `__index` table: a change of its keys or of where its values lie must bump the
    /// heap's epoch.
    pub const PROTOTYPE: u16 = 1;
    /// The array once was far larger than what was in it: it does not grow over a wide gap again.
    pub const SHRUNK: u16 = 2;
    /// The table is the metatable of one object, and another one of the same contents stands for it; see [`crate::table::twins`].
    pub const TWIN: u16 = 4;
    /// The table stands for its twins.
    pub const MODEL: u16 = 8;
    /// The table is the metatable of one object, and becomes a twin if others like it turn up.
    pub const LONE: u16 = 16;
}

/// Bits of a header's `gc` byte.
pub mod gc_bits {
    /// The collector has scanned the object since it was last stored into: a store of an object into it must be told.
    pub const NEEDS_BARRIER: u8 = 0x80;
    /// The object waits in the list of those with a finaliser.
    pub const LISTED: u8 = 1;
    /// Its finaliser is to be called; cleared by `ffi.gc(x, nil)`.
    pub const FINALISER: u8 = 2;
    /// The object was found dead and revived for its finaliser.
    pub const FINALISED: u8 = 4;
    /// The unused part of the coroutine's stack may hold dead values: it has run since that was last cleared.
    pub const STACK_CHANGED: u8 = 8;
}

/// A run of values: a table's array part or its keyed slots, behind a header that holds the capacity.
#[repr(C)]
pub struct Values {
    /// `size` is the number of values.
    pub header: Header,
    values: [Value; 0],
}

impl Gc<Values> {
    /// The first value.
    #[inline(always)]
    pub fn first(self) -> *mut Value {
        (self.address() + std::mem::offset_of!(Values, values)) as *mut Value
    }

    /// The run whose first value is at `first`.
    #[inline(always)]
    pub fn from_first(first: *mut Value) -> Gc<Values> {
        Gc::from_address(first as usize - std::mem::offset_of!(Values, values))
    }
}

impl Table {
    /// The id of its shape.
    #[inline(always)]
    pub fn shape(&self) -> u32 {
        self.header.size.get()
    }
}

/// A function value: Lua or native, with its upvalues behind it.
///
/// Both kinds have their entry instruction at the same place, so that a call needs to know only that it calls a function.
#[repr(C)]
pub struct Function {
    /// `aux` is the number of upvalues.
    pub header: Header,
    /// The entry instruction: `FUNC`, `FUNCV` or `NATIVE`.
    pub pc: Cell<*const u32>,
    /// The environment (`getfenv`).
    pub env: Cell<Gc<Table>>,
    /// The prototype of a Lua function; null for a native one.
    pub proto: *mut Proto,
    /// Lua: `*mut Upvalue` each. Native: first the address of a `NativeFunction`, which `aux` does not count, then a [`Value`] each.
    upvalues: [u64; 0],
}

impl Function {
    /// Offset of the first upvalue.
    pub const UPVALUES_OFFSET: usize = std::mem::offset_of!(Function, upvalues);

    /// Whether it is written in Rust.
    #[inline(always)]
    pub fn is_native(&self) -> bool {
        self.proto.is_null()
    }

    /// The number of upvalues.
    #[inline(always)]
    pub fn upvalue_count(&self) -> usize {
        self.header.aux.get() as usize
    }
}

impl Gc<Function> {
    #[inline(always)]
    fn word(self, index: usize) -> *mut u64 {
        (self.address() + Function::UPVALUES_OFFSET + 8 * index) as *mut u64
    }

    /// An upvalue of a Lua function.
    #[inline(always)]
    pub fn upvalue(self, index: usize) -> Gc<Upvalue> {
        debug_assert!(!self.is_native() && index < self.upvalue_count());
        // SAFETY: a Lua function is made with this many upvalues, all of them objects.
        Gc::from_address(unsafe { *self.word(index) } as usize)
    }

    /// Gives a Lua function another upvalue (`debug.upvaluejoin`). The caller runs the barrier.
    pub fn set_upvalue(self, index: usize, upvalue: Gc<Upvalue>) {
        debug_assert!(!self.is_native() && index < self.upvalue_count());
        // SAFETY: as above.
        unsafe { *self.word(index) = upvalue.address() as u64 }
    }

    /// The word that a native function was made with: the address of its `NativeFunction`.
    #[inline(always)]
    pub fn native_word(self) -> *const () {
        debug_assert!(self.is_native());
        // SAFETY: a native function is made with this word first.
        unsafe { *self.word(0) as *const () }
    }

    /// Where an upvalue of a native function is. A store is followed by the barrier.
    #[inline(always)]
    pub fn native_upvalue(self, index: usize) -> *mut Value {
        debug_assert!(self.is_native() && index < self.upvalue_count());
        self.word(index + 1).cast()
    }
}

/// A variable shared by closures. *Open*, it points into a coroutine's stack; *closed*, at its own `closed` field.
#[repr(C)]
pub struct Upvalue {
    /// `aux` is 1 while open.
    pub header: Header,
    /// Where the variable is.
    pub value: Cell<*mut Value>,
    /// The variable once closed; while open, the next open upvalue of the coroutine, further down its stack, as a raw pointer.
    pub closed: Cell<Value>,
}

/// A loaded prototype. Its arrays belong to it and are freed with it.
#[repr(C)]
pub struct Proto {
    /// Nothing of its own.
    pub header: Header,
    /// The instructions; inline caches and compiled loops are written here.
    pub code: *mut u32,
    /// Number of words of `code`.
    pub code_len: u32,
    /// Registers of a frame.
    pub registers: u8,
    /// Named parameters.
    pub params: u8,
    /// Bits of [`proto_flags`].
    pub flags: Cell<u8>,
    /// The constants.
    pub constants: *mut Value,
    /// Number of constants.
    pub constants_len: u32,
    /// Number of children.
    pub children_len: u32,
    /// The child prototypes.
    pub children: *mut Gc<Proto>,
    /// What the compiler made, for its debug information and for `string.dump`.
    pub source: *const crate::bytecode::Prototype,
    /// One counted reference to the whole chunk that `source` lies in.
    pub chunk: *const crate::bytecode::Prototype,
}

/// Bits of [`Proto::flags`].
pub mod proto_flags {
    /// The prototype is part of the standard library written in Lua: it is reported as native and has no lines.
    pub const BUILTIN: u8 = 1;
    /// The JIT is off for it (`jit.off(f)`).
    pub const NO_JIT: u8 = 2;
    /// It takes `...`.
    pub const VARARG: u8 = 4;
    /// One closure of it, in the upper bits, which count up to a few.
    pub const CLOSURE: u8 = 0x20;
    /// From here on so many closures of it were made that there will be more. A flag byte that is not smaller has this meaning.
    pub const MANY_CLOSURES: u8 = 3 * CLOSURE;
}

/// A C value: a ctype id in the header's `size`, then the bytes.
///
/// The bytes start 8 after the header, or further on where the type needs a larger alignment or has a variable length:
/// `aux & 0xff` is that offset in units of 8.
#[repr(C)]
pub struct Cdata {
    /// `size` is the ctype id; the low byte of `aux` the payload's offset / 8, its high byte [`cdata_flags`].
    pub header: Header,
}

/// High byte of a cdata's `aux`.
pub mod cdata_flags {
    /// The payload's byte length stands in the 8 bytes after the header (variable-length types).
    pub const VARIABLE: u16 = 0x100;
}

impl Cdata {
    /// The ctype id.
    #[inline(always)]
    pub fn ctype(&self) -> u32 {
        self.header.size.get()
    }
}

impl Gc<Cdata> {
    /// Where the C value lies.
    #[inline(always)]
    pub fn payload(self) -> *mut u8 {
        (self.address() + 8 * (self.header.aux.get() & 0xff) as usize) as *mut u8
    }
}

/// Ctype ids that the language itself must know, to make the constants `1LL`, `1ULL` and `1i`. The FFI's ctype table has these
/// types under these ids.
pub mod ctype_ids {
    /// `int64_t`.
    pub const INT64: u32 = 11;
    /// `uint64_t`.
    pub const UINT64: u32 = 12;
    /// `complex double`.
    pub const COMPLEX_DOUBLE: u32 = 18;
}

/// A full userdata: a Rust value with a metatable.
#[repr(C)]
pub struct Userdata {
    /// `size` is the number of bytes that it owns outside the heap, as far as the collector counts them.
    pub header: Header,
    /// The metatable, or null.
    pub metatable: Cell<*mut Table>,
    /// The environment, or null.
    pub env: Cell<*mut Table>,
    /// The payload; dropped with the object.
    pub payload: std::cell::RefCell<Option<Box<dyn std::any::Any>>>,
}

impl Gc<Userdata> {
    /// The payload, for as long as the object is reachable. Only for use between two safe points.
    pub fn payload<'a>(self) -> &'a std::cell::RefCell<Option<Box<dyn std::any::Any>>> {
        // SAFETY: as for `Gc::deref`; the lifetime is the caller's promise not to cross a safe point with it.
        unsafe { &(*self.as_ptr()).payload }
    }
}

/// A coroutine: a stack of its own.
#[repr(C)]
pub struct Coroutine {
    /// `aux` holds a [`coroutine status`]; `size` is the last collection while whose marking it ran.
    pub header: Header,
    /// Bottom of the stack.
    pub stack: Cell<*mut Value>,
    /// Highest place at which a frame's registers may end; some reserve lies behind it.
    pub stack_limit: Cell<*mut Value>,
    /// Base of the current frame while it does not run.
    pub base: Cell<*mut Value>,
    /// First free place above the current frame's values while it does not run.
    pub top: Cell<*mut Value>,
    /// Where it goes on, while it does not run.
    pub pc: Cell<*const u32>,
    /// Open upvalues, highest stack place first.
    pub open_upvalues: Cell<*mut Upvalue>,
    /// The coroutine that resumed it and waits for it, or null.
    pub resumer: Cell<*mut Coroutine>,
    /// Its globals (`getfenv(0)`).
    pub env: Cell<*mut Table>,
    /// Number of values that the stack has room for.
    pub stack_size: Cell<u32>,
    /// Free for the VM's use.
    pub state: Cell<u32>,
}
