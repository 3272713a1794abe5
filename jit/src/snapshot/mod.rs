//! Snapshots: how to go back to the interpreter from the middle of a trace.
//!
//! A trace keeps the Lua stack in registers and writes none of it. A snapshot says, for one instruction of the bytecode, which
//! stack slots differ from what they were on entry, and which IR value each of them holds. A guard leaves by the last snapshot
//! taken before it: the exit writes those slots, and the interpreter executes the bytecode from the snapshot's instruction on.
//! What the trace had computed since is simply done again, so nothing with a lasting effect may stand between a snapshot and a
//! guard that uses it; the recorder takes a new snapshot after each such instruction, not one for every bytecode.
//!
//! ```text
//!   ---- snap 1 pc=0x40 base=0 [ 3=0007 4=+1.0 ]
//!   0009 >  none LT 0007 0008         leaves with slot 3 = 0007, slot 4 = 1.0, at 0x40
//! ```
//!
//! Slots are counted from the base on entry. In an inlined call the snapshot's `base` is that of the callee's frame, and the
//! function and the link below it are ordinary entries (the link a constant), so a frame is restored by two stores.
//!
//! **Invariant:** entries are sorted by slot, without repetition; a slot without an entry still has its value of the entry.

use crate::ir::IrRef;
use crate::record::liveness::Registers;

/// One slot of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The slot.
    pub slot: i32,
    /// What it holds: anything that can be boxed, or a frame link.
    pub value: IrRef,
}

/// A snapshot. See the head of this file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Address of the bytecode instruction to go on with.
    pub pc: u64,
    /// The base of the frame to go on in, counted in slots from the base on entry.
    pub base: i32,
    /// Number of multiple results that wait for the instruction at `pc`, if it takes them.
    pub results: Option<u32>,
    /// The first IR instruction after it.
    pub at: IrRef,
    /// The slots that changed.
    pub entries: Vec<Entry>,
    /// How many bytecode instructions were recorded before it. A text does not say it.
    pub done: u32,
    /// Which registers of the frame to go on in may still be read there. A text does not say it: then all may.
    pub live: Registers,
}

impl Snapshot {
    /// The value of a slot, if the snapshot has it.
    pub fn get(&self, slot: i32) -> Option<IrRef> {
        self.entries.binary_search_by_key(&slot, |e| e.slot).ok().map(|i| self.entries[i].value)
    }

    /// The entries of `self` laid over those of `below`, without what is dead: a value that only dead registers hold need not go around in
    /// a loop.
    pub fn over(&self, below: &[Entry]) -> Vec<Entry> {
        let is_live = |slot: i32| slot < self.base || self.live.contains(slot - self.base);
        let mut entries: Vec<Entry> = self.entries.clone();
        entries.extend(below.iter().filter(|e| self.get(e.slot).is_none() && is_live(e.slot)));
        entries.sort_by_key(|e| e.slot);
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(entries: &[(i32, u32)]) -> Snapshot {
        let entries = entries.iter().map(|&(slot, value)| Entry { slot, value: IrRef(value) }).collect();
        Snapshot { pc: 0, base: 0, results: None, at: IrRef(1), entries, done: 0, live: Registers::ALL }
    }

    #[test]
    fn what_lies_above_wins() {
        let above = snapshot(&[(-1, 9), (2, 8)]);
        let below = snapshot(&[(0, 1), (2, 2), (5, 3)]);
        assert_eq!(above.over(&below.entries), snapshot(&[(-1, 9), (0, 1), (2, 8), (5, 3)]).entries);
        assert_eq!((above.get(2), above.get(0)), (Some(IrRef(8)), None));
    }

    #[test]
    fn dead_registers_show_nothing_from_below() {
        let mut live = Registers::NONE;
        live.add(1);
        let above = Snapshot { base: 4, live, ..snapshot(&[(6, 9)]) };
        let below = snapshot(&[(3, 1), (4, 2), (5, 3), (6, 4)]);
        assert_eq!(above.over(&below.entries), snapshot(&[(3, 1), (5, 3), (6, 9)]).entries);
    }
}
