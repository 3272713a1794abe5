//! A small world for traces to run in: a stack, tables, C memory, and helpers that make objects.
//!
//! It lies in one block of memory whose addresses are real, so that machine code can run in it, and which can be copied, so that
//! the evaluator can run in the copy under the same addresses. Whatever both do to it must come out the same.
//!
//! ```text
//!   0x000  TraceState     0x100  bump pointer, epoch     0x400  stack     0xC00  runs of free cells
//!   0x1000  named objects, then new ones                                  0x30000  free cells
//! ```

#![allow(unsafe_code)]

use super::natives;
use moonwake_jit::backend::{Backend, CompiledTrace, ExitRecord, HelperTable, Layout};
use moonwake_jit::ir::eval::{self, Exit, Fault, World};
use moonwake_jit::ir::{CSignature, Const, Helper, MemType, Trace};
use moonwake_jit::snapshot::Snapshot;
use moonwake_lang::gc::class::CLASS_BYTES;
use moonwake_lang::object::{Header, Kind, Table};
use moonwake_lang::trace_state::{ExitReason, TraceState};
use moonwake_lang::value::{NUMBER_LIMIT, Value};
use std::collections::HashMap;
use std::mem::offset_of;

const SIZE: usize = 1 << 18;
const BUMP: u64 = 0x100;
const EPOCH: u64 = 0x108;
const STACK: u64 = 0x400;
const BASE: u64 = 0x600;
const STACK_END: u64 = 0xC00;
const RUNS: i32 = 0xC00;
const OBJECTS: u64 = 0x1000;
const CELLS: u64 = 0x30000;

/// Memory under real addresses: the block itself or a copy of it.
pub trait Memory {
    fn get(&self, address: u64, size: u32) -> Result<u64, Fault>;
    fn put(&mut self, address: u64, size: u32, bits: u64) -> Result<(), Fault>;
}

/// A copy of the block.
#[derive(Clone)]
pub struct Copy {
    start: u64,
    bytes: Vec<u8>,
    scratch: u64,
}

