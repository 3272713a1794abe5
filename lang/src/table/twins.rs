//! Metatables that are made for a single object: `setmetatable(object, {__index = Class})`.
//!
//! The metatable is part of the shape, so an object with a metatable of its own would have a shape of its own: no inline cache would ever
//! hit, and no guard of a trace hold twice. But what such metatables say is the same for all objects of a class. So once
//! there are several of them with the same `__index` and nothing else, they become *twins*, the first ones too, and a *model* stands for them
//! all:
//!
//! ```text
//!   object ──shape──> keys x, y, (metatable) under the model {__index = Class}, which no script ever sees
//!     │
//!     └──slot (metatable)──> {__index = Class, (owner)}: the metatable that the script gave it, a twin of the model
//!                                                 └──> the object
//! ```
//!
//! The model says what operations on the object find; which table `getmetatable` gives, [`Heap::own_metatable`] knows. As soon as a twin is
//! written to, or given to another object, it is *parted* from the model: its owner takes a shape under the twin itself,
//! as any object with a metatable has, before anything can be observed. An object that is given another metatable only leaves its twin, which is
//! then one without an owner: a constructor may call that of another class first, for each of its objects.
//!
//! The two keys in brackets are strings that no script can have. Traversals pass over them.
//!
//! **Invariant:** what has a shape under a model has an unchanged twin in its `(metatable)` slot, whose `(owner)` it is. Neither is a dictionary.

use super::shape::KeyOrigin;
use crate::gc::Heap;
use crate::gc::chunk::{self, MARKS};
use crate::metamethod::Metamethod;
use crate::object::{Gc, Str, Table, table_flags};
use crate::value::Value;
use std::collections::HashMap;

/// So many metatables with the same `__index` are seen before there are twins.
const MANY: u32 = 4;

/// What is known of the metatables with one `__index`.
#[derive(Default)]
struct Class {
    seen: u32,
    model: Option<Gc<Table>>,
    /// Until there is a model: the objects, each with its metatable.
    lone: Vec<[Gc<Table>; 2]>,
}

/// The models of a heap.
pub struct Twins {
    /// By the address of the `__index` table.
    classes: HashMap<usize, Class>,
    /// The key of an object's own metatable.
    metatable: Gc<Str>,
    /// The key of a twin's object.
    owner: Gc<Str>,
    /// The shape of all twins; 0 before there are any.
    shape: u32,
}

impl Twins {
    /// No models yet; the two keys must be strings that are not interned.
    pub(crate) fn new(metatable: Gc<Str>, owner: Gc<Str>) -> Twins {
        Twins { classes: HashMap::new(), metatable, owner, shape: 0 }
    }

    /// The keys, which are always in use.
    pub(crate) fn keys(&self) -> [Gc<Str>; 2] {
        [self.metatable, self.owner]
    }

    /// Whether this is a key that traversals pass over.
    #[inline(always)]
    pub(super) fn is_hidden(&self, key: Gc<Str>) -> bool {
        key == self.metatable || key == self.owner
    }

    /// After marking: forgets what is dead.
    pub(crate) fn drop_dead(&mut self) {
        let is_alive = |t: &Gc<Table>| chunk::is_set(MARKS, t.address());
        self.classes.retain(|&index, class| {
            class.model = class.model.filter(is_alive);
            class.lone.retain(|pair| pair.iter().all(is_alive));
            chunk::is_set(MARKS, index)
        });
    }
}

fn has(t: Gc<Table>, flag: u16) -> bool {
    t.header.aux.get() & flag != 0
}

impl Heap {
    /// The metatable of a table, as a script sees it: never a model, which is only as good.
    pub fn own_metatable(&self, t: Gc<Table>) -> Option<Gc<Table>> {
        let metatable = self.metatable(t)?;
        if has(metatable, table_flags::MODEL) { self.twin_of(t) } else { Some(metatable) }
    }

    /// For tables of a shape under a model, the slot of their own metatable.
    pub fn own_metatable_slot(&self, shape: u32) -> Option<u32> {
        let model = self.shapes.metatable(shape)?;
        has(model, table_flags::MODEL).then(|| self.shapes.lookup(shape, self.twins.metatable)).flatten()
    }

    fn twin_of(&self, t: Gc<Table>) -> Option<Gc<Table>> {
        self.get_str(t, self.twins.metatable).as_table()
    }

