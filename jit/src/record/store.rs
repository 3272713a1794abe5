//! Writing tables and everything else that can be indexed.
//!
//! | store | recorded as |
//! | --- | --- |
//! | to a field that the shape has | a store into its slot |
//! | that adds a field | a change of shape, which needs no lookup |
//! | to an item of an array | a store, after the check of bounds |
//! | that lengthens an array by one | an operation of its own |
//! | anything else | a runtime helper |
//!
//! A table with a metatable may have `__newindex`, which matters when the key was absent. That it has none is guarded by shape and epoch;
//! if it has one, that the key is there must be guarded as well.
//!
//! **Prototypes** (metatables and `__index` tables) must tell the epoch when a function of theirs changes or a key comes or goes.
//! Stores to them go through the helper, unless they put one plain value in the place of another.

use super::recorder::whole;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Field, Helper, IrRef, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::object::{Gc, Str, Table, table_flags};
use moonwake_lang::value::{Tag, Value};

/// Longest chain of `__newindex` that a trace follows.
const MAX_CHAIN: usize = 20;

impl Recorder {
    /// Records `object[key] = value`. Object and key are unboxed.
    pub fn store_index(&mut self, at: &mut At<'_>, mut object: Traced, key: Traced, value: Traced) -> Rec<Flow> {
        if object.now.is(Tag::Table) {
            self.doubt(object.ir, at);
            self.expect_keys(at, object, key, value);
        }
        for _ in 0..MAX_CHAIN {
            if object.now.is(Tag::Cdata) {
                return super::cdata::store(self, at, object, key, value);
            }
            let Some(t) = object.now.as_table() else {
                let handler = at.vm.metamethod(object.now, Metamethod::NewIndex).ok_or(Reason::BadType)?;
                self.guard_metamethod(at, object, Metamethod::NewIndex)?;
                match self.newindex(handler, object) {
                    Ok(next) => object = next,
                    Err(object) => return self.call_metamethod(at, handler, &[object, key, value], Value::NIL, false),
                }
                continue;
            };
            if self.stores_raw(at, object, t, key)? {
                self.raw_set(at, object, t, key, value)?;
                return Ok(Flow::Next);
            }
            let handler = at.vm.metamethod(object.now, Metamethod::NewIndex).ok_or(Reason::BadType)?;
            self.guard_metamethod(at, object, Metamethod::NewIndex)?;
            match self.newindex(handler, object) {
                Ok(next) => object = next,
                Err(object) => return self.call_metamethod(at, handler, &[object, key, value], Value::NIL, false),
            }
        }
        Err(Reason::IndexLoop.into())
    }

    /// A store that adds a key which the program computes: the next one finds the table in another shape, and is likely to add another key. So
    /// the shape is not looked at.
    fn expect_keys(&mut self, at: &At<'_>, object: Traced, key: Traced, value: Traced) {
        let Some(t) = object.now.as_table() else { return };
        let adds = key.now.is(Tag::Str) && key.ir.is_instruction() && !value.now.is_nil();
        if adds
            && object.ir.is_instruction()
            && !at.vm.heap.is_dictionary(t.shape())
            && at.vm.heap.get(t, key.now).is_nil()
            && !self.generic.contains(&object.ir)
        {
            self.generic.push(object.ir);
        }
    }

    /// The table that `__newindex` is; the object back if it is a function.
    fn newindex(&mut self, handler: Value, object: Traced) -> Result<Traced, Traced> {
        if handler.is(Tag::Function) { Err(object) } else { Ok(self.value(handler)) }
    }

    /// Whether the table itself takes the value; guards that it always does.
    fn stores_raw(&mut self, at: &At<'_>, object: Traced, t: Gc<Table>, key: Traced) -> Rec<bool> {
        let Some(metatable) = at.vm.heap.metatable(t) else {
            // A metatable could come. If the store goes to a place that is guarded to exist, it would not matter, but the
            // shape of an array that is stored into is checked only once in a loop anyway.
            self.guard_metatable(at, object.ir, t)?;
            return Ok(true);
        };
        if at.vm.heap.metamethod(metatable, Metamethod::NewIndex).is_nil() {
            self.guard_metamethod(at, object, Metamethod::NewIndex)?;
            return Ok(true);
        }
        let old = self.raw_get(at, object, t, key)?;
        let old = self.unbox(old)?;
        Ok(!old.now.is_nil())
    }

    /// Records `table[key] = value` without metamethods.
    pub fn raw_set(&mut self, at: &mut At<'_>, object: Traced, t: Gc<Table>, key: Traced, value: Traced) -> Rec<()> {
        if key.now.is_nil() || key.now.to_number().is_some_and(f64::is_nan) {
            return Err(Reason::StoreNilKey.into());
        }
        if let Some(name) = key.now.as_str().filter(|_| key.ir.is_constant())
            && !at.vm.heap.is_dictionary(t.shape())
            && !self.is_generic(object.ir)
        {
            return self.set_field(at, object, t, name, value);
        }
        if let Some(index) = whole(key.now).filter(|&i| i >= 0) {
            return self.set_item(at, object, t, (key, index), value);
        }
        self.set_any(object, key, value)
    }