impl Memory for Copy {
    fn get(&self, address: u64, size: u32) -> Result<u64, Fault> {
        let at = address.wrapping_sub(self.start) as usize;
        let bytes = self.bytes.get(at..at.saturating_add(size as usize));
        let bytes = bytes.ok_or_else(|| Fault(format!("read of {address:#x}, outside of the world")))?;
        Ok(bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    fn put(&mut self, address: u64, size: u32, bits: u64) -> Result<(), Fault> {
        let at = address.wrapping_sub(self.start) as usize;
        let bytes = self.bytes.get_mut(at..at.saturating_add(size as usize));
        let bytes = bytes.ok_or_else(|| Fault(format!("write to {address:#x}, outside of the world")))?;
        bytes.copy_from_slice(&bits.to_le_bytes()[..size as usize]);
        Ok(())
    }
}

/// The process's own memory.
struct Raw;

impl Memory for Raw {
    fn get(&self, address: u64, size: u32) -> Result<u64, Fault> {
        let mut bytes = [0; 8];
        // SAFETY: helpers are called by machine code with addresses inside the block, which the evaluator has checked before.
        unsafe { std::ptr::copy_nonoverlapping(address as *const u8, bytes.as_mut_ptr(), size as usize) };
        Ok(u64::from_le_bytes(bytes))
    }

    fn put(&mut self, address: u64, size: u32, bits: u64) -> Result<(), Fault> {
        // SAFETY: as in `get`.
        unsafe { std::ptr::copy_nonoverlapping(bits.to_le_bytes().as_ptr(), address as *mut u8, size as usize) };
        Ok(())
    }
}

fn bump(memory: &mut dyn Memory, vm: u64, size: u64) -> Result<u64, Fault> {
    let at = memory.get(vm + BUMP, 8)?;
    memory.put(vm + BUMP, 8, at + size.next_multiple_of(16))?;
    Ok(at)
}

fn header(memory: &mut dyn Memory, object: u64, kind: Kind, aux: u64, size: u64) -> Result<(), Fault> {
    memory.put(object, 8, kind as u64 | aux << 16 | size << 32)
}

/// A run of values, all nil; gives the address of the first.
fn values(memory: &mut dyn Memory, vm: u64, count: u64) -> Result<u64, Fault> {
    if count == 0 {
        return Ok(0);
    }
    let object = bump(memory, vm, 8 + 8 * count)?;
    header(memory, object, Kind::Values, 0, count)?;
    for n in 0..count {
        memory.put(object + 8 + 8 * n, 8, Value::NIL.0)?;
    }
    Ok(object + 8)
}

/// What the helpers that make objects do.
fn helper(memory: &mut dyn Memory, vm: u64, helper: Helper, args: &[u64]) -> Result<u64, Fault> {
    match helper {
        Helper::TableNew => {
            let table = bump(memory, vm, size_of::<Table>() as u64)?;
            header(memory, table, Kind::Table, 0, args[0])?;
            let slots = values(memory, vm, args[1])?;
            let array = values(memory, vm, args[2])?;
            memory.put(table + offset_of!(Table, slots) as u64, 8, slots)?;
            memory.put(table + offset_of!(Table, array) as u64, 8, array)?;
            memory.put(table + offset_of!(Table, array_size) as u64, 8, 0)?;
            Ok(table)
        }
        Helper::CdataNew => {
            let size = args[1] + args[2];
            let object = bump(memory, vm, size)?;
            for n in 0..size {
                memory.put(object + n, 1, 0)?;
            }
            header(memory, object, Kind::Cdata, args[2] / 8, args[0])?;
            Ok(object)
        }
        Helper::NewKey => {
            memory.put(args[0] + offset_of!(Header, size) as u64, 4, args[1])?;
            let mut slots = memory.get(args[0] + offset_of!(Table, slots) as u64, 8)?;
            let capacity = if slots == 0 { 0 } else { memory.get(slots - 8, 8)? >> 32 };
            if args[2] >= capacity {
                let more = values(memory, vm, (args[2] + 1).next_power_of_two())?;
                for n in 0..capacity {
                    let value = memory.get(slots + 8 * n, 8)?;
                    memory.put(more + 8 * n, 8, value)?;
                }
                memory.put(args[0] + offset_of!(Table, slots) as u64, 8, more)?;
                slots = more;
            }
            memory.put(slots + 8 * args[2], 8, args[3])?;
            Ok(0)
        }
        Helper::NewItem => {
            let (table, index) = (args[0], args[1]);
            let array = memory.get(table + offset_of!(Table, array) as u64, 8)?;
            let capacity = if array == 0 { 0 } else { memory.get(array - 8, 8)? >> 32 };
            let mut to = array;
            if index >= capacity {
                to = values(memory, vm, (index + 2).next_power_of_two() - 1)?;
                for n in 0..capacity {
                    let value = memory.get(array + 8 * n, 8)?;
                    memory.put(to + 8 * n, 8, value)?;
                }
                memory.put(table + offset_of!(Table, array) as u64, 8, to)?;
            }
            memory.put(to + 8 * index, 8, args[2])?;
            memory.put(table + offset_of!(Table, array_size) as u64, 4, index + 1)?;
            Ok(0)
        }
        Helper::Barrier | Helper::BarrierItem => Ok(0),
        Helper::DivI64 => Ok(moonwake_jit::backend::helpers::div_i64(args[0] as i64, args[1] as i64) as u64),
        Helper::DivU64 => Ok(moonwake_jit::backend::helpers::div_u64(args[0], args[1])),
        Helper::ModI64 => Ok(moonwake_jit::backend::helpers::mod_i64(args[0] as i64, args[1] as i64) as u64),
        Helper::ModU64 => Ok(moonwake_jit::backend::helpers::mod_u64(args[0], args[1])),
        other => Err(Fault(format!("this world has no helper {}", other.info().name))),
    }
}

extern "C" fn barrier_item(_: u64, _: u64, _: u64) {}

extern "C" fn table_new(vm: u64, shape: u32, slots: u32, items: u32) -> u64 {
    helper(&mut Raw, vm, Helper::TableNew, &[shape.into(), slots.into(), items.into()]).unwrap_or(0)
}

extern "C" fn cdata_new(vm: u64, ctype: u32, size: u32, offset: u32) -> u64 {
    helper(&mut Raw, vm, Helper::CdataNew, &[ctype.into(), size.into(), offset.into()]).unwrap_or(0)
}

extern "C" fn new_key(vm: u64, table: u64, shape: u32, place: u32, value: u64) {
    let _ = helper(&mut Raw, vm, Helper::NewKey, &[table, shape.into(), place.into(), value]);
}

extern "C" fn new_item(vm: u64, table: u64, index: u32, value: u64) {
    let _ = helper(&mut Raw, vm, Helper::NewItem, &[table, index.into(), value]);
}

extern "C" fn barrier(_vm: u64, _object: u64) {}

/// The backend with the helpers of this world.
pub fn backend() -> Backend {
    let mut helpers = HelperTable::new();
    helpers.set(Helper::TableNew, table_new as extern "C" fn(u64, u32, u32, u32) -> u64 as usize);
    helpers.set(Helper::CdataNew, cdata_new as extern "C" fn(u64, u32, u32, u32) -> u64 as usize);
    helpers.set(Helper::NewKey, new_key as extern "C" fn(u64, u64, u32, u32, u64) as usize);
    helpers.set(Helper::NewItem, new_item as extern "C" fn(u64, u64, u32, u64) as usize);
    helpers.set(Helper::Barrier, barrier as extern "C" fn(u64, u64) as usize);
    helpers.set(Helper::BarrierItem, barrier_item as extern "C" fn(u64, u64, u64) as usize);
    // No trace here asks for the strings of single bytes.
    let layout = Layout { epoch: EPOCH as i32, barrier_bits: 0x80, byte_strings: 0, runs: RUNS };
    let mut backend = Backend::new(helpers, layout).expect("this machine can compile");
    backend.keep_listing = true;
    backend
}

impl World for Copy {
    fn machine(&self) -> u64 {
        self.start
    }
    fn read(&self, address: u64, size: u32) -> Result<u64, Fault> {
        self.get(address, size)
    }
    fn write(&mut self, address: u64, size: u32, bits: u64) -> Result<(), Fault> {
        self.put(address, size, bits)
    }
    fn epoch(&self) -> u32 {
        self.get(self.start + EPOCH, 4).unwrap_or(0) as u32
    }
    fn scratch(&mut self, size: u32) -> Result<u64, Fault> {
        self.scratch -= u64::from(size).next_multiple_of(16);
        Ok(self.scratch)
    }
    fn helper(&mut self, which: Helper, arguments: &[u64]) -> Result<u64, Fault> {
        let vm = self.start;
        helper(self, vm, which, arguments)
    }
    fn native(&mut self, address: u64, _signature: &CSignature, arguments: &[u64]) -> Result<[u64; 2], Fault> {
        natives::simulate(self, address, arguments)
    }
}

/// The block, and the names in it.
pub struct Block {
    words: Vec<u64>,
    names: HashMap<String, u64>,
    /// The names that are those of tables.
    tables: Vec<String>,
    /// Where new objects start.
    heap: u64,
    /// Slots that the description gives values to.
    slots: i32,
}

impl Block {
    /// An empty world.
    pub fn new() -> Block {
        let words = vec![0; SIZE / 8];
        let mut block = Block { words, names: natives::names(), tables: Vec::new(), heap: 0, slots: 0 };
        let start = block.start();
        block.heap = start + OBJECTS;
        block.put(start + BUMP, start + OBJECTS);
        for address in (STACK..STACK_END).step_by(8) {
            block.put(start + address, Value::NIL.0);
        }
        block.put(start + offset_of!(TraceState, stack_limit) as u64, start + STACK_END);
        block
    }

    /// Reads the lines that describe a world; gives the others back.
    pub fn describe(&mut self, text: &str) -> Result<String, String> {
        let mut rest = String::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split(';').next().unwrap_or("").split_whitespace().collect();
            match words.first().copied() {
                Some("stack") => self.describe_stack(&words[1..])?,
                Some("table") => self.describe_table(&words[1..])?,
                Some("memory") => self.describe_memory(&words[1..])?,
                Some("upvalue") => {
                    let value = self.value(words.get(2).ok_or("upvalue NAME VALUE")?)?;
                    let place = self.allocate(8);
                    self.put(place, value);
                    self.names.insert(words[1].to_owned(), place);
                }
                _ => {
                    rest.push_str(line);
                    rest.push('\n');
                }
            }
        }
        self.heap = self.words[BUMP as usize / 8];
        Ok(rest)
    }

    /// `stack 1 +1.0 nil tab:point`: values from slot 1 on.
    fn describe_stack(&mut self, words: &[&str]) -> Result<(), String> {
        let first: i32 = words.first().and_then(|w| w.parse().ok()).ok_or("stack SLOT VALUE …")?;
        for (n, word) in words[1..].iter().enumerate() {
            let value = self.value(word)?;
            self.put(self.slot(first + n as i32), value);
        }
        self.slots = self.slots.max(first + words.len() as i32 - 1);
        Ok(())
    }

    /// `table point 7 slots +1.0 +2.0 array nil +10.0`: of shape 7.
    fn describe_table(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, shape, rest @ ..] = words else { return Err("table NAME SHAPE …".to_owned()) };
        let mut parts: [Vec<u64>; 2] = Default::default();
        let mut part = 0;
        for word in rest {
            match *word {
                "slots" => part = 0,
                "array" => part = 1,
                value => parts[part].push(self.value(value)?),
            }
        }
        let shape: u64 = shape.parse().map_err(|_| format!("`{shape}` is no shape"))?;
        let mut copy = self.copy();
        let start = self.start();
        let [slots, array] = parts;
        // Room for keys to come, so that the named tables' slots stay where they are.
        let room = slots.len().max(8) as u64;
        let table = helper(&mut copy, start, Helper::TableNew, &[shape, room, array.len() as u64]).map_err(|f| f.0)?;
        copy.put(table + offset_of!(Table, array_size) as u64, 4, array.len() as u64).map_err(|f| f.0)?;
        for (field, values) in [(offset_of!(Table, slots), slots), (offset_of!(Table, array), array)] {
            let first = copy.get(table + field as u64, 8).map_err(|f| f.0)?;
            for (n, value) in values.into_iter().enumerate() {
                copy.put(first + 8 * n as u64, 8, value).map_err(|f| f.0)?;
            }
        }
        self.words = copy.bytes.chunks_exact(8).map(|c| u64::from_le_bytes(c.try_into().unwrap_or([0; 8]))).collect();
        // The words moved to another place: everything that held an address in them is off by so much.
        self.relocate(start);
        self.names.insert((*name).to_owned(), table - start + self.start());
        self.tables.push((*name).to_owned());
        Ok(())
    }

