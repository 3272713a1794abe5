//! Random traces that mean something: well typed, with guards that mostly hold, over the world of [`super::world`].
//!
//! A trace is written as a recorder would write it, one turn of a loop with a counter that ends it. Each guard is tried in the
//! evaluator as soon as it is written and turned around, or taken back, if it does not hold: so traces run to their end at least once.

use super::world::Block;
use moonwake_jit::ir::eval;
use moonwake_jit::ir::{CParam, CSignature, Const, Field, Helper, Ins, IrRef, Link, MemType, Op, Start, Trace, Type};
use moonwake_jit::opt::{Emitter, Passes};
use moonwake_jit::record::liveness::Registers;
use moonwake_jit::snapshot::{Entry, Snapshot};
use std::collections::BTreeMap;

/// A small, fast, seeded generator of numbers (xorshift with a multiplication).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 7
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A number as programs have them: small and whole mostly, but with every corner.
    fn number(&mut self) -> f64 {
        match self.below(12) {
            0..6 => self.below(9) as f64 - 2.0,
            6..8 => (self.below(4000) as f64 - 2000.0) / 8.0,
            8 => self.pick(&[-0.0, 0.0, 0.5, 1e300, -1e300, 3e9, 2147483647.0, -2147483648.0, 2147483648.0]),
            9 => self.pick(&[f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MIN_POSITIVE, 1e-310]),
            10 => self.pick(&[9007199254740992.0, 4503599627370496.5, 1e15, 9.3e18, 1.9e19]),
            _ => self.below(1 << 20) as f64,
        }
    }
}

const CALC: [Op; 7] = [Op::ADD, Op::SUB, Op::MUL, Op::DIV, Op::MOD, Op::MIN, Op::MAX];
const ROUND: [Op; 7] = [Op::NEG, Op::ABS, Op::SQRT, Op::FLOOR, Op::CEIL, Op::TRUNC, Op::FROUND];
const BITS: [Op; 12] =
    [Op::ADD, Op::SUB, Op::MUL, Op::MIN, Op::MAX, Op::BAND, Op::BOR, Op::BXOR, Op::SHL, Op::SHR, Op::SAR, Op::ROL];
const ORDER: [Op; 10] = [Op::EQ, Op::NE, Op::LT, Op::LE, Op::GT, Op::GE, Op::NLT, Op::NLE, Op::NGT, Op::NGE];
const ORDER_INT: [Op; 10] = [Op::EQ, Op::NE, Op::LT, Op::LE, Op::GT, Op::GE, Op::ULT, Op::ULE, Op::UGT, Op::UGE];

/// What the world of every generated trace looks like; the numbers differ.
pub fn describe(random: &mut Random) -> String {
    let mut text = String::new();
    let number = |r: &mut Random| Const::num(r.number()).to_string();
    for table in ["B", "C"] {
        let shape = if table == "B" { 2 } else { 1 };
        text += &format!("table {table} {shape} slots");
        for _ in 0..3 {
            text += &format!(" {}", number(random));
        }
        text += " array nil";
        for _ in 0..4 {
            text += &format!(" {}", number(random));
        }
        text += "\n";
    }
    text += &format!("table A 1 slots {} tab:B {} array nil", number(random), number(random));
    for _ in 0..4 {
        text += &format!(" {}", number(random));
    }
    text += "\nmemory D f64";
    for _ in 0..4 {
        text += &format!(" {}", number(random));
    }
    text += "\nmemory I i32 +1 -2 +3 +2147483647\n";
    text += &format!("upvalue U {}\n", number(random));
    text += &format!("stack 0 {} {} tab:A tab:B {} nil +0.0\n", number(random), number(random), number(random));
    text
}

const COUNTER: i32 = 6;

pub struct Generator<'a> {
    random: &'a mut Random,
    block: &'a Block,
    e: Emitter,
    pools: BTreeMap<u8, Vec<IrRef>>,
    slots: BTreeMap<i32, IrRef>,
    pc: u64,
    dirty: bool,
}

