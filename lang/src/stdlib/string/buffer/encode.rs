//! From Lua values to bytes: `encode`. The format is that of [`super::tags`].

use super::options::Options;
use super::queue::Queue;
use super::tags;
use crate::gc::Heap;
use crate::object::{Gc, Table, ctype_ids};
use crate::stdlib::integer64::boxed_bytes;
use crate::value::{Tag, Value};
use crate::vm::access::MAX_STRING;

/// Why a value cannot be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Tables lie too deep in tables.
    TooDeep,
    /// The result would be too long for a string.
    TooLong,
    /// A value of this type has no serialised form.
    Unsupported(&'static str),
}

/// Writes values to a queue.
pub struct Encoder<'a> {
    /// Where tables are looked into.
    pub heap: &'a Heap,
    /// Where the bytes go.
    pub out: &'a mut Queue,
    /// Dictionaries of strings and metatables.
    pub options: Options,
    /// Tables that are being written.
    pub depth: u32,
}

impl Encoder<'_> {
    /// Appends a value.
    pub fn value(&mut self, value: Value) -> Result<(), Problem> {
        if let Some(n) = value.to_number() {
            self.out.push(tags::NUM);
            self.out.append(&n.to_le_bytes());
            return Ok(());
        }
        match value {
            Value::NIL => self.out.push(tags::NIL),
            Value::FALSE => self.out.push(tags::FALSE),
            Value::TRUE => self.out.push(tags::TRUE),
            _ if value.is(Tag::LightUserdata) => self.light_userdata(value.address() as u64),
            _ => {
                if let Some(text) = value.as_str() {
                    return self.string(text.bytes());
                }
                if let Some(table) = value.as_table() {
                    return self.table(table);
                }
                return self.cdata(value);
            }
        }
        Ok(())
    }

    fn light_userdata(&mut self, address: u64) {
        match u32::try_from(address) {
            Ok(0) => self.out.push(tags::NULL),
            Ok(address) => {
                self.out.push(tags::LIGHT_32);
                self.out.append(&address.to_le_bytes());
            }
            Err(_) => {
                self.out.push(tags::LIGHT_64);
                self.out.append(&address.to_le_bytes());
            }
        }
    }

    fn string(&mut self, text: &[u8]) -> Result<(), Problem> {
        if self.out.len() + text.len() >= MAX_STRING {
            return Err(Problem::TooLong);
        }
        self.number(text.len() as u32 + u32::from(tags::STRING));
        self.out.append(text);
        Ok(())
    }

    fn number(&mut self, n: u32) {
        if n < tags::TWO_BYTES {
            self.out.push(n as u8);
        } else if n < tags::FIVE_BYTES {
            let n = n - tags::TWO_BYTES;
            self.out.append(&[tags::TWO_BYTES as u8 | (n >> 8) as u8, n as u8]);
        } else {
            self.out.push(tags::FIVE);
            self.out.append(&n.to_le_bytes());
        }
    }

    fn cdata(&mut self, value: Value) -> Result<(), Problem> {
        let unsupported = Problem::Unsupported(value.type_name());
        let cdata = value.as_cdata().ok_or(unsupported)?;
        let bytes = boxed_bytes(cdata).ok_or(unsupported)?;
        self.out.push(match cdata.ctype() {
            ctype_ids::INT64 => tags::INT64,
            ctype_ids::UINT64 => tags::UINT64,
            _ => tags::COMPLEX,
        });
        self.out.append(bytes);
        Ok(())
    }

    fn table(&mut self, table: Gc<Table>) -> Result<(), Problem> {
        if self.depth == tags::MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        self.depth += 1;
        if let Some(index) = self.heap.metatable(table).and_then(|m| self.options.index_of_metatable(self.heap, m)) {
            self.out.push(tags::TABLE_METATABLE);
            self.number(index);
        }
        let mut items = table.array_size.get();
        while items > 0 && table.array_value(items - 1).is_nil() {
            items -= 1;
        }
        let first = u32::from(items > 0 && table.array_value(0).is_nil());
        let keys = self.count_keys(table);
        let mut tag = tags::TABLE;
        if items > 0 {
            tag |= if first == 0 { tags::ARRAY_FROM_0 } else { tags::ARRAY_FROM_1 };
        }
        if keys > 0 {
            tag |= tags::WITH_KEYS;
        }
        self.out.push(tag);
        for count in [items, keys] {
            if count > 0 {
                self.number(count);
            }
        }
        for index in first..items {
            self.value(table.array_value(index))?;
        }
        self.keys(table)?;
        self.depth -= 1;
        Ok(())
    }

    fn count_keys(&self, table: Gc<Table>) -> u32 {
        let (mut count, mut position) = (0, table.array_size.get());
        while let Some((_, _, next)) = self.heap.next_at(table, position) {
            count += 1;
            position = next;
        }
        count
    }

    fn keys(&mut self, table: Gc<Table>) -> Result<(), Problem> {
        let mut position = table.array_size.get();
        while let Some((key, value, next)) = self.heap.next_at(table, position) {
            match self.options.index_of_string(self.heap, key) {
                Some(index) => {
                    self.out.push(tags::DICTIONARY);
                    self.number(index);
                }
                None => self.value(key)?,
            }
            self.value(value)?;
            position = next;
        }
        Ok(())
    }
}
