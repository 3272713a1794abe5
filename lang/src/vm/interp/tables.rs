//! Tables: construction, fields with inline caches, and indexing.
//!
//! An access to a field with a constant name carries its cache in the instruction stream: the shape that the table had last time, and
//! the slot where that shape keeps the key. One compare of shape ids then replaces the hash lookup. A store that adds the key also
//! caches the shape that the table takes on. A method found through `__index` is cached as the address of its value, good while the
//! receiver keeps its shape and no prototype table has changed (the *epoch*).
//!
//! Reading a nil from a cached slot is not a hit, since the key is then absent and `__index` must be asked; likewise
//! overwriting a nil, for `__newindex`.

use super::super::Vm;
use super::super::access::Lookup;
use super::super::messages;
use super::data::function_of;
use super::dispatch::{handlers, next, tail};
use super::loops::poll_then_next;
use super::meta::call_metamethod;
use super::throw::throw_error;
use super::truncate::to_i32;
use crate::bytecode::{Ins, key_word};
use crate::object::{Gc, Str, Table};
use crate::value::Value;

/// What stands in for a shape id in a method cache whose receiver is a string.
const STRING_RECEIVER: u32 = u32::MAX;

/// The constant key of a field instruction whose `Key` word is `word`.
#[inline(always)]
unsafe fn key_of(k: *const Value, word: u32) -> Gc<Str> {
    // SAFETY: the verified word's upper half is the index of a string constant.
    unsafe { Gc::from_address((*k.add((word >> 16) as usize)).address()) }
}

/// Slot `slot` of a table.
#[inline(always)]
fn slot_of(t: Gc<Table>, slot: u32) -> *mut Value {
    t.slots.get().wrapping_add(slot as usize)
}

