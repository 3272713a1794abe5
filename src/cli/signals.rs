//! Signals: Ctrl-C, and pipes that no one reads from.
//!
//! Ctrl-C ends the running chunk with the error "interrupted!", as LuaJIT's command does. The handler only sets a bit of the machine's
//! poll word, at which the interpreter and compiled loops look anyway. It is good for one Ctrl-C: the next one finds the default action, so
//! that a program that never gets to a safe point (one that waits in C) can still be ended. A program that waits for input gets there: the
//! system call is not started again.
//!
//! Writing to a pipe that no one reads from ends the process, as with other commands (`moonwake endless.lua | head`); Rust would
//! have it go on, and so would the commands that it starts.

#![allow(unsafe_code)]

use moonwake::Engine;
use moonwake::interrupt::PollWord;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The poll word of the machine that runs; null while none does.
static RUNNING: AtomicPtr<PollWord> = AtomicPtr::new(std::ptr::null_mut());

/// Runs `act`, which Ctrl-C interrupts.
pub fn interruptible<R>(engine: &mut Engine, act: impl FnOnce(&mut Engine) -> R) -> R {
    RUNNING.store(std::ptr::from_ref(engine.poll_word()).cast_mut(), Ordering::Relaxed);
    set_action(libc::SIGINT, on_interrupt as *const () as libc::sighandler_t);
    let result = act(engine);
    set_action(libc::SIGINT, libc::SIG_DFL);
    RUNNING.store(std::ptr::null_mut(), Ordering::Relaxed);
    result
}

/// Has a write to a pipe that no one reads from end the process.
pub fn end_at_broken_pipes() {
    set_action(libc::SIGPIPE, libc::SIG_DFL);
}

extern "C" fn on_interrupt(_signal: libc::c_int) {
    set_action(libc::SIGINT, libc::SIG_DFL);
    let word = RUNNING.load(Ordering::Relaxed);
    // SAFETY: the word lives in a machine that `interruptible` borrows for as long as the pointer is not null, and it is atomic.
    if let Some(word) = unsafe { word.as_ref() } {
        moonwake::interrupt::request(word);
    }
}

fn set_action(signal: libc::c_int, handler: libc::sighandler_t) {
    // SAFETY: an action of zeros has no flags and blocks nothing. `sigaction` may be called anywhere, even in a handler, and the handler
    // that is set touches nothing but atomics.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        libc::sigaction(signal, &action, std::ptr::null_mut());
    }
}