    /// Adjusts the addresses inside the block after it was moved from `old`.
    fn relocate(&mut self, old: u64) {
        let (new, end) = (self.start(), old + SIZE as u64);
        let inside = |bits: u64| (old..end).contains(&(bits & ((1 << 47) - 1)));
        for word in &mut self.words {
            if inside(*word) {
                *word = word.wrapping_sub(old).wrapping_add(new);
            }
        }
        for address in self.names.values_mut().filter(|a| inside(**a)) {
            *address = *address - old + new;
        }
        self.heap = self.heap - old + new;
    }

    /// `memory M f64 +1.5 +2.5`: C values in a row.
    fn describe_memory(&mut self, words: &[&str]) -> Result<(), String> {
        let [name, mem, rest @ ..] = words else { return Err("memory NAME TYPE VALUE …".to_owned()) };
        let mem = MemType::from_text(mem).ok_or_else(|| format!("`{mem}` is no C type"))?;
        let start = self.allocate(u64::from(mem.size()) * rest.len() as u64);
        for (n, word) in rest.iter().enumerate() {
            let constant = self.constant(word)?;
            let bits = match mem {
                MemType::F32 => u64::from((f64::from_bits(constant.bits()) as f32).to_bits()),
                _ => constant.bits(),
            };
            for (k, byte) in bits.to_le_bytes().iter().take(mem.size() as usize).enumerate() {
                let at = (start - self.start()) as usize + n * mem.size() as usize + k;
                let word = &mut self.words[at / 8];
                *word = *word & !(0xff << (at % 8 * 8)) | u64::from(*byte) << (at % 8 * 8);
            }
        }
        self.names.insert((*name).to_owned(), start);
        Ok(())
    }

