//! Chunks and blocks: the geometry of the heap's memory, and its bitmaps.
//!
//! Memory comes from the system in *chunks* of 2 MB, aligned to their size, so that the chunk of any object is found by masking its
//! address. A chunk is 64 *blocks* of 32 KB. The first block is the chunk's head: two bitmaps with one bit for every
//! 16 bytes of the chunk, at fixed places, and in the words where the bitmaps would describe the head itself, what the
//! allocator knows of each block.
//!
//! ```text
//!   0        256                16384     16640              32768          2 MB
//!   +--------+------------------+---------+------------------+-----------------+
//!   | blocks | start bits       | unused  | mark bits        | blocks 1 .. 63  |
//!   +--------+------------------+---------+------------------+-----------------+
//! ```
//!
//! A *start bit* says that an object begins here, a *mark bit* that the collector has reached it. Marking therefore never
//! writes to objects (and does not even read strings), and sweeping reads nothing but bitmaps.
//!
//! An object larger than a chunk's blocks has a mapping of its own that begins with such a head.
//!
//! The functions here are safe to call with any address that lies in a chunk; [`super::space`] sees to that.

#![allow(unsafe_code)]

/// Bytes, and alignment, of a chunk.
pub const CHUNK_BYTES: usize = 2 << 20;
/// Bytes of a block.
pub const BLOCK_BYTES: usize = 32 << 10;
/// Blocks of a chunk, its head included.
pub const BLOCKS: usize = CHUNK_BYTES / BLOCK_BYTES;
/// Bytes that one bit of a bitmap stands for.
pub const GRANULE: usize = 16;
/// Bitmap words of a block.
pub const BLOCK_WORDS: usize = BLOCK_BYTES / GRANULE / 64;

/// Where the start bits begin in a chunk.
pub const STARTS: usize = 0;
/// Where the mark bits begin in a chunk.
pub const MARKS: usize = BLOCK_BYTES / 2;

/// What a block is used for: a class number below [`super::class::CLASSES`], or one of these.
pub mod block_use {
    /// Nothing.
    pub const EMPTY: u8 = 0;
    /// The first block of an object that is larger than any cell.
    pub const LARGE: u8 = 0xfe;
    /// A further block of such an object.
    pub const LARGE_REST: u8 = 0xff;
}

/// Maps `bytes`, aligned to a chunk; all zero. `None` when the system has no more.
pub fn map(bytes: usize) -> Option<usize> {
    let bytes = bytes.next_multiple_of(4096);
    let whole = bytes.checked_add(CHUNK_BYTES)?;
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    // SAFETY: a new private mapping touches no memory that anyone else uses.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), whole, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let start = start as usize;
    let aligned = start.next_multiple_of(CHUNK_BYTES);
    unmap(start, aligned - start);
    unmap(aligned + bytes, start + whole - aligned - bytes);
    Some(aligned)
}

/// Whether the system would map so much more.
pub fn can_map(bytes: usize) -> bool {
    // A small mapping is found or made by the allocator; only a large one is worth asking for.
    if bytes < CHUNK_BYTES {
        return true;
    }
    map(bytes).is_some_and(|start| {
        unmap(start, bytes);
        true
    })
}

/// Asks the system to back a mapping by huge pages: fewer faults and fewer misses of the address cache, but memory is taken 2 MB at a time.
pub fn prefer_huge_pages(start: usize, bytes: usize) {
    // SAFETY: the advice changes nothing that a program can see.
    unsafe { libc::madvise(start as *mut libc::c_void, bytes, libc::MADV_HUGEPAGE) };
}

/// Writes to the pages of a new chunk that hold its mark bits, so that they are there when marking, in one slice, first sets a bit in each
/// of many chunks.
pub fn touch_marks(base: usize) {
    for page in (base + MARKS..base + BLOCK_BYTES).step_by(4096) {
        // SAFETY: the word lies in the head of the chunk, which is new and all zero.
        unsafe { (page as *mut u64).write_volatile(0) };
    }
}

/// Reads a word of a chunk's mark bits.
pub fn read_marks(base: usize) {
    // SAFETY: the word lies in the head of the chunk.
    unsafe { ((base + MARKS) as *const u64).read_volatile() };
}

/// Gives the pages between two addresses back, which stay mapped and are zero when they are read again.
pub fn discard(start: usize, end: usize) {
    let (start, end) = (start.next_multiple_of(4096), end & !4095);
    if start < end {
        // SAFETY: the caller owns this memory and has no more use for what is in it.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
    }
}

/// Gives a mapping, or pages at either end of one, back.
pub fn unmap(start: usize, bytes: usize) {
    if bytes > 0 {
        // SAFETY: only the space that mapped this memory calls, once nothing in it is used.
        unsafe { libc::munmap(start as *mut libc::c_void, bytes.next_multiple_of(4096)) };
    }
}

/// The chunk that an address lies in.
#[inline(always)]
pub const fn chunk_of(address: usize) -> usize {
    address & !(CHUNK_BYTES - 1)
}

/// The block that an address lies in.
#[inline(always)]
pub const fn block_of(address: usize) -> usize {
    address & !(BLOCK_BYTES - 1)
}

#[inline(always)]
fn word_and_bit(bitmap: usize, address: usize) -> (*mut u64, u64) {
    let granule = address % CHUNK_BYTES / GRANULE;
    ((chunk_of(address) + bitmap + granule / 64 * 8) as *mut u64, 1 << (granule % 64))
}

/// Sets the bit of `address`; whether it was clear.
#[inline(always)]
pub fn set(bitmap: usize, address: usize) -> bool {
    let (word, bit) = word_and_bit(bitmap, address);
    // SAFETY: the word lies in the head of the chunk that `address` lies in.
    unsafe {
        let old = *word;
        *word = old | bit;
        old & bit == 0
    }
}

/// Clears the bit of `address`.
#[inline(always)]
pub fn clear(bitmap: usize, address: usize) {
    let (word, bit) = word_and_bit(bitmap, address);
    // SAFETY: as in `set`.
    unsafe { *word &= !bit }
}

/// Whether the bit of `address` is set.
#[inline(always)]
pub fn is_set(bitmap: usize, address: usize) -> bool {
    let (word, bit) = word_and_bit(bitmap, address);
    // SAFETY: as in `set`.
    unsafe { *word & bit != 0 }
}

/// The words of a bitmap that stand for a block.
#[inline(always)]
pub fn words<'a>(bitmap: usize, block: usize) -> &'a mut [u64; BLOCK_WORDS] {
    let (word, _) = word_and_bit(bitmap, block);
    // SAFETY: the words lie in the head of the block's chunk; the caller holds no other reference into them.
    unsafe { &mut *word.cast() }
}

/// What a block is used for; see [`block_use`].
#[inline(always)]
pub fn use_of(block: usize) -> u8 {
    // SAFETY: the first bytes of a chunk hold one for each of its blocks.
    unsafe { *((chunk_of(block) + block % CHUNK_BYTES / BLOCK_BYTES) as *const u8) }
}

/// Says what a block is used for.
pub fn set_use(block: usize, what: u8) {
    // SAFETY: as in `use_of`.
    unsafe { *((chunk_of(block) + block % CHUNK_BYTES / BLOCK_BYTES) as *mut u8) = what }
}