    /// Makes `metatable` a twin and gives it to `t`, if it is the kind of metatable that is made for a single object.
    pub(super) fn set_twin(&mut self, t: Gc<Table>, metatable: Gc<Table>) -> bool {
        if has(metatable, table_flags::PROTOTYPE) || !self.is_plain(t) {
            return false;
        }
        let Some(index) = self.only_index(metatable) else { return false };
        let class = self.twins.classes.entry(index.address()).or_default();
        class.seen = class.seen.saturating_add(1);
        if class.seen < MANY {
            class.lone.push([t, metatable]);
            metatable.header.aux.set(metatable.header.aux.get() | table_flags::LONE);
            return false;
        }
        let lone = std::mem::take(&mut class.lone);
        let model = match class.model {
            Some(model) => model,
            None => self.new_model(index),
        };
        for [first, metatable] in lone {
            let still = has(metatable, table_flags::LONE)
                && self.metatable(first) == Some(metatable)
                && self.only_index(metatable) == Some(index)
                && self.is_plain(first);
            metatable.header.aux.set(metatable.header.aux.get() & !table_flags::LONE);
            if still {
                self.make_twin(first, metatable, model);
            }
        }
        self.make_twin(t, metatable, model)
    }

    /// Whether a table is like the objects of a class.
    fn is_plain(&self, t: Gc<Table>) -> bool {
        !self.shapes.is_own(t.shape()) && !self.shapes.is_dictionary(t.shape()) && !has(t, table_flags::PROTOTYPE)
    }

    /// Lets the model stand for the metatable of a plain object; false if the object cannot have another key.
    fn make_twin(&mut self, t: Gc<Table>, metatable: Gc<Table>, model: Gc<Table>) -> bool {
        let Some((shape, slot)) = self.shape_of_owner(t.shape(), model) else { return false };
        if slot >= t.slot_capacity() {
            self.grow_slots(t, slot + 1);
        }
        t.header.size.set(shape);
        t.put_slot_value(slot, metatable.into());
        self.barrier_always(t.header());
        if metatable.slot_capacity() < 2 {
            self.grow_slots(metatable, 2);
        }
        metatable.header.aux.set(metatable.header.aux.get() | table_flags::PROTOTYPE | table_flags::TWIN);
        metatable.header.size.set(self.twin_shape());
        metatable.put_slot_value(1, t.into());
        self.barrier_always(metatable.header());
        true
    }

    /// The table that is a metatable's `__index`, if that is all there is in it.
    fn only_index(&self, metatable: Gc<Table>) -> Option<Gc<Table>> {
        let (shape, key) = (metatable.shape(), self.metamethod_names[Metamethod::Index as usize]);
        let only = metatable.array_size.get() <= 1
            && !self.shapes.is_dictionary(shape)
            && self.shapes.count(shape) == 1
            && self.shapes.metatable(shape).is_none()
            && self.shapes.key(shape, 0) == key;
        if only { metatable.slot_value(0).as_table() } else { None }
    }

    fn new_model(&mut self, index: Gc<Table>) -> Gc<Table> {
        let model = self.new_table(0, 1);
        self.set_str(model, self.metamethod_names[Metamethod::Index as usize], index.into());
        self.make_prototype(model);
        model.header.aux.set(model.header.aux.get() | table_flags::MODEL);
        self.twins.classes.entry(index.address()).or_default().model = Some(model);
        model
    }

    /// The shape under the model of a table that now has this one, and the slot of its own metatable.
    fn shape_of_owner(&mut self, shape: u32, model: Gc<Table>) -> Option<(u32, u32)> {
        let under = self.shapes.with_metatable(shape, Some(model));
        if self.shapes.is_dictionary(under) {
            return None;
        }
        if let Some(slot) = self.shapes.lookup(under, self.twins.metatable) {
            return Some((under, slot));
        }
        let slot = self.shapes.count(under);
        Some((self.shapes.with_key(under, self.twins.metatable, KeyOrigin::Constant)?, slot))
    }

    fn twin_shape(&mut self) -> u32 {
        if self.twins.shape == 0 {
            let index = self.metamethod_names[Metamethod::Index as usize];
            self.twins.shape = self.shapes.for_twins(&[index, self.twins.owner]);
        }
        self.twins.shape
    }

    /// Before a table, which may be a twin, is given another metatable: if it has a twin, that loses its owner. The shape is the caller's
    /// to change.
    pub(super) fn release(&mut self, t: Gc<Table>) {
        if has(t, table_flags::TWIN) {
            self.part(t);
        }
        if self.metatable(t).is_some_and(|metatable| has(metatable, table_flags::MODEL))
            && let Some(twin) = self.take_hidden(t, self.twins.metatable)
        {
            self.take_hidden(twin, self.twins.owner);
        }
    }

