//! How long shapes live.
//!
//! A shape must live while a table has it, or a compiled trace guards for it ([`Marker::keep_shape`](crate::gc::Marker::keep_shape)). Most
//! live far longer, since the next object of the kind will want it: a shape goes when its metatable is dead, and otherwise only
//! when there have come to be many; then those go that no reached table has, save those on the way to one that is in use. The own shape
//! of a prototype goes with its table.
//!
//! Shapes are swept in slices, before anything else is, between which the program runs: what it makes use of meanwhile stays.
//!
//! An id that has fallen out of use may still stand in inline caches. Ids are used again only after the caches of all prototypes have been
//! emptied of them, which is worth the walk when there are many.

use super::shape::{DICTIONARY, Shape, Shapes, Sort, Transitions, Weak};
use crate::bytecode::Word;
use crate::gc::Heap;
use crate::gc::chunk::{self, MARKS};
use crate::object::{Gc, Table};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Fewer shapes than this are all kept.
const MANY: usize = 4096;
/// So many ids must be unused before caches are emptied of them.
const MANY_UNUSED: usize = 512;

/// What is left to do with the shapes after marking.
#[derive(Default)]
pub(super) struct Sweep {
    stage: Stage,
    /// The id that is looked at next.
    next: usize,
    /// Whether shapes that are not in use are dropped.
    reap: bool,
}

/// What is done with one shape after the other.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// Nothing.
    #[default]
    None,
    /// Those on the way to one that is in use are taken to be in use.
    Ancestors,
    /// The dead are dropped, the keys of the others marked.
    Drop,
    /// Transitions to what was dropped are taken away.
    Forget,
}

impl Shape {
    /// Whether a table or a trace has it, as of this collection.
    fn is_in_use(&self, cycle: u32) -> bool {
        self.cycle == cycle || self.used == cycle
    }
}

impl Shapes {
    /// A collection begins: no shape has been reached.
    pub(crate) fn start_cycle(&mut self) {
        self.cycle = self.cycle.wrapping_add(1).max(1);
    }

    /// The number of the collection; never 0.
    #[inline(always)]
    pub(crate) fn cycle(&self) -> u32 {
        self.cycle
    }

    /// The collector reached a table of this shape. `None` if for the first time: then [`Shapes::reached`] is to be called.
    #[inline(always)]
    pub(crate) fn reach(&self, id: u32) -> Option<Weak> {
        let shape = self.get(id);
        (shape.cycle == self.cycle).then_some(shape.weak)
    }

    /// Notes that the shape was reached, and what its metatable's `__mode` says.
    pub(crate) fn reached(&mut self, id: u32, weak: Weak) {
        self.all[id as usize].cycle = self.cycle;
        self.all[id as usize].weak = weak;
    }

    /// Marking has ended: shapes wait to be swept, and there are so many that those that are not in use are dropped.
    fn prepare_sweep(&mut self) -> bool {
        let reap = self.len() > self.reap_at;
        let stage = if reap { Stage::Ancestors } else { Stage::Drop };
        self.sweep = Sweep { stage, next: 1, reap };
        reap
    }

    /// Whether shapes wait to be swept.
    #[inline(always)]
    pub(super) fn is_sweeping(&self) -> bool {
        self.sweep.stage != Stage::None
    }

    /// A transition leads to this shape: whether it has not been dropped. It will not be, since it is in use from now on.
    pub(super) fn is_used_again(&mut self, id: u32) -> bool {
        let dropped = self.get(id).sort == Sort::Free;
        if self.is_sweeping() && !dropped {
            self.all[id as usize].used = self.cycle;
        }
        !dropped
    }

