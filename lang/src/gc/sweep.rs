//! Sweeping: memory that was not reached becomes free.
//!
//! What sweeping reads and writes is bitmaps: a block's start bits become its mark bits, and their number says how much
//! of the block is in use. Mark bits are cleared on the way, so that marking can begin at once. It is done chunk by chunk, in slices or
//! when an allocation wants a block; the program runs between. Blocks that are taken meanwhile are left alone
//! ([`Chunk::fresh`](super::space::Chunk)).
//!
//! Before the first block can be swept, whatever refers to dead objects without keeping them alive must have let go of
//! them: memory outside the heap, and the intern table. [`super::cycle`] sees to that order.

#![allow(unsafe_code)]

use super::chunk::{self, BLOCK_BYTES, BLOCK_WORDS, BLOCKS, CHUNK_BYTES, MARKS, STARTS, block_use};
use super::class::{CLASS_BYTES, CLASSES};
use super::space::{Chunk, POISON, Search, Space};

/// What is left to sweep.
#[derive(Default)]
pub(super) struct Unswept {
    /// The chunks from the first index up to the second.
    chunks: (usize, usize),
    /// The large objects below this index.
    large: usize,
    /// Whether sweeping has begun.
    begun: bool,
    /// Bytes that were freed since the collector last worked.
    freed: usize,
    /// Whether everything has been swept, and what is empty waits to be given back to the system.
    releasing: bool,
}

impl Unswept {
    /// Whether the chunk at an index does not wait to be swept.
    pub fn is_swept(&self, index: usize) -> bool {
        !(self.chunks.0..self.chunks.1).contains(&index)
    }
}

/// A block with less than a quarter of its cells free is not allocated from: its short runs would cost more than they give.
const MIN_FREE_FRACTION: usize = 4;
/// Large objects that are freed in one slice, in bytes.
const LARGE_SLICE: usize = 32 << 20;
/// Bytes that are given back to the system in one slice: the system looks at each page (a table of 268 MB at once: 60 ms).
const UNMAP_SLICE: usize = 8 << 20;

impl Space {
    /// Marking has ended: everything waits to be swept. The current runs have been retired.
    pub(super) fn prepare_sweep(&mut self) {
        self.partial.iter_mut().for_each(Vec::clear);
        self.searches = [Search::default(); CLASSES];
        self.sweep = Unswept { chunks: (0, self.chunks.len()), large: self.large.len(), ..Unswept::default() };
    }

    /// Nothing refers to dead objects any more.
    pub(super) fn begin_sweep(&mut self) {
        self.sweep.begun = true;
        // Strings made since marking ended were marked for the sweep of the intern table. What is not swept now must not stay so.
        for chunk in &self.chunks[self.sweep.chunks.1..] {
            clear_chunk_marks(chunk.base);
        }
        for large in &self.large[self.sweep.large..] {
            chunk::clear(MARKS, large.address);
        }
    }

    /// Clears every mark bit: marking begins anew before it has ended.
    pub(super) fn clear_marks(&mut self) {
        for chunk in &self.chunks {
            clear_chunk_marks(chunk.base);
        }
        for large in &self.large {
            chunk::clear(MARKS, large.address);
        }
    }

    /// Whether no mark bit is set.
    pub(super) fn is_unmarked(&self) -> bool {
        let blocks = |chunk: &Chunk| (1..BLOCKS).map(|index| chunk.base + index * BLOCK_BYTES).collect::<Vec<_>>();
        self.chunks.iter().flat_map(blocks).all(|block| chunk::words(MARKS, block).iter().all(|&word| word == 0))
            && !self.large.iter().any(|large| chunk::is_set(MARKS, large.address))
    }

    /// Sweeps some of what is left; whether that was all.
    pub(super) fn sweep_slice(&mut self, chunks: usize) -> bool {
        if self.unmap_some(UNMAP_SLICE) {
            return false;
        }
        if self.sweep.releasing {
            self.sweep = Unswept::default();
            return true;
        }
        let mut freed = 0;
        while self.sweep.large > 0 && freed < LARGE_SLICE {
            self.sweep.large -= 1;
            let address = self.large[self.sweep.large].address;
            if chunk::is_set(MARKS, address) {
                chunk::clear(MARKS, address);
            } else {
                let large = self.large.swap_remove(self.sweep.large);
                freed += large.bytes;
                self.release_large(&large);
            }
        }
        if freed >= LARGE_SLICE {
            return false;
        }
        for _ in 0..chunks {
            if !self.sweep_next_chunk() {
                self.release_empty_chunks();
                return false;
            }
        }
        false
    }