    /// Before the keys of a table are moved: it is no twin afterwards, nor has it one.
    pub(super) fn settle(&mut self, t: Gc<Table>) {
        if has(t, table_flags::TWIN) {
            self.part(t);
        }
        if self.metatable(t).is_some_and(|metatable| has(metatable, table_flags::MODEL))
            && let Some(twin) = self.twin_of(t)
        {
            self.part(twin);
        }
    }

    /// Parts a twin from its model: from now on its owner's shape is under the twin itself.
    #[cold]
    pub(super) fn part(&mut self, twin: Gc<Table>) {
        twin.header.aux.set(twin.header.aux.get() & !table_flags::TWIN);
        if twin.shape() == self.twins.shape {
            twin.header.size.set(self.shapes.own_of_twin(twin.shape()));
        }
        let owner = self.take_hidden(twin, self.twins.owner);
        if let Some(t) = owner
            && self.own_metatable(t) == Some(twin)
        {
            self.take_hidden(t, self.twins.metatable);
            let shape = self.shapes.with_metatable(t.shape(), Some(twin));
            if self.shapes.is_dictionary(shape) {
                self.make_dictionary(t, 1);
            }
            t.header.size.set(shape);
            self.keys_moved(t);
            self.barrier_always(t.header());
        }
        self.advance_epoch();
        self.barrier_always(twin.header());
    }

    /// Removes the value of a hidden key.
    fn take_hidden(&mut self, t: Gc<Table>, key: Gc<Str>) -> Option<Gc<Table>> {
        let slot = self.shapes.lookup(t.shape(), key)?;
        let value = t.slot_value(slot).as_table();
        t.put_slot_value(slot, Value::NIL);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        heap: Heap,
        class: Gc<Table>,
        kept: Vec<Gc<Table>>,
    }

    impl World {
        fn new() -> World {
            let mut heap = Heap::new();
            let class = heap.new_table(0, 0);
            World { heap, class, kept: vec![class] }
        }

        fn key(&mut self, name: &str) -> Gc<Str> {
            self.heap.intern(name.as_bytes())
        }

        fn object(&mut self) -> (Gc<Table>, Gc<Table>) {
            let (x, index) = (self.key("x"), self.key("__index"));
            let (object, metatable) = (self.heap.new_table(0, 1), self.heap.new_table(0, 1));
            self.heap.set_str(object, x, Value::TRUE);
            self.heap.set_str(metatable, index, self.class.into());
            self.heap.set_metatable(object, Some(metatable));
            self.kept.push(object);
            (object, metatable)
        }

        fn keys_of(&self, t: Gc<Table>) -> Vec<Value> {
            let mut keys = Vec::new();
            let mut position = 0;
            while let Some((key, _, after)) = self.heap.next_at(t, position) {
                keys.push(key);
                position = after;
            }
            keys
        }
    }

    #[test]
    fn objects_with_equal_metatables_share_a_shape_and_keep_their_own_metatables() {
        let mut world = World::new();
        let objects: Vec<_> = (0..10).map(|_| world.object()).collect();
        assert_eq!(objects[8].0.shape(), objects[9].0.shape());
        assert_eq!(objects[0].0.shape(), objects[9].0.shape());
        let (x, index) = (world.key("x"), world.key("__index"));
        for (object, metatable) in objects {
            assert_eq!(world.heap.own_metatable(object), Some(metatable));
            assert_eq!(world.keys_of(object), [x.into()]);
            assert_eq!(world.keys_of(metatable), [index.into()]);
        }
    }

    #[test]
    fn the_first_metatables_become_twins_unless_they_have_changed() {
        let mut world = World::new();
        let objects: Vec<_> = (1..MANY).map(|_| world.object()).collect();
        let other = world.heap.new_table(0, 0);
        world.heap.set_metatable(other, Some(objects[1].1));
        let call = world.key("__call");
        world.heap.set_str(objects[2].1, call, Value::TRUE);
        let (last, _) = world.object();
        assert_eq!(objects[0].0.shape(), last.shape());
        for (object, metatable) in &objects[1..] {
            assert_eq!((world.heap.metatable(*object), has(*metatable, table_flags::TWIN)), (Some(*metatable), false));
        }
        assert_eq!(world.heap.metatable(other), Some(objects[1].1));
        assert_eq!(world.heap.own_metatable(objects[0].0), Some(objects[0].1));
    }

