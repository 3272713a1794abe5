//! Generic loops. A loop over `next` steps through the table by position, without a search; any other iterator is called.

use super::call::Callee;
use super::{At, Flow, Recorder};
use crate::ir::{Const, Helper, IrRef, Op, Type};
use crate::trace::abort::Rec;
use moonwake_lang::object::{Gc, Table};
use moonwake_lang::table::next::BY_KEY;
use moonwake_lang::value::Value;
use moonwake_lang::vm::frame::Link;

/// `ITERPREP`: the hidden position is a raw word, which looks like a tiny number.
pub fn prepare(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let control = r.typed_register(at, at.ins.a() - 2)?;
    let position = r.e.constant(Const::Link(if control.now.is_nil() { 0 } else { BY_KEY.into() }));
    r.set(at.ins.a() - 1, position);
    Ok(r.jump(at, true))
}

/// `ITERCALL`
pub fn call(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a();
    let (function, state) = (at.register(a as i32 - 4), at.register(a as i32 - 3));
    if function == at.vm.next_function
        && let Some(t) = state.as_table()
        && at.ins.b() <= 3
    {
        if at.register(a as i32 - 1).0 as u32 != BY_KEY {
            return next(r, at, t);
        }
        let (position, by_key) = (position(r, a), r.e.constant(Const::Link(BY_KEY.into())));
        r.e.guard(Op::EQ, Type::None, &[position, by_key])?;
    }
    let function = r.register(at, a - 4);
    let arguments = vec![r.register(at, a - 3), r.register(at, a - 2)];
    let link = r.link(Link::lua(at.pc.next().pointer()));
    r.set(a + 1, link);
    let proto = r.frame().proto.expect("a Lua function runs");
    let live = at.known.live.before(proto, at.pc.next()).below(a);
    r.leave_frame(live);
    r.enter(at, Callee { function, base: r.base + a as i32 + 2, arguments })
}

/// A turn of a loop over `next`.
fn next(r: &mut Recorder, at: &mut At<'_>, t: Gc<Table>) -> Rec<Flow> {
    let a = at.ins.a();
    let function = r.register(at, a - 4);
    r.specialise(function)?;
    let table = r.typed_register(at, a - 3)?;
    let before = at.register(a as i32 - 1).0 as u32;
    let position = position(r, a);
    let first = r.scratch_slots(2)?;
    let place = r.e.op_with(Op::SADDR, Type::Ptr, &[], &[first]);
    let after = r.call(Helper::TableNext, &[table.ir, position, place])?;
    let end = r.e.constant(Const::Link(0));
    // The end of the table comes once, and is where a side trace will begin.
    r.snapshot(at.pc, at);
    match at.vm.heap.next_at(t, before) {
        None => {
            r.e.guard(Op::EQ, Type::None, &[after, end])?;
            // A loop that goes by keys finds nothing by position either.
            let by_key = r.e.constant(Const::Link(BY_KEY.into()));
            r.e.guard(Op::NE, Type::None, &[position, by_key])?;
            let nil = r.value(Value::NIL);
            r.set(a, nil.ir);
        }
        Some(_) => {
            r.e.guard(Op::NE, Type::None, &[after, end])?;
            let (key, value) = (r.left_in_slot(first), r.left_in_slot(first + 1));
            r.set(a, key);
            r.set(a + 1, value);
            r.set(a - 1, after);
        }
    }
    Ok(Flow::Next)
}

/// The hidden position of a loop whose variables start at register `a`.
fn position(r: &mut Recorder, a: usize) -> IrRef {
    let slot = r.base + a as i32 - 1;
    if let Some(known) = r.slots.get(slot) {
        return known;
    }
    let loaded = r.load_slot(slot, Type::Link);
    r.slots.read(slot, loaded);
    loaded
}
