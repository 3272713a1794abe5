//! Where objects lie: cells of blocks, handed out by bumping a cursor over free runs, and blocks of their own for large ones.
//!
//! For each size class there is a *run*, a stretch of free cells in some block. An allocation takes the next cell
//! of the run: an addition and a compare, which compiled code does inline ([`Bump`]). At the end of a run the next one is
//! looked for in the start bits of the block, then in the other blocks of the class that have free cells, then a fresh block is taken.
//! Start bits are set for a whole run when it is taken, so the fast path does not touch them; the free rest of the current
//! runs is given back before the collector looks ([`Space::retire_runs`]).
//!
//! Nothing is ever freed one by one. After marking, [`Space::sweep`] makes the mark bits the start bits.

#![allow(unsafe_code)]

use super::chunk::{self, BLOCK_BYTES, BLOCK_WORDS, BLOCKS, CHUNK_BYTES, MARKS, STARTS, block_use};
use super::class::{CELL_LIMIT, CLASS_BYTES, CLASSES, class_of};

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
struct Search {
    block: usize,
    cell: usize,
}

struct Chunk {
    base: usize,
    /// A bit for each block that is empty.
    empty: u64,
}

/// An object that is larger than any cell.
struct Large {
    address: usize,
    /// Bytes from the address to the end of its blocks or of its mapping.
    bytes: usize,
    /// Whether it has a mapping of its own.
    mapped: bool,
}

/// The memory of a heap.
#[repr(C)]
pub struct Space {
    /// The current run of each class.
    pub bumps: [Bump; CLASSES],
    searches: [Search; CLASSES],
    /// Blocks with free cells, by class.
    partial: [Vec<usize>; CLASSES],
    chunks: Vec<Chunk>,
    large: Vec<Large>,
    /// Bytes of all cells and large objects that are taken, runs counted whole.
    taken: usize,
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
            large: Vec::new(),
            taken: 0,
            poison: false,
        }
    }

    /// Bytes of the objects in it, dead ones that have not been swept included.
    pub fn bytes(&self) -> usize {
        self.taken - self.bumps.iter().map(|run| run.limit - run.cursor).sum::<usize>()
    }

    /// Bytes taken, with the current runs counted whole: what is compared with the collector's threshold.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Memory for an object; its contents are undefined.
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

    /// The same when the current run is used up or the object is large. `None` when the system has no more memory.
    #[cold]
    #[inline(never)]
    pub fn allocate_slow(&mut self, bytes: usize) -> Option<usize> {
        if bytes > CELL_LIMIT {
            return self.allocate_large(bytes);
        }
        let class = class_of(bytes);
        while !self.next_run(class) {
            let block = match self.partial[class].pop() {
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
        for (class, run) in self.bumps.iter_mut().enumerate() {
            for address in (run.cursor..run.limit).step_by((CLASS_BYTES[class] as usize).max(1)) {
                chunk::clear(STARTS, address);
            }
            self.taken -= run.limit - run.cursor;
            if run.cursor < run.limit {
                self.searches[class].cell = (run.cursor - self.searches[class].block) / CLASS_BYTES[class] as usize;
            }
            *run = Bump::default();
        }
    }

    /// `count` adjacent blocks that are empty.
    fn take_blocks(&mut self, count: usize) -> Option<usize> {
        for chunk in self.chunks.iter_mut().rev() {
            let mut fits = chunk.empty;
            for shift in 1..count {
                fits &= chunk.empty >> shift;
            }
            if fits != 0 {
                let first = fits.trailing_zeros() as usize;
                chunk.empty &= !(u64::MAX >> (64 - count) << first);
                return Some(chunk.base + first * BLOCK_BYTES);
            }
        }
        let base = chunk::map(CHUNK_BYTES)?;
        self.chunks.push(Chunk { base, empty: !1 });
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
            chunk::set_use(base + BLOCK_BYTES, block_use::LARGE);
            Large { address: base + BLOCK_BYTES, bytes: bytes.next_multiple_of(4096), mapped: true }
        };
        let address = large.address;
        chunk::set(STARTS, address);
        self.taken += large.bytes;
        self.large.push(large);
        Some(address)
    }

    /// Clears every mark bit.
    pub fn clear_marks(&mut self) {
        for chunk in &self.chunks {
            for block in 1..BLOCKS {
                *chunk::words(MARKS, chunk.base + block * BLOCK_BYTES) = [0; BLOCK_WORDS];
            }
        }
        for large in &self.large {
            chunk::clear(MARKS, large.address);
        }
    }

    /// Frees everything that is not marked. The current runs have been retired.
    pub fn sweep(&mut self) {
        for list in &mut self.partial {
            list.clear();
        }
        self.searches = [Search::default(); CLASSES];
        self.taken = 0;
        self.sweep_large();
        for chunk in &mut self.chunks {
            for index in 1..BLOCKS {
                let block = chunk.base + index * BLOCK_BYTES;
                let class = chunk::use_of(block) as usize;
                if chunk.empty >> index & 1 != 0 || class >= CLASSES {
                    continue;
                }
                let bytes = CLASS_BYTES[class] as usize;
                let (starts, marks) = (chunk::words(STARTS, block), chunk::words(MARKS, block));
                if self.poison {
                    poison_dead(block, bytes, starts, marks);
                }
                let live = marks.iter().map(|word| word.count_ones() as usize).sum::<usize>();
                *starts = *marks;
                self.taken += live * bytes;
                if live == 0 {
                    chunk::set_use(block, block_use::EMPTY);
                    chunk.empty |= 1 << index;
                } else if live < BLOCK_BYTES / bytes {
                    self.partial[class].push(block);
                }
            }
        }
    }

    fn sweep_large(&mut self) {
        let (chunks, taken, poison) = (&mut self.chunks, &mut self.taken, self.poison);
        self.large.retain(|large| {
            let live = chunk::is_set(MARKS, large.address);
            if live {
                *taken += large.bytes;
            } else if large.mapped {
                chunk::unmap(large.address - BLOCK_BYTES, large.bytes + BLOCK_BYTES);
            } else {
                if poison {
                    // SAFETY: the object is dead and its blocks are its own.
                    unsafe { std::ptr::write_bytes(large.address as *mut u8, POISON, large.bytes) };
                }
                chunk::clear(STARTS, large.address);
                let base = chunk::chunk_of(large.address);
                let owner =
                    chunks.iter_mut().find(|chunk| chunk.base == base).expect("a large object's chunk is listed");
                let (first, count) = ((large.address - base) / BLOCK_BYTES, large.bytes / BLOCK_BYTES);
                for block in first..first + count {
                    chunk::set_use(base + block * BLOCK_BYTES, block_use::EMPTY);
                    owner.empty |= 1 << block;
                }
            }
            live
        });
    }

    /// The allocated object that an address lies in, if there is one.
    pub fn object_at(&self, address: usize) -> Option<usize> {
        if let Some(large) = self.large.iter().find(|l| l.mapped && (l.address..l.address + l.bytes).contains(&address))
        {
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

fn poison_dead(block: usize, bytes: usize, starts: &[u64; BLOCK_WORDS], marks: &[u64; BLOCK_WORDS]) {
    for cell in 0..BLOCK_BYTES / bytes {
        let granule = cell * bytes / chunk::GRANULE;
        if (starts[granule / 64] & !marks[granule / 64]) >> (granule % 64) & 1 != 0 {
            // SAFETY: the cell's object was not marked, so nothing refers to it.
            unsafe { std::ptr::write_bytes((block + cell * bytes) as *mut u8, POISON, bytes) };
        }
    }
}

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
    }
}