    fn constant(&self, text: &str) -> Result<Const, String> {
        Const::parse(text, &|name| self.name(name)).ok_or_else(|| format!("`{text}` is no value"))
    }

    fn value(&self, text: &str) -> Result<u64, String> {
        self.constant(text)?.boxed().map(|v| v.0).ok_or_else(|| format!("`{text}` is no Lua value"))
    }

    /// The address that a name stands for.
    pub fn name(&self, name: &str) -> Option<u64> {
        self.names.get(name).copied()
    }

    /// The name of a constant.
    pub fn name_of(&self, constant: Const) -> Option<String> {
        let address = match constant {
            Const::Ptr(address) | Const::Object(_, address) => address,
            _ => return None,
        };
        self.names.iter().find(|(_, a)| **a == address).map(|(name, _)| name.clone())
    }

    /// Lets the loop be interrupted from the start.
    pub fn set_poll(&mut self) {
        let start = self.start();
        let at = offset_of!(TraceState, poll) as u64;
        assert_eq!(at % 8, 0);
        self.put(start + at, 1);
    }

    /// Gives compiled code a few cells of each size to allocate inline, so that it uses them up and goes on by calls.
    pub fn set_runs(&mut self) {
        for (class, &bytes) in CLASS_BYTES.iter().enumerate().skip(2).take(30) {
            let run = self.start() + RUNS as u64 + 16 * class as u64;
            let cells = self.start() + CELLS + 0x200 * class as u64;
            self.put(run, cells);
            self.put(run + 8, cells + 3 * u64::from(bytes));
        }
    }

