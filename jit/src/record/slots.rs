//! The stack as the trace has it: which IR value each slot holds.
//!
//! Slots are counted from the base on entry; those of callers have negative numbers. A slot is *unknown* until it is read or written. One
//! that was only read is *clean*: memory still holds its value. One that was written is *changed*, and snapshots must restore it while it is
//! live. A slot in which nothing of the program is left, such as a register above the results of a call, is *dead*.

use crate::ir::IrRef;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Unknown,
    Clean(IrRef),
    Changed(IrRef),
    Dead,
}

/// The slots of a recording.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    /// Number of the first in the list; not positive.
    low: i32,
    list: Vec<State>,
}

impl Slots {
    fn index(&self, slot: i32) -> Option<usize> {
        usize::try_from(slot - self.low).ok().filter(|&i| i < self.list.len())
    }

    fn place(&mut self, slot: i32) -> &mut State {
        if slot < self.low {
            let more = (self.low - slot) as usize;
            self.list.splice(0..0, std::iter::repeat_n(State::Unknown, more));
            self.low = slot;
        }
        let index = (slot - self.low) as usize;
        if index >= self.list.len() {
            self.list.resize(index + 1, State::Unknown);
        }
        &mut self.list[index]
    }

    /// The value of a slot, if it was read or written before.
    pub fn get(&self, slot: i32) -> Option<IrRef> {
        match self.index(slot).map(|i| self.list[i]) {
            Some(State::Clean(value) | State::Changed(value)) => Some(value),
            _ => None,
        }
    }

    /// Whether nothing of the program is in a slot.
    pub fn is_dead(&self, slot: i32) -> bool {
        self.index(slot).is_some_and(|i| self.list[i] == State::Dead)
    }

    /// Notes what a slot was found to hold.
    pub fn read(&mut self, slot: i32, value: IrRef) {
        *self.place(slot) = State::Clean(value);
    }

    /// Notes that the value of a slot is known under another, more telling, reference.
    pub fn refine(&mut self, slot: i32, value: IrRef) {
        let place = self.place(slot);
        *place = match *place {
            State::Changed(_) => State::Changed(value),
            State::Unknown | State::Clean(_) | State::Dead => State::Clean(value),
        };
    }

    /// Writes a slot.
    pub fn write(&mut self, slot: i32, value: IrRef) {
        *self.place(slot) = State::Changed(value);
    }

    /// Forgets what slots from `from` on hold.
    pub fn kill_from(&mut self, from: i32) {
        let first = (from - self.low).max(0) as usize;
        self.list.iter_mut().skip(first).for_each(|place| *place = State::Dead);
    }

    /// Forgets what the slots of a range hold.
    pub fn kill(&mut self, slots: std::ops::Range<i32>) {
        slots.for_each(|slot| *self.place(slot) = State::Dead);
    }

    /// The slots that were written, with their values, in order.
    pub fn changed(&self) -> impl Iterator<Item = (i32, IrRef)> + '_ {
        self.list.iter().enumerate().filter_map(|(i, state)| match *state {
            State::Changed(value) => Some((self.low + i as i32, value)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_written_slots_have_changed() {
        let mut slots = Slots::default();
        slots.read(2, IrRef(5));
        slots.write(-3, IrRef(6));
        slots.write(4, IrRef(7));
        slots.refine(2, IrRef(8));
        assert_eq!((slots.get(2), slots.get(-3), slots.get(0)), (Some(IrRef(8)), Some(IrRef(6)), None));
        assert_eq!(slots.changed().collect::<Vec<_>>(), [(-3, IrRef(6)), (4, IrRef(7))]);
    }

    #[test]
    fn what_was_killed_is_gone_until_it_is_written() {
        let mut slots = Slots::default();
        (0..4).for_each(|slot| slots.write(slot, IrRef(slot as u32 + 1)));
        slots.kill_from(2);
        assert!(slots.is_dead(2) && slots.get(3).is_none());
        slots.write(3, IrRef(9));
        assert_eq!(slots.changed().map(|(slot, _)| slot).collect::<Vec<_>>(), [0, 1, 3]);
        slots.kill(0..1);
        assert!(slots.is_dead(0) && !slots.is_dead(1));
    }
}
