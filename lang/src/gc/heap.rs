//! The heap: everything that objects of one virtual machine share.
//!
//! Its first fields lie at fixed offsets, since compiled code reads them: the epoch, and the cursor and limit of each
//! size class.

#![allow(unsafe_code)]

use super::cycle::Phase;
use super::finalise::Finalisers;
use super::mark::MarkState;
use super::pace::Pace;
use super::space::Space;
use super::weak::HiddenEntries;
use crate::metamethod::Metamethod;
use crate::object::{Coroutine, Gc, Header, Kind, Str};
use crate::string::Interner;
use crate::table::shape::Shapes;
use crate::table::twins::Twins;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bits of the poll word ([`Heap::poll_word`]): reasons to leave the fast path at the next safe point. The virtual machine defines further ones.
pub mod poll {
    /// A collection, or a slice of one, is due: call [`Heap::step`](super::Heap::step).
    pub const COLLECT: u32 = 1;
    /// More memory is in use than the limit allows: throw "not enough memory".
    pub const MEMORY: u32 = 2;
    /// First bit that is free for the virtual machine.
    pub const FIRST_FREE: u32 = 4;
}

/// A garbage-collected heap and the tables that belong to it: interned strings, shapes, finalisers.
#[repr(C)]
pub struct Heap {
    /// Where the poll word is: in the machine that the heap belongs to, or in `own_poll_word`.
    poll_word: *const AtomicU32,
    own_poll_word: Box<AtomicU32>,
    /// Changes whenever the keys, the metatable, the place of a value or a function-valued field of a table that serves as
    /// prototype change. While it stays the same, what was found through an `__index` chain is still there.
    pub epoch: Cell<u32>,
    /// Where objects lie.
    pub space: Space,
    pub(crate) strings: Interner,
    pub(crate) shapes: Shapes,
    pub(crate) twins: Twins,
    /// The strings of one byte: they are asked for so often that they always exist. Compiled code loads them.
    pub byte_strings: [Gc<Str>; 256],
    pub(crate) metamethod_names: [Gc<Str>; Metamethod::COUNT],
    pub(crate) marks: MarkState,
    pub(crate) finalisers: Finalisers,
    /// Entries that weak tables may get back.
    pub(super) hidden: HiddenEntries,
    pub(crate) pace: Pace,
    pub(crate) phase: Phase,
    /// The coroutine that runs.
    pub(crate) running: Option<Gc<Coroutine>>,
    /// Coroutines that have run since marking began. The number of the collection stands in their headers' `size`.
    pub(crate) changed_stacks: Vec<Gc<Coroutine>>,
    /// Objects with memory outside the heap, which must be freed with them: coroutines, userdata.
    pub(crate) owners: Vec<Gc<Header>>,
    /// Prototypes, which have such memory as well.
    pub(crate) protos: Vec<Gc<Header>>,
    /// After marking: of both lists, what lies below these indexes waits to be looked at.
    pub(crate) unswept_owners: usize,
    pub(crate) unswept_protos: usize,
    /// Bytes of such memory.
    pub(crate) outside: usize,
    /// Whether a store was not done for want of memory since the last safe point.
    pub(crate) refused: bool,
}

impl Heap {
    /// An empty heap. String hashes are seeded at random.
    pub fn new() -> Heap {
        use std::hash::{BuildHasher, Hasher};
        Heap::with_seed(std::hash::RandomState::new().build_hasher().finish())
    }

