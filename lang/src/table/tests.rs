//! Tables compared with a model, under random operations.

use super::*;
use crate::gc::Heap;
use crate::metamethod::Metamethod;
use crate::object::{Table, table_flags};
use std::collections::HashMap;

/// A small generator of random numbers (xorshift), so that a failing seed can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }
}

fn number(n: f64) -> Value {
    Value::number(n)
}

struct Model {
    heap: Heap,
    table: Gc<Table>,
    entries: HashMap<Value, Value>,
    objects: Vec<Value>,
}

impl Model {
    fn new() -> Model {
        let mut heap = Heap::with_seed(7);
        let table = heap.new_table(0, 0);
        let objects = (0..8).map(|_| heap.new_table(0, 0).into()).collect();
        Model { heap, table, entries: HashMap::new(), objects }
    }

    fn set(&mut self, key: Value, value: Value) {
        self.heap.set(self.table, key, value).unwrap();
        let key = if key == number(-0.0) { number(0.0) } else { key };
        if value.is_nil() {
            self.entries.remove(&key);
        } else {
            self.entries.insert(key, value);
        }
    }

    fn key(&mut self, random: &mut Random, span: u64) -> Value {
        match random.below(12) {
            0..6 => number(random.below(span) as f64),
            6 => number(-(random.below(4) as f64)),
            7 => number(random.below(span) as f64 + 0.5),
            8 => number(1e15 + random.below(3) as f64),
            9 => self.objects[random.below(8) as usize],
            10 => Value::boolean(random.below(2) == 0),
            _ => self.heap.intern(format!("key{}", random.below(span)).as_bytes()).into(),
        }
    }

    fn check(&self) {
        for (&key, &value) in &self.entries {
            assert_eq!(self.heap.get(self.table, key), value, "key {key:?}");
        }
        let length = self.heap.len(self.table);
        let at = |i: usize| self.entries.get(&number(i as f64)).copied().unwrap_or(Value::NIL);
        assert!((length == 0 || !at(length).is_nil()) && at(length + 1).is_nil(), "length {length}");
        let mut seen = HashMap::new();
        let mut key = Value::NIL;
        let mut position = 0;
        while let Some((k, v)) = self.heap.next(self.table, key).expect("a key that next gave") {
            let (k2, v2, after) = self.heap.next_at(self.table, position).unwrap();
            assert_eq!((k, v), (k2, v2));
            position = after;
            assert!(seen.insert(k, v).is_none(), "{k:?} was visited twice");
            key = k;
        }
        assert_eq!(seen, self.entries);
    }
}

#[test]
fn random_stores_agree_with_a_model() {
    for seed in 1..200 {
        let mut random = Random(seed * 0x9E37_79B9);
        let mut model = Model::new();
        let span = [4, 20, 200][seed as usize % 3];
        for step in 0..400 {
            let key = model.key(&mut random, span);
            let value = if random.below(3) == 0 { Value::NIL } else { number(step as f64) };
            model.set(key, value);
            if step % 16 == 0 {
                model.check();
            }
        }
        model.check();
    }
}

/// As a walk over a graph marks its nodes: a run of indexes, then one further on, then one between.
#[test]
fn runs_of_indexes_are_kept_in_whatever_order_they_come() {
    for seed in 1..400 {
        let mut random = Random(seed * 0x2545_F491);
        let mut runs = Vec::new();
        let mut next = random.below(3);
        while next < 70 {
            let end = next + 1 + random.below(18);
            runs.push(next..end);
            next = end + random.below(2) * random.below(4);
        }
        let mut model = Model::new();
        while !runs.is_empty() {
            let run = runs.swap_remove(random.below(runs.len() as u64) as usize);
            for index in run {
                model.set(number(index as f64), number(1.0));
            }
            model.check();
        }
    }
}

#[test]
fn clearing_while_traversing_visits_everything_once() {
    for seed in 1..100 {
        let mut random = Random(seed * 0x51_7C_C1);
        let mut model = Model::new();
        for step in 0..random.below(100) {
            let key = model.key(&mut random, 40);
            model.set(key, number(step as f64));
        }
        let (mut key, mut visited) = (Value::NIL, 0);
        while let Some((k, _)) = model.heap.next(model.table, key).unwrap() {
            model.heap.set(model.table, k, Value::NIL).unwrap();
            (key, visited) = (k, visited + 1);
        }
        assert_eq!(visited, model.entries.len());
        model.entries.clear();
        model.check();
    }
}

#[test]
fn arrays_end_up_in_the_array_part_however_they_are_filled() {
    let mut heap = Heap::new();
    let ascending = heap.new_table(0, 0);
    let descending = heap.new_table(0, 0);
    let every_other = heap.new_table(0, 0);
    for i in 1..=1000 {
        heap.set_int(ascending, i, number(1.0));
        heap.set_int(descending, 1001 - i, number(1.0));
        heap.set_int(every_other, i * 3 / 2, number(1.0));
    }
    assert_eq!((ascending.array_size.get(), heap.is_dictionary(ascending.shape())), (1001, false));
    assert_eq!(descending.array_size.get(), 1001);
    assert!(every_other.array_size.get() > 700);
    assert_eq!(heap.len(descending), 1000);
}

#[test]
fn a_sparse_table_has_no_long_array() {
    let mut heap = Heap::new();
    let t = heap.new_table(0, 0);
    for i in 1..200 {
        heap.set_int(t, i * 1000, number(1.0));
    }
    assert!(t.array_capacity() < 16);
    for i in 1..200 {
        assert_eq!(heap.get_int(t, i * 1000), number(1.0));
    }
}

