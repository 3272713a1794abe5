//! `os.date` and `os.time`.

use super::system::{self, Calendar};
use crate::object::{Gc, Table};
use crate::value::Value;
use crate::vm::error::LuaResult;
use crate::vm::native::{Call, NativeResult};

pub(super) fn date(call: &mut Call) -> NativeResult {
    let format = call.string_or_none(0)?.map_or(&b"%c"[..], Gc::bytes);
    let moment = match call.arg(1) {
        Value::NIL => system::now(),
        _ => call.integer(1)?,
    };
    let (utc, format) = match format {
        [b'!', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let Some(calendar) = system::to_calendar(moment, utc) else { return call.one(Value::NIL) };
    if format == b"*t" {
        let table = calendar_table(call, &calendar);
        return call.one(table);
    }
    call.return_bytes(&system::format_calendar(format, &calendar))
}

fn calendar_table(call: &mut Call, calendar: &Calendar) -> Gc<Table> {
    let table = call.vm.heap.new_table(0, 9);
    for (name, value) in [
        ("sec", calendar.tm_sec),
        ("min", calendar.tm_min),
        ("hour", calendar.tm_hour),
        ("day", calendar.tm_mday),
        ("month", calendar.tm_mon + 1),
        ("year", calendar.tm_year + 1900),
        ("wday", calendar.tm_wday + 1),
        ("yday", calendar.tm_yday + 1),
    ] {
        call.vm.set_field(table, name, f64::from(value));
    }
    if calendar.tm_isdst >= 0 {
        call.vm.set_field(table, "isdst", calendar.tm_isdst > 0);
    }
    table
}

pub(super) fn time(call: &mut Call) -> NativeResult {
    if call.arg(0).is_nil() {
        return call.one(system::now() as f64);
    }
    let table = call.table(0)?;
    let mut calendar = system::empty_calendar();
    calendar.tm_sec = field(call, table, "sec", Some(0))?;
    calendar.tm_min = field(call, table, "min", Some(0))?;
    calendar.tm_hour = field(call, table, "hour", Some(12))?;
    calendar.tm_mday = field(call, table, "day", None)?;
    calendar.tm_mon = field(call, table, "month", None)?.wrapping_sub(1);
    calendar.tm_year = field(call, table, "year", None)?.wrapping_sub(1900);
    calendar.tm_isdst = match call.vm.field(table, "isdst") {
        Value::NIL => -1,
        value => i32::from(!value.is_falsy()),
    };
    let moment = system::from_calendar(calendar);
    call.one(moment as f64)
}

/// A number in a date table; anything else stands for the default, if there is one.
fn field(call: &mut Call, table: Gc<Table>, name: &str, default: Option<i32>) -> LuaResult<i32> {
    let value = call.vm.field(table, name);
    match (call.vm.to_number(value), default) {
        (Some(n), _) => Ok(n as i64 as i32),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(call.error(format!("field '{name}' missing in date table"))),
    }
}