impl<'a> Generator<'a> {
    /// A trace over the described world.
    pub fn trace(random: &'a mut Random, block: &'a Block) -> Trace {
        let trace = Trace::new(1, Start::Root { pc: 0x10 });
        let e = Emitter::new(trace, Passes::NONE);
        let mut g =
            Generator { random, block, e, pools: BTreeMap::new(), slots: BTreeMap::new(), pc: 0x10, dirty: false };
        g.run();
        g.e.trace
    }

    fn run(&mut self) {
        self.e.trace.link = Link::Interpreter;
        self.snapshot();
        for slot in [0, 1, 4] {
            self.load_number(slot);
        }
        for slot in [2, 3] {
            let value = self.e.op_with(Op::SLOAD, Type::Val, &[], &[slot]);
            if let Some(table) = self.guard(Ins::new(Op::UNBOX, Type::Tab, &[value])) {
                self.put(Type::Tab, table);
            }
        }
        let shorter = self.random.below(40);
        for _ in 0..8 + shorter {
            self.step();
            if self.random.one_in(3) {
                self.assign();
            }
            if self.dirty || self.random.one_in(8) {
                self.snapshot();
            }
        }
        if self.dirty {
            self.snapshot();
        }
        self.finish();
    }

    /// Counts the turns, and closes the loop or leaves.
    fn finish(&mut self) {
        if self.random.one_in(4) {
            self.snapshot();
            return;
        }
        let value = self.e.op_with(Op::SLOAD, Type::Val, &[], &[COUNTER]);
        let counter = self.e.guard(Op::UNBOX, Type::Num, &[value]).unwrap_or(IrRef::NONE);
        let as_int = self.random.one_in(2);
        let turns = 2 + self.random.below(12);
        let next = if as_int {
            let int = self.e.guard(Op::TOINT, Type::Int, &[counter]).unwrap_or(IrRef::NONE);
            let one = self.e.int(1);
            let next = self.e.op(Op::ADD, Type::Int, &[int, one]);
            let limit = self.e.int(turns as i32);
            let _ = self.e.guard(Op::LT, Type::None, &[next, limit]);
            next
        } else {
            let one = self.e.num(1.0);
            let next = self.e.op(Op::ADD, Type::Num, &[counter, one]);
            let limit = self.e.num(turns as f64);
            let _ = self.e.guard(Op::LT, Type::None, &[next, limit]);
            next
        };
        self.slots.insert(COUNTER, next);
        self.pc = 0x10;
        self.snapshot();
        let _ = self.e.guard(Op::POLL, Type::None, &[]);
        self.e.trace.link = Link::Loop;
    }

    fn put(&mut self, ty: Type, value: IrRef) {
        self.pools.entry(ty as u8).or_default().push(value);
    }

    fn pool(&self, ty: Type) -> &[IrRef] {
        self.pools.get(&(ty as u8)).map_or(&[], Vec::as_slice)
    }

    /// A value of a type: one that was computed, recent ones more often, or a constant.
    fn get(&mut self, ty: Type) -> IrRef {
        let len = self.pool(ty).len();
        let constant =
            ty.register() != moonwake_jit::ir::types::Register::Nothing && ty != Type::Tab && ty != Type::Cdata;
        if len > 0 && !(constant && self.random.one_in(5)) {
            let back = if self.random.one_in(2) { self.random.below(len.min(4)) } else { self.random.below(len) };
            return self.pool(ty)[len - 1 - back];
        }
        let small = self.random.below(9) as i64 - 3;
        let wild = if self.random.one_in(4) { self.random.next() as i64 } else { small };
        match ty {
            Type::Num => {
                let n = self.random.number();
                self.e.num(n)
            }
            Type::Int => self.e.int(wild as i32),
            Type::I64 | Type::U64 => self.e.integer(ty, wild),
            _ => {
                let address = self.block.name("B").unwrap_or(0);
                self.e.constant(Const::Object(Type::Tab, address))
            }
        }
    }

