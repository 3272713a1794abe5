//! Table constructors: the tables are made on the trace, and are sunk into exits when nothing else sees them.

use super::{At, Flow, Recorder, Traced};
use crate::ir::{Helper, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::Op as Bc;
use moonwake_lang::object::{Gc, Table};
use moonwake_lang::table::shape::EMPTY;
use moonwake_lang::value::Value;

/// `NEWTABLE`
pub fn table(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (items, fields) = (at.ins.d() as i32, at.word(0) as i32);
    let made = match (items, fields) {
        (0, fields) if fields <= MAX_FIELDS => r.e.op_with(Op::TNEW, Type::Tab, &[], &[EMPTY as i32, fields, 0]),
        _ => {
            let (items, fields) = (r.e.int(items), r.e.int(fields));
            r.call(Helper::TableSized, &[items, fields])?
        }
    };
    r.set(at.ins.a(), made);
    Ok(Flow::Next)
}

/// Fields for which a table has slots; with room for more it is a dictionary from the start.
const MAX_FIELDS: i32 = moonwake_lang::table::shape::MAX_COMPUTED_KEYS as i32;

fn template(at: &At<'_>) -> Rec<(Value, Gc<Table>)> {
    let value = at.constant(at.ins.d());
    value.as_table().map(|t| (value, t)).ok_or_else(|| Reason::BadType.into())
}

/// `DUPTABLE`
pub fn duplicate(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (value, _) = template(at)?;
    let template = r.value(value);
    let made = r.e.op(Op::TDUP, Type::Tab, &[template.ir]);
    r.set(at.ins.a(), made);
    Ok(Flow::Next)
}

/// `NEWOBJECT`: the template's shape, with the values of registers in its slots.
pub fn object(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (value, template) = template(at)?;
    let count = at.vm.heap.template_fields(template);
    if at.vm.heap.is_dictionary(template.shape()) {
        return Err(Reason::NyiBytecode.into());
    }
    // The template's shape is fixed, since nothing can reach the template.
    r.value(value);
    let shape = template.shape();
    let fields: Vec<Traced> = (0..count).map(|i| r.register(at, at.ins.a() + 1 + i)).collect();
    let made = r.e.op_with(Op::TNEW, Type::Tab, &[], &[shape as i32, count as i32, 0]);
    let slots = r.field(made, crate::ir::Field::TabSlots);
    for (slot, field) in fields.iter().enumerate() {
        r.store(Op::KSTORE, &[slots, field.ir], &[slot as i32]);
    }
    r.set(at.ins.a(), made);
    Ok(Flow::Next)
}

/// `SETLIST`, `SETLISTM`
pub fn list(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let a = at.ins.a();
    let count = if at.op() == Bc::SETLISTM { at.ins.d() + r.take_multiple()? } else { at.ins.d() };
    let first = at.word(0) as i32;
    let table = r.register(at, a);
    let table = r.unbox(table)?;
    if count > MAX_ITEMS {
        return Err(Reason::NyiVarargs.into());
    }
    for i in 0..count {
        let value = r.register(at, a + 1 + i);
        let index = r.e.int(first + i as i32);
        r.call(Helper::TableSet, &[table.ir, index, value.ir])?;
    }
    Ok(Flow::Next)
}

/// Items that a trace stores one by one.
const MAX_ITEMS: usize = 64;