    /// Looks at some of the shapes: drops those that are dead, marks the keys of the others, takes away the transitions to those
    /// that were dropped. Whether nothing is left to do.
    pub(crate) fn sweep_slice(&mut self, count: usize) -> bool {
        if !self.is_sweeping() {
            return true;
        }
        let first = self.sweep.next;
        // To drop a shape takes longer than to look at one.
        let count = if self.sweep.stage == Stage::Drop { count } else { count * 4 };
        let end = self.all.len().min(first + count);
        for id in first..end {
            match self.sweep.stage {
                Stage::None => {}
                Stage::Ancestors => self.reach_ancestors(id as u32),
                Stage::Drop => self.drop_or_mark_keys(id as u32),
                Stage::Forget => self.forget_dropped(id),
            }
        }
        self.sweep.next = end;
        if end == self.all.len() {
            self.sweep.next = 1;
            self.sweep.stage = match self.sweep.stage {
                Stage::Ancestors => Stage::Drop,
                Stage::Drop => Stage::Forget,
                Stage::Forget | Stage::None => {
                    if self.sweep.reap {
                        self.reap_at = (self.len() * 2).max(MANY);
                    }
                    Stage::None
                }
            };
        }
        !self.is_sweeping()
    }

    /// A shape on the way to one that is in use is in use.
    fn reach_ancestors(&mut self, id: u32) {
        if self.get(id).is_in_use(self.cycle) {
            let mut at = self.get(id).parent;
            while at != 0 && !self.get(at).is_in_use(self.cycle) {
                self.all[at as usize].used = self.cycle;
                at = self.get(at).parent;
            }
        }
    }

    /// Drops a shape if its metatable is dead, or if it is of no use any more; else its keys live on.
    fn drop_or_mark_keys(&mut self, id: u32) {
        let shape = self.get(id);
        let droppable = match shape.sort {
            Sort::Own => true,
            Sort::Shared => self.sweep.reap && shape.count > 0,
            Sort::Free | Sort::Twins | Sort::Dictionary => false,
        };
        let is_dead = |metatable: Gc<Table>| !chunk::is_set(MARKS, metatable.address());
        let idle = !shape.is_in_use(self.cycle);
        if shape.sort != Sort::Free && idle && (droppable || shape.metatable.is_some_and(is_dead)) {
            return self.retire(id);
        }
        self.mark_keys(id);
    }

    /// Marks the keys of a shape: they live on.
    pub(super) fn mark_keys(&self, id: u32) {
        let shape = self.get(id);
        let list = &mut *shape.keys.borrow_mut();
        let seen = if list.marked.0 == self.cycle { list.marked.1 } else { 0 };
        let count = shape.count as usize;
        if seen < count {
            list.keys[seen..count].iter().for_each(|key| _ = chunk::set(MARKS, key.address()));
            list.marked = (self.cycle, count);
        }
    }

    /// Takes transitions to dropped shapes away, whose ids are about to get another meaning.
    fn forget_dropped(&mut self, id: usize) {
        let shape = &mut self.all[id];
        let mut by_key = std::mem::take(&mut shape.by_key);
        let mut by_metatable = std::mem::take(&mut shape.by_metatable);
        let in_use = |id: u32| self.get(id).sort != Sort::Free;
        match &mut by_key {
            Transitions::None => {}
            Transitions::One(_, next) => {
                if !in_use(*next) {
                    by_key = Transitions::None;
                }
            }
            Transitions::Many(map) => map.retain(|_, next| in_use(*next)),
        }
        by_metatable.retain(|_, next| in_use(*next));
        self.all[id].by_key = by_key;
        self.all[id].by_metatable = by_metatable;
    }

    /// Takes a shape out of use. Its id is not used again before caches are known not to hold it.
    pub(super) fn retire(&mut self, id: u32) {
        debug_assert!(id > DICTIONARY);
        let shape = &mut self.all[id as usize];
        let address = shape.metatable.map_or(0, Gc::address);
        let by_metatable = match shape.sort {
            Sort::Shared if shape.count == 0 => Some(&mut self.roots),
            Sort::Dictionary => Some(&mut self.dictionaries),
            _ => None,
        };
        if let Some(shapes) = by_metatable {
            shapes.remove(&address);
        }
        shape.sort = Sort::Free;
        shape.count = 0;
        shape.keys = Rc::clone(&self.no_keys);
        shape.metatable = None;
        shape.parent = 0;
        shape.by_key = Transitions::None;
        shape.by_metatable = BTreeMap::new();
        self.retired.push(id);
    }
}

