//! The heap under Rust programs: what allocation, tables and the collector cost when no interpreter is in the way.
//!
//! `cargo bench -p moonwake-lang --bench heap [name]`. Each program runs three times; the best time counts.

#![allow(unsafe_code)]

use moonwake_lang::gc::Heap;
use moonwake_lang::object::{Gc, Str, Table};
use moonwake_lang::value::Value;
use std::sync::atomic::Ordering;

/// A heap and its roots: a table, as a virtual machine's stack would be.
struct Program {
    heap: Heap,
    roots: Vec<Value>,
}

impl Program {
    fn new() -> Program {
        Program { heap: Heap::new(), roots: vec![] }
    }

    /// What the interpreter does at a loop's back edge.
    #[inline(always)]
    fn safe_point(&mut self) {
        if self.heap.poll_word().load(Ordering::Relaxed) != 0 {
            let roots = &self.roots;
            self.heap.step(&mut |marker| marker.mark_values(roots));
        }
    }
}

fn number(n: f64) -> Value {
    Value::number(n)
}

fn tree(p: &mut Program, template: Gc<Table>, depth: u32) -> Value {
    let (left, right) = if depth == 0 {
        (Value::NIL, Value::NIL)
    } else {
        (tree(p, template, depth - 1), tree(p, template, depth - 1))
    };
    p.heap.new_object(template, &[left, right]).into()
}

fn count(tree: Value) -> usize {
    tree.as_table().map_or(0, |t| 1 + count(t.slot_value(0)) + count(t.slot_value(1)))
}

fn template(p: &mut Program, names: &[&str]) -> Gc<Table> {
    let fields: Vec<(std::rc::Rc<[u8]>, _)> =
        names.iter().map(|n| (n.as_bytes().into(), moonwake_lang::bytecode::TemplateValue::Nil)).collect();
    let template = p.heap.new_template(&moonwake_lang::bytecode::Template { items: vec![], fields });
    p.roots.push(template.into());
    template
}

/// binary-trees at depth 16, the safe points between trees.
fn binary_trees(p: &mut Program) -> usize {
    let t = template(p, &["left", "right"]);
    let long_lived = tree(p, t, 16);
    p.roots.push(long_lived);
    let mut sum = 0;
    for depth in (4..=16).step_by(4) {
        for _ in 0..1 << (16 - depth + 4) {
            let tree = tree(p, t, depth);
            sum += count(tree);
            p.safe_point();
        }
    }
    sum + count(long_lived)
}

/// Lists of a million cells, each built, walked and dropped.
fn list(p: &mut Program) -> usize {
    let t = template(p, &["head", "tail"]);
    let mut sum = 0;
    let at = p.roots.len();
    p.roots.push(Value::NIL);
    for _ in 0..10 {
        p.roots[at] = Value::NIL;
        for i in 0..1_000_000 {
            let tail = p.roots[at];
            p.roots[at] = p.heap.new_object(t, &[number(f64::from(i)), tail]).into();
            p.safe_point();
        }
        let mut cell = p.roots[at];
        while let Some(t) = cell.as_table() {
            sum += 1;
            cell = t.slot_value(1);
        }
    }
    sum
}

/// Arrays of arrays, four wide (are-we-fast-yet's Storage).
fn storage(p: &mut Program) -> usize {
    fn build(p: &mut Program, depth: u32) -> Value {
        if depth == 0 {
            return p.heap.new_table(3, 0).into();
        }
        let t = p.heap.new_table(0, 0);
        for i in 1..=4 {
            let child = build(p, depth - 1);
            p.heap.set_int(t, i, child);
        }
        t.into()
    }
    for _ in 0..300 {
        build(p, 6);
        p.safe_point();
    }
    300
}

