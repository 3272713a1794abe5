//! Where objects lie: cells of blocks, handed out by bumping a cursor over free runs, and blocks of their own for large ones.
//!
//! For each size class there is a *run*, a stretch of free cells in some block. An allocation takes the next cell
//! of the run: an addition and a compare, which compiled code does inline ([`Bump`]). At the end of a run the next one is
//! looked for in the start bits of the block, then in the other blocks of the class that have free cells, then a fresh block is
//! taken. Start bits are set for a whole run when it is taken, so the fast path does not touch them; the free rest of the current
//! runs is given back before the collector looks ([`Space::retire_runs`]).
//!
//! Nothing small is ever freed by itself: after marking, [`super::sweep`] makes the mark bits the start bits.

#![allow(unsafe_code)]

use super::chunk::{self, BLOCK_BYTES, BLOCKS, CHUNK_BYTES, MARKS, STARTS, block_use};
use super::class::{CELL_LIMIT, CLASS_BYTES, CLASSES, class_of};

/// So many chunks have small pages: a small program should take little memory.
const SMALL_CHUNKS: usize = 4;

/// So many chunks at most are swept to find one block, before a fresh one is taken.
const SWEPT_FOR_ONE: usize = 4;

/// The current free run of a class. Compiled code allocates by it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Bump {
    /// The next free cell.
    pub cursor: usize,
    /// Where the run ends.
    pub limit: usize,
}

/// Where the search for the next run of a class goes on: a block (0: none) and a cell in it.
#[derive(Clone, Copy, Default)]
pub(super) struct Search {
    block: usize,
    cell: usize,
}

/// A chunk and the state of its blocks, a bit for each.
pub(super) struct Chunk {
    pub base: usize,
    /// Blocks that are empty.
    pub empty: u64,
    /// While the chunk waits to be swept: blocks that were taken since marking ended, and are not to be swept.
    pub fresh: u64,
}

/// An object that is larger than any cell.
pub(super) struct Large {
    pub address: usize,
    /// Bytes from the address to the end of its blocks or of its mapping.
    pub bytes: usize,
    /// Whether it has a mapping of its own.
    pub mapped: bool,
}

/// The memory of a heap.
#[repr(C)]
pub struct Space {
    /// The current run of each class.
    pub bumps: [Bump; CLASSES],
    pub(super) searches: [Search; CLASSES],
    /// Blocks with free cells, by class.
    pub(super) partial: [Vec<usize>; CLASSES],
    pub(super) chunks: Vec<Chunk>,
    /// Before this chunk none has an empty block.
    pub(super) first_empty: usize,
    pub(super) large: Vec<Large>,
    /// Bytes of all cells and large objects that are taken, runs counted whole.
    pub(super) taken: usize,
    /// Chunks before this one have not been read since the collection began.
    pub(super) asleep: usize,
    /// What the sweeper has yet to do.
    pub(super) sweep: super::sweep::Unswept,
    /// Mappings that are out of use, to be given back piece by piece: where each begins, and its bytes.
    pub(super) unmapping: Vec<(usize, usize)>,
    /// Whether freed memory is overwritten.
    pub poison: bool,
}

impl Space {
    /// An empty space.
    pub fn new() -> Space {
        Space {
            bumps: [Bump::default(); CLASSES],
            searches: [Search::default(); CLASSES],
            partial: [const { Vec::new() }; CLASSES],
            chunks: Vec::new(),
            first_empty: 0,
            large: Vec::new(),
            taken: 0,
            asleep: 0,
            sweep: super::sweep::Unswept::default(),
            unmapping: Vec::new(),
            poison: false,
        }
    }

    /// Bytes of the objects in it, dead ones that have not been swept included.
    pub fn bytes(&self) -> usize {
        self.taken - self.bumps.iter().map(|run| run.limit - run.cursor).sum::<usize>()
    }

    /// Bytes taken, with the current runs counted whole: what is compared with the collector's threshold.
    #[inline(always)]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Memory for an object, if the current run has a cell for it. Its contents are undefined.
    #[inline(always)]
    pub fn allocate(&mut self, bytes: usize) -> Option<usize> {
        if bytes <= CELL_LIMIT {
            let class = class_of(bytes);
            let run = &mut self.bumps[class];
            let address = run.cursor;
            if address < run.limit {
                run.cursor += CLASS_BYTES[class] as usize;
                return Some(address);
            }
        }
        None
    }

