//! Collections compared with what must be alive, on random graphs.

use super::*;
use crate::object::{Gc, Table, Userdata};
use crate::value::Value;

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

/// A heap whose roots are a table.
struct Rooted {
    heap: Heap,
    root: Gc<Table>,
}

impl Rooted {
    fn new() -> Rooted {
        let mut heap = Heap::with_seed(3);
        heap.set_stress(Stress::Collections);
        let root = heap.new_table(0, 0);
        Rooted { heap, root }
    }

    fn collect(&mut self) {
        let root = self.root;
        self.heap.full_collect(&mut |marker| marker.mark_object(root));
    }

    fn string(&mut self, s: &str) -> Value {
        self.heap.intern(s.as_bytes()).into()
    }
}

#[test]
fn what_is_reachable_survives_and_the_rest_is_freed() {
    let mut r = Rooted::new();
    r.collect();
    let empty = r.heap.count_bytes();
    for i in 1..=1000 {
        let (inner, name) = (r.heap.new_table(4, 3), r.string(&format!("name {i}")));
        let key = r.heap.intern(b"name");
        r.heap.set_str(inner, key, name);
        for j in 1..20 {
            r.heap.set_int(inner, j, Value::number(j as f64));
        }
        let root = r.root;
        r.heap.set_int(root, i, inner.into());
    }
    r.collect();
    let key = r.heap.intern(b"name");
    for i in 1..=1000 {
        let inner = r.heap.get_int(r.root, i).as_table().unwrap();
        assert_eq!(r.heap.get_str(inner, key).as_str().unwrap().bytes(), format!("name {i}").as_bytes());
        assert_eq!(r.heap.get_int(inner, 19), Value::number(19.0));
    }
    let root = r.root;
    r.heap.clear(root);
    r.root = r.heap.new_table(0, 0);
    r.collect();
    assert!(r.heap.count_bytes() <= empty + 200, "{} then {}", empty, r.heap.count_bytes());
}

#[test]
fn a_random_graph_keeps_its_contents() {
    for seed in 1..20 {
        let mut random = Random(seed * 0x1234_5677);
        let mut r = Rooted::new();
        type Node = (Gc<Table>, Vec<(i64, usize)>);
        let mut model: Vec<Node> = vec![(r.root, vec![])];
        for _ in 0..30 {
            for _ in 0..200 {
                let owner = random.below(model.len() as u64) as usize;
                let child = if random.below(3) == 0 {
                    random.below(model.len() as u64) as usize
                } else {
                    model.push((r.heap.new_table(0, 0), vec![]));
                    model.len() - 1
                };
                let key = random.below(30) as i64 - 3;
                let (table, edges) = &mut model[owner];
                edges.retain(|edge| edge.0 != key);
                edges.push((key, child));
                let (table, child) = (*table, model[child].0);
                r.heap.set_int(table, key, child.into());
            }
            r.collect();
            // What the model cannot reach any more is forgotten there too.
            let mut reached = vec![false; model.len()];
            let mut stack = vec![0];
            while let Some(node) = stack.pop() {
                if !std::mem::replace(&mut reached[node], true) {
                    stack.extend(model[node].1.iter().map(|edge| edge.1));
                }
            }
            for (node, (table, edges)) in model.iter().enumerate().filter(|(node, _)| reached[*node]) {
                for &(key, child) in edges {
                    assert_eq!(r.heap.get_int(*table, key).as_table(), Some(model[child].0), "node {node}");
                }
            }
            let new_number: Vec<usize> = reached
                .iter()
                .scan(0, |n, &r| {
                    *n += usize::from(r);
                    Some(*n - usize::from(r))
                })
                .collect();
            model = model.into_iter().zip(&reached).filter(|(_, reached)| **reached).map(|(node, _)| node).collect();
            for edge in model.iter_mut().flat_map(|(_, edges)| edges) {
                edge.1 = new_number[edge.1];
            }
        }
    }
}