    /// A value that a stack slot can hold.
    fn lua_value(&mut self) -> IrRef {
        match self.random.below(10) {
            0..5 => self.get(Type::Num),
            5..7 => self.get(Type::Int),
            7 => self.get(Type::Tab),
            8 if !self.pool(Type::Cdata).is_empty() => self.get(Type::Cdata),
            _ => {
                let primitive = self.random.pick(&[Type::Nil, Type::True, Type::False]);
                self.e.constant(Const::Primitive(primitive))
            }
        }
    }

    /// Emits a guard if it holds here and now.
    fn guard(&mut self, ins: Ins) -> Option<IrRef> {
        if self.dirty {
            self.snapshot();
        }
        let (next, snapshots) = (self.e.trace.next_ref(), self.e.trace.snapshots.len());
        let value = self.e.emit(ins).ok()?;
        self.snapshot_without_a_turn();
        let exit = self.block.evaluate(&self.e.trace, 1).ok();
        let held = exit.is_some_and(|(exit, _)| exit.reason == moonwake_lang::trace_state::ExitReason::End);
        if held {
            self.e.trace.snapshots.truncate(snapshots);
            Some(value)
        } else {
            self.e.truncate(next, snapshots);
            None
        }
    }

    /// The state as it is: what the evaluator leaves by when it gets here.
    fn snapshot_without_a_turn(&mut self) {
        let entries = self.slots.iter().map(|(&slot, &value)| Entry { slot, value }).collect();
        self.e.snapshot(Snapshot {
            pc: self.pc,
            base: 0,
            results: None,
            at: IrRef::NONE,
            entries,
            done: 0,
            live: Registers::ALL,
        });
    }

    fn snapshot(&mut self) {
        self.dirty = false;
        self.snapshot_without_a_turn();
        self.pc += 4;
    }

    fn assign(&mut self) {
        let slot = self.random.pick(&[0, 1, 4, 4, 5, 7]);
        // What a turn leaves where the next expects a number is a number, most times.
        let value = match slot {
            0 | 1 | 4 if !self.random.one_in(20) => self.get(Type::Num),
            _ => self.lua_value(),
        };
        self.slots.insert(slot, value);
    }

    fn load_number(&mut self, slot: i32) {
        let value = self.e.op_with(Op::SLOAD, Type::Val, &[], &[slot]);
        if let Some(number) = self.guard(Ins::new(Op::UNBOX, Type::Num, &[value])) {
            self.put(Type::Num, number);
        }
    }

    fn step(&mut self) {
        match self.random.below(22) {
            0..4 => {
                let op = self.random.pick(&CALC);
                let (a, b) = (self.get(Type::Num), self.get(Type::Num));
                let r = self.e.op(op, Type::Num, &[a, b]);
                self.put(Type::Num, r);
            }
            4 => {
                let op = self.random.pick(&ROUND);
                let a = self.get(Type::Num);
                let r = self.e.op(op, Type::Num, &[a]);
                self.put(Type::Num, r);
            }
            5..7 => self.integer_step(),
            7..9 => self.conversion(),
            9 | 10 => self.comparison(),
            11..14 => self.keyed(),
            14 | 15 => self.array(),
            16 | 17 => self.c_memory(),
            18 => self.upvalue(),
            19 => self.allocate(),
            20 => self.call(),
            _ => {
                let ty = self.random.pick(&[Type::Num, Type::Int, Type::Tab]);
                let a = self.get(ty);
                let boxed = self.e.op(Op::BOX, Type::Val, &[a]);
                let ty = if ty == Type::Int { Type::Num } else { ty };
                if let Some(back) = self.guard(Ins::new(Op::UNBOX, ty, &[boxed])) {
                    self.put(ty, back);
                }
            }
        }
    }

