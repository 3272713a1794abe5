//! Shapes (hidden classes): which keys a table has, in which slots their values lie, and its metatable.
//!
//! Tables that got the same keys in the same order under the same metatable share a shape, so an inline cache or a
//! compiled guard learns all of that by comparing one 32-bit id. Adding a key moves a table along a *transition* to the shape
//! with one key more; setting a metatable moves it along a transition too.
//!
//! ```text
//!   {}  --x-->  {x}  --y-->  {x, y}            one key list [x, y] serves all three: a shape sees its first `count` keys
//!                  \--z-->  {x, z}             a second branch copies the prefix: [x, z]
//! ```
//!
//! A *dictionary* shape says nothing but the metatable: such a table has a hash table instead of slots. A table becomes one
//! when shapes would not pay: too many keys, too many different successors of one shape, keys that come and go.
//!
//! **Invariant:** what an id means never changes while it is in use: its keys, their slots and its metatable are fixed. A table that serves as a
//! prototype has an *own* shape, shared with no other table and without transitions, so that each of its states has its own id and
//! stores to it can be told from stores to plain objects.

use super::found::Found;
use super::key_list::KeyList;
use super::shape_life::Sweep;
use crate::object::{Gc, Str, Table};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// The shape of an empty table without a metatable.
pub const EMPTY: u32 = 1;
/// The shape of a dictionary without a metatable.
pub const DICTIONARY: u32 = 2;

/// A shape may have this many keys if they are added by stores with a constant key.
pub const MAX_CONSTANT_KEYS: u32 = 1024;
/// And this many if by stores with a computed one.
pub const MAX_COMPUTED_KEYS: u32 = 64;
/// A shape has at most this many successors by computed keys; the empty shapes more, since every kind of object starts there.
const MAX_BRANCHES: usize = 32;
const MAX_EMPTY_BRANCHES: usize = 512;
const MAX_CONSTANT_BRANCHES: usize = 4096;
/// Beyond so many metatables, the way from a shape to the one under another metatable is not remembered: each may be a single object's.
const MAX_METATABLES: usize = 1024;

/// How a key came to a store: it decides how far shapes go before a table becomes a dictionary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyOrigin {
    /// It stands in the source.
    Constant,
    /// It was computed.
    Computed,
}

/// Successors of a shape by added key.
#[derive(Default)]
pub(super) enum Transitions {
    #[default]
    None,
    One(Gc<Str>, u32),
    /// By the key's address.
    Many(BTreeMap<usize, u32>),
}

