//! A clock that asks for safe points: what a profiler or a deadline is made of.
//!
//! A thread sleeps, counts a tick and sets a bit of the machine's poll word; at its next safe point the machine calls the ticker's
//! function.

#![allow(unsafe_code)]

use super::Vm;
use super::error::LuaResult;
use crate::gc::poll;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A bit of the poll word: the ticker has ticked.
pub(super) const TICK: u32 = poll::FIRST_FREE << 1;

/// What a machine does when its ticker has ticked.
pub type TickAction = fn(&mut Vm) -> LuaResult<()>;

/// A running clock. Dropping it stops it.
pub struct Ticker {
    ticks: Arc<AtomicU32>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The poll word of a machine, for the clock's thread.
struct PollWord(*const AtomicU32);

// SAFETY: the word is atomic, and lives as long as the machine, which outlives its ticker: see `Ticker::start`.
unsafe impl Send for PollWord {}

impl PollWord {
    fn set(&self, bits: u32) {
        // SAFETY: as above.
        unsafe { (*self.0).fetch_or(bits, Ordering::Relaxed) };
    }
}

impl Ticker {
    /// Starts a clock: from now on, `action` is called at safe points at about this interval. A machine has one at a time.
    ///
    /// The ticker must be kept in an extension of the machine, so that it is dropped with it.
    pub fn start(vm: &mut Vm, interval: Duration, action: TickAction) -> Ticker {
        vm.tick_action = Some(action);
        let (ticks, stopped) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let word = PollWord(&raw const vm.trace.poll);
        let (thread_ticks, thread_stopped) = (Arc::clone(&ticks), Arc::clone(&stopped));
        let thread = std::thread::spawn(move || {
            let word = word;
            loop {
                std::thread::park_timeout(interval);
                if thread_stopped.load(Ordering::Acquire) {
                    break;
                }
                thread_ticks.fetch_add(1, Ordering::Relaxed);
                word.set(TICK);
            }
        });
        Ticker { ticks, stopped, thread: Some(thread) }
    }

    /// The number of ticks since this was last asked.
    pub fn take_ticks(&self) -> u32 {
        self.ticks.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Vm {
    /// At a safe point for which the ticker has asked.
    pub(super) fn tick(&mut self) -> LuaResult<()> {
        self.trace.poll.fetch_and(!TICK, Ordering::Relaxed);
        match self.tick_action {
            Some(action) => action(self),
            None => Ok(()),
        }
    }
}
