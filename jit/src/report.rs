//! What the compiler tells: the lines of `-jv`, the pages of `-jdump`, the numbers of `--stats`.
//!
//! ```text
//!   [TRACE   1 sum.lua:3 loop]
//!   [TRACE   2 (1/3) sum.lua:4 -> 1]
//!   [TRACE --- sum.lua:9 -- NYI: FastFunc coroutine.yield at sum.lua:11]
//! ```

use crate::backend::CompiledTrace;
use crate::ir::Link;
use crate::opt::report::Report as PassReport;
use crate::record::{Beginning, Kind, Pc, Recorder};
use crate::trace::abort::Abort;
use crate::trace::tree::{TraceInfo, Traces};
use moonwake_lang::bytecode::disasm;
use moonwake_lang::chunk_name::short_name;
use moonwake_lang::object::{Gc, Proto};
use moonwake_lang::trace_state::ExitReason;
use moonwake_lang::vm::Vm;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where text goes.
pub type Sink = Box<dyn Write>;

/// What is told and counted.
#[derive(Default)]
pub struct Report {
    /// Where a line for each trace goes.
    pub verbose: Option<Sink>,
    /// Where dumps go, and the letters of what they show.
    pub dump: Option<(Sink, String)>,
    /// Whether to count what costs time to count.
    pub counts: bool,
    /// C functions called from compiled code, which counts here itself while anything is counted.
    native_calls: Box<AtomicU64>,
    /// Time spent compiling.
    pub compile_time: Duration,
    roots: u64,
    sides: u64,
    exits: u64,
    polls: u64,
    /// Aborts by reason and place.
    aborts: BTreeMap<(String, String), u64>,
    /// Guards of each trace: recorded, hoisted out of its loop, left in it.
    guards: Vec<(u32, String, (usize, usize, usize))>,
}

/// Source and line of an instruction of one of these functions.
pub fn place_of(protos: &[Gc<Proto>], pc: Pc) -> String {
    let Some((proto, position)) = position_of(protos, pc) else { return "?".to_owned() };
    let source = proto.source();
    let name = short_name(&source.chunk_name);
    let name = String::from_utf8_lossy(&name);
    match source.line(position) {
        Some(line) => format!("{name}:{line}"),
        None => format!("{name}:?"),
    }
}

/// The function that an instruction belongs to, and its index there.
fn position_of(protos: &[Gc<Proto>], pc: Pc) -> Option<(Gc<Proto>, usize)> {
    let proto = *protos.iter().find(|proto| crate::record::machine::contains(**proto, pc))?;
    Some((proto, (pc.bits() as usize - proto.code as usize) / 4))
}

/// An instruction as the listing of its function has it; jumps name positions in there.
fn listed(protos: &[Gc<Proto>], pc: Pc) -> String {
    match position_of(protos, pc) {
        Some((proto, at)) => format!("{at:04} {}", disasm::instruction(proto.source(), at, pc.ins()).trim_end()),
        None => format!("     {:?}", pc.ins().op()),
    }
}

impl Report {
    /// Where compiled code counts the C functions that it calls, if they are counted.
    pub fn native_counter(&self) -> Option<u64> {
        self.counts.then_some(self.native_calls.as_ptr() as u64)
    }

    /// Whether the optimiser should note what it does.
    pub fn keeps_events(&self) -> bool {
        self.shows('o')
    }

    /// Whether machine code should be kept as text.
    pub fn wants_code(&self) -> bool {
        self.shows('m') || self.shows('c')
    }

    fn shows(&self, letter: char) -> bool {
        self.dump.as_ref().is_some_and(|(_, what)| what.contains(letter))
    }

    /// A recording has started.
    pub fn started(&mut self, _: Beginning) {}

    /// A trace was left for the interpreter.
    pub fn left(&mut self, _: usize, reason: ExitReason) {
        match reason {
            ExitReason::Poll => self.polls += 1,
            ExitReason::Guard | ExitReason::NativeEvent | ExitReason::End | ExitReason::Stack => self.exits += 1,
        }
    }