    fn start(&self) -> u64 {
        self.words.as_ptr() as u64
    }

    fn slot(&self, slot: i32) -> u64 {
        (self.start() + BASE).wrapping_add_signed(8 * i64::from(slot))
    }

    fn put(&mut self, address: u64, bits: u64) {
        let at = (address - self.start()) as usize;
        assert_eq!(at % 8, 0);
        self.words[at / 8] = bits;
    }

    fn allocate(&mut self, size: u64) -> u64 {
        let at = self.words[BUMP as usize / 8];
        self.words[BUMP as usize / 8] = at + size.next_multiple_of(16);
        at
    }

    /// The world for the evaluator.
    pub fn copy(&self) -> Copy {
        let bytes = self.words.iter().flat_map(|w| w.to_le_bytes()).collect();
        Copy { start: self.start(), bytes, scratch: self.start() + SIZE as u64 }
    }

    /// Runs a trace in the evaluator.
    pub fn evaluate(&self, trace: &Trace, turns: u64) -> Result<(Exit, Copy), Fault> {
        let mut copy = self.copy();
        let exit = eval::run(trace, &mut copy, self.slot(0), turns)?;
        Ok((exit, copy))
    }

    /// Runs a trace as machine code; the block is as before after it.
    pub fn execute(&mut self, backend: &Backend, trace: &Trace, compiled: &CompiledTrace) -> (Exit, Copy) {
        let saved = self.words.clone();
        let (start, base) = (self.start(), self.slot(0));
        let enter = backend.enter();
        // SAFETY: the trace was run by the evaluator in a copy of this block and stayed inside; its code is what `enter` expects.
        let code = unsafe { enter(start as *mut u8, base as *mut Value, compiled.code as *const u8) };
        self.complete(compiled.exits.iter().map(|exit| &*exit.record));
        let after = self.copy();
        let state = |offset: usize| after.get(start + offset as u64, 8).unwrap_or(0);
        let exit = compiled
            .exits
            .iter()
            .find(|e| std::ptr::from_ref(&*e.record) as u64 == state(offset_of!(TraceState, exit)));
        let exit = exit.expect("it left by an exit of its own");
        assert_eq!(ExitReason::from_code(code), Some(exit.reason));
        let snapshot: &Snapshot = &trace.snapshots[exit.snapshot.index()];
        let results = after.get(start + offset_of!(TraceState, multiple_results) as u64, 4).unwrap_or(0) as u32;
        let exit = Exit {
            snapshot: exit.snapshot,
            reason: exit.reason,
            pc: state(offset_of!(TraceState, exit_pc)),
            base: state(offset_of!(TraceState, exit_base)),
            results: snapshot.results.map(|_| results),
        };
        self.words.copy_from_slice(&saved);
        (exit, after)
    }