#[test]
fn weak_tables_lose_what_is_dead_but_not_strings() {
    for mode in ["k", "v", "kv"] {
        let mut r = Rooted::new();
        let (root, metatable, weak) = (r.root, r.heap.new_table(0, 0), r.heap.new_table(0, 0));
        r.heap.set_int(root, 1, weak.into());
        let (key, value) = (r.string("__mode"), r.string(mode));
        r.heap.set(metatable, key, value).unwrap();
        r.heap.set_metatable(weak, Some(metatable));
        let [alive, dead, key] = [0; 3].map(|_| Value::from(r.heap.new_table(0, 0)));
        r.heap.set_int(root, 2, alive);
        let [s1, s2, field] = ["one", "two", "field"].map(|s| r.string(s));
        for (key, value) in [(s1, s2), (alive, alive), (Value::number(1.0), alive), (field, dead)] {
            r.heap.set(weak, key, value).unwrap();
        }
        r.heap.set(weak, key, alive).unwrap();
        r.heap.set(weak, Value::number(2.0), dead).unwrap();
        r.collect();
        assert_eq!(r.heap.get(weak, s1), s2);
        assert_eq!(r.heap.get(weak, alive), alive);
        assert_eq!(r.heap.get(weak, Value::number(1.0)), alive);
        let (values_stay, keys_stay) = (mode == "k", mode == "v");
        assert_eq!(r.heap.get(weak, field).is_nil(), !values_stay);
        assert_eq!(r.heap.len(weak), if values_stay { 2 } else { 1 });
        let mut count = 0;
        let mut key = Value::NIL;
        while let Some((k, _)) = r.heap.next(weak, key).unwrap() {
            (key, count) = (k, count + 1);
        }
        assert_eq!(count, 3 + 2 * usize::from(values_stay) + usize::from(keys_stay), "{mode}");
    }
}

#[test]
fn keys_that_were_removed_from_a_weak_table_may_lie_in_memory_that_was_given_back() {
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Off);
    let (root, metatable, weak) = (r.root, r.heap.new_table(0, 0), r.heap.new_table(0, 0));
    r.heap.set_int(root, 1, weak.into());
    let (key, value) = (r.string("__mode"), r.string("k"));
    r.heap.set(metatable, key, value).unwrap();
    r.heap.set_metatable(weak, Some(metatable));
    for _ in 0..20_000 {
        let key = r.heap.new_cdata(1, 1_000, 8, false);
        r.heap.set(weak, key.into(), Value::TRUE).unwrap();
    }
    for _ in 0..3 {
        r.collect();
        assert_eq!(r.heap.next(weak, Value::NIL), Ok(None));
        assert!(r.heap.count_bytes() < 2 << 20);
    }
}

#[test]
fn finalisers_run_in_reverse_order_and_once() {
    let mut r = Rooted::new();
    let objects: Vec<Value> = (0..5).map(|_| r.heap.new_userdata(None).into()).collect();
    for (i, &object) in objects.iter().enumerate() {
        r.heap.set_finaliser(object, Value::number(i as f64));
    }
    let root = r.root;
    r.heap.set_int(root, 1, objects[2]);
    r.heap.clear_finaliser(objects[3]);
    r.collect();
    let order: Vec<Value> = std::iter::from_fn(|| r.heap.take_finalisable()).map(|(_, f)| f).collect();
    assert_eq!(order, [4.0, 1.0, 0.0].map(Value::number));
    r.collect();
    assert_eq!(r.heap.take_finalisable(), None);
    r.heap.finalise_all(true);
    assert_eq!(r.heap.take_finalisable(), Some((objects[2], Value::number(2.0))));
}

#[test]
fn a_word_that_points_into_an_object_keeps_it() {
    let mut r = Rooted::new();
    let kept = r.heap.new_table(0, 0);
    let large = r.heap.new_cdata(1, 100_000, 8, true);
    let huge = r.heap.new_cdata(1, 5_000_000, 8, true);
    let words = [kept.address() as u64 + 16, large.address() as u64 + 70_000, Value::from(huge).0, 0, u64::MAX, 0x1000];
    let root = r.root;
    let collect = |heap: &mut Heap, words: &[u64]| {
        heap.full_collect(&mut |marker| {
            marker.mark_object(root);
            marker.mark_conservative(words);
        });
    };
    collect(&mut r.heap, &words);
    let before = r.heap.count_bytes();
    assert!(before > 5_100_000);
    collect(&mut r.heap, &[]);
    assert!(r.heap.count_bytes() < before - 5_100_000);
}