    /// Memory for an object when the current run is used up or the object is large. `None` when the system has no more
    /// memory.
    #[cold]
    #[inline(never)]
    pub fn allocate_slow(&mut self, bytes: usize) -> Option<usize> {
        if bytes > CELL_LIMIT {
            return self.allocate_large(bytes);
        }
        let class = class_of(bytes);
        while !self.next_run(class) {
            let block = match self.next_partial(class) {
                Some(block) => block,
                None => {
                    let block = self.take_blocks(1)?;
                    chunk::set_use(block, class as u8);
                    block
                }
            };
            self.searches[class] = Search { block, cell: 0 };
        }
        self.allocate(bytes)
    }

    /// A collection begins.
    pub(super) fn start_awakening(&mut self) {
        self.asleep = self.chunks.len();
    }

    /// Reads a mark bit of each of so many chunks; whether there were any left. The first objects that are scanned lead to every chunk, and on
    /// virtual machines, whose memory the host looks through for what is not in use, the first access after a second takes 20 to 60 µs.
    pub(super) fn awaken_some(&mut self, chunks: usize) -> bool {
        let end = self.asleep;
        self.asleep = end.saturating_sub(chunks);
        self.chunks[self.asleep..end].iter().for_each(|chunk| chunk::read_marks(chunk.base));
        end > 0
    }

    /// Takes back what was allocated last.
    pub(crate) fn give_back(&mut self, address: usize, bytes: usize) {
        if bytes > CELL_LIMIT {
            return self.free_large(address);
        }
        let run = &mut self.bumps[class_of(bytes)];
        run.cursor -= CLASS_BYTES[class_of(bytes)] as usize;
        debug_assert_eq!(run.cursor, address);
    }

    /// A block of the class that has free cells.
    fn next_partial(&mut self, class: usize) -> Option<usize> {
        for _ in 0..SWEPT_FOR_ONE {
            if !self.partial[class].is_empty() || !self.sweep_on_demand() {
                break;
            }
        }
        self.partial[class].pop()
    }

    /// Finds the next free run in the class's current block and takes it.
    fn next_run(&mut self, class: usize) -> bool {
        let Search { block, mut cell } = self.searches[class];
        if block == 0 {
            return false;
        }
        let bytes = CLASS_BYTES[class] as usize;
        let cells = BLOCK_BYTES / bytes;
        while cell < cells && chunk::is_set(STARTS, block + cell * bytes) {
            cell += 1;
        }
        let first = cell;
        while cell < cells && chunk::set(STARTS, block + cell * bytes) {
            cell += 1;
        }
        self.searches[class].cell = cell;
        self.bumps[class] = Bump { cursor: block + first * bytes, limit: block + cell * bytes };
        self.taken += (cell - first) * bytes;
        cell > first
    }

    /// Gives the unused rest of every run back, so that start bits are exact.
    pub fn retire_runs(&mut self) {
        for (class, run) in self.bumps.iter_mut().enumerate().filter(|(_, run)| run.cursor < run.limit) {
            let bytes = CLASS_BYTES[class] as usize;
            for address in (run.cursor..run.limit).step_by(bytes) {
                chunk::clear(STARTS, address);
            }
            self.taken -= run.limit - run.cursor;
            self.searches[class].cell = (run.cursor - self.searches[class].block) / bytes;
            *run = Bump::default();
        }
    }

    /// `count` adjacent blocks that are empty.
    fn take_blocks(&mut self, count: usize) -> Option<usize> {
        while self.chunks.get(self.first_empty).is_some_and(|chunk| chunk.empty == 0) {
            self.first_empty += 1;
        }
        for index in self.first_empty..self.chunks.len() {
            let swept = self.sweep.is_swept(index);
            let chunk = &mut self.chunks[index];
            let mut fits = chunk.empty;
            for shift in 1..count {
                fits &= chunk.empty >> shift;
            }
            if fits != 0 {
                let first = fits.trailing_zeros() as usize;
                let taken = u64::MAX >> (64 - count) << first;
                chunk.empty &= !taken;
                if !swept {
                    chunk.fresh |= taken;
                }
                return Some(chunk.base + first * BLOCK_BYTES);
            }
        }
        let base = chunk::map(CHUNK_BYTES)?;
        if self.chunks.len() >= SMALL_CHUNKS {
            chunk::prefer_huge_pages(base, CHUNK_BYTES);
        }
        chunk::touch_marks(base);
        self.chunks.push(Chunk { base, empty: !1, fresh: 0 });
        self.take_blocks(count)
    }