/// Objects of five fields replaced at random among 1.5 million.
fn churn(p: &mut Program) -> usize {
    let t = template(p, &["a", "b", "c", "d", "e"]);
    let live = p.heap.new_table(1_500_000, 0);
    p.roots.push(live.into());
    let mut random = 88_172_645_463_325_252_u64;
    for i in 0..6_000_000_u64 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let object = p.heap.new_object(t, &[number(i as f64), Value::TRUE, Value::NIL, Value::FALSE, Value::NIL]);
        let at = if i < 1_500_000 { i + 1 } else { (random >> 11) % 1_500_000 + 1 };
        p.heap.set_int(live, at as i64, object.into());
        p.safe_point();
    }
    6_000_000
}

/// Two million different strings as keys of one table, then found again.
fn strings(p: &mut Program) -> usize {
    let t = p.heap.new_table(0, 0);
    p.roots.push(t.into());
    let mut found = 0;
    for round in 0..2 {
        for i in 0..1_000_000_u32 {
            let key = p.heap.intern(format!("a key of the table, {i}").as_bytes());
            if round == 0 {
                p.heap.set(t, key.into(), number(1.0)).unwrap();
            } else {
                found += usize::from(!p.heap.get(t, key.into()).is_nil());
            }
            p.safe_point();
        }
    }
    found
}

/// Fields read and written by name without caches, arrays, and small tables filled key by key.
fn tables(p: &mut Program) -> usize {
    let keys: Vec<Gc<Str>> = ["x", "y", "z", "name", "count"].iter().map(|k| p.heap.intern(k.as_bytes())).collect();
    p.roots.extend(keys.iter().map(|&key| Value::from(key)));
    let mut sum = 0;
    for i in 0..1_000_000_u32 {
        let t = p.heap.new_table(0, 0);
        for &key in &keys {
            p.heap.set_str(t, key, number(f64::from(i)));
        }
        for &key in &keys {
            sum += p.heap.get_str(t, key).as_f64() as usize & 1;
        }
        for i in 1..=5 {
            p.heap.set_int(t, i, number(2.0));
        }
        p.safe_point();
    }
    sum
}

/// 500 MB of live objects while garbage is made: the pauses.
fn big(p: &mut Program) -> usize {
    let t = template(p, &["a", "b", "c", "d", "e"]);
    let live = p.heap.new_table(4_000_000, 0);
    p.roots.push(live.into());
    let mut random = 88_172_645_463_325_252_u64;
    for i in 0..16_000_000_u64 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let text = if i % 4 == 0 { p.heap.intern(format!("text {i}").as_bytes()).into() } else { Value::NIL };
        let object = p.heap.new_object(t, &[number(i as f64), text, Value::NIL, Value::FALSE, Value::NIL]);
        let at = if i < 4_000_000 { i + 1 } else { (random >> 11) % 4_000_000 + 1 };
        p.heap.set_int(live, at as i64, object.into());
        p.safe_point();
    }
    16_000_000
}

/// Seconds that this process has computed, which other programs on the machine disturb less than they do the clock.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to a local of the right type.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

type Benchmark = (&'static str, fn(&mut Program) -> usize);

const PROGRAMS: &[Benchmark] = &[
    ("binary_trees", binary_trees),
    ("list", list),
    ("storage", storage),
    ("churn", churn),
    ("strings", strings),
    ("tables", tables),
    ("big", big),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!(
        "{:14} {:>8} {:>6} {:>8} {:>9} {:>9} {:>9}",
        "program", "seconds", "gcs", "gc time", "longest", "p99", "peak MB"
    );
    for (name, run) in PROGRAMS.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name)) {
        let (mut best, mut line) = (f64::MAX, String::new());
        for _ in 0..3 {
            let mut program = Program::new();
            let start = processor_time();
            std::hint::black_box(run(&mut program));
            let seconds = processor_time() - start;
            if seconds < best {
                best = seconds;
                let stats = program.heap.stats();
                line = format!(
                    "{name:14} {seconds:8.3} {:6} {:7.3}s {:7.2}ms {:7.2}ms {:9.1}",
                    stats.collections,
                    stats.total_pause.as_secs_f64(),
                    stats.longest_pause.as_secs_f64() * 1e3,
                    stats.percentile_99().as_secs_f64() * 1e3,
                    stats.peak_bytes as f64 / 1e6
                );
            }
        }
        println!("{line}");
    }
}