    /// An empty heap with this seed for string hashes.
    pub fn with_seed(seed: u64) -> Heap {
        let mut space = Space::new();
        let own_poll_word = Box::new(AtomicU32::new(0));
        let mut strings = Interner::new(seed);
        let metamethod_names = Metamethod::ALL.map(|event| strings.intern(&mut space, event.name().as_bytes()).0);
        let byte_strings = std::array::from_fn(|byte| strings.intern(&mut space, &[byte as u8]).0);
        let [metatable, owner] = [&b"(metatable)"[..], b"(owner)"].map(|name| strings.outside(&mut space, name));
        Heap {
            poll_word: &raw const *own_poll_word,
            own_poll_word,
            epoch: Cell::new(1),
            space,
            strings,
            shapes: Shapes::new(),
            twins: Twins::new(metatable, owner),
            byte_strings,
            metamethod_names,
            marks: MarkState::default(),
            finalisers: Finalisers::default(),
            hidden: HiddenEntries::default(),
            pace: Pace::default(),
            phase: Phase::default(),
            owners: Vec::new(),
            protos: Vec::new(),
            unswept_owners: 0,
            unswept_protos: 0,
            running: None,
            changed_stacks: Vec::new(),
            outside: 0,
            refused: false,
        }
    }

    /// Sets bits of the poll word.
    pub fn request(&self, bits: u32) {
        self.poll_word().fetch_or(bits, Ordering::Relaxed);
    }

    /// The poll word: bits of [`poll`]; tested at every safe point.
    #[inline(always)]
    pub fn poll_word(&self) -> &AtomicU32 {
        // SAFETY: it points to the heap's own word, or to one that outlives the heap by the promise of `share_poll_word`.
        unsafe { &*self.poll_word }
    }

    /// Makes the heap use a poll word that others test and set, too.
    ///
    /// # Safety
    /// `word` stays where it is for as long as the heap is used.
    pub unsafe fn share_poll_word(&mut self, word: *const AtomicU32) {
        // SAFETY: the caller's promise.
        unsafe { (*word).fetch_or(self.own_poll_word.load(Ordering::Relaxed), Ordering::Relaxed) };
        self.poll_word = word;
    }

    /// The interned string of these bytes.
    #[inline]
    pub fn intern(&mut self, bytes: &[u8]) -> Gc<Str> {
        if let [byte] = *bytes {
            return self.byte_strings[usize::from(byte)];
        }
        let (string, new) = self.strings.intern(&mut self.space, bytes);
        if new {
            self.after_allocation();
        }
        string
    }

    /// The interned string of the `length` bytes that `write` writes to its place. It may not touch the heap.
    pub(crate) fn intern_written(
        &mut self,
        length: usize,
        write: impl FnOnce(&mut [std::mem::MaybeUninit<u8>]),
    ) -> Gc<Str> {
        let (string, new) = self.strings.intern_written(&mut self.space, length, write);
        if new {
            self.after_allocation();
        }
        string
    }

    /// A new object of this kind with its header written and the rest undefined.
    ///
    /// # Panics
    /// When the system has no more memory: a limit ([`Heap::set_limit`]) is how a script is told in time.
    #[inline(always)]
    pub(crate) fn allocate<T>(&mut self, kind: Kind, bytes: usize, aux: u16, size: u32) -> Gc<T> {
        let address = match self.space.allocate(bytes) {
            Some(address) => address,
            None => self.allocate_slow(bytes),
        };
        let header =
            Header { kind: Cell::new(kind as u8), gc: Cell::new(0), aux: Cell::new(aux), size: Cell::new(size) };
        // SAFETY: the space gave at least `bytes` bytes, aligned to 8, that nothing else uses.
        unsafe { (address as *mut Header).write(header) };
        Gc::from_address(address)
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(&mut self, bytes: usize) -> usize {
        let Some(address) = self.space.allocate_slow(bytes) else {
            std::alloc::handle_alloc_error(std::alloc::Layout::from_size_align(bytes, 8).expect("a size of an object"))
        };
        self.after_allocation();
        address
    }

    /// Counts memory outside the heap that an object owns.
    pub(crate) fn add_outside(&mut self, bytes: usize) {
        self.outside += bytes;
        self.after_allocation();
    }

    /// The interned name of a metamethod.
    pub fn metamethod_name(&self, event: Metamethod) -> Gc<Str> {
        self.metamethod_names[event as usize]
    }
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        for owner in std::mem::take(&mut self.owners).into_iter().chain(std::mem::take(&mut self.protos)) {
            super::make::free_outside(owner);
        }
    }
}