handlers! {
    newtable(vm, base, pc, ins, k, x) {
        let t = (*vm).heap.new_table(ins.d(), *pc as usize);
        *base.add(ins.a()) = Value::from(t);
        if (*vm).must_poll() {
            return tail(poll_then_next, vm, base, pc.add(1), ins, k, 0);
        }
        next(vm, base, pc.add(1), k, x)
    }

    duptable(vm, base, pc, ins, k, x) {
        let template = Gc::from_address((*k.add(ins.d())).address());
        let t = (*vm).heap.copy_table(template);
        *base.add(ins.a()) = Value::from(t);
        if (*vm).must_poll() {
            return tail(poll_then_next, vm, base, pc, ins, k, 0);
        }
        next(vm, base, pc, k, x)
    }

    newobject(vm, base, pc, ins, k, x) {
        let template: Gc<Table> = Gc::from_address((*k.add(ins.d())).address());
        let values = std::slice::from_raw_parts(base.add(ins.a() + 1), (*vm).heap.template_fields(template));
        let t = (*vm).heap.new_object(template, values);
        *base.add(ins.a()) = Value::from(t);
        if (*vm).must_poll() {
            return tail(poll_then_next, vm, base, pc, ins, k, 0);
        }
        next(vm, base, pc, k, x)
    }

    setlist(vm, base, pc, ins, k, x) {
        set_list(vm, base, pc, ins, k, ins.d())
    }

    setlistm(vm, base, pc, ins, k, x) {
        set_list(vm, base, pc, ins, k, ins.d() + (*vm).trace.multiple_results.get() as usize)
    }

    getglobal(vm, base, pc, ins, k, x) {
        let t = function_of(base).env.get();
        let word = *pc.add(1);
        if t.shape() == *pc {
            let v = *slot_of(t, word & 0xffff);
            if !v.is_nil() {
                *base.add(ins.a()) = v;
                return next(vm, base, pc.add(2), k, x);
            }
        }
        tail(getglobal_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    getglobal_slow(vm, base, pc, ins, k, x) {
        let t = function_of(base).env.get();
        get_field(vm, base, pc, ins, k, Value::from(t))
    }

    getfield(vm, base, pc, ins, k, x) {
        if let Some(t) = (*base.add(ins.b())).as_table()
            && t.shape() == *pc
        {
            let v = *slot_of(t, *pc.add(1) & 0xffff);
            if !v.is_nil() {
                *base.add(ins.a()) = v;
                return next(vm, base, pc.add(2), k, x);
            }
        }
        tail(getfield_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    getfield_slow(vm, base, pc, ins, k, x) {
        get_field(vm, base, pc, ins, k, *base.add(ins.b()))
    }

    getmethod(vm, base, pc, ins, k, x) {
        let receiver = *base.add(ins.b());
        if let Some(t) = receiver.as_table()
            && t.shape() == *pc
            && *pc.add(2) == (*vm).heap.epoch.get()
        {
            let address = u64::from(*pc.add(3)) | u64::from(*pc.add(4)) << 32;
            *base.add(ins.a() + 2) = receiver;
            *base.add(ins.a()) = *(address as *const Value);
            return next(vm, base, pc.add(5), k, x);
        }
        tail(getmethod_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    getmethod_slow(vm, base, pc, ins, k, x) {
        let receiver = *base.add(ins.b());
        let word = *pc.add(1);
        let key = key_of(k, word);
        let epoch = (*vm).heap.epoch.get();
        let cached = match receiver.as_table() {
            Some(t) if t.shape() == *pc && *pc.add(2) == 0 => Some(slot_of(t, word & 0xffff)),
            None if receiver.as_str().is_some() && *pc == STRING_RECEIVER && *pc.add(2) == epoch => {
                Some((u64::from(*pc.add(3)) | u64::from(*pc.add(4)) << 32) as *mut Value)
            }
            _ => None,
        };
        if let Some(place) = cached
            && !(*place).is_nil()
        {
            *base.add(ins.a() + 2) = receiver;
            *base.add(ins.a()) = *place;
            return next(vm, base, pc.add(5), k, x);
        }
        cache_method(vm, pc, receiver, key);
        match (*vm).look_up(receiver, Value::from(key)) {
            Lookup::Done => {
                let v = (*vm).looked_up[0];
                *base.add(ins.a() + 2) = receiver;
                *base.add(ins.a()) = v;
                next(vm, base, pc.add(5), k, x)
            }
            Lookup::Call => {
                let [f, object] = (*vm).looked_up;
                *base.add(ins.a() + 2) = receiver;
                call_metamethod(vm, base, pc.sub(1), f, [object, Value::from(key)], Value::NIL, false)
            }
            Lookup::Impossible => {
                let error = messages::index_error(&mut *vm, base, pc.sub(1), ins.b());
                throw_error(vm, base, pc, error)
            }
        }
    }

    getindex(vm, base, pc, ins, k, x) {
        if let Some(t) = (*base.add(ins.b())).as_table() {
            let key = *base.add(ins.c());
            let n = key.as_f64();
            let i = to_i32(n);
            let v = if f64::from(i) == n && (i as u32) < t.array_size.get() {
                *t.array.get().add(i as u32 as usize)
            } else if let Some(s) = key.as_str() {
                (*vm).heap.get_str(t, s)
            } else {
                (*vm).heap.get(t, key)
            };
            if !v.is_nil() {
                *base.add(ins.a()) = v;
                return next(vm, base, pc, k, x);
            }
        }
        tail(getindex_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    getindex_slow(vm, base, pc, ins, k, x) {
        get_indexed(vm, base, pc, ins, k, *base.add(ins.c()))
    }

    getindexi(vm, base, pc, ins, k, x) {
        if let Some(t) = (*base.add(ins.b())).as_table()
            && (ins.c() as u32) < t.array_size.get()
        {
            let v = *t.array.get().add(ins.c());
            if !v.is_nil() {
                *base.add(ins.a()) = v;
                return next(vm, base, pc, k, x);
            }
        }
        tail(getindexi_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    getindexi_slow(vm, base, pc, ins, k, x) {
        get_indexed(vm, base, pc, ins, k, Value::number(ins.c() as f64))
    }

    setglobal(vm, base, pc, ins, k, x) {
        let t = function_of(base).env.get();
        if !store_cached(vm, t, pc, *base.add(ins.a())) {
            return tail(setglobal_slow, vm, base, pc, ins, k, x);
        }
        next(vm, base, pc.add(3), k, x)
    }

    #[inline(never)]
    setglobal_slow(vm, base, pc, ins, k, x) {
        let t = function_of(base).env.get();
        set_field(vm, base, pc, ins, k, Value::from(t))
    }

    setfield(vm, base, pc, ins, k, x) {
        if let Some(t) = (*base.add(ins.b())).as_table()
            && store_cached(vm, t, pc, *base.add(ins.a()))
        {
            return next(vm, base, pc.add(3), k, x);
        }
        tail(setfield_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    setfield_slow(vm, base, pc, ins, k, x) {
        set_field(vm, base, pc, ins, k, *base.add(ins.b()))
    }

    setindex(vm, base, pc, ins, k, x) {
        if let Some(t) = (*base.add(ins.b())).as_table() {
            let n = (*base.add(ins.c())).as_f64();
            let i = to_i32(n);
            if f64::from(i) == n && (i as u32) < t.array_size.get() {
                let place = t.array.get().add(i as u32 as usize);
                let v = *base.add(ins.a());
                if !(*place).is_nil() && !v.is_nil() {
                    *place = v;
                    (*vm).heap.barrier(t.header(), v);
                    return next(vm, base, pc, k, x);
                }
            }
        }
        tail(setindex_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    setindex_slow(vm, base, pc, ins, k, x) {
        set_indexed(vm, base, pc, ins, k, *base.add(ins.c()))
    }

    setindexi(vm, base, pc, ins, k, x) {
        if let Some(t) = (*base.add(ins.b())).as_table()
            && (ins.c() as u32) < t.array_size.get()
        {
            let place = t.array.get().add(ins.c());
            let v = *base.add(ins.a());
            if !(*place).is_nil() && !v.is_nil() {
                *place = v;
                (*vm).heap.barrier(t.header(), v);
                return next(vm, base, pc, k, x);
            }
        }
        tail(setindexi_slow, vm, base, pc, ins, k, x)
    }

    #[inline(never)]
    setindexi_slow(vm, base, pc, ins, k, x) {
        set_indexed(vm, base, pc, ins, k, Value::number(ins.c() as f64))
    }
}

/// Stores `count` values above the table in `R[a]` into its array part.
unsafe fn set_list(vm: *mut Vm, base: *mut Value, pc: *const u32, ins: Ins, k: *const Value, count: usize) {
    // SAFETY: called by handlers with their state; the values stand above `R[a]`.
    unsafe {
        let t: Gc<Table> = Gc::from_address((*base.add(ins.a())).address());
        let start = *pc as i64;
        (*vm).heap.reserve(t, start as usize + count - 1, 0);
        for i in 0..count {
            (*vm).heap.set_int(t, start + i as i64, *base.add(ins.a() + 1 + i));
        }
        next(vm, base, pc.add(1), k, 0)
    }
}

/// Stores by the cache of a `SETFIELD` or `SETGLOBAL`; false when the cache does not fit.
#[inline(always)]
unsafe fn store_cached(vm: *mut Vm, t: Gc<Table>, pc: *const u32, v: Value) -> bool {
    // SAFETY: the cache words were written for this shape: its slot exists, or has room after the check.
    unsafe {
        let (shape, slot, new_shape) = (*pc, *pc.add(1) & 0xffff, *pc.add(2));
        if t.shape() != shape {
            return false;
        }
        let place = slot_of(t, slot);
        if new_shape == shape {
            if (*place).is_nil() || v.is_nil() {
                return false;
            }
        } else {
            if slot >= t.slot_capacity() || v.is_nil() {
                return false;
            }
            t.header.size.set(new_shape);
            *place = v;
            (*vm).heap.barrier_always(t.header()); // the new shape must be seen as well
            return true;
        }
        *place = v;
        (*vm).heap.barrier(t.header(), v);
        true
    }
}

/// The slow path of `GETFIELD` and `GETGLOBAL`: fills the cache, and asks `__index`.
unsafe fn get_field(vm: *mut Vm, base: *mut Value, pc: *const u32, ins: Ins, k: *const Value, object: Value) {
    // SAFETY: called by handlers with their state; the two words at `pc` are the cache.
    unsafe {
        let word = *pc.add(1);
        let key = key_of(k, word);
        if let Some(t) = object.as_table()
            && let Some(slot) = (*vm).heap.lookup(t.shape(), key)
            && slot <= 0xffff
        {
            let cache = pc.cast_mut();
            *cache = t.shape();
            *cache.add(1) = key_word((word >> 16) as u16, slot as u16);
        }
        match (*vm).look_up(object, Value::from(key)) {
            Lookup::Done => {
                let v = (*vm).looked_up[0];
                *base.add(ins.a()) = v;
                next(vm, base, pc.add(2), k, 0)
            }
            Lookup::Call => {
                let [f, object] = (*vm).looked_up;
                call_metamethod(vm, base, pc.sub(1), f, [object, Value::from(key)], Value::NIL, false)
            }
            Lookup::Impossible => {
                let error = messages::index_error(&mut *vm, base, pc.sub(1), ins.b());
                throw_error(vm, base, pc, error)
            }
        }
    }
}

/// Fills the cache of a `GETMETHOD` where the receiver allows it.
unsafe fn cache_method(vm: *mut Vm, pc: *const u32, receiver: Value, key: Gc<Str>) {
    // SAFETY: the five words at `pc` are the cache.
    unsafe {
        let cache = pc.cast_mut();
        let vm = &mut *vm;
        let (shape, mut holder) = match receiver.as_table() {
            Some(t) => {
                if let Some(slot) = vm.heap.lookup(t.shape(), key)
                    && slot <= 0xffff
                {
                    *cache = t.shape();
                    *cache.add(1) = key_word((*pc.add(1) >> 16) as u16, slot as u16);
                    *cache.add(2) = 0;
                    return;
                }
                if vm.heap.is_dictionary(t.shape()) {
                    return;
                }
                (t.shape(), vm.index_table(receiver))
            }
            None if receiver.as_str().is_some() => (STRING_RECEIVER, vm.index_table(receiver)),
            None => return,
        };
        for _ in 0..8 {
            let Some(t) = holder else { return };
            if let Some(slot) = vm.heap.lookup(t.shape(), key) {
                let place = slot_of(t, slot);
                if !(*place).is_nil() {
                    *cache = shape;
                    *cache.add(2) = vm.heap.epoch.get();
                    *cache.add(3) = place as u64 as u32;
                    *cache.add(4) = (place as u64 >> 32) as u32;
                    return;
                }
            }
            if vm.heap.is_dictionary(t.shape()) {
                return;
            }
            holder = vm.index_table(Value::from(t));
        }
    }
}

/// The slow path of indexing: any object, any key.
unsafe fn get_indexed(vm: *mut Vm, base: *mut Value, pc: *const u32, ins: Ins, k: *const Value, key: Value) {
    // SAFETY: called by handlers with their state.
    unsafe {
        match (*vm).look_up(*base.add(ins.b()), key) {
            Lookup::Done => {
                let v = (*vm).looked_up[0];
                *base.add(ins.a()) = v;
                next(vm, base, pc, k, 0)
            }
            Lookup::Call => {
                let [f, object] = (*vm).looked_up;
                call_metamethod(vm, base, pc.sub(1), f, [object, key], Value::NIL, false)
            }
            Lookup::Impossible => {
                let error = messages::index_error(&mut *vm, base, pc.sub(1), ins.b());
                throw_error(vm, base, pc, error)
            }
        }
    }
}

/// The slow path of `SETFIELD` and `SETGLOBAL`: stores, asks `__newindex`, and fills the cache.
unsafe fn set_field(vm: *mut Vm, base: *mut Value, pc: *const u32, ins: Ins, k: *const Value, object: Value) {
    // SAFETY: called by handlers with their state; the three words at `pc` are the cache.
    unsafe {
        let word = *pc.add(1);
        let key = key_of(k, word);
        let v = *base.add(ins.a());
        if let Some(t) = object.as_table()
            && (*vm).stores_raw(t, key)
        {
            if let Some(store) = (*vm).heap.set_str_cached(t, key, v)
                && store.slot <= 0xffff
            {
                let cache = pc.cast_mut();
                *cache = store.old_shape;
                *cache.add(1) = key_word((word >> 16) as u16, store.slot as u16);
                *cache.add(2) = store.new_shape;
            }
            if (*vm).must_poll() {
                return tail(poll_then_next, vm, base, pc.add(3), ins, k, 0);
            }
            return next(vm, base, pc.add(3), k, 0);
        }
        match (*vm).store(object, Value::from(key), v) {
            Lookup::Done => {
                if (*vm).must_poll() {
                    return tail(poll_then_next, vm, base, pc.add(3), ins, k, 0);
                }
                next(vm, base, pc.add(3), k, 0)
            }
            Lookup::Call => {
                let [f, object] = (*vm).looked_up;
                call_metamethod(vm, base, pc.sub(1), f, [object, Value::from(key), v], Value::NIL, false)
            }
            Lookup::Impossible => {
                let problem = (*vm).store_problem;
                let error = messages::store_error(&mut *vm, base, pc.sub(1), ins.b(), problem);
                throw_error(vm, base, pc, error)
            }
        }
    }
}

/// The slow path of indexed stores.
unsafe fn set_indexed(vm: *mut Vm, base: *mut Value, pc: *const u32, ins: Ins, k: *const Value, key: Value) {
    // SAFETY: called by handlers with their state.
    unsafe {
        let v = *base.add(ins.a());
        match (*vm).store(*base.add(ins.b()), key, v) {
            Lookup::Done => {
                if (*vm).must_poll() {
                    return tail(poll_then_next, vm, base, pc, ins, k, 0);
                }
                next(vm, base, pc, k, 0)
            }
            Lookup::Call => {
                let [f, object] = (*vm).looked_up;
                call_metamethod(vm, base, pc.sub(1), f, [object, key, v], Value::NIL, false)
            }
            Lookup::Impossible => {
                let problem = (*vm).store_problem;
                let error = messages::store_error(&mut *vm, base, pc.sub(1), ins.b(), problem);
                throw_error(vm, base, pc, error)
            }
        }
    }
}