#[test]
fn closed_variables_of_a_dead_coroutine_live_on() {
    let mut r = Rooted::new();
    let (root, value) = (r.root, r.heap.new_table(0, 0));
    let coroutine = r.heap.new_coroutine(64, None);
    let place = coroutine.stack.get();
    // SAFETY: the stack has 64 places.
    #[allow(unsafe_code)]
    unsafe {
        *place = value.into();
    }
    let upvalue = r.heap.find_upvalue(coroutine, place);
    assert_eq!(r.heap.find_upvalue(coroutine, place), upvalue);
    let proto = r.heap.load(&std::rc::Rc::new(crate::bytecode::Prototype {
        code: vec![],
        lines: vec![],
        constants: vec![],
        children: vec![],
        upvalues: vec![],
        fixed_upvalues: 0,
        upvalue_names: vec![],
        locals: vec![],
        params: 0,
        vararg: false,
        registers: 1,
        first_line: 0,
        last_line: 0,
        chunk_name: b"=test"[..].into(),
    }));
    let function = r.heap.new_function_lua(proto, root, &[upvalue]);
    r.heap.set_int(root, 1, function.into());
    r.collect();
    r.collect();
    // SAFETY: an upvalue points at its variable.
    #[allow(unsafe_code)]
    let now = unsafe { *function.upvalue(0).value.get() };
    assert_eq!(now, value.into());
    assert_eq!(function.upvalue(0).header.aux.get(), 0);
}

/// A graph of tables that is changed while it is marked, and a model of it: for each node its table and its edges.
struct Graph {
    heap: Heap,
    random: Random,
    nodes: Vec<(Gc<Table>, std::collections::HashMap<Value, Edge>)>,
}

#[derive(Clone, PartialEq, Debug)]
enum Edge {
    Node(usize),
    Text(String),
}

impl Graph {
    fn new(seed: u64) -> Graph {
        let mut heap = Heap::with_seed(seed);
        heap.set_stress(Stress::Slices);
        let root = heap.new_table(0, 0);
        Graph { heap, random: Random(seed * 0x1_2345_6789), nodes: vec![(root, Default::default())] }
    }

    fn key(&mut self, node: usize) -> Value {
        let many = node < 3;
        match self.random.below(6) {
            0 | 1 => Value::number(self.random.below(if many { 700 } else { 12 }) as f64),
            2 => self.heap.intern(format!("field{}", self.random.below(6)).as_bytes()).into(),
            3 => self.heap.intern(format!("key{}", self.random.below(if many { 700 } else { 6 })).as_bytes()).into(),
            4 => Value::number(self.heap.len(self.nodes[node].0) as f64 + 1.0),
            _ => Value::number(self.random.below(8) as f64 + 0.5),
        }
    }

    fn change(&mut self) {
        // Half of the changes go to few nodes, which grow large.
        let among = if self.random.below(2) == 0 { 3.min(self.nodes.len()) } else { self.nodes.len() };
        let node = self.random.below(among as u64) as usize;
        let key = self.key(node);
        let (edge, value) = match self.random.below(8) {
            0 => (None, Value::NIL),
            1 | 2 => {
                let text = format!("text {}", self.random.below(1 << 40));
                (Some(Edge::Text(text.clone())), self.heap.intern(text.as_bytes()).into())
            }
            3 | 4 => {
                let to = self.random.below(self.nodes.len() as u64) as usize;
                (Some(Edge::Node(to)), self.nodes[to].0.into())
            }
            _ => {
                self.nodes.push((self.heap.new_table(0, 0), Default::default()));
                (Some(Edge::Node(self.nodes.len() - 1)), self.nodes[self.nodes.len() - 1].0.into())
            }
        };
        let (table, edges) = &mut self.nodes[node];
        self.heap.set(*table, key, value).unwrap();
        match edge {
            Some(edge) => edges.insert(key, edge),
            None => edges.remove(&key),
        };
    }

