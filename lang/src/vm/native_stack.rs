//! The native stack below compiled code, as the collector sees it.
//!
//! While a trace runs, objects may be known to machine registers and to the trace's native frame alone. That does no harm as long as
//! nothing is collected before the trace has left through an exit, which writes all of them back. The one exception is a native call
//! that calls back into Lua: then collections happen *under* the trace. Storing the trace's state before every native call would make
//! all calls pay for the few that call back. Instead, such a collection scans the native stack conservatively, from where it stands up
//! to the place where the outermost trace was entered: whatever looks like an object is kept. Objects never move, so a wrong guess only keeps
//! garbage a little longer.
#![allow(unsafe_code)]

use crate::gc::Marker;

/// How far up the native stack compiled code may be running.
#[derive(Debug, Default)]
pub struct NativeStack {
    /// Address of a local variable of the function that entered the outermost trace; 0 while none runs.
    outermost: usize,
    /// The lowest address that the running thread's stack may use; 0 while unknown.
    lowest: usize,
}

/// Room on the native stack below which Lua code may not be called from Rust code any more: enough for what a native function, a library
/// or a compilation needs.
const KEPT_FREE: usize = 512 << 10;

impl NativeStack {
    /// A trace is about to be entered by the caller. Returns what [`NativeStack::leave`] wants back.
    #[inline(always)]
    pub fn enter(&mut self) -> usize {
        let before = self.outermost;
        if before == 0 {
            let here = 0usize;
            self.outermost = std::ptr::from_ref(std::hint::black_box(&here)) as usize;
        }
        before
    }

    /// The trace has been left.
    #[inline(always)]
    pub fn leave(&mut self, before: usize) {
        self.outermost = before;
    }

    /// Whether Rust code may call Lua again. To be asked only in nested runs: those cannot change the thread, so that its bounds are looked
    /// up once.
    pub fn has_room(&mut self) -> bool {
        if self.lowest == 0 {
            self.lowest = lowest_stack_address().unwrap_or(usize::MAX);
        }
        let here = 0usize;
        let here = std::ptr::from_ref(std::hint::black_box(&here)) as usize;
        here > self.lowest.saturating_add(KEPT_FREE)
    }

    /// Forgets the thread's bounds: no nested run is active.
    pub fn forget_thread(&mut self) {
        self.lowest = 0;
    }

    /// Whether a trace runs.
    pub fn is_in_use(&self) -> bool {
        self.outermost != 0
    }

    /// Whether a trace is running.
    pub fn runs_trace(&self) -> bool {
        self.outermost != 0
    }

    /// Marks what the native stack below a running trace may refer to.
    pub fn mark(&self, marker: &mut Marker<'_>) {
        if self.outermost != 0 {
            let registers = callee_saved_registers();
            let here = std::ptr::from_ref(std::hint::black_box(&registers)) as usize;
            let low = here & !7;
            marker.mark_conservative(&registers);
            // SAFETY: the memory between a local of this function and one of a function further up is this thread's own stack, in use.
            let words = unsafe { std::slice::from_raw_parts(low as *const u64, (self.outermost - low) / 8) };
            marker.mark_conservative(words);
        }
    }
}

/// The lowest address of the running thread's stack.
#[cfg(target_os = "linux")]
fn lowest_stack_address() -> Option<usize> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
    let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are filled in by the first call, read by the second only if that succeeded, and then destroyed.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut size) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        found.then_some(lowest as usize)
    }
}

/// The lowest address of the running thread's stack.
#[cfg(target_os = "macos")]
fn lowest_stack_address() -> Option<usize> {
    // SAFETY: both only look at the running thread.
    unsafe {
        let top = libc::pthread_get_stackaddr_np(libc::pthread_self()) as usize;
        Some(top - libc::pthread_get_stacksize_np(libc::pthread_self()))
    }
}

/// What the registers hold that functions must preserve: compiled code's values can still be in them.
#[cfg(target_arch = "x86_64")]
fn callee_saved_registers() -> [u64; 6] {
    let mut registers = [0u64; 6];
    // SAFETY: only stores the registers into the array.
    unsafe {
        std::arch::asm!(
            "mov [{0}], rbx",
            "mov [{0} + 8], rbp",
            "mov [{0} + 16], r12",
            "mov [{0} + 24], r13",
            "mov [{0} + 32], r14",
            "mov [{0} + 40], r15",
            in(reg) registers.as_mut_ptr(),
            options(nostack, preserves_flags)
        );
    }
    registers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::Heap;
    use crate::value::Value;

    #[test]
    fn what_only_a_native_frame_knows_is_kept() {
        let mut heap = Heap::new();
        let mut stack = NativeStack::default();
        let outer = stack.enter();
        let kept = keep_one(&mut heap, &stack);
        stack.leave(outer);
        assert!(kept, "the table below the entry was collected");
    }

    #[inline(never)]
    fn keep_one(heap: &mut Heap, stack: &NativeStack) -> bool {
        let table = std::hint::black_box([heap.new_table(4, 0)]);
        heap.set_int(table[0], 1, Value::TRUE);
        heap.full_collect(&mut |marker| stack.mark(marker));
        for _ in 0..1000 {
            heap.new_table(4, 0);
        }
        heap.get_int(std::hint::black_box(&table)[0], 1) == Value::TRUE
    }
}
