//! `jit.profile`: a sampling profiler.
//!
//! A thread wakes up at an interval, counts a sample and asks the machine for a safe point; there the callback is called with the running
//! coroutine, the number of samples since the last call and the state of the machine. Compiled code polls at every turn of a loop,
//! so nothing is recorded differently and nothing runs slower between samples.

use crate::chunk_name::short_name;
use crate::object::{Coroutine, Gc};
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::debug::{Frame, Frames};
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeFunction, NativeResult};
use crate::vm::ticker::Ticker;

functions! { "jit.profile.":
    "dumpstack" => dumpstack,
    "start" => start,
    "stop" => stop,
}

static OPEN: NativeFunction = NativeFunction { name: "jit.open_profile", function: open_profile };

/// Milliseconds between samples unless the mode says otherwise.
const DEFAULT_INTERVAL: u64 = 10;

/// The profiler of a machine.
#[derive(Default)]
struct Profiler {
    ticker: Option<Ticker>,
    /// Whether the callback runs.
    active: bool,
}

/// Makes the library ready for `require "jit.profile"`.
pub(super) fn open(vm: &mut Vm) {
    vm.set_preload("jit.profile", &OPEN);
}

fn open_profile(call: &mut Call) -> NativeResult {
    let library = call.vm.heap.new_table(0, FUNCTIONS.len());
    call.vm.register(library, FUNCTIONS, &[]);
    call.one(library)
}

/// `start(mode, callback)`; a number behind `i` in the mode is the interval in milliseconds.
fn start(call: &mut Call) -> NativeResult {
    let mode = call.string_or_none(0)?.map_or(&b""[..], Gc::bytes);
    let callback = Value::from(call.callable(1)?);
    let digits = mode.iter().skip_while(|&&c| c != b'i').skip(1).take_while(|c| c.is_ascii_digit());
    let interval = digits.fold(None, |n: Option<u64>, c| Some(n.unwrap_or(0).saturating_mul(10) + u64::from(c - b'0')));
    let interval = std::time::Duration::from_millis(interval.unwrap_or(DEFAULT_INTERVAL).max(1));
    let registry = call.vm.registry();
    call.vm.set_field(registry, "_PROFILE", callback);
    call.vm.extension::<Profiler>().ticker = None;
    let ticker = Ticker::start(call.vm, interval, sample);
    call.vm.extension::<Profiler>().ticker = Some(ticker);
    call.none()
}

fn stop(call: &mut Call) -> NativeResult {
    let registry = call.vm.registry();
    call.vm.extension::<Profiler>().ticker = None;
    call.vm.set_field(registry, "_PROFILE", Value::NIL);
    call.none()
}

/// At a safe point, when the ticker has ticked.
fn sample(vm: &mut Vm) -> LuaResult<()> {
    let profiler = vm.extension::<Profiler>();
    let Some(ticker) = profiler.ticker.as_ref().filter(|_| !profiler.active) else { return Ok(()) };
    let samples = Value::number(f64::from(ticker.take_ticks()));
    let registry = vm.registry();
    let callback = vm.field(registry, "_PROFILE");
    let compiled = vm.trace.left_for_poll.get();
    let state = vm.string_value(if compiled { "N" } else { "I" });
    vm.extension::<Profiler>().active = true;
    let result = vm.call_protected(callback, &[vm.running().into(), samples, state]);
    vm.extension::<Profiler>().active = false;
    result.map(drop)
}

// -------------------------------------------------------------------------------------------------------- dumpstack

/// `dumpstack([coroutine,] format, depth)`: the active functions as text, from the innermost on, or with a negative depth up to it.
fn dumpstack(call: &mut Call) -> NativeResult {
    let (coroutine, place) = match call.arg(0).as_coroutine() {
        Some(coroutine) => (coroutine, 1),
        None => (call.vm.running(), 0),
    };
    let format = call.bytes(place)?;
    let depth = call.int32(place + 1)?;
    let frames = interrupted_frames(call.vm, coroutine);
    let mut shown = stack_lines(&frames, format, depth.unsigned_abs() as usize);
    if depth < 0 {
        shown.reverse();
    }
    let mut text = shown.concat();
    if format.contains(&b'Z') {
        // What stands behind the last piece of each function goes, at the end of the whole.
        let trailing = format.rsplit(|&c| c == b'Z').next().unwrap_or_default().len();
        let separators = format.split(|&c| c == b'Z').next().unwrap_or_default();
        let cut = separators.iter().rev().take_while(|c| !b"fFlp".contains(c)).count() + trailing;
        text.truncate(text.len().saturating_sub(cut));
    }
    call.return_bytes(&text)
}

/// The active functions of a coroutine; while the profiler's callback runs, without it and what it has called.
fn interrupted_frames(vm: &mut Vm, coroutine: Gc<Coroutine>) -> Vec<Frame> {
    let frames: Vec<Frame> = Frames::of(coroutine).collect();
    if !vm.extension::<Profiler>().active {
        return frames;
    }
    let registry = vm.registry();
    let callback = vm.field(registry, "_PROFILE");
    let first = frames.iter().rposition(|frame| frame.callee == callback).map_or(0, |at| at + 1);
    frames[first..].to_vec()
}

fn stack_lines(frames: &[Frame], format: &[u8], depth: usize) -> Vec<Vec<u8>> {
    let described = frames.iter().enumerate().take(depth);
    described.map(|(i, frame)| describe(format, frame, frames.get(i + 1))).collect()
}

/// One function: `f` its name, `F` with its module, `l` its module and line, `p` from here on with full paths; all else as it stands.
fn describe(format: &[u8], frame: &Frame, caller: Option<&Frame>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut full_path = false;
    for &letter in format {
        match letter {
            b'p' => full_path = true,
            b'f' | b'F' => {
                let name = Vm::name_of_callee(frame, caller).map(|(_, name)| name);
                match (module(frame, full_path), name) {
                    (Some(module), Some(name)) if letter == b'F' => out.extend([&module[..], b":", &name].concat()),
                    (_, Some(name)) => out.extend(name),
                    (Some(module), None) => out.extend(with_line(module, frame, true)),
                    (None, None) => out.extend(native(frame)),
                }
            }
            b'l' => match module(frame, full_path) {
                Some(module) => out.extend(with_line(module, frame, false)),
                None => out.extend(native(frame)),
            },
            b'Z' => {}
            other => out.push(other),
        }
    }
    out
}

/// The file of a Lua function.
fn module(frame: &Frame, full_path: bool) -> Option<Vec<u8>> {
    let name = short_name(&frame.proto()?.source().chunk_name);
    let start = if full_path { 0 } else { name.iter().rposition(|&c| c == b'/').map_or(0, |slash| slash + 1) };
    Some(name[start..].to_vec())
}

fn with_line(module: Vec<u8>, frame: &Frame, of_definition: bool) -> Vec<u8> {
    let defined = frame.proto().map(|proto| proto.source().first_line);
    let line = if of_definition { defined } else { frame.line().or(defined) };
    [&module[..], format!(":{}", line.unwrap_or(0)).as_bytes()].concat()
}

fn native(frame: &Frame) -> Vec<u8> {
    let name = frame.function().and_then(|function| function.native_name()).unwrap_or("?");
    format!("[builtin:{name}]").into_bytes()
}