    /// Forgets the nodes that cannot be reached, as the program could not hold them over a safe point.
    fn forget_unreachable(&mut self) {
        let mut new_number = vec![usize::MAX; self.nodes.len()];
        let (mut stack, mut kept) = (vec![0], vec![]);
        while let Some(node) = stack.pop() {
            if new_number[node] == usize::MAX {
                new_number[node] = kept.len();
                kept.push(node);
                stack.extend(self.nodes[node].1.values().filter_map(|edge| match edge {
                    Edge::Node(to) => Some(*to),
                    Edge::Text(_) => None,
                }));
            }
        }
        let mut old = std::mem::take(&mut self.nodes);
        for &node in &kept {
            let (table, mut edges) = (old[node].0, std::mem::take(&mut old[node].1));
            for edge in edges.values_mut() {
                if let Edge::Node(to) = edge {
                    *to = new_number[*to];
                }
            }
            self.nodes.push((table, edges));
        }
    }

    fn check(&self) {
        for (table, edges) in &self.nodes {
            for (&key, edge) in edges {
                let value = self.heap.get(*table, key);
                match edge {
                    Edge::Node(to) => assert_eq!(value.as_table(), Some(self.nodes[*to].0)),
                    Edge::Text(text) => assert_eq!(value.as_str().unwrap().bytes(), text.as_bytes()),
                }
            }
        }
    }
}

#[test]
fn a_graph_that_changes_while_it_is_marked_keeps_its_contents() {
    for seed in 1..3 {
        let mut graph = Graph::new(seed);
        let mut collections = 0;
        while collections < 30 {
            for _ in 0..graph.random.below(60) {
                graph.change();
            }
            graph.forget_unreachable();
            if graph.nodes.len() > 2_000 {
                let (root, edges) = &mut graph.nodes[0];
                graph.heap.clear(*root);
                edges.clear();
                graph.forget_unreachable();
            }
            let root = graph.nodes[0].0;
            if graph.heap.step(&mut |marker| marker.mark_object(root)) {
                collections += 1;
                graph.check();
            }
        }
        graph.check();
    }
}

#[test]
fn a_store_for_which_there_is_no_memory_is_told_at_the_next_safe_point() {
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Off);
    r.heap.set_limit(20 << 20);
    let root = r.root;
    let memory_ran_out = |r: &mut Rooted| {
        r.heap.step(&mut |marker| marker.mark_object(root));
        r.heap.poll_word().load(std::sync::atomic::Ordering::Relaxed) & poll::MEMORY != 0
    };
    let mut length = 0;
    while !memory_ran_out(&mut r) {
        for _ in 0..1000 {
            length += 1;
            r.heap.set_int(root, length, Value::TRUE);
        }
    }
    assert!((1 << 20..1 << 22).contains(&length), "{length}");
    assert!(r.heap.len(root) < length as usize);
    r.heap.clear(root);
    r.heap.reserve(root, 1 << 40, 0);
    assert!(memory_ran_out(&mut r));
    assert!(!memory_ran_out(&mut r));
    assert_eq!(root.array_size.get(), 0);
    // What is alive exceeds the limit.
    r.heap.set_limit(1000);
    assert!(memory_ran_out(&mut r) && memory_ran_out(&mut r));
}

#[test]
fn garbage_alone_does_not_let_the_heap_grow() {
    use std::sync::atomic::Ordering;
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Off);
    for i in 0..3_000_000 {
        if i % 4 == 0 {
            r.string(&format!("text {i}"));
        } else {
            r.heap.new_table(0, 0);
        }
        if r.heap.poll_word().load(Ordering::Relaxed) & poll::COLLECT != 0 {
            let root = r.root;
            r.heap.step(&mut |marker| marker.mark_object(root));
        }
    }
    let stats = r.heap.stats();
    assert!(stats.collections >= 5, "{} collections", stats.collections);
    assert!(stats.peak_bytes < 30 << 20, "{} bytes", stats.peak_bytes);
}