impl Heap {
    /// Marking has ended: shapes wait to be swept.
    ///
    /// An object may take a shape by an inline cache, without asking anybody. So caches are emptied first of those that may be dropped for
    /// not being in use. The others that are dropped no object can take: they are a dead table's own, or have a dead metatable.
    pub(crate) fn prepare_shape_sweep(&mut self) {
        if self.shapes.prepare_sweep() {
            let cycle = self.shapes.cycle;
            self.empty_caches(|shape| !shape.is_in_use(cycle));
        }
    }

    /// When shapes have been swept: empties inline caches of ids that are out of use, if there are many, so that those can be used again, and
    /// then looks at some of them. Whether nothing is left to do.
    pub(crate) fn recycle_shape_ids(&mut self, count: usize) -> bool {
        if self.shapes.recycling == 0 {
            if self.shapes.retired.len() < MANY_UNUSED {
                return true;
            }
            self.empty_caches(|shape| shape.sort == Sort::Free);
            self.shapes.found.clear();
            self.shapes.recycling = self.shapes.retired.len();
        }
        let Shapes { all, free, retired, recycling, cycle, .. } = &mut self.shapes;
        let end = recycling.saturating_sub(count * 4);
        for index in (end..std::mem::replace(recycling, end)).rev() {
            let id = retired[index];
            // A trace may still guard for it, or it has been in use when caches were emptied.
            if !all[id as usize].is_in_use(*cycle) {
                retired.swap_remove(index);
                free.push(id);
            }
        }
        end == 0
    }