    /// A root trace was found not to be worth entering.
    pub fn retired(&mut self, traces: &Traces, number: u32) {
        let Some(info) = traces.get(number) else { return };
        let start = place_of(&info.protos, info.beginning.pc);
        self.tell(|| format!("[TRACE {number:3} {start} is retired: it is left too soon]\n"));
    }

    /// A loop is going to be recorded anew.
    pub fn renewed(&mut self, traces: &Traces, number: u32) {
        let Some(info) = traces.get(number) else { return };
        let start = place_of(&info.protos, info.beginning.pc);
        self.tell(|| format!("[TRACE {number:3} {start} is stale: the loop is recorded anew]\n"));
    }

    /// All traces were removed.
    pub fn flushed(&mut self) {
        self.tell(|| "[TRACE flush]\n".to_owned());
    }

    fn tell(&mut self, line: impl Fn() -> String) {
        if let Some(out) = &mut self.verbose {
            // What cannot be told is not worth ending the program for.
            let _ = out.write_all(line().as_bytes());
            let _ = out.flush();
        }
        if let Some((out, _)) = &mut self.dump {
            let _ = out.write_all(line().as_bytes());
            let _ = out.flush();
        }
    }

    /// A recording was aborted at `at`.
    pub fn aborted(&mut self, _: &Vm, recorder: &Recorder, abort: &Abort, at: Pc) {
        let start = place_of(&recorder.protos, recorder.beginning.pc);
        let place = place_of(&recorder.protos, at);
        let place = match recorder.bytecode.last() {
            Some(&(last, _)) if place == "?" => place_of(&recorder.protos, last),
            _ => place,
        };
        *self.aborts.entry((abort.to_string(), place.clone())).or_default() += 1;
        let from = from_exit(recorder.beginning, None);
        self.tell(|| match start == place {
            true => format!("[TRACE --- {from}{start} -- {abort}]\n"),
            false => format!("[TRACE --- {from}{start} -- {abort} at {place}]\n"),
        });
    }

    /// A trace was compiled.
    pub fn completed(&mut self, info: &TraceInfo, passes: &PassReport, bytecode: &[(Pc, u32)]) {
        let number = info.trace.number;
        let start = place_of(&info.protos, info.beginning.pc);
        match info.beginning.kind {
            Kind::Side { .. } => self.sides += 1,
            Kind::Loop | Kind::Function => self.roots += 1,
        }
        self.guards.push((number, start.clone(), info.guards));
        let from = from_exit(info.beginning, Some(info));
        let how = how_it_ends(info);
        if let Some((out, what)) = &mut self.dump {
            let text = dump(info, passes, bytecode, what, &format!("{from}{start}"));
            let _ = out.write_all(text.as_bytes());
        }
        self.tell(|| format!("[TRACE {number:3} {from}{start} {how}]\n"));
    }

    /// The members of a JSON object that tell what was counted.
    pub fn json_members(&self, interpreted: u64) -> String {
        let mut json = String::new();
        let _ = write!(json, "\"root_traces\": {}, \"side_traces\": {}, ", self.roots, self.sides);
        let _ = write!(json, "\"side_exits\": {}, \"polls\": {}, ", self.exits, self.polls);
        let _ = write!(json, "\"compile_ms\": {:.3}, ", self.compile_time.as_secs_f64() * 1e3);
        let compiled = self.native_calls.load(Ordering::Relaxed);
        let _ = write!(json, "\"native_calls\": {{\"compiled\": {compiled}, \"interpreter\": {interpreted}}}, ");
        json.push_str("\"aborts\": [");
        for (n, ((reason, place), count)) in self.aborts.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let (reason, place) = (quoted(reason), quoted(place));
            let _ = write!(json, "{comma}{{\"reason\": {reason}, \"at\": {place}, \"count\": {count}}}");
        }
        json.push_str("], \"traces\": [");
        for (n, (number, place, (recorded, hoisted, left))) in self.guards.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let place = quoted(place);
            let _ = write!(
                json,
                "{comma}{{\"trace\": {number}, \"at\": {place}, \"guards\": {{\"recorded\": {recorded}, \
                 \"hoisted\": {hoisted}, \"left\": {left}}}}}"
            );
        }
        json.push(']');
        json
    }
}

