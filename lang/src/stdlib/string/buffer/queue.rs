//! The bytes of a buffer: a queue, written at its end and read from its start.
//!
//! ```text
//!     0          read            write            memory.len()
//!     | consumed | unread bytes  | room           |
//! ```
//!
//! Memory is its own, or borrowed from whoever set it; what is borrowed is never written to, but copied when there is more to write.
//! Room is found by moving the unread bytes to the start, or by doubling the memory, from 32 bytes on, as LuaJIT does.

#![allow(unsafe_code)]

/// The smallest memory.
const SMALLEST: usize = 32;

enum Memory {
    Owned(Vec<u8>),
    Borrowed(*const u8, usize),
}

/// A queue of bytes.
pub struct Queue {
    memory: Memory,
    read: usize,
    write: usize,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { memory: Memory::Owned(Vec::new()), read: 0, write: 0 }
    }
}

impl Queue {
    /// The unread bytes.
    pub fn bytes(&self) -> &[u8] {
        let memory = match &self.memory {
            Memory::Owned(memory) => memory.as_slice(),
            // SAFETY: whoever called `borrow` promised that the bytes are there.
            Memory::Borrowed(start, length) => unsafe { std::slice::from_raw_parts(*start, *length) },
        };
        &memory[self.read..self.write]
    }

    /// Number of unread bytes.
    pub fn len(&self) -> usize {
        self.write - self.read
    }

    /// Where the unread bytes lie; null when there never was any.
    pub fn start(&self) -> *const u8 {
        match &self.memory {
            Memory::Owned(memory) if memory.is_empty() => std::ptr::null(),
            _ => self.bytes().as_ptr(),
        }
    }

    /// Bytes of memory that it owns.
    pub fn owned(&self) -> usize {
        match &self.memory {
            Memory::Owned(memory) => memory.len(),
            Memory::Borrowed(..) => 0,
        }
    }

    /// Room for at least this many bytes behind the unread ones.
    pub fn room(&mut self, size: usize) -> &mut [u8] {
        if self.free() < size {
            self.make_room(size);
        }
        match &mut self.memory {
            Memory::Owned(memory) => &mut memory[self.write..],
            Memory::Borrowed(..) => &mut [],
        }
    }

    /// Bytes of room that there are.
    fn free(&self) -> usize {
        self.owned().saturating_sub(self.write)
    }

    #[cold]
    fn make_room(&mut self, size: usize) {
        let length = self.len();
        let needed = length + size;
        let mut capacity = self.owned().max(SMALLEST);
        while capacity < needed {
            capacity *= 2;
        }
        match &mut self.memory {
            Memory::Owned(memory) => {
                // What has been written to the room and not been committed stays in it, as scripts expect of a reservation that they enlarge.
                memory.resize(capacity, 0);
                memory.copy_within(self.read..self.write, 0);
            }
            Memory::Borrowed(..) => {
                let mut memory = Vec::with_capacity(capacity);
                memory.extend_from_slice(self.bytes());
                memory.resize(capacity, 0);
                self.memory = Memory::Owned(memory);
            }
        }
        (self.read, self.write) = (0, length);
    }

    /// Makes the first `count` bytes of the room unread bytes; false when there are not so many.
    pub fn commit(&mut self, count: usize) -> bool {
        let fits = count <= self.free();
        if fits {
            self.write += count;
        }
        fits
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.write += bytes.len();
    }

    /// Appends one byte.
    pub fn push(&mut self, byte: u8) {
        self.append(&[byte]);
    }

    /// Consumes bytes from the start, as many as there are.
    pub fn skip(&mut self, count: usize) {
        self.read += count.min(self.len());
        if self.read == self.write && self.owned() > 0 {
            (self.read, self.write) = (0, 0);
        }
    }

    /// Takes bytes off the end, so that this many unread ones are left.
    pub fn truncate(&mut self, length: usize) {
        self.write = self.write.min(self.read + length);
    }

    /// Forgets all bytes, and keeps the memory.
    pub fn clear(&mut self) {
        if let Memory::Borrowed(..) = self.memory {
            self.memory = Memory::Owned(Vec::new());
        }
        (self.read, self.write) = (0, 0);
    }

    /// Consists of bytes that lie elsewhere.
    ///
    /// # Safety
    /// The bytes must stay where they are until the queue is cleared, borrows others, or has been written to.
    pub unsafe fn borrow(&mut self, start: *const u8, length: usize) {
        // A slice does not start at the null address, of which a script may borrow nothing.
        let start = if length == 0 { std::ptr::dangling() } else { start };
        self.memory = Memory::Borrowed(start, length);
        (self.read, self.write) = (0, length);
    }

    /// Appends bytes that lie somewhere.
    ///
    /// # Safety
    /// There must be that many.
    pub unsafe fn append_from(&mut self, start: *const u8, length: usize) {
        if length > 0 {
            // SAFETY: the caller's promise.
            self.append(unsafe { std::slice::from_raw_parts(start, length) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut queue = Queue::default();
        let (mut written, mut read) = (0u8, 0u8);
        for step in 0..2000usize {
            for _ in 0..step % 7 {
                queue.push(written);
                written = written.wrapping_add(1);
            }
            let count = (step % 5).min(queue.len());
            for &byte in &queue.bytes()[..count] {
                assert_eq!(byte, read);
                read = read.wrapping_add(1);
            }
            queue.skip(count);
        }
        assert!(queue.len() > 1000 && queue.owned() < 8 * queue.len());
    }

    #[test]
    fn consumed_memory_is_used_again() {
        let mut queue = Queue::default();
        for _ in 0..1000 {
            queue.append(&[1; 20]);
            queue.skip(20);
        }
        assert_eq!(queue.owned(), SMALLEST);
        queue.append(&[1; 30]);
        queue.skip(25);
        queue.append(&[2; 20]);
        assert_eq!((queue.owned(), queue.bytes()), (SMALLEST, &[vec![1; 5], vec![2; 20]].concat()[..]));
    }

    #[test]
    fn what_is_borrowed_is_copied_when_more_is_written() {
        let text = *b"borrowed";
        let mut queue = Queue::default();
        // SAFETY: the text outlives the queue.
        unsafe { queue.borrow(text.as_ptr(), text.len()) };
        queue.skip(3);
        assert_eq!(queue.bytes(), b"rowed");
        assert!(!queue.commit(1) && queue.commit(0));
        queue.push(b'!');
        assert_eq!(queue.bytes(), b"rowed!");
        queue.clear();
        assert_eq!((queue.len(), queue.room(0).len()), (0, SMALLEST));
    }
}