    /// Bytes that allocations have freed by sweeping since the collector last worked.
    #[inline(always)]
    pub(super) fn freed_on_demand(&self) -> usize {
        self.sweep.freed
    }

    /// The collector has worked.
    pub(super) fn forget_freed(&mut self) {
        self.sweep.freed = 0;
    }

    /// Sweeps a chunk because an allocation wants a block; whether there was one left.
    pub(super) fn sweep_on_demand(&mut self) -> bool {
        self.sweep.begun && self.sweep_next_chunk()
    }

    fn sweep_next_chunk(&mut self) -> bool {
        let (next, end) = self.sweep.chunks;
        if next == end {
            return false;
        }
        self.sweep.chunks.0 += 1;
        let (base, skip) =
            (self.chunks[next].base, self.chunks[next].empty | std::mem::take(&mut self.chunks[next].fresh));
        for index in 1..BLOCKS {
            let block = base + index * BLOCK_BYTES;
            let class = chunk::use_of(block) as usize;
            if class >= CLASSES {
                continue;
            }
            if skip >> index & 1 == 0 && self.sweep_block(block, class) {
                chunk::set_use(block, block_use::EMPTY);
                self.chunks[next].empty |= 1 << index;
                self.first_empty = self.first_empty.min(next);
            }
            *chunk::words(MARKS, block) = [0; BLOCK_WORDS];
        }
        true
    }

    /// Sweeps a block; whether it is empty now.
    fn sweep_block(&mut self, block: usize, class: usize) -> bool {
        let bytes = CLASS_BYTES[class] as usize;
        let (starts, marks) = (chunk::words(STARTS, block), chunk::words(MARKS, block));
        if self.poison {
            poison_dead(block, bytes, starts, marks);
        }
        let (mut before, mut live) = (0, 0);
        for (start, mark) in starts.iter_mut().zip(marks.iter()) {
            before += start.count_ones() as usize;
            live += mark.count_ones() as usize;
            *start = *mark;
        }
        self.taken -= (before - live) * bytes;
        self.sweep.freed += (before - live) * bytes;
        let cells = BLOCK_BYTES / bytes;
        if live > 0 && (cells - live) * MIN_FREE_FRACTION >= cells {
            self.partial[class].push(block);
        }
        live == 0
    }

    /// Gives chunks back to the system that are empty, save some for what comes.
    fn release_empty_chunks(&mut self) {
        let mut spare = 2 + self.chunks.len() / 4;
        self.chunks.retain(|chunk| {
            let empty = chunk.empty == !1;
            let keep = !empty || spare > 0;
            spare -= usize::from(empty && keep);
            if !keep {
                self.unmapping.push((chunk.base, CHUNK_BYTES));
            }
            keep
        });
        self.first_empty = 0;
        self.sweep = Unswept { releasing: true, ..Unswept::default() };
    }

    /// Gives up to so many bytes back that are out of use; whether more are.
    fn unmap_some(&mut self, limit: usize) -> bool {
        let mut left = limit;
        while left > 0
            && let Some((start, bytes)) = self.unmapping.last_mut()
        {
            let piece = left.min(*bytes);
            left -= piece;
            *bytes -= piece;
            chunk::unmap(*start + *bytes, piece);
            if *bytes == 0 {
                self.unmapping.pop();
            }
        }
        !self.unmapping.is_empty()
    }

    /// Frees a large object at once.
    pub(super) fn free_large(&mut self, address: usize) {
        let Some(mut index) = self.large.iter().rposition(|large| large.address == address) else { return };
        if index < self.sweep.large {
            // Keep what waits to be swept together, before what does not.
            self.sweep.large -= 1;
            self.large.swap(index, self.sweep.large);
            index = self.sweep.large;
        }
        let large = self.large.swap_remove(index);
        self.release_large(&large);
        // The program asked for it, which so takes time of its own.
        self.unmap_some(usize::MAX);
    }
}

/// Clears the mark bits of what lies in a chunk.
fn clear_chunk_marks(base: usize) {
    for index in 1..BLOCKS {
        *chunk::words(MARKS, base + index * BLOCK_BYTES) = [0; BLOCK_WORDS];
    }
}

fn poison_dead(block: usize, bytes: usize, starts: &[u64; BLOCK_WORDS], marks: &[u64; BLOCK_WORDS]) {
    for cell in 0..BLOCK_BYTES / bytes {
        let granule = cell * bytes / chunk::GRANULE;
        if (starts[granule / 64] & !marks[granule / 64]) >> (granule % 64) & 1 != 0 {
            // SAFETY: the cell's object was not marked, so nothing refers to it.
            unsafe { std::ptr::write_bytes((block + cell * bytes) as *mut u8, POISON, bytes) };
        }
    }
}