    fn allocate_large(&mut self, bytes: usize) -> Option<usize> {
        let blocks = bytes.div_ceil(BLOCK_BYTES);
        let large = if blocks < BLOCKS {
            let address = self.take_blocks(blocks)?;
            chunk::set_use(address, block_use::LARGE);
            for block in 1..blocks {
                chunk::set_use(address + block * BLOCK_BYTES, block_use::LARGE_REST);
            }
            Large { address, bytes: blocks * BLOCK_BYTES, mapped: false }
        } else {
            let base = chunk::map(bytes.checked_add(BLOCK_BYTES)?)?;
            chunk::prefer_huge_pages(base, bytes + BLOCK_BYTES);
            chunk::set_use(base + BLOCK_BYTES, block_use::LARGE);
            Large { address: base + BLOCK_BYTES, bytes: bytes.next_multiple_of(4096), mapped: true }
        };
        let address = large.address;
        chunk::set(STARTS, address);
        self.taken += large.bytes;
        self.large.push(large);
        Some(address)
    }

    /// Gives the memory of a large object back.
    pub(super) fn release_large(&mut self, large: &Large) {
        self.taken -= large.bytes;
        if large.mapped {
            return self.unmapping.push((large.address - BLOCK_BYTES, large.bytes + BLOCK_BYTES));
        }
        if self.poison {
            // SAFETY: the object is dead and its blocks are its own.
            unsafe { std::ptr::write_bytes(large.address as *mut u8, POISON, large.bytes) };
        }
        chunk::clear(STARTS, large.address);
        chunk::clear(MARKS, large.address);
        let base = chunk::chunk_of(large.address);
        let index = self.chunks.iter().position(|chunk| chunk.base == base).expect("a large object's chunk is listed");
        let (first, count) = ((large.address - base) / BLOCK_BYTES, large.bytes / BLOCK_BYTES);
        for block in first..first + count {
            chunk::set_use(base + block * BLOCK_BYTES, block_use::EMPTY);
            self.chunks[index].empty |= 1 << block;
            self.chunks[index].fresh &= !(1 << block);
        }
        self.first_empty = self.first_empty.min(index);
    }

    /// The allocated object that an address lies in, if there is one.
    pub fn object_at(&self, address: usize) -> Option<usize> {
        let contains = |large: &&Large| large.mapped && (large.address..large.address + large.bytes).contains(&address);
        if let Some(large) = self.large.iter().find(contains) {
            return Some(large.address);
        }
        let base = chunk::chunk_of(address);
        if !self.chunks.iter().any(|chunk| chunk.base == base) || address < base + BLOCK_BYTES {
            return None;
        }
        let mut block = chunk::block_of(address);
        let class = chunk::use_of(block) as usize;
        if class >= CLASSES {
            while chunk::use_of(block) == block_use::LARGE_REST {
                block -= BLOCK_BYTES;
            }
            return chunk::is_set(STARTS, block).then_some(block);
        }
        if class == block_use::EMPTY as usize {
            return None;
        }
        let bytes = CLASS_BYTES[class] as usize;
        let start = block + (address - block) / bytes * bytes;
        let run = self.bumps[class];
        let taken = chunk::is_set(STARTS, start) && !(run.cursor..run.limit).contains(&start);
        (taken && start + bytes <= block + BLOCK_BYTES).then_some(start)
    }
}

/// What freed memory is filled with when it is poisoned.
pub const POISON: u8 = 0xAA;

impl Default for Space {
    fn default() -> Space {
        Space::new()
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        for large in self.large.iter().filter(|large| large.mapped) {
            chunk::unmap(large.address - BLOCK_BYTES, large.bytes + BLOCK_BYTES);
        }
        for chunk in &self.chunks {
            chunk::unmap(chunk.base, CHUNK_BYTES);
        }
        for &(start, bytes) in &self.unmapping {
            chunk::unmap(start, bytes);
        }
    }
}
