//! Lengths and concatenation.

use super::{At, Flow, Recorder, Traced};
use crate::ir::{Field, Helper, IrRef, Op, Type};
use crate::trace::abort::{Reason, Rec};
use moonwake_lang::metamethod::Metamethod;
use moonwake_lang::value::{Tag, Value};

/// `LEN`
pub fn length(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let object = r.typed_register(at, at.ins.d())?;
    let length = match object.now {
        v if v.is(Tag::Table) => r.table_length(object.ir),
        v if v.is(Tag::Str) => r.field(object.ir, Field::StrLen),
        v if v.is(Tag::Cdata) => return super::cdata::length(r, at, object),
        v => {
            let handler = at.vm.metamethod(v, Metamethod::Len).ok_or(Reason::BadType)?;
            r.guard_metamethod(at, object, Metamethod::Len)?;
            return r.call_metamethod(at, handler, &[object, object], Value::NIL, false);
        }
    };
    r.set(at.ins.a(), length);
    Ok(Flow::Next)
}

impl Recorder {
    /// `#table`: one less than the array's size, and 0 for no array.
    pub fn table_length(&mut self, table: IrRef) -> IrRef {
        let size = self.field(table, Field::TabSize);
        let one = self.e.int(1);
        let size = self.e.op(Op::MAX, Type::Int, &[size, one]);
        self.e.op(Op::SUB, Type::Int, &[size, one])
    }

    /// The concatenation of unboxed strings and numbers.
    pub fn concat_pieces(&mut self, pieces: &[Traced]) -> Rec<IrRef> {
        let few = match pieces.len() {
            2 => Some(Helper::Concat2),
            3 => Some(Helper::Concat3),
            4 => Some(Helper::Concat4),
            _ => None,
        };
        if let Some(helper) = few {
            let pieces: Vec<IrRef> = pieces.iter().map(|piece| piece.ir).collect();
            return self.call(helper, &pieces);
        }
        // The helper finds them in stack slots that nothing else uses.
        let first = self.scratch_slots(pieces.len())?;
        for (i, piece) in pieces.iter().enumerate() {
            self.e.op_with(Op::SSTORE, Type::None, &[piece.ir], &[first + i as i32]);
        }
        let place = self.e.op_with(Op::SADDR, Type::Ptr, &[], &[first]);
        let count = self.e.int(pieces.len() as i32);
        self.call(Helper::Concat, &[place, count])
    }

    /// The first of so many stack slots above all that the trace uses, or goes back to if a guard fails.
    pub fn scratch_slots(&mut self, count: usize) -> Rec<i32> {
        let first = self.top().max(self.snapshot_top);
        self.need_stack(first + count as i32)?;
        Ok(first)
    }
}

/// `CONCAT`
pub fn concat(r: &mut Recorder, at: &mut At<'_>) -> Rec<Flow> {
    let last = at.ins.c();
    let values: Vec<Traced> = (at.ins.b()..=last).map(|register| r.register(at, register)).collect();
    r.concat_from(at, values)
}

fn is_piece(value: Value) -> bool {
    value.is_number() || value.is(Tag::Str)
}

impl Recorder {
    /// Concatenates the values of registers from field b on, right to left: runs of strings and numbers at once, anything else by metamethod.
    pub fn concat_from(&mut self, at: &mut At<'_>, mut values: Vec<Traced>) -> Rec<Flow> {
        for value in &mut values {
            *value = self.unbox(*value)?;
        }
        while let [.., a, b] = values[..] {
            if !is_piece(a.now) || !is_piece(b.now) {
                let handler = at.vm.binary_metamethod(a.now, b.now, Metamethod::Concat).ok_or(Reason::BadType)?;
                let rest = at.ins.b() + values.len() - 2;
                // What is left of the two is in memory only as it was, so what was concatenated so far must be put there.
                for (i, value) in values.iter().enumerate() {
                    self.set(at.ins.b() + i, value.ir);
                }
                let extra = Value::number(rest as f64);
                return self.binary_metamethod_with(at, handler, Metamethod::Concat, (a, b), extra);
            }
            let start = values.iter().rposition(|v| !is_piece(v.now)).map_or(0, |i| i + 1);
            let ir = self.concat_pieces(&values[start..])?;
            let pieces: Vec<Value> = values[start..].iter().map(|v| v.now).collect();
            let now = at.vm.concat(&pieces).map_err(|_| Reason::BadType)?;
            values.truncate(start);
            values.push(Traced { ir, now: now.into() });
        }
        let result = values[0].ir;
        self.set(at.ins.a(), result);
        Ok(Flow::Next)
    }
}