    #[test]
    fn a_twin_that_is_written_to_serves_its_object_alone() {
        let mut world = World::new();
        let objects: Vec<_> = (0..8).map(|_| world.object()).collect();
        let ((object, metatable), (other, _)) = (objects[6], objects[7]);
        let (add, x) = (world.key("__add"), world.key("x"));
        let epoch = world.heap.epoch.get();
        world.heap.set_str(metatable, add, Value::TRUE);
        assert_ne!(world.heap.epoch.get(), epoch);
        assert_ne!(object.shape(), other.shape());
        assert_eq!(world.heap.metatable(object), Some(metatable));
        assert_eq!(world.heap.get_str(world.heap.metatable(object).unwrap(), add), Value::TRUE);
        assert!(world.heap.get_str(world.heap.metatable(other).unwrap(), add).is_nil());
        assert_eq!(world.keys_of(object), [x.into()]);
        assert_eq!(world.keys_of(metatable).len(), 2);
    }

    #[test]
    fn a_twin_may_serve_another_object_and_an_object_take_another_metatable() {
        let mut world = World::new();
        let objects: Vec<_> = (0..8).map(|_| world.object()).collect();
        let ((first, metatable), (second, _)) = (objects[6], objects[7]);
        world.heap.set_metatable(second, Some(metatable));
        assert_eq!(world.heap.metatable(first), Some(metatable));
        assert_eq!(world.heap.own_metatable(second), Some(metatable));
        world.heap.set_metatable(first, None);
        assert_eq!((world.heap.metatable(first), world.heap.own_metatable(second)), (None, Some(metatable)));
        let (again, _) = world.object();
        let x = world.key("x");
        assert_eq!(world.heap.get_str(again, x), Value::TRUE);
    }

    #[test]
    fn an_object_that_takes_another_metatable_leaves_the_epoch_as_it_is() {
        let mut world = World::new();
        let objects: Vec<_> = (0..8).map(|_| world.object()).collect();
        let (x, index) = (world.key("x"), world.key("__index"));
        let other = world.heap.new_table(0, 1);
        world.heap.set_str(other, index, world.class.into());
        world.heap.make_prototype(other);
        let epoch = world.heap.epoch.get();
        for &(object, metatable) in &objects {
            world.heap.set_metatable(object, Some(other));
            assert_eq!(world.heap.own_metatable(object), Some(other));
            assert_eq!((world.keys_of(object), world.keys_of(metatable)), (vec![x.into()], vec![index.into()]));
        }
        assert_eq!(objects[0].0.shape(), objects[7].0.shape());
        assert_eq!(world.heap.epoch.get(), epoch);
        // The twin that is left can be changed, and serve again.
        let (object, metatable) = objects[3];
        world.heap.set_str(metatable, x, Value::TRUE);
        world.heap.set_metatable(object, Some(metatable));
        assert_eq!((world.heap.metatable(object), world.keys_of(metatable).len()), (Some(metatable), 2));
    }

    #[test]
    fn a_table_that_becomes_a_dictionary_or_is_cleared_keeps_its_metatable() {
        let mut world = World::new();
        let objects: Vec<_> = (0..8).map(|_| world.object()).collect();
        let ((first, one), (second, two)) = (objects[6], objects[7]);
        world.heap.set(first, Value::FALSE, Value::TRUE).unwrap();
        world.heap.clear(second);
        assert_eq!(world.heap.own_metatable(first), Some(one));
        assert_eq!(world.heap.own_metatable(second), Some(two));
        assert_eq!((world.keys_of(first).len(), world.keys_of(second).len()), (2, 0));
    }

    #[test]
    fn twins_survive_collections_and_models_go_with_their_objects() {
        let mut world = World::new();
        for _ in 0..3 {
            let objects: Vec<_> = (0..50).map(|_| world.object()).collect();
            let kept = world.kept.clone();
            world.heap.full_collect(&mut |marker| kept.iter().for_each(|&t| marker.mark_object(t)));
            for &(object, metatable) in &objects {
                assert_eq!(world.heap.own_metatable(object), Some(metatable));
            }
            world.kept.truncate(1);
            let kept = world.kept.clone();
            world.heap.full_collect(&mut |marker| kept.iter().for_each(|&t| marker.mark_object(t)));
            assert!(world.heap.twins.classes.values().all(|class| class.model.is_none()));
        }
    }
}
