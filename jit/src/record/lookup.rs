//! Reading tables and everything else that can be indexed: fields, methods, items.
//!
//! The lookup is done as the interpreter will do it, and each fact it rests on is guarded by what is cheapest:
//!
//! | fact | guard |
//! | --- | --- |
//! | where a field with a constant name is, or that there is none, and which metatable | the table's shape |
//! | what an `__index` chain from there finds: which function, or in which table | the heap's epoch |
//! | an item of an array | the index is below the array's size |
//! | anything else | none: a runtime helper looks it up |
//!
//! What was found is guarded to have the type it has now. Nil is a type like others, but for it to be the result there must be no `__index`.

use super::machine::slot_capacity;
use super::recorder::whole;
use super::{At, Flow, Recorder, Traced};
use crate::ir::{Field, Helper, IrRef, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::object::{Gc, Str, Table};
use moonwake_lang::value::{Tag, Value};

/// Longest chain of `__index` that a trace follows.
const MAX_CHAIN: usize = 20;

/// What a lookup found.
pub enum Found {
    /// A value.
    Value(Traced),
    /// A function to be called with this object and the key.
    Call(Value, Traced),
}

impl Recorder {
    /// Guards the shape of a table, and gives it.
    pub fn guard_shape(&mut self, table: IrRef, t: Gc<Table>) -> Rec<u32> {
        let shape = t.shape();
        self.guard_with(Op::SHAPE, &[table], &[shape as i32])?;
        Ok(shape)
    }

    /// Whether a table is one of so many shapes that it is accessed by lookup. All tables are that are accessed first where traces for some
    /// shapes were made before.
    pub fn is_generic(&mut self, table: IrRef) -> bool {
        if self.polymorphic && self.bytecode.len() == 1 && table.is_instruction() && !self.generic.contains(&table) {
            self.generic.push(table);
        }
        self.generic.contains(&table)
    }

    /// Guards that a table keeps its metatable, or having none: by its shape if that can be.
    pub fn guard_metatable(&mut self, at: &At<'_>, table: IrRef, t: Gc<Table>) -> Rec<()> {
        if !self.is_generic(table) {
            self.guard_shape(table, t)?;
            return Ok(());
        }
        let now = at.vm.heap.metatable(t).map_or(Value::NIL, Value::from);
        let ir = self.call(Helper::TableMetatable, &[table])?;
        self.specialise(Traced { ir, now })?;
        Ok(())
    }

    /// Guards that nothing has changed in any metatable or `__index` chain.
    pub fn guard_epoch(&mut self, at: &At<'_>) -> Rec<()> {
        self.guard_with(Op::EPOCH, &[], &[at.vm.heap.epoch.get() as i32])
    }

    /// Guards that an unboxed value's handler of an event, or that it has none, stays what it is now.
    pub fn guard_metamethod(&mut self, at: &At<'_>, value: Traced, event: Metamethod) -> Rec<()> {
        let metatable = at.vm.metatable_of(value.now);
        if let Some(t) = value.now.as_table() {
            self.guard_metatable(at, value.ir, t)?;
        } else if value.now.is(Tag::Userdata) {
            let actual = self.field(value.ir, Field::UdataMeta);
            let expected = self.pointer(metatable.map_or(std::ptr::null(), |m| m.as_ptr().cast_const()));
            self.e.guard(Op::EQ, Type::None, &[actual, expected])?;
        }
        // The metatable of any other type, of cdata too, is its type's: changing that changes the epoch.
        let Some(metatable) = metatable else { return Ok(()) };
        // Of what is no function the epoch does not tell.
        match at.vm.heap.metamethod(metatable, event) {
            handler if handler.is_nil() || handler.is(Tag::Function) || event == Metamethod::Index => {
                self.guard_epoch(at)
            }
            _ => Err(Reason::NyiMetamethod.into()),
        }
    }

    /// Looks up `object[key]`; both are unboxed. No slot has been changed by the current instruction yet.
    pub fn find(&mut self, at: &mut At<'_>, mut object: Traced, key: Traced) -> Rec<Found> {
        let mut in_chain = false;
        if object.now.is(Tag::Table) {
            self.doubt(object.ir, at);
        }
        for _ in 0..MAX_CHAIN {
            if object.now.is(Tag::Cdata) {
                return Err(Reason::NyiMetamethod.into());
            }
            if let Some(t) = object.now.as_table() {
                let value =
                    if in_chain { self.chain_get(at, object, t, key)? } else { self.raw_get(at, object, t, key)? };
                if Type::of_value(value.now).is_primitive() && self.ty(value.ir) == Type::Val {
                    // It is likely to be something else another time: a side trace should begin here, not further up.
                    self.snapshot(at.pc, at);
                }
                let value = self.unbox(value)?;
                if !value.now.is_nil() {
                    return Ok(Found::Value(value));
                }
                if at.vm.heap.metatable(t).is_none() {
                    self.guard_metatable(at, object.ir, t)?;
                    return Ok(Found::Value(value));
                }
            }
            let handler = at.vm.metamethod(object.now, Metamethod::Index);
            self.guard_metamethod(at, object, Metamethod::Index)?;
            object = match handler {
                None if object.now.is(Tag::Table) => return Ok(Found::Value(self.value(Value::NIL))),
                None => return Err(Reason::BadType.into()),
                Some(function) if function.is(Tag::Function) => return Ok(Found::Call(function, object)),
                Some(next) => self.value(next),
            };
            in_chain = true;
        }
        Err(Reason::IndexLoop.into())
    }

    /// `table[key]` of a table that an `__index` chain led to. Under the guarded epoch its keys, their places and its functions are what they are.
    fn chain_get(&mut self, at: &At<'_>, object: Traced, t: Gc<Table>, key: Traced) -> Rec<Traced> {
        if let Some(name) = key.now.as_str().filter(|_| key.ir.is_constant()) {
            let value = at.vm.heap.get_str(t, name);
            if value.is_nil() || value.is(Tag::Function) {
                return Ok(self.value(value));
            }
        }
        self.raw_get(at, object, t, key)
    }

    /// `table[key]` without metamethods, boxed.
    pub fn raw_get(&mut self, at: &At<'_>, object: Traced, t: Gc<Table>, key: Traced) -> Rec<Traced> {
        if let Some(name) = key.now.as_str().filter(|_| key.ir.is_constant()) {
            return self.get_field(at, object.ir, t, name);
        }
        if key.now.is_number() {
            return self.get_item(at, object.ir, t, key);
        }
        self.get_any(at, object.ir, t, key)
    }

    /// The value of a key that is a constant string.
    fn get_field(&mut self, at: &At<'_>, table: IrRef, t: Gc<Table>, name: Gc<Str>) -> Rec<Traced> {
        let key = self.value(name.into());
        if at.vm.heap.is_dictionary(t.shape()) || self.is_generic(table) {
            return self.get_any(at, table, t, key);
        }
        let shape = self.guard_shape(table, t)?;
        match at.vm.heap.lookup(shape, name) {
            None => Ok(self.value(Value::NIL)),
            Some(slot) => {
                debug_assert!(slot < slot_capacity(t));
                let ir = self.load_key(table, slot);
                Ok(Traced { ir, now: t.slot_value(slot) })
            }
        }
    }

    /// The value in a slot of a table whose shape is guarded.
    pub fn load_key(&mut self, table: IrRef, slot: u32) -> IrRef {
        let slots = self.field(table, Field::TabSlots);
        self.e.op_with(Op::KLOAD, Type::Val, &[slots], &[slot as i32])
    }

    /// The value of a key that is a number.
    fn get_item(&mut self, at: &At<'_>, table: IrRef, t: Gc<Table>, key: Traced) -> Rec<Traced> {
        match whole(key.now) {
            Some(index) if (index as u32) < t.array_size.get() => {
                let place = self.int(key)?.unwrap_or(key.ir);
                let size = self.field(table, Field::TabSize);
                self.e.guard(Op::ULT, Type::None, &[place, size])?;
                let array = self.field(table, Field::TabArray);
                let ir = self.e.op(Op::ALOAD, Type::Val, &[array, place]);
                Ok(Traced { ir, now: t.array_value(index as u32) })
            }
            // Without a dictionary, what is not in the array is nowhere.
            Some(_) if !at.vm.heap.is_dictionary(t.shape()) && !self.is_generic(table) => {
                let place = self.int(key)?.unwrap_or(key.ir);
                let size = self.field(table, Field::TabSize);
                self.e.guard(Op::UGE, Type::None, &[place, size])?;
                self.guard_shape(table, t)?;
                Ok(self.value(Value::NIL))
            }
            _ => self.get_any(at, table, t, key),
        }
    }

    /// The value of any key.
    fn get_any(&mut self, at: &At<'_>, table: IrRef, t: Gc<Table>, key: Traced) -> Rec<Traced> {
        let ir = match key.now.is(Tag::Str) && self.ty(key.ir) == Type::Str {
            true => self.call(Helper::TableGetStr, &[table, key.ir])?,
            false => self.call(Helper::TableGet, &[table, key.ir])?,
        };
        Ok(Traced { ir, now: at.vm.heap.get(t, key.now) })
    }

    /// Puts what was found into a register, or calls what will find it.
    fn set_found(&mut self, at: &mut At<'_>, found: Found, key: Traced) -> Rec<Flow> {
        match found {
            Found::Value(value) => {
                self.set(at.ins.a(), value.ir);
                Ok(Flow::Next)
            }
            Found::Call(function, object) => self.call_metamethod(at, function, &[object, key], Value::NIL, false),
        }
    }

    pub(super) fn index(&mut self, at: &mut At<'_>, object: Traced, key: Traced) -> Rec<Flow> {
        if object.now.is(Tag::Cdata) {
            return super::cdata::index(self, at, object, key);
        }
        let found = self.find(at, object, key)?;
        self.set_found(at, found, key)
    }

    /// The environment of the running function.
    pub fn environment(&mut self, at: &At<'_>) -> Rec<Traced> {
        let function = self.running_function(at)?;
        let now = Value::from(at.function().env.get());
        let loaded = self.field(function.ir, Field::FunEnv);
        self.specialise(Traced { ir: loaded, now })
    }

    /// The key of a field instruction.
    pub fn field_key(&mut self, at: &At<'_>) -> Traced {
        self.value(at.constant((at.word(1) >> 16) as usize))
    }
}

/// `GETGLOBAL`
pub fn global(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let environment = r.environment(at)?;
    let key = r.field_key(at);
    r.index(at, environment, key)
}

/// `GETFIELD`
pub fn field(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let key = r.field_key(at);
    r.index(at, object, key)
}

/// `GETMETHOD`
pub fn method(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let key = r.field_key(at);
    let a = at.ins.a();
    if object.now.is(Tag::Cdata) {
        r.set(a + 2, object.ir);
        return super::cdata::index(r, at, object, key);
    }
    let found = r.find(at, object, key)?;
    r.set(a + 2, object.ir);
    r.set_found(at, found, key)
}

/// `GETINDEX`
pub fn index(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let key = r.typed_register(at, at.ins.c())?;
    r.index(at, object, key)
}

/// `GETINDEXI`
pub fn number(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.b())?;
    let key = Value::number(at.ins.c() as f64);
    let key = Traced { ir: r.e.int(at.ins.c() as i32), now: key };
    r.index(at, object, key)
}