    fn integer_step(&mut self) {
        let ty = self.random.pick(&[Type::Int, Type::Int, Type::I64, Type::U64]);
        let a = self.get(ty);
        match self.random.below(6) {
            0 if ty == Type::Int => {
                let op = self.random.pick(&[Op::ADDOV, Op::SUBOV, Op::MULOV]);
                let b = self.get(ty);
                if let Some(r) = self.guard(Ins::new(op, ty, &[a, b])) {
                    self.put(ty, r);
                }
            }
            1 => {
                // A divisor that is not zero: a constant, since only that is known.
                let op = self.random.pick(&[Op::MOD, Op::DIV]);
                let k = self.random.pick(&[1, 2, 3, 4, 7, 10, 16, 1000, -1, -3, 65536, 1 << 30]);
                let b = self.e.integer(ty, k);
                let r = self.e.op(op, ty, &[a, b]);
                self.put(ty, r);
            }
            2 => {
                let op = self.random.pick(&[Op::NEG, Op::BNOT, Op::BSWAP, Op::ABS]);
                let r = self.e.op(op, ty, &[a]);
                self.put(ty, r);
            }
            _ => {
                let op = self.random.pick(&BITS);
                let shift = matches!(op, Op::SHL | Op::SHR | Op::SAR | Op::ROL);
                let b = self.get(if shift { Type::Int } else { ty });
                let r = self.e.op(op, ty, &[a, b]);
                self.put(ty, r);
            }
        }
    }

    fn conversion(&mut self) {
        match self.random.below(6) {
            0 => {
                let a = self.get(Type::Num);
                if let Some(r) = self.guard(Ins::new(Op::TOINT, Type::Int, &[a])) {
                    self.put(Type::Int, r);
                }
            }
            1 => {
                let a = self.get(Type::Num);
                let r = self.e.op(Op::TOBIT, Type::Int, &[a]);
                self.put(Type::Int, r);
            }
            2 => {
                let ty = self.random.pick(&[Type::Int, Type::Int, Type::I64, Type::U64]);
                let a = self.get(ty);
                let r = self.e.op(Op::TONUM, Type::Num, &[a]);
                self.put(Type::Num, r);
            }
            3 => {
                let a = self.get(Type::Int);
                let mem = self.random.pick(&[MemType::I8, MemType::U8, MemType::I16, MemType::U16, MemType::U32]);
                let r = self.e.op_with(Op::WRAP, mem.ty(), &[a], &[mem as i32]);
                self.put(mem.ty(), r);
            }
            _ => {
                let all = [Type::Num, Type::Int, Type::I64, Type::U64];
                let (from, to) = (self.random.pick(&all), self.random.pick(&all));
                if from != to {
                    let a = self.get(from);
                    let r = self.e.op(Op::CONV, to, &[a]);
                    self.put(to, r);
                }
            }
        }
    }

    fn comparison(&mut self) {
        let ty = self.random.pick(&[Type::Num, Type::Num, Type::Int, Type::I64]);
        let op = if ty == Type::Num { self.random.pick(&ORDER) } else { self.random.pick(&ORDER_INT) };
        let (a, b) = (self.get(ty), self.get(ty));
        if self.guard(Ins::new(op, Type::None, &[a, b])).is_none()
            && let Some(not) = op.negated(ty)
        {
            self.guard(Ins::new(not, Type::None, &[a, b]));
        }
    }

    /// A table of a known shape, and its slots.
    fn slots_of_table(&mut self) -> Option<(IrRef, IrRef)> {
        let table = self.get(Type::Tab);
        for shape in [1, 2, 3] {
            if self.guard(Ins::new(Op::SHAPE, Type::None, &[table]).with_lits(&[shape])).is_some() {
                let slots = self.e.op_with(Op::FLOAD, Type::Ptr, &[table], &[Field::TabSlots as i32]);
                return Some((table, slots));
            }
        }
        None
    }

