//! Table constructors: the tables are made on the trace, and are sunk into exits when nothing else sees them.

use super::{At, Flow, Recorder, Traced};
use crate::ir::{Field, Helper, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::bytecode::Op as Bc;
use moonwake_lang::object::{Gc, Table};
use moonwake_lang::table::shape::EMPTY;
use moonwake_lang::value::Value;

/// `NEWTABLE`
pub fn table(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (items, fields) = (at.ins.d() as i32, at.word(0) as i32);
    let made = match (items, fields) {
        (..=MAX_ITEMS, ..=MAX_FIELDS) => {
            let room = if items > 0 { items + 1 } else { 0 };
            r.e.op_with(Op::TNEW, Type::Tab, &[], &[EMPTY as i32, fields, room])
        }
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

/// `DUPTABLE`: a small table is made and filled, so that it can be sunk.
pub fn duplicate(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let (value, template) = template(at)?;
    let copied = r.value(value);
    let (fields, size) = (template_values(at, template), template.array_size.get());
    let items: Vec<Value> = (1..size).map(|i| template.array_value(i)).collect();
    let made = match fields {
        Some(fields) if items.len() as i32 <= MAX_ITEMS && items.iter().all(|item| !item.is_nil()) => {
            let lits = [template.shape() as i32, fields.len() as i32, size as i32];
            let made = r.e.op_with(Op::TNEW, Type::Tab, &[], &lits);
            for (slot, &field) in fields.iter().enumerate().filter(|(_, field)| !field.is_nil()) {
                let (slots, field) = (r.field(made, Field::TabSlots), r.value(field));
                r.store(Op::KSTORE, &[slots, field.ir], &[slot as i32]);
            }
            for (i, &item) in (1..).zip(&items) {
                let (index, item) = (r.e.int(i), r.value(item));
                r.store(Op::NEWITEM, &[made, index, item.ir], &[]);
            }
            made
        }
        _ => r.e.op(Op::TDUP, Type::Tab, &[copied.ir]),
    };
    r.set(at.ins.a(), made);
    Ok(Flow::Next)
}

/// The values of a template's fields by their slots, unless it has too many of them.
fn template_values(at: &At<'_>, template: Gc<Table>) -> Option<Vec<Value>> {
    if at.vm.heap.is_dictionary(template.shape()) {
        return None;
    }
    let count = at.vm.heap.template_fields(template) as u32;
    (count as i32 <= MAX_FIELDS).then(|| (0..count).map(|slot| template.slot_value(slot)).collect())
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
    let slots = r.field(made, Field::TabSlots);
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
    if count > MAX_ITEMS_STORED {
        return Err(Reason::NyiVarargs.into());
    }
    let new = table.now.as_table().ok_or(Reason::BadType)?;
    // A list without holes lengthens the array item by item.
    let mut size = new.array_size.get();
    for i in 0..count {
        let value = r.register(at, a + 1 + i);
        let place = first + i as i32;
        let index = Traced { ir: r.e.int(place), now: Value::number(f64::from(place)) };
        if place as u32 == size.max(1) && !value.now.is_nil() {
            r.append_item(at, table, new, index, size, value)?;
            size = place as u32 + 1;
        } else {
            r.call(Helper::TableSet, &[table.ir, index.ir, value.ir])?;
            size = u32::MAX;
        }
    }
    Ok(Flow::Next)
}

/// Items that a trace stores one by one.
const MAX_ITEMS_STORED: usize = 64;
/// Items for which a new table is made with room by the trace itself.
const MAX_ITEMS: i32 = 32;