/// Exits that `--stats` lists.
const LISTED_EXITS: usize = 20;

/// The member of a JSON object that lists the exits which led to the interpreter most often.
pub fn hottest_exits(traces: &Traces) -> String {
    let mut exits = Vec::new();
    for info in traces.iter() {
        for (number, exit) in info.code.exits.iter().enumerate() {
            exits.push((exit.record.count.load(Ordering::Relaxed), info, number));
        }
    }
    exits.sort_by_key(|exit| std::cmp::Reverse(exit.0));
    let mut json = "\"exits\": [".to_owned();
    for (n, (count, info, number)) in exits.into_iter().take(LISTED_EXITS).take_while(|exit| exit.0 > 0).enumerate() {
        let comma = if n > 0 { ", " } else { "" };
        let place = quoted(&place_of(&info.protos, Pc::from_bits(info.code.exits[number].record.pc)));
        let (trace, state) = (info.trace.number, quoted(&format!("{:?}", info.exits[number])));
        let _ = write!(
            json,
            "{comma}{{\"trace\": {trace}, \"exit\": {number}, \"at\": {place}, \"count\": {count}, \"state\": {state}}}"
        );
    }
    json.push(']');
    json
}

/// `(1/3) ` for a side trace.
fn from_exit(beginning: Beginning, _: Option<&TraceInfo>) -> String {
    match beginning.kind {
        Kind::Side { parent, exit, .. } => format!("({parent}/{exit}) "),
        Kind::Loop | Kind::Function => String::new(),
    }
}

fn how_it_ends(info: &TraceInfo) -> String {
    match (info.trace.link, link_type(info)) {
        (Link::Trace(other), _) => format!("-> {other}"),
        (_, "interpreter") => "-> interpreter".to_owned(),
        (_, name) => name.to_owned(),
    }
}

/// LuaJIT's name for how a trace ends.
pub fn link_type(info: &TraceInfo) -> &'static str {
    let base = info.trace.snapshots.last().map_or(0, |s| s.base);
    match (info.trace.link, info.beginning.kind) {
        (Link::Loop, Kind::Function) if base == 0 => "tail-recursion",
        (Link::Loop, Kind::Function) => "up-recursion",
        (Link::Loop, _) if base < 0 => "down-recursion",
        (Link::Loop, _) => "loop",
        (Link::Trace(_), _) => "root",
        (Link::Interpreter, Kind::Function) => "return",
        (Link::Interpreter, _) => "interpreter",
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => _ = write!(out, "\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A trace in full, as far as the letters of `what` ask for it.
fn dump(info: &TraceInfo, passes: &PassReport, bytecode: &[(Pc, u32)], what: &str, title: &str) -> String {
    let number = info.trace.number;
    let mut text = format!("---- TRACE {number} start {title}\n");
    if what.contains('b') {
        for (pc, depth) in bytecode {
            let indent = ". ".repeat(*depth as usize);
            let place = place_of(&info.protos, *pc);
            let _ = writeln!(text, "{place:<24} {indent}{}", listed(&info.protos, *pc));
        }
    }
    if what.contains('o') {
        let _ = write!(text, "---- TRACE {number} passes\n{}", passes.text(&info.trace));
    }
    if what.contains('i') {
        let _ = write!(text, "---- TRACE {number} IR\n{}", info.trace);
    }
    listing(&mut text, number, &info.code, what);
    let _ = writeln!(text, "---- TRACE {number} stop {}", how_it_ends(info));
    text
}

fn listing(text: &mut String, number: u32, code: &CompiledTrace, what: &str) {
    let Some(listing) = &code.listing else { return };
    if what.contains('c') {
        let _ = write!(text, "---- TRACE {number} CLIF\n{}", listing.clif);
    }
    if what.contains('m') {
        let _ = write!(text, "---- TRACE {number} mcode {}\n{}", code.size, listing.code);
    }
}
