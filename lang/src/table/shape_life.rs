//! How long shapes live.
//!
//! A shape must live while a table has it, or a compiled trace guards for it ([`Marker::keep_shape`](crate::gc::Marker::keep_shape)). Most
//! live far longer, since the next object of the kind will want it: a shape goes when its metatable is dead, and otherwise only
//! when there have come to be many; then those go that no reached table has, save those on the way to one that is in use. The own shape
//! of a prototype goes with its table.
//!
//! An id that has fallen out of use may still stand in inline caches. Ids are used again only after the caches of all prototypes have been
//! emptied of them, which is worth the walk when there are many.

use super::shape::{DICTIONARY, Shapes, Sort, Transitions, Weak};
use crate::bytecode::Word;
use crate::gc::Heap;
use crate::gc::chunk::{self, MARKS};
use crate::object::{Gc, Str, Table};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Fewer shapes than this are all kept.
const MANY: usize = 4096;
/// So many ids must be unused before caches are emptied of them.
const MANY_UNUSED: usize = 512;

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

    /// After marking: drops the shapes whose metatable is dead, and if there are many, those that are not in use.
    pub(crate) fn drop_dead(&mut self) {
        let is_live = |metatable: Gc<Table>| chunk::is_set(MARKS, metatable.address());
        let is_dead = |address: &usize| *address != 0 && !is_live(Gc::from_address(*address));
        self.roots.retain(|address, _| !is_dead(address));
        self.dictionaries.retain(|address, _| !is_dead(address));
        let reap = self.len() > self.reap_at;
        if reap {
            self.reach_ancestors();
        }
        for id in DICTIONARY + 1..self.all.len() as u32 {
            let shape = self.get(id);
            let droppable = match shape.sort {
                Sort::Own => true,
                Sort::Shared => reap && shape.count > 0,
                Sort::Free | Sort::Twins | Sort::Dictionary => false,
            };
            let idle = droppable && shape.cycle != self.cycle;
            if shape.sort != Sort::Free && (idle || shape.metatable.is_some_and(|metatable| !is_live(metatable))) {
                self.retire(id);
            }
        }
        self.forget_retired(is_dead);
        if reap {
            self.reap_at = (self.len() * 2).max(MANY);
        }
    }

    /// A shape on the way to one that is in use is in use.
    fn reach_ancestors(&mut self) {
        for id in 1..self.all.len() as u32 {
            if self.get(id).cycle == self.cycle {
                let mut at = self.get(id).parent;
                while at != 0 && self.get(at).cycle != self.cycle {
                    self.all[at as usize].cycle = self.cycle;
                    at = self.get(at).parent;
                }
            }
        }
    }

    /// Takes transitions to retired shapes away.
    fn forget_retired(&mut self, is_dead: impl Fn(&usize) -> bool) {
        let retired: Vec<bool> = self.all.iter().map(|shape| shape.sort == Sort::Free).collect();
        for shape in &mut self.all {
            shape.by_metatable.retain(|address, next| !is_dead(address) && !retired[*next as usize]);
            match &mut shape.by_key {
                Transitions::One(_, next) if retired[*next as usize] => shape.by_key = Transitions::None,
                Transitions::Many(map) => map.retain(|_, next| !retired[*next as usize]),
                _ => {}
            }
        }
    }

    /// Takes a shape out of use. Its id is not used again before caches are known not to hold it.
    pub(super) fn retire(&mut self, id: u32) {
        debug_assert!(id > DICTIONARY);
        let shape = &mut self.all[id as usize];
        shape.sort = Sort::Free;
        shape.count = 0;
        shape.keys = Rc::clone(&self.no_keys);
        shape.metatable = None;
        shape.parent = 0;
        shape.by_key = Transitions::None;
        shape.by_metatable = BTreeMap::new();
        self.retired.push(id);
    }

    /// Calls `visit` with every key of every shape in use.
    pub(crate) fn for_each_key(&self, mut visit: impl FnMut(Gc<Str>)) {
        for shape in &self.all {
            let list = &mut *shape.keys.borrow_mut();
            let seen = if list.marked.0 == self.cycle { list.marked.1 } else { 0 };
            let count = shape.count as usize;
            if seen < count {
                list.keys[seen..count].iter().for_each(|&key| visit(key));
                list.marked = (self.cycle, count);
            }
        }
    }
}

impl Heap {
    /// After marking: empties inline caches of ids that are out of use, if there are many, so that those can be used again.
    pub(crate) fn recycle_shape_ids(&mut self) {
        if self.shapes.retired.len() < MANY_UNUSED {
            return;
        }
        let shapes = &self.shapes;
        let unused = |id: u32| id != 0 && shapes.all.get(id as usize).is_some_and(|shape| shape.sort == Sort::Free);
        self.for_each_cache(|op, words| {
            let holds_id = |(kind, word): (&Word, &u32)| matches!(kind, Word::Shape | Word::NewShape) && unused(*word);
            if op.info().words.iter().zip(&*words).any(holds_id) {
                words[0] = 0;
            }
        });
        let Shapes { all, free, retired, found, cycle, .. } = &mut self.shapes;
        found.clear();
        retired.retain(|&id| {
            // A trace may still guard for it.
            let kept = all[id as usize].cycle == *cycle;
            if !kept {
                free.push(id);
            }
            kept
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