#[test]
fn owners_that_are_made_while_others_are_looked_at_stay() {
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Slices);
    let mut kept: Vec<Gc<Userdata>> = Vec::new();
    let mut collections = 0;
    while collections < 10 {
        let payload = kept.len() as u64;
        kept.push(r.heap.new_userdata(Some(Box::new(payload))));
        r.heap.new_userdata(Some(Box::new(payload)));
        let root = r.root;
        collections += usize::from(r.heap.step(&mut |marker| {
            marker.mark_object(root);
            kept.iter().for_each(|&userdata| marker.mark_object(userdata));
        }));
    }
    for (i, userdata) in kept.iter().enumerate() {
        let payload = userdata.payload.borrow();
        assert_eq!(payload.as_ref().and_then(|payload| payload.downcast_ref()), Some(&(i as u64)));
    }
}

#[test]
fn what_waits_for_finalisers_is_revived_in_slices_out_of_the_programs_sight() {
    use super::cycle::Phase;
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Slices);
    let root = r.root;
    let mode = r.heap.intern(b"__mode");
    let [keys, values] = ["k", "v"].map(|weak| {
        let (t, metatable, weak) = (r.heap.new_table(0, 0), r.heap.new_table(0, 0), r.string(weak));
        let place = r.heap.len(root) as i64 + 1;
        r.heap.set_int(root, place, t.into());
        r.heap.set_str(metatable, mode, weak);
        r.heap.set_metatable(t, Some(metatable));
        t
    });
    let mut objects = Vec::new();
    for i in 0..50 {
        let number = Value::number(f64::from(i));
        let (object, env) = (r.heap.new_userdata(None), r.heap.new_table(0, 0));
        let inner = Value::from(r.heap.new_table(0, 0));
        object.env.set(env.as_ptr());
        let (object, dead, name) = (Value::from(object), r.heap.new_table(0, 0), r.string(&format!("object {i}")));
        r.heap.set_int(env, 1, inner);
        r.heap.set_finaliser(object, number);
        for key in [object, inner, dead.into()] {
            r.heap.set(keys, key, number).unwrap();
        }
        r.heap.set_int(values, i64::from(i) + 1, inner);
        r.heap.set(values, name, object).unwrap();
        objects.push((object, inner, name));
    }
    let mut completed = false;
    let mut slices = 0;
    while !completed {
        completed = r.heap.step(&mut |marker| marker.mark_object(root));
        if r.heap.phase == Phase::Revive {
            if slices == 0 {
                assert_eq!(r.heap.next(keys, Value::NIL), Ok(None));
                assert_eq!(r.heap.next(values, Value::NIL), Ok(None));
                r.heap.set_int(values, 1, root.into());
            }
            assert!(!r.heap.has_finalisable());
            slices += 1;
        }
    }
    assert!(slices > 50, "{slices}");
    for (i, &(object, inner, name)) in objects.iter().enumerate() {
        let number = Value::number(i as f64);
        assert_eq!((r.heap.get(keys, object), r.heap.get(keys, inner)), (number, number));
        assert_eq!(r.heap.get_int(values, i as i64 + 1), if i == 0 { root.into() } else { inner });
        assert!(r.heap.get(values, name).is_nil());
    }
    let mut key = Value::NIL;
    let count = std::iter::from_fn(|| {
        key = r.heap.next(keys, key).unwrap()?.0;
        Some(())
    });
    assert_eq!(count.count(), 100);
    let order: Vec<Value> = std::iter::from_fn(|| r.heap.take_finalisable()).map(|(object, _)| object).collect();
    assert!(order.iter().eq(objects.iter().rev().map(|(object, ..)| object)));
}