    /// Empties the inline caches that hold one of these shapes.
    fn empty_caches(&self, is_out: impl Fn(&Shape) -> bool) {
        let is_out = |id: u32| id != 0 && self.shapes.all.get(id as usize).is_some_and(&is_out);
        self.for_each_cache(|op, words| {
            let holds_id = |(kind, word): (&Word, &u32)| matches!(kind, Word::Shape | Word::NewShape) && is_out(*word);
            if op.info().words.iter().zip(&*words).any(holds_id) {
                words[0] = 0;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::KeyOrigin;
    use crate::value::Value;

    #[test]
    fn metatables_made_for_single_objects_do_not_pile_up_shapes() {
        let mut heap = Heap::new();
        let [x, y, index] = [&b"x"[..], b"y", b"__index"].map(|name| heap.intern(name));
        for round in 0..40 {
            for _ in 0..200 {
                let (object, metatable) = (heap.new_table(0, 0), heap.new_table(0, 0));
                heap.set_str(object, x, Value::TRUE);
                heap.set_metatable(object, Some(metatable));
                heap.set_str(metatable, index, metatable.into());
                heap.set_str(object, y, Value::TRUE);
                assert_eq!(heap.get_str(object, x), Value::TRUE);
            }
            heap.full_collect(&mut |marker| [x, y, index].iter().for_each(|&key| marker.mark_object(key)));
            assert!(heap.shapes.len() < 20, "round {round}: {} shapes", heap.shapes.len());
        }
        assert!(heap.shapes.all.len() < 4_000, "{} ids", heap.shapes.all.len());
    }

    #[test]
    fn what_prototypes_get_while_shapes_are_swept_does_not_cost_them_their_keys() {
        let mut heap = Heap::new();
        heap.set_stress(crate::gc::Stress::Slices);
        let root = heap.new_table(0, 0);
        let name = |prototype: usize, number: usize| format!("key {number} of {prototype}").into_bytes();
        let mut counts = [3; 60];
        let add = |heap: &mut Heap, t: Gc<Table>, prototype: usize, number: usize| {
            let key = heap.intern(&name(prototype, number));
            heap.set_str(t, key, Value::number(number as f64));
        };
        for prototype in 0..counts.len() {
            let t = heap.new_table(0, 0);
            heap.set_int(root, prototype as i64 + 1, t.into());
            (0..3).for_each(|number| add(&mut heap, t, prototype, number));
            heap.make_prototype(t);
        }
        let mut collections = 0;
        let mut turn = 0;
        while collections < 40 {
            collections += usize::from(heap.step(&mut |marker| marker.mark_object(root)));
            // Most turns marking goes on, and nothing happens.
            if heap.shapes.is_sweeping() {
                turn += 1;
                // The intern table moves to a larger one meanwhile.
                (0..200).for_each(|number| _ = heap.intern(format!("text {turn} {number}").as_bytes()));
                let prototype = turn * 7 % counts.len();
                let t = heap.get_int(root, prototype as i64 + 1).as_table().unwrap();
                if counts[prototype] < 20 {
                    add(&mut heap, t, prototype, counts[prototype]);
                    counts[prototype] += 1;
                } else {
                    heap.set(t, Value::TRUE, Value::TRUE).unwrap();
                }
            }
        }
        assert!(turn > 300, "{turn}");
        for (prototype, &count) in counts.iter().enumerate() {
            let t = heap.get_int(root, prototype as i64 + 1).as_table().unwrap();
            for number in 0..count {
                let key = heap.intern(&name(prototype, number));
                assert_eq!(heap.get_str(t, key), Value::number(number as f64), "{number} of {prototype}");
            }
        }
    }

    #[test]
    fn a_shape_that_is_used_again_while_shapes_are_swept_stays() {
        let mut heap = Heap::new();
        let kept = heap.new_table(0, 0);
        for i in 0..MANY + 200 {
            let (t, key) = (heap.new_table(0, 0), heap.intern(format!("key {i}").as_bytes()));
            heap.set_str(t, key, Value::FALSE);
        }
        heap.set_stress(crate::gc::Stress::Slices);
        let mut made: Vec<(Gc<Table>, Value)> = Vec::new();
        let mut completed = false;
        while !completed {
            completed = heap.step(&mut |marker| {
                marker.mark_object(kept);
                made.iter().for_each(|&(t, key)| {
                    marker.mark_object(t);
                    marker.mark(key);
                });
            });
            if heap.shapes.is_sweeping() {
                let (t, key) = (heap.new_table(0, 0), heap.intern(format!("key {}", made.len() * 13).as_bytes()));
                heap.set_str(t, key, Value::TRUE);
                made.push((t, key.into()));
            }
        }
        assert!(made.len() > 100, "{}", made.len());
        assert!(heap.shapes.len() < made.len() + 20, "{} shapes", heap.shapes.len());
        for (t, key) in made {
            assert_eq!(heap.get(t, key), Value::TRUE);
            assert_eq!(heap.next(t, Value::NIL), Ok(Some((key, Value::TRUE))));
        }
    }

    #[test]
    fn many_shapes_that_no_table_has_are_dropped_and_the_others_stay() {
        let mut heap = Heap::new();
        let first = heap.intern(b"first");
        let kept = heap.new_table(0, 0);
        heap.set_str(kept, first, Value::TRUE);
        for i in 0..MANY * 5 / 4 {
            let (t, key) = (heap.new_table(0, 0), heap.intern(format!("key {i}").as_bytes()));
            if i % 2 == 0 {
                heap.set_str(t, first, Value::TRUE);
            }
            heap.set_str(t, key, Value::FALSE);
        }
        let last = heap.intern(b"last");
        heap.set_str(kept, last, Value::TRUE);
        let shape = kept.shape();
        let guarded = heap.intern(b"guarded");
        let trace = heap.shapes.with_key(shape, guarded, KeyOrigin::Constant).unwrap();
        heap.full_collect(&mut |marker| {
            marker.mark_object(kept);
            marker.keep_shape(trace);
        });
        assert!(heap.shapes.len() < 10, "{} shapes", heap.shapes.len());
        assert_eq!((kept.shape(), heap.get_str(kept, first)), (shape, Value::TRUE));
        assert_eq!(heap.shapes.count(trace), 3);
        let again = heap.new_table(0, 0);
        heap.set_str(again, first, Value::TRUE);
        heap.set_str(again, last, Value::TRUE);
        assert_eq!(again.shape(), shape);
    }
}