    fn keyed(&mut self) {
        let Some((table, slots)) = self.slots_of_table() else { return };
        let place = self.random.below(3) as i32;
        if self.random.one_in(2) {
            let value = self.e.op_with(Op::KLOAD, Type::Val, &[slots], &[place]);
            self.unboxed(value);
        } else if self.random.one_in(8) {
            let value = self.get(Type::Num);
            let _ = self.e.op_with(Op::NEWKEY, Type::None, &[table, value], &[3, 3]);
            self.dirty = true;
        } else {
            let value = if self.random.one_in(4) { self.lua_value() } else { self.get(Type::Num) };
            let _ = self.e.op_with(Op::KSTORE, Type::None, &[slots, value], &[place]);
            let _ = self.e.op(Op::BARRIER, Type::None, &[table]);
            self.dirty = true;
        }
    }

    /// A loaded value, as whatever it is.
    fn unboxed(&mut self, value: IrRef) {
        for ty in [Type::Num, Type::Tab, Type::Nil, Type::True, Type::False, Type::Cdata] {
            if let Some(r) = self.guard(Ins::new(Op::UNBOX, ty, &[value])) {
                if !ty.is_primitive() {
                    self.put(ty, r);
                }
                return;
            }
        }
    }

    fn array(&mut self) {
        let table = self.get(Type::Tab);
        let size = self.e.op_with(Op::FLOAD, Type::Int, &[table], &[Field::TabSize as i32]);
        let mut index = self.get(Type::Int);
        if self.guard(Ins::new(Op::ULT, Type::None, &[index, size])).is_none() {
            let k = self.random.below(4) as i32;
            index = self.e.int(k);
            if self.guard(Ins::new(Op::ULT, Type::None, &[index, size])).is_none() {
                return;
            }
        }
        let array = self.e.op_with(Op::FLOAD, Type::Ptr, &[table], &[Field::TabArray as i32]);
        if self.random.one_in(2) {
            let value = self.e.op(Op::ALOAD, Type::Val, &[array, index]);
            self.unboxed(value);
        } else {
            let value = if self.random.one_in(4) { self.lua_value() } else { self.get(Type::Num) };
            let _ = self.e.op(Op::ASTORE, Type::None, &[array, index, value]);
            self.dirty = true;
        }
    }

    /// Two bits of an `int` as an index.
    fn masked(&mut self) -> IrRef {
        let (a, three) = (self.get(Type::Int), self.e.int(3));
        self.e.op(Op::BAND, Type::Int, &[a, three])
    }

    fn c_memory(&mut self) {
        let (name, mem) =
            self.random.pick(&[("D", MemType::F64), ("I", MemType::I32), ("I", MemType::U8), ("D", MemType::F32)]);
        let address = self.block.name(name).unwrap_or(0);
        let mut pointer = self.e.constant(Const::Ptr(address));
        let scale = if name == "D" { 8 } else { 4 };
        let mut offset = 0;
        if self.random.one_in(2) {
            let index = self.masked();
            pointer = self.e.op_with(Op::INDEX, Type::Ptr, &[pointer, index], &[scale]);
        } else {
            offset = self.random.below(4) as i32 * scale;
        }
        // A float stored in the halves of a double would show which NaN it was.
        if mem == MemType::F32 || self.random.one_in(2) {
            let value = self.e.op_with(Op::XLOAD, mem.ty(), &[pointer], &[mem as i32, offset]);
            self.put(mem.ty(), value);
        } else {
            let value = self.get(mem.ty());
            let _ = self.e.op_with(Op::XSTORE, Type::None, &[pointer, value], &[mem as i32, offset]);
            self.dirty = true;
        }
    }

    fn upvalue(&mut self) {
        let place = self.e.constant(Const::Ptr(self.block.name("U").unwrap_or(0)));
        if self.random.one_in(2) {
            let value = self.e.op(Op::ULOAD, Type::Val, &[place]);
            self.unboxed(value);
        } else {
            let value = if self.random.one_in(4) { self.lua_value() } else { self.get(Type::Num) };
            let _ = self.e.op(Op::USTORE, Type::None, &[place, value]);
            self.dirty = true;
        }
    }

