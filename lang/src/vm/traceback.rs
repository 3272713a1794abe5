//! The list of active functions that goes with an error message, as `debug.traceback` gives it.
//!
//! ```text
//! input:1: oops
//! stack traceback:
//!     [C]: in function 'error'
//!     input:1: in function 'f'
//!     input:3: in main chunk
//! ```

use super::Vm;
use super::debug::{Frame, Frames};
use super::written_in_lua::WrittenInLua;
use crate::chunk_name::short_name;
use crate::object::{Coroutine, Gc, proto_flags};

/// Of a deep stack, the functions below this level are shown at the top...
const SHOWN_FIRST: usize = 12;
/// ...and so many at the bottom.
const SHOWN_LAST: usize = 10;

impl Vm {
    /// `message`, if there is one, and the active functions of `coroutine` from `level` on (0: the innermost).
    pub fn traceback(&self, coroutine: Gc<Coroutine>, message: Option<&[u8]>, level: usize) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(message) = message {
            out.extend_from_slice(message);
            out.push(b'\n');
        }
        out.extend_from_slice(b"stack traceback:");
        let frames: Vec<Frame> = Frames::of(coroutine).collect();
        let first_end = level.max(SHOWN_FIRST);
        // A gap stands for more than one function.
        let has_gap = frames.len().saturating_sub(first_end) > SHOWN_LAST + 1;
        for (at, frame) in frames.iter().enumerate().skip(level) {
            if has_gap && at == first_end {
                out.extend_from_slice(b"\n\t...");
            }
            if !has_gap || at < first_end || frames.len() - at <= SHOWN_LAST {
                out.extend_from_slice(b"\n\t");
                push_frame(&mut out, frame, frames.get(at + 1));
            }
        }
        out
    }
}

fn push_frame(out: &mut Vec<u8>, frame: &Frame, caller: Option<&Frame>) {
    let lua = frame.proto().filter(|proto| proto.flags.get() & proto_flags::BUILTIN == 0);
    let source = lua.map(|proto| proto.source());
    let name = Vm::name_of_callee(frame, caller);
    let number = frame.function().and_then(|function| function.native_number());
    match (source, WrittenInLua::active(frame), number) {
        (Some(source), ..) => out.extend_from_slice(&short_name(&source.chunk_name)),
        (None, Some(written), _) => out.extend_from_slice(written.short_source().as_bytes()),
        (None, None, Some(number)) if name.is_none() => out.extend_from_slice(format!("[builtin#{number}]").as_bytes()),
        (None, None, _) => out.extend_from_slice(b"[C]"),
    }
    out.push(b':');
    if let Some(line) = frame.line() {
        out.extend_from_slice(format!("{line}:").as_bytes());
    }
    match (name, source) {
        (Some((_, name)), _) => {
            out.extend_from_slice(b" in function '");
            out.extend_from_slice(&name);
            out.push(b'\'');
        }
        (None, Some(source)) if source.is_main() => out.extend_from_slice(b" in main chunk"),
        (None, Some(source)) => {
            out.extend_from_slice(b" in function <");
            out.extend_from_slice(&short_name(&source.chunk_name));
            let line = if source.is_stripped() { 0 } else { source.first_line };
            out.extend_from_slice(format!(":{line}>").as_bytes());
        }
        (None, None) => out.extend_from_slice(format!(" at {:#x}", frame.callee.address()).as_bytes()),
    }
}
