//! From bytes to Lua values: `decode`. The format is that of [`super::tags`]; the bytes may come from anywhere.

use super::options::Options;
use super::tags;
use crate::gc::Heap;
use crate::object::{Gc, Table, ctype_ids};
use crate::table::KeyError;
use crate::value::Value;

/// Why bytes cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// They end too early.
    EndOfBuffer,
    /// Nothing begins with this byte.
    BadTag(u8),
    /// The dictionary of the options has no such entry; counted from 1.
    BadIndex(u32),
    /// Tables lie too deep in tables.
    TooDeep,
    /// A table has a key twice.
    DuplicateKey,
    /// A table would be too large.
    TableTooLarge,
    /// A table's key is nil or NaN.
    BadKey(KeyError),
}

/// The longest array and the most keys of a table, as in LuaJIT.
const MAX_ITEMS: u32 = (1 << 27) + 1;
const MAX_KEYS: u32 = 1 << 26;

/// Reads values.
pub struct Decoder<'a> {
    /// Where objects are made. No safe point is passed, so what is not yet finished needs no root.
    pub heap: &'a mut Heap,
    /// The bytes that are left.
    pub rest: &'a [u8],
    /// Dictionaries of strings and metatables.
    pub options: Options,
    /// Tables that are being read.
    pub depth: u32,
}

impl<'a> Decoder<'a> {
    /// Reads one value.
    pub fn value(&mut self) -> Result<Value, Problem> {
        let first = *self.rest.first().ok_or(Problem::EndOfBuffer)?;
        if first >= tags::STRING {
            let length = self.number()?.checked_sub(tags::STRING.into()).ok_or(Problem::BadTag(first))?;
            let text = self.take(length as usize)?;
            return Ok(self.heap.intern(text).into());
        }
        self.rest = &self.rest[1..];
        Ok(match first {
            tags::NIL => Value::NIL,
            tags::FALSE => Value::FALSE,
            tags::TRUE => Value::TRUE,
            tags::NULL => Value::light_userdata(0),
            tags::LIGHT_32 => Value::light_userdata(u32::from_le_bytes(self.array()?) as usize),
            tags::LIGHT_64 => match u64::from_le_bytes(self.array()?) {
                address if address >> 47 == 0 => Value::light_userdata(address as usize),
                // A value has room for the addresses of programs only.
                _ => return Err(Problem::BadTag(first)),
            },
            tags::INT => Value::number(f64::from(i32::from_le_bytes(self.array()?))),
            tags::NUM => Value::number(f64::from_le_bytes(self.array()?)),
            tags::INT64 => self.boxed(ctype_ids::INT64, 8)?,
            tags::UINT64 => self.boxed(ctype_ids::UINT64, 8)?,
            tags::COMPLEX => self.boxed(ctype_ids::COMPLEX_DOUBLE, 16)?,
            tags::TABLE_METATABLE => {
                let index = self.number()?;
                let metatable = self.options.metatable(self.heap, index).ok_or(Problem::BadIndex(index + 1))?;
                let tag = self.take(1)?[0];
                let table = self.table(tag)?;
                self.heap.set_metatable(table, Some(metatable));
                table.into()
            }
            tags::DICTIONARY => {
                let index = self.number()?;
                self.options.string(self.heap, index).ok_or(Problem::BadIndex(index + 1))?
            }
            tag => self.table(tag)?.into(),
        })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Problem> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(Problem::EndOfBuffer)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Problem::EndOfBuffer)?;
        self.rest = rest;
        Ok(*array)
    }

    fn number(&mut self) -> Result<u32, Problem> {
        let [first] = self.array()?;
        Ok(if first == tags::FIVE {
            u32::from_le_bytes(self.array()?)
        } else if u32::from(first) >= tags::TWO_BYTES {
            let [second] = self.array()?;
            tags::TWO_BYTES + (u32::from(first & 0x1f) << 8 | u32::from(second))
        } else {
            first.into()
        })
    }

    fn boxed(&mut self, ctype: u32, length: usize) -> Result<Value, Problem> {
        let bytes = self.take(length)?;
        Ok(self.heap.new_boxed(ctype, bytes))
    }

    /// The table whose tag has been read.
    fn table(&mut self, tag: u8) -> Result<Gc<Table>, Problem> {
        let (from_0, from_1) = (tag & tags::ARRAY_FROM_0 != 0, tag & tags::ARRAY_FROM_1 != 0);
        if tag & !7 != tags::TABLE || (from_0 && from_1) {
            return Err(Problem::BadTag(tag));
        }
        if self.depth == tags::MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        self.depth += 1;
        let items = if from_0 || from_1 { self.count(MAX_ITEMS, 1)? } else { 0 };
        let keys = if tag & tags::WITH_KEYS != 0 { self.count(MAX_KEYS, 2)? } else { 0 };
        let table = self.heap.new_table(items.saturating_sub(1) as usize, 0);
        for index in u32::from(from_1)..items {
            let value = self.value()?;
            if !value.is_nil() {
                self.heap.set_int(table, index.into(), value);
            }
        }
        for _ in 0..keys {
            self.key_and_value(table)?;
        }
        self.depth -= 1;
        Ok(table)
    }

    /// A number of things of at least so many bytes each. One that is a lie must not reserve memory.
    fn count(&mut self, most: u32, bytes: usize) -> Result<u32, Problem> {
        match self.number()? {
            count if count > most => Err(Problem::TableTooLarge),
            count if count as usize > self.rest.len() / bytes + 1 => Err(Problem::EndOfBuffer),
            count => Ok(count),
        }
    }

    fn key_and_value(&mut self, table: Gc<Table>) -> Result<(), Problem> {
        let key = self.value()?;
        if !self.heap.get(table, key).is_nil() {
            return Err(Problem::DuplicateKey);
        }
        let value = self.value()?;
        self.heap.set(table, key, value).map_err(Problem::BadKey)
    }
}