#[test]
fn lengthening_and_shortening_over_a_wide_gap_is_not_quadratic() {
    let mut heap = Heap::new();
    let t = heap.new_table(3_000_000, 0);
    for _ in 0..200_000 {
        heap.set_int(t, 3_000_000, number(1.0));
        heap.set_int(t, 3_000_000, Value::NIL);
    }
    assert_eq!(heap.len(t), 0);
    heap.set_int(t, 1, number(1.0));
    assert_eq!(heap.len(t), 1);
}

#[test]
fn index_zero_is_in_the_array_if_there_is_one() {
    let mut heap = Heap::new();
    let t = heap.new_table(0, 0);
    heap.set(t, number(-0.0), number(5.0)).unwrap();
    assert_eq!(t.array_size.get(), 0);
    heap.set_int(t, 1, number(6.0));
    assert_eq!(t.array_size.get(), 2);
    assert_eq!(heap.get_int(t, 0), number(5.0));
    assert_eq!(heap.next(t, Value::NIL), Ok(Some((number(0.0), number(5.0)))));
}

#[test]
fn nil_and_nan_are_no_keys() {
    let mut heap = Heap::new();
    let t = heap.new_table(0, 0);
    assert_eq!(heap.set(t, Value::NIL, number(1.0)), Err(KeyError::Nil));
    assert_eq!(heap.set(t, number(f64::NAN), number(1.0)), Err(KeyError::NaN));
    assert_eq!(heap.get(t, number(f64::NAN)), Value::NIL);
    assert_eq!(heap.next(t, number(1.0)), Err(InvalidKey));
}

#[test]
fn a_cached_store_tells_the_transition() {
    let mut heap = Heap::new();
    let (a, b, x) = (heap.new_table(0, 0), heap.new_table(0, 0), heap.intern(b"x"));
    let added = heap.set_str_cached(a, x, number(1.0)).unwrap();
    assert_eq!((added.old_shape, added.slot, added.new_shape), (b.shape(), 0, a.shape()));
    let changed = heap.set_str_cached(a, x, number(2.0)).unwrap();
    assert_eq!((changed.old_shape, changed.new_shape), (a.shape(), a.shape()));
    assert_eq!(heap.lookup(a.shape(), x), Some(0));
}

#[test]
fn keys_that_come_and_go_make_a_dictionary() {
    let mut heap = Heap::new();
    let t = heap.new_table(0, 0);
    for i in 0..1000 {
        let key = heap.intern(format!("k{i}").as_bytes());
        heap.set(t, key.into(), number(1.0)).unwrap();
        heap.set(t, key.into(), Value::NIL).unwrap();
    }
    assert!(heap.is_dictionary(t.shape()));
    assert!(t.dict().unwrap().capacity() < 16);
}

#[test]
fn the_epoch_advances_when_a_method_may_have_changed() {
    let mut heap = Heap::new();
    let [class, base, object, env] = [0; 4].map(|_| heap.new_table(0, 0));
    let [method, counter, index] = [&b"method"[..], b"counter", b"__index"].map(|name| heap.intern(name));
    let function = |heap: &mut Heap| Value::from(heap.new_function_native(std::ptr::null(), env, &[]));
    heap.set_str(class, index, base.into());
    heap.set_str(base, counter, number(1.0));
    heap.set_metatable(object, Some(class));
    assert!(base.header.aux.get() & table_flags::PROTOTYPE != 0);
    let mut epoch = heap.epoch.get();
    let mut advanced = |heap: &Heap| std::mem::replace(&mut epoch, heap.epoch.get()) != heap.epoch.get();
    heap.set_str(base, counter, number(2.0));
    assert!(!advanced(&heap));
    let first = function(&mut heap);
    heap.set_str(base, method, first);
    assert!(advanced(&heap));
    let second = function(&mut heap);
    heap.set_str(base, method, second);
    assert!(advanced(&heap));
    heap.set_str(base, counter, Value::NIL);
    assert!(advanced(&heap));
    heap.set_str(class, index, env.into());
    assert!(advanced(&heap) && env.header.aux.get() & table_flags::PROTOTYPE != 0);
    heap.set_str(object, method, number(1.0));
    assert!(!advanced(&heap));
    assert_eq!(heap.set_str_cached(class, method, number(1.0)), None);
}

#[test]
fn a_missing_metamethod_is_remembered_until_it_is_stored() {
    let mut heap = Heap::new();
    let (t, metatable) = (heap.new_table(0, 0), heap.new_table(0, 0));
    heap.set_metatable(t, Some(metatable));
    assert_eq!(heap.metatable(t), Some(metatable));
    assert!(heap.metamethod(metatable, Metamethod::Add).is_nil());
    assert_eq!(metatable.spare.get(), 1 << Metamethod::Add as u32);
    let add = heap.metamethod_name(Metamethod::Add);
    heap.set(metatable, add.into(), number(1.0)).unwrap();
    assert_eq!(heap.metamethod(metatable, Metamethod::Add), number(1.0));
}

#[test]
fn clear_keeps_the_metatable() {
    let mut model = Model::new();
    let metatable = model.heap.new_table(0, 0);
    model.heap.set_metatable(model.table, Some(metatable));
    let mut random = Random(5);
    for _ in 0..100 {
        let key = model.key(&mut random, 30);
        model.set(key, number(1.0));
    }
    model.heap.clear(model.table);
    model.entries.clear();
    model.check();
    assert_eq!(model.heap.metatable(model.table), Some(metatable));
}