    fn allocate(&mut self) {
        match self.random.below(3) {
            0 => {
                let table = self.e.op_with(Op::TNEW, Type::Tab, &[], &[1, 3, 0]);
                let slots = self.e.op_with(Op::FLOAD, Type::Ptr, &[table], &[Field::TabSlots as i32]);
                for place in 0..3 {
                    let value = self.get(Type::Num);
                    let _ = self.e.op_with(Op::KSTORE, Type::None, &[slots, value], &[place]);
                }
                self.put(Type::Tab, table);
            }
            1 => {
                let value = self.get(Type::I64);
                let boxed = self.e.op_with(Op::CBOX, Type::Cdata, &[value], &[MemType::I64 as i32, 11]);
                self.put(Type::Cdata, boxed);
                let address = self.e.op_with(Op::ADDR, Type::Ptr, &[boxed], &[8]);
                let back = self.e.op_with(Op::XLOAD, Type::I64, &[address], &[MemType::I64 as i32, 0]);
                self.put(Type::I64, back);
            }
            _ => {
                let object = self.e.op_with(Op::CNEW, Type::Cdata, &[], &[30, 16, 8]);
                let address = self.e.op_with(Op::ADDR, Type::Ptr, &[object], &[8]);
                let (x, y) = (self.get(Type::Num), self.get(Type::Num));
                let _ = self.e.op_with(Op::XSTORE, Type::None, &[address, x], &[MemType::F64 as i32, 0]);
                let _ = self.e.op_with(Op::XSTORE, Type::None, &[address, y], &[MemType::F64 as i32, 8]);
                let back = self.e.op_with(Op::XLOAD, Type::Num, &[address], &[MemType::F64 as i32, 8]);
                self.put(Type::Num, back);
                self.put(Type::Cdata, object);
            }
        }
    }

    fn call(&mut self) {
        let name = self.random.pick(&["pow", "sin", "fmod", "add", "half", "float", "pair"]);
        if let Some(helper) = Helper::from_text(name) {
            let mut ins = Ins::new(Op::CALL, Type::Num, &[]).with_lits(&[helper as i32]);
            let arguments: Vec<IrRef> = helper.info().params.iter().map(|_| self.get(Type::Num)).collect();
            ins.list = self.e.list(&arguments);
            if let Ok(r) = self.e.emit(ins) {
                self.put(Type::Num, r);
            }
            return;
        }
        let scalar = |m| CParam::Scalar(m);
        let (params, results) = match name {
            "add" => (vec![scalar(MemType::I32); 2], vec![MemType::I32]),
            "half" => (vec![scalar(MemType::F64)], vec![MemType::F64]),
            "float" => (vec![scalar(MemType::F32), scalar(MemType::U32)], vec![MemType::F32]),
            _ => (vec![scalar(MemType::I64), scalar(MemType::F64)], vec![MemType::I64, MemType::F64]),
        };
        let types: Vec<Type> =
            params.iter().map(|p| if let CParam::Scalar(m) = p { m.ty() } else { Type::Ptr }).collect();
        let arguments: Vec<IrRef> = types.into_iter().map(|ty| self.get(ty)).collect();
        let signature = self.e.trace.add_signature(CSignature { params, results: results.clone(), variadic: false });
        let target = self.e.constant(Const::Ptr(self.block.name(name).unwrap_or(0)));
        let mut ins = Ins::new(Op::CALLC, results[0].ty(), &[target]).with_lits(&[signature]);
        ins.list = self.e.list(&arguments);
        if let Ok(r) = self.e.emit(ins) {
            self.put(results[0].ty(), r);
            if let Some(second) = results.get(1) {
                let r = self.e.op_with(Op::RESULT, second.ty(), &[r], &[1]);
                self.put(second.ty(), r);
            }
        }
        self.dirty = true;
        self.guard(Ins::new(Op::EVENT, Type::None, &[]));
    }
}

/// Whether a fault says that the trace ran too long, and no more.
pub fn ran_too_long(fault: &eval::Fault) -> bool {
    fault.0.contains("does not end")
}