    /// A store to a key that is a constant string.
    fn set_field(&mut self, at: &mut At<'_>, object: Traced, t: Gc<Table>, name: Gc<Str>, value: Traced) -> Rec<()> {
        let key = self.value(name.into());
        let shape = self.guard_shape(object.ir, t)?;
        let prototype = t.header.aux.get() & table_flags::PROTOTYPE != 0;
        match at.vm.heap.lookup(shape, name) {
            Some(slot) if prototype => {
                let old = Traced { ir: self.load_key(object.ir, slot), now: t.slot_value(slot) };
                if !is_plain(old.now) || !is_plain(value.now) || name.bytes().starts_with(b"__") {
                    return self.set_any(object, key, value);
                }
                self.unbox(old)?;
                let value = self.unbox(value)?;
                self.set_slot(object, slot, value);
            }
            Some(slot) => self.set_slot(object, slot, value),
            None if prototype || value.now.is_nil() => return self.set_any(object, key, value),
            None => {
                let slot = at.vm.heap.shape_keys(shape);
                let Some(next) = at.vm.heap.shape_with_key(shape, name) else {
                    return self.set_any(object, key, value);
                };
                // Nil would add no key.
                let value = self.not_nil(value)?;
                self.store(Op::NEWKEY, &[object.ir, value.ir], &[next as i32, slot as i32]);
                self.e.op(Op::BARRIER, Type::None, &[object.ir]);
            }
        }
        Ok(())
    }

    fn set_slot(&mut self, object: Traced, slot: u32, value: Traced) {
        let slots = self.field(object.ir, Field::TabSlots);
        self.store(Op::KSTORE, &[slots, value.ir], &[slot as i32]);
        self.barrier(object.ir, value.ir);
    }

    /// A value that is not nil now, guarded never to be.
    fn not_nil(&mut self, value: Traced) -> Rec<Traced> {
        self.unbox(value)
    }

    /// A store to an array index.
    fn set_item(
        &mut self,
        at: &At<'_>,
        object: Traced,
        t: Gc<Table>,
        (key, index): (Traced, i32),
        value: Traced,
    ) -> Rec<()> {
        let size = t.array_size.get();
        let lengthens = index as u32 == size.max(1);
        if value.now.is_nil() || !(lengthens || (index as u32) < size) {
            return self.set_any(object, key, value);
        }
        if lengthens {
            return self.append_item(at, object, t, key, size, value);
        }
        let place = self.int(key)?.unwrap_or(key.ir);
        let value = self.not_nil(value)?;
        let size_ir = self.field(object.ir, Field::TabSize);
        self.e.guard(Op::ULT, Type::None, &[place, size_ir])?;
        let array = self.field(object.ir, Field::TabArray);
        self.store(Op::ASTORE, &[array, place, value.ir], &[]);
        self.barrier(object.ir, value.ir);
        Ok(())
    }

    /// A store to the index behind the array, whose size is `size` by then.
    pub fn append_item(
        &mut self,
        at: &At<'_>,
        object: Traced,
        t: Gc<Table>,
        key: Traced,
        size: u32,
        value: Traced,
    ) -> Rec<()> {
        let place = self.int(key)?.unwrap_or(key.ir);
        let value = self.not_nil(value)?;
        let size_ir = self.field(object.ir, Field::TabSize);
        // Size 0 and size 1 are both empty.
        if size == 0 {
            let (zero, one) = (self.e.int(0), self.e.int(1));
            self.e.guard(Op::EQ, Type::None, &[size_ir, zero])?;
            self.e.guard(Op::EQ, Type::None, &[place, one])?;
        } else {
            self.e.guard(Op::EQ, Type::None, &[place, size_ir])?;
        }
        // A dictionary might hold the index after this one, which would then belong into the array.
        let shape = self.guard_shape(object.ir, t)?;
        if at.vm.heap.is_dictionary(shape) {
            return self.set_any(object, key, value);
        }
        self.make_room(object.ir, place);
        self.store(Op::NEWITEM, &[object.ir, place, value.ir], &[]);
        Ok(())
    }

    /// A table that is made in this trace is made with room for the few items that it gets.
    fn make_room(&mut self, table: IrRef, place: IrRef) {
        let Some(index) = self.e.trace.int_constant(place).filter(|&i| i < MOST_ROOM) else { return };
        if self.e.inner_of(table, Op::TNEW).is_some() {
            let room = &mut self.e.trace.ins[table.index()].lits[2];
            *room = (*room).max(index as i32 + 1);
        }
    }

    /// A store to any key, by the helper.
    pub fn set_any(&mut self, object: Traced, key: Traced, value: Traced) -> Rec<()> {
        if key.now.is_number() && self.ty(key.ir) != Type::Int {
            // The key is no NaN.
            let number = self.num(key)?;
            self.e.guard(Op::EQ, Type::None, &[number, number])?;
        }
        self.call(Helper::TableSet, &[object.ir, key.ir, value.ir])?;
        Ok(())
    }
}

/// Items, index 0 included, for which a new table has room from the start.
const MOST_ROOM: i64 = 33;

/// Whether a value in a prototype can be replaced by another such without anyone having to know.
fn is_plain(value: Value) -> bool {
    !value.is_nil() && !value.is(Tag::Function)
}

/// `SETGLOBAL`
pub fn global(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let environment = r.environment(at)?;
    let (key, value) = (r.field_key(at), r.register(at, at.ins.a()));
    r.store_index(at, environment, key, value)
}

/// `SETFIELD`
pub fn field(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let (key, value) = (r.field_key(at), r.register(at, at.ins.a()));
    r.store_index(at, object, key, value)
}

/// `SETINDEX`
pub fn index(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let key = r.typed_register(at, at.ins.c())?;
    let value = r.register(at, at.ins.a());
    r.store_index(at, object, key, value)
}

/// `SETINDEXI`
pub fn number(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let key = Value::number(at.ins.c() as f64);
    let key = Traced { ir: r.e.int(at.ins.c() as i32), now: key };
    let value = r.register(at, at.ins.a());
    r.store_index(at, object, key, value)
}