#[test]
fn weak_tables_that_change_while_they_are_marked_lose_what_is_dead_and_nothing_else() {
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Slices);
    let (root, mut random) = (r.root, Random(77));
    let mode = r.heap.intern(b"__mode");
    let tables: Vec<Gc<Table>> = ["k", "v", "v", "kv", "v"]
        .iter()
        .map(|weak| {
            let (t, metatable, weak) = (r.heap.new_table(0, 0), r.heap.new_table(0, 0), r.string(weak));
            let place = r.heap.len(root) as i64 + 1;
            r.heap.set_int(root, place, t.into());
            r.heap.set_str(metatable, mode, weak);
            r.heap.set_metatable(t, Some(metatable));
            t
        })
        .collect();
    let [keys, list, numbers, both, small] = tables[..] else { unreachable!() };
    let kept_table = r.heap.new_table(0, 0);
    r.heap.set_int(root, 100, kept_table.into());
    let mut kept = vec![Value::NIL; 500];
    let (mut next, mut collections) = (0.0, 0);
    while collections < 25 {
        for _ in 0..random.below(12) {
            next += 1.0;
            let (object, number) = (r.heap.new_table(0, 0), Value::number(next));
            r.heap.set_int(object, 1, number);
            let object = Value::from(object);
            let place = random.below(2_000) as i64 + 1;
            r.heap.set(keys, object, number).unwrap();
            r.heap.set(numbers, Value::number(place as f64 * 1.5), object).unwrap();
            r.heap.set(both, object, object).unwrap();
            r.heap.set_int(small, place % 10, object);
            let items = r.heap.len(list) as i64;
            match random.below(8) {
                0 => _ = r.heap.insert_item(list, place % (items + 1), object),
                1 => _ = r.heap.remove_item(list, place % (items + 1)),
                _ if items < 900 => r.heap.set_int(list, items + 1, object),
                _ => r.heap.set_int(list, place % 900 + 1, object),
            }
            if random.below(3) == 0 {
                let number = random.below(500) as usize;
                kept[number] = object;
                r.heap.set_int(kept_table, number as i64 + 1, object);
            }
        }
        collections += usize::from(r.heap.step(&mut |marker| marker.mark_object(root)));
        for &t in &tables {
            let mut position = 0;
            while let Some((key, value, after)) = r.heap.next_at(t, position) {
                // What was freed is overwritten.
                for object in [key, value].into_iter().filter_map(Value::as_table) {
                    assert!(r.heap.get_int(object, 1).as_f64() <= next);
                }
                position = after;
            }
        }
        for &object in kept.iter().filter(|object| !object.is_nil()) {
            let number = r.heap.get_int(object.as_table().unwrap(), 1);
            assert_eq!((r.heap.get(keys, object), r.heap.get(both, object)), (number, object));
        }
    }
    let in_use = r.heap.count_bytes();
    assert!(in_use < 4 << 20, "{in_use}");
}

#[test]
fn weak_items_that_move_while_marking_ends_are_not_missed() {
    let mut r = Rooted::new();
    r.heap.set_stress(Stress::Slices);
    let (root, list, metatable) = (r.root, r.heap.new_table(1_000, 0), r.heap.new_table(0, 0));
    let (mode, weak) = (r.heap.intern(b"__mode"), r.string("v"));
    r.heap.set_str(metatable, mode, weak);
    r.heap.set_metatable(list, Some(metatable));
    r.heap.set_int(root, 1, list.into());
    let kept: Vec<Value> = (0..300).map(|_| r.heap.new_table(0, 0).into()).collect();
    for (i, &object) in kept.iter().enumerate() {
        r.heap.set_int(root, i as i64 + 2, object);
    }
    let (mut collections, mut turn) = (0, 0);
    while collections < 10 {
        // Dead items and others by turns, one step further on each turn.
        for (i, &object) in kept.iter().enumerate().filter(|_| collections == turn) {
            let dead = r.heap.new_table(0, 0);
            r.heap.set_int(list, 2 * i as i64 + 1, object);
            r.heap.set_int(list, 2 * i as i64 + 2, dead.into());
        }
        turn = collections.max(turn) + 1;
        assert!(r.heap.insert_item(list, 1, kept[turn % 300]) || r.heap.len(list) == 0);
        let length = r.heap.len(list);
        if length > 800 {
            r.heap.set_int(list, length as i64, Value::NIL);
        }
        if r.heap.step(&mut |marker| marker.mark_object(root)) {
            collections += 1;
            turn = collections;
            let items = (1..=r.heap.len(list) as i64).map(|i| r.heap.get_int(list, i));
            assert!(items.filter(|item| !item.is_nil()).all(|item| kept.contains(&item)));
        }
    }
}