impl Transitions {
    fn get(&self, key: Gc<Str>) -> Option<u32> {
        match self {
            Transitions::None => None,
            Transitions::One(k, shape) => (*k == key).then_some(*shape),
            Transitions::Many(map) => map.get(&key.address()).copied(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Transitions::None => 0,
            Transitions::One(..) => 1,
            Transitions::Many(map) => map.len(),
        }
    }

    fn insert(&mut self, key: Gc<Str>, shape: u32) {
        match self {
            Transitions::None => *self = Transitions::One(key, shape),
            Transitions::One(k, s) => {
                *self = Transitions::Many(BTreeMap::from([(k.address(), *s), (key.address(), shape)]))
            }
            Transitions::Many(map) => _ = map.insert(key.address(), shape),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The id is not in use.
    Free,
    /// Of any number of tables.
    Shared,
    /// Of one prototype table.
    Own,
    /// Of all twins; see [`super::twins`]. It is never dropped, and otherwise like an own one.
    Twins,
    /// Of dictionaries.
    Dictionary,
}

pub(super) struct Shape {
    pub sort: Sort,
    /// `__mode` of the metatable, as of the current collection.
    pub weak: Weak,
    /// Number of keys, a prefix of the list.
    pub count: u32,
    pub metatable: Option<Gc<Table>>,
    pub keys: Rc<RefCell<KeyList>>,
    pub by_key: Transitions,
    /// By the metatable's address, 0 for none.
    pub by_metatable: BTreeMap<usize, u32>,
    /// The shape that this one adds a key to; 0 if there is none.
    pub parent: u32,
    /// The collection in which it was last reached.
    pub cycle: u32,
    /// The collection after whose marking a table last took it.
    pub used: u32,
}

/// Which references of a table do not keep their objects alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weak {
    /// The keys.
    pub keys: bool,
    /// The values.
    pub values: bool,
}

/// The shapes of a heap.
pub struct Shapes {
    pub(super) all: Vec<Shape>,
    /// Ids that can be used.
    pub(super) free: Vec<u32>,
    /// Ids that are out of use, but may stand in caches.
    pub(super) retired: Vec<u32>,
    /// The empty shape and the dictionary shape of each metatable, by its address.
    pub(super) roots: HashMap<usize, u32>,
    pub(super) dictionaries: HashMap<usize, u32>,
    pub(super) no_keys: Rc<RefCell<KeyList>>,
    /// What was looked up last.
    pub(super) found: Found,
    pub(super) cycle: u32,
    /// More shapes than this are too many to keep them all.
    pub(super) reap_at: usize,
    /// What is left to do with the shapes after marking.
    pub(super) sweep: Sweep,
    /// Of the retired ids, those below this index wait to be looked at.
    pub(super) recycling: usize,
}

fn address(metatable: Option<Gc<Table>>) -> usize {
    metatable.map_or(0, Gc::address)
}

impl Shapes {
    /// The two shapes that always exist.
    pub fn new() -> Shapes {
        let mut shapes = Shapes {
            all: Vec::new(),
            free: Vec::new(),
            retired: Vec::new(),
            roots: HashMap::from([(0, EMPTY)]),
            dictionaries: HashMap::from([(0, DICTIONARY)]),
            no_keys: Rc::default(),
            found: Found::default(),
            cycle: 0,
            reap_at: 4096,
            sweep: Sweep::default(),
            recycling: 0,
        };
        for sort in [Sort::Free, Sort::Shared, Sort::Dictionary] {
            shapes.add(sort, None);
        }
        shapes
    }

    /// A new shape without keys.
    fn add(&mut self, sort: Sort, metatable: Option<Gc<Table>>) -> u32 {
        let shape = Shape {
            sort,
            weak: Weak::default(),
            count: 0,
            metatable,
            keys: Rc::clone(&self.no_keys),
            by_key: Transitions::None,
            by_metatable: BTreeMap::new(),
            parent: 0,
            cycle: 0,
            // While the others are swept, a new one is in use.
            used: if self.is_sweeping() { self.cycle } else { 0 },
        };
        match self.free.pop() {
            Some(id) => {
                self.all[id as usize] = shape;
                id
            }
            None => {
                self.all.push(shape);
                self.all.len() as u32 - 1
            }
        }
    }

    /// A new shape with the first `count` keys of a list.
    fn add_with_keys(
        &mut self,
        sort: Sort,
        keys: Rc<RefCell<KeyList>>,
        count: u32,
        metatable: Option<Gc<Table>>,
    ) -> u32 {
        let id = self.add(sort, metatable);
        self.all[id as usize].keys = keys;
        self.all[id as usize].count = count;
        id
    }

    #[inline(always)]
    pub(super) fn get(&self, id: u32) -> &Shape {
        &self.all[id as usize]
    }

    /// Whether tables of this shape are dictionaries.
    #[inline(always)]
    pub fn is_dictionary(&self, id: u32) -> bool {
        self.get(id).sort == Sort::Dictionary
    }

    /// Whether it is the own shape of a prototype table.
    pub fn is_own(&self, id: u32) -> bool {
        matches!(self.get(id).sort, Sort::Own | Sort::Twins)
    }

    /// The metatable of tables of this shape.
    #[inline(always)]
    pub fn metatable(&self, id: u32) -> Option<Gc<Table>> {
        self.get(id).metatable
    }

    /// The number of keys, and so of slots in use.
    #[inline(always)]
    pub fn count(&self, id: u32) -> u32 {
        self.get(id).count
    }

    /// The key whose value is in this slot.
    pub fn key(&self, id: u32, slot: u32) -> Gc<Str> {
        self.get(id).keys.borrow().keys[slot as usize]
    }

    /// The slot of a key.
    #[inline]
    pub fn lookup(&self, id: u32, key: Gc<Str>) -> Option<u32> {
        self.found.get(id, key).or_else(|| self.search(id, key))
    }

    #[inline(never)]
    fn search(&self, id: u32, key: Gc<Str>) -> Option<u32> {
        let shape = self.get(id);
        let slot = shape.keys.borrow().find(key, shape.count as usize)?;
        self.found.put(id, key, slot);
        Some(slot)
    }

    /// The number of shapes in use.
    pub fn len(&self) -> usize {
        self.all.len() - self.free.len() - self.retired.len() - 1
    }

    /// Whether there are no shapes; there always are.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The shape with one key more, in slot `count`. `None` when the table should become a dictionary.
    pub fn with_key(&mut self, id: u32, key: Gc<Str>, origin: KeyOrigin) -> Option<u32> {
        let shape = self.get(id);
        debug_assert!(shape.sort != Sort::Dictionary && shape.sort != Sort::Free);
        if let Some(next) = shape.by_key.get(key)
            && self.is_used_again(next)
        {
            return Some(next);
        }
        let shape = self.get(id);
        let (sort, count, metatable) = (shape.sort, shape.count, shape.metatable);
        let (max_keys, max_branches) = match origin {
            KeyOrigin::Constant => (MAX_CONSTANT_KEYS, MAX_CONSTANT_BRANCHES),
            KeyOrigin::Computed if count == 0 => (MAX_COMPUTED_KEYS, MAX_EMPTY_BRANCHES),
            KeyOrigin::Computed => (MAX_COMPUTED_KEYS, MAX_BRANCHES),
        };
        if count >= max_keys || shape.by_key.len() >= max_branches {
            return None;
        }
        let keys = self.list_with(id, key);
        let next_sort = if sort == Sort::Twins { Sort::Own } else { sort };
        let next = self.add_with_keys(next_sort, keys, count + 1, metatable);
        if sort == Sort::Shared {
            self.all[id as usize].by_key.insert(key, next);
            self.all[next as usize].parent = id;
        } else {
            self.left(id);
        }
        Some(next)
    }

    /// A list of the shape's keys and one more: its own list if no other shape has extended it.
    fn list_with(&self, id: u32, key: Gc<Str>) -> Rc<RefCell<KeyList>> {
        let shape = self.get(id);
        let count = shape.count as usize;
        if shape.keys.borrow().keys.len() == count && shape.count > 0 {
            shape.keys.borrow_mut().push(key);
            return Rc::clone(&shape.keys);
        }
        let mut list = KeyList::of(&shape.keys.borrow().keys[..count]);
        list.push(key);
        Rc::new(RefCell::new(list))
    }

    /// A table has left this shape and become a dictionary.
    pub(super) fn left(&mut self, id: u32) {
        if self.get(id).sort == Sort::Own {
            if self.is_sweeping() {
                // The table goes on with them.
                self.mark_keys(id);
            }
            self.retire(id);
        }
    }

    /// The empty shape under a metatable.
    pub fn root(&mut self, metatable: Option<Gc<Table>>) -> u32 {
        if let Some(&id) = self.roots.get(&address(metatable))
            && self.is_used_again(id)
        {
            return id;
        }
        let id = self.add(Sort::Shared, metatable);
        self.roots.insert(address(metatable), id);
        id
    }

    /// The dictionary shape under a metatable.
    pub fn dictionary(&mut self, metatable: Option<Gc<Table>>) -> u32 {
        if let Some(&id) = self.dictionaries.get(&address(metatable))
            && self.is_used_again(id)
        {
            return id;
        }
        let id = self.add(Sort::Dictionary, metatable);
        self.dictionaries.insert(address(metatable), id);
        id
    }

    /// The shape with the same keys under another metatable.
    pub fn with_metatable(&mut self, id: u32, metatable: Option<Gc<Table>>) -> u32 {
        let shape = self.get(id);
        match shape.sort {
            Sort::Dictionary => return self.dictionary(metatable),
            Sort::Own | Sort::Twins => {
                let (keys, count) = (Rc::clone(&shape.keys), shape.count);
                self.left(id);
                return self.add_with_keys(Sort::Own, keys, count, metatable);
            }
            Sort::Shared | Sort::Free => {}
        }
        if let Some(&next) = shape.by_metatable.get(&address(metatable))
            && self.is_used_again(next)
        {
            return next;
        }
        let shape = self.get(id);
        // From the metatable's empty shape along the same keys, so that it does not matter which came first.
        let keys: Vec<_> = shape.keys.borrow().keys[..shape.count as usize].to_vec();
        let mut next = self.root(metatable);
        for key in keys {
            next = self.with_key(next, key, KeyOrigin::Constant).unwrap_or_else(|| self.dictionary(metatable));
            if self.is_dictionary(next) {
                return next;
            }
        }
        let by_metatable = &mut self.all[id as usize].by_metatable;
        if by_metatable.len() < MAX_METATABLES {
            by_metatable.insert(address(metatable), next);
        }
        next
    }

    /// An own shape with the keys and the metatable of this one; itself if it is a dictionary's or an own one.
    pub fn own(&mut self, id: u32) -> u32 {
        let shape = self.get(id);
        if shape.sort != Sort::Shared {
            return id;
        }
        self.own_copy(id)
    }

    /// An own shape for a table that has been a twin.
    pub(super) fn own_of_twin(&mut self, id: u32) -> u32 {
        debug_assert!(self.get(id).sort == Sort::Twins);
        self.own_copy(id)
    }

    fn own_copy(&mut self, id: u32) -> u32 {
        let shape = self.get(id);
        let list = KeyList::of(&shape.keys.borrow().keys[..shape.count as usize]);
        let (count, metatable) = (shape.count, shape.metatable);
        self.add_with_keys(Sort::Own, Rc::new(RefCell::new(list)), count, metatable)
    }

    /// The shape of all twins, with these keys.
    pub(super) fn for_twins(&mut self, keys: &[Gc<Str>]) -> u32 {
        let list = Rc::new(RefCell::new(KeyList::of(keys)));
        self.add_with_keys(Sort::Twins, list, keys.len() as u32, None)
    }
}

impl Default for Shapes {
    fn default() -> Shapes {
        Shapes::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc::Heap;

    fn keys(heap: &mut Heap, names: &[&str]) -> Vec<Gc<Str>> {
        names.iter().map(|name| heap.intern(name.as_bytes())).collect()
    }

    fn extend(shapes: &mut Shapes, from: u32, keys: &[Gc<Str>]) -> u32 {
        keys.iter().fold(from, |shape, &key| shapes.with_key(shape, key, KeyOrigin::Constant).unwrap())
    }

    #[test]
    fn the_same_keys_in_the_same_order_are_one_shape() {
        let mut heap = Heap::new();
        let [x, y, z] = keys(&mut heap, &["x", "y", "z"])[..] else { unreachable!() };
        let mut shapes = Shapes::new();
        let xy = extend(&mut shapes, EMPTY, &[x, y]);
        assert_eq!(xy, extend(&mut shapes, EMPTY, &[x, y]));
        assert_ne!(xy, extend(&mut shapes, EMPTY, &[y, x]));
        let xz = extend(&mut shapes, EMPTY, &[x, z]);
        assert_eq!((shapes.lookup(xy, x), shapes.lookup(xy, y), shapes.lookup(xy, z)), (Some(0), Some(1), None));
        assert_eq!((shapes.lookup(xz, x), shapes.lookup(xz, y), shapes.lookup(xz, z)), (Some(0), None, Some(1)));
    }

    #[test]
    fn a_shape_does_not_see_the_keys_of_its_extensions() {
        let mut heap = Heap::new();
        let names: Vec<String> = (0..100).map(|i| format!("key{i}")).collect();
        let names: Vec<&str> = names.iter().map(|s| &**s).collect();
        let keys = keys(&mut heap, &names);
        let mut shapes = Shapes::new();
        let half = extend(&mut shapes, EMPTY, &keys[..50]);
        let whole = extend(&mut shapes, half, &keys[50..]);
        for (slot, &key) in keys.iter().enumerate() {
            assert_eq!(shapes.lookup(whole, key), Some(slot as u32));
            assert_eq!(shapes.lookup(half, key), (slot < 50).then_some(slot as u32));
        }
    }

    #[test]
    fn it_does_not_matter_whether_keys_or_metatable_came_first() {
        let mut heap = Heap::new();
        let keys = keys(&mut heap, &["x", "y"]);
        let metatable = heap.new_table(0, 0);
        let mut shapes = Shapes::new();
        let root = shapes.root(Some(metatable));
        let first = extend(&mut shapes, root, &keys);
        let plain = extend(&mut shapes, EMPTY, &keys);
        assert_eq!(first, shapes.with_metatable(plain, Some(metatable)));
        assert_eq!(plain, shapes.with_metatable(first, None));
    }

    #[test]
    fn an_own_shape_changes_its_id_with_each_key() {
        let mut heap = Heap::new();
        let keys = keys(&mut heap, &["x", "y", "z"]);
        let mut shapes = Shapes::new();
        let shared = extend(&mut shapes, EMPTY, &keys[..1]);
        let own = shapes.own(shared);
        let more = shapes.with_key(own, keys[1], KeyOrigin::Constant).unwrap();
        assert!(shapes.is_own(more) && own != shared && more != own);
        assert_eq!(shapes.lookup(more, keys[1]), Some(1));
        assert_eq!(shapes.lookup(shared, keys[1]), None);
    }

    #[test]
    fn too_many_computed_keys_make_a_dictionary() {
        let mut heap = Heap::new();
        let mut shapes = Shapes::new();
        let mut shape = EMPTY;
        let mut count = 0;
        while let Some(next) = shapes.with_key(shape, heap.intern(format!("k{count}").as_bytes()), KeyOrigin::Computed)
        {
            (shape, count) = (next, count + 1);
        }
        assert_eq!(count, MAX_COMPUTED_KEYS);
    }
}
