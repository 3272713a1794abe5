//! Asking a running program to stop, from a signal handler or another thread.

use moonwake_lang::vm::safepoint::INTERRUPT;
use std::sync::atomic::{AtomicU32, Ordering};

/// The word at which a machine looks between the turns of every loop; see [`crate::Engine::poll_word`].
pub type PollWord = AtomicU32;

/// Makes the program that runs on the machine of this word fail with the error "interrupted!" at its next safe point. Safe in a
/// signal handler.
pub fn request(word: &PollWord) {
    word.fetch_or(INTERRUPT, Ordering::Relaxed);
}