    /// Does what the machine does after an exit: completes the stack. `records` are those of all exits that may have been taken.
    fn complete<'r>(&mut self, mut records: impl Iterator<Item = &'r ExitRecord>) {
        let state = |offset: usize| self.words[offset / 8];
        let taken = state(offset_of!(TraceState, exit));
        let record = records.find(|&record| std::ptr::from_ref(record) as u64 == taken).expect("the exit is known");
        // SAFETY: the exit led here just now.
        unsafe { record.complete(state(offset_of!(TraceState, exit_base)) as *mut Value) };
    }

    /// Runs the first of some traces, which may jump to the others; gives where it left (the base in slots), and what the slots hold.
    pub fn enter(&mut self, backend: &Backend, traces: &[&CompiledTrace]) -> (u64, i64, impl Fn(i32) -> f64 + use<>) {
        let code = traces[0].code;
        let saved = self.words.clone();
        let (start, base) = (self.start(), self.slot(0));
        let enter = backend.enter();
        // SAFETY: the traces that run touch the stack of this block alone.
        unsafe { enter(start as *mut u8, base as *mut Value, code as *const u8) };
        self.complete(traces.iter().flat_map(|trace| &trace.exits).map(|exit| &*exit.record));
        let after = self.copy();
        let state = |offset: usize| after.get(start + offset as u64, 8).unwrap_or(0);
        let pc = state(offset_of!(TraceState, exit_pc));
        let slots = (state(offset_of!(TraceState, exit_base)) as i64 - base as i64) / 8;
        self.words.copy_from_slice(&saved);
        let value =
            move |slot: i32| f64::from_bits(after.get(base.wrapping_add_signed(8 * i64::from(slot)), 8).unwrap_or(0));
        (pc, slots, value)
    }

    /// What a run left behind, as text: the exit, the stack, and what changed of the named objects.
    pub fn show(&self, exit: &Exit, after: &Copy) -> String {
        let mut text =
            format!("{:?} pc={:#x} base={}", exit.reason, exit.pc, (exit.base as i64 - self.slot(0) as i64) / 8);
        if let Some(results) = exit.results {
            text.push_str(&format!(" results={results}"));
        }
        let read = |address: u64| after.get(address, 8).unwrap_or(0);
        text.push_str("\nstack 0");
        let last = (0..128).rev().find(|&n| read(self.slot(n)) != Value::NIL.0).unwrap_or(0).max(self.slots - 1);
        for n in 0..=last {
            text.push_str(&format!(" {}", self.show_value(read(self.slot(n)), after, 0)));
        }
        text.push('\n');
        let mut names: Vec<(&String, &u64)> = self.names.iter().filter(|(_, a)| self.is_inside(**a)).collect();
        names.sort();
        for (name, &address) in names {
            let show = |memory: &Copy| match self.tables.contains(name) {
                true => self.show_object(address, memory, 0),
                false => self.show_word(memory.get(address, 8).unwrap_or(0), memory),
            };
            let (before, now) = (show(&self.copy()), show(after));
            if before != now {
                text.push_str(&format!("{name} {now}\n"));
            }
        }
        text
    }

    fn is_inside(&self, address: u64) -> bool {
        (self.start()..self.start() + SIZE as u64).contains(&address)
    }

    fn show_value(&self, bits: u64, memory: &Copy, depth: u32) -> String {
        let constant = Const::value(Value(bits));
        match constant {
            Const::Object(..) if let Some(name) = self.name_of(constant) => format!("{}:{name}", constant.ty()),
            Const::Object(ty, address) if address >= self.heap && self.is_inside(address) => match depth < 4 {
                true => format!("{ty}{}", self.show_object(address, memory, depth + 1)),
                false => format!("{ty}(…)"),
            },
            Const::Num(n) if f64::from_bits(n).is_nan() => "nan".to_owned(),
            other => other.to_string(),
        }
    }

    /// Eight bytes that may be a value or not. All NaNs look alike.
    fn show_word(&self, bits: u64, memory: &Copy) -> String {
        match Value(bits) {
            v if v.is_object() || f64::from_bits(bits).is_nan() => self.show_value(bits, memory, 0),
            _ => format!("{bits:#x}"),
        }
    }

    fn show_object(&self, address: u64, memory: &Copy, depth: u32) -> String {
        let word = |at: u64| memory.get(at, 8).unwrap_or(0);
        let header = word(address);
        let size = header >> 32;
        let show = |first: u64, count: u64| -> String {
            let nil = |&n: &u64| word(first + 8 * n) == Value::NIL.0;
            let count = count - (0..count).rev().take_while(nil).count() as u64;
            (0..count).map(|n| format!(" {}", self.show_value(word(first + 8 * n), memory, depth))).collect()
        };
        if header & 0xff == Kind::Cdata as u64 {
            let payload = word(address + 8 * (header >> 16 & 0xff));
            return format!("(type {size} {})", self.show_word(payload, memory));
        }
        let slots = word(address + offset_of!(Table, slots) as u64);
        let array = word(address + offset_of!(Table, array) as u64);
        let items = word(address + offset_of!(Table, array_size) as u64) & 0xffff_ffff;
        let places = if slots == 0 { 0 } else { word(slots - 8) >> 32 };
        format!("(shape {size} slots{} array{})", show(slots, places), show(array, items))
    }

    /// Whether two runs left the same behind: the same exit of the bytecode, and memory that looks the same from the stack on.
    /// New objects may lie elsewhere, and be made or not as long as nobody sees them.
    pub fn same(&self, a: &(Exit, Copy), b: &(Exit, Copy)) -> Result<(), String> {
        let place = |e: &Exit| (e.reason == ExitReason::Poll, e.pc, e.base, e.results);
        if place(&a.0) != place(&b.0) {
            return Err(format!("left at {:?} and at {:?}", a.0, b.0));
        }
        let (a, b) = (self.show_all(&a.0, &a.1), self.show_all(&b.0, &b.1));
        if a == b { Ok(()) } else { Err(format!("left behind\n{a}and\n{b}")) }
    }

    fn show_all(&self, exit: &Exit, after: &Copy) -> String {
        let mut text = self.show(exit, after);
        let (before, end) = (self.copy(), self.heap);
        for address in ((self.start() + OBJECTS)..end).step_by(8) {
            let word = |memory: &Copy| self.show_word(memory.get(address, 8).unwrap_or(0), memory);
            let (was, shown) = (word(&before), word(after));
            if was != shown {
                text.push_str(&format!("+{:#x} {shown}\n", address - self.start()));
            }
        }
        text
    }

    /// Whether the evaluator and the machine code of one trace did exactly the same.
    pub fn identical(&self, a: &(Exit, Copy), b: &(Exit, Copy)) -> Result<(), String> {
        if a.0 != b.0 {
            return Err(format!("the evaluator left by {:?}, the machine code by {:?}", a.0, b.0));
        }
        let end = a.1.get(self.start() + BUMP, 8).unwrap_or(0);
        for address in ((self.start() + BUMP)..end).step_by(8) {
            let (x, y) = (a.1.get(address, 8).unwrap_or(0), b.1.get(address, 8).unwrap_or(0));
            let nan = |bits: u64| bits < NUMBER_LIMIT && f64::from_bits(bits).is_nan();
            if x != y && !(nan(x) && nan(y)) {
                let at = address - self.start();
                return Err(format!("at {at:#x} the evaluator has {x:#x}, the machine code {y:#x}"));
            }
        }
        Ok(())
    }
}
