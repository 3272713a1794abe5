//! Table constructors.
//!
//! All entries are known before the first instruction, so each constructor is made by the cheapest means that fits:
//!
//! | constructor | code |
//! | --- | --- |
//! | `{}` | `NEWTABLE` |
//! | `{1, 2, x = "y"}`: constants only | `DUPTABLE` of a template |
//! | `{x = a, y = b + 1}`: names only, not all constant | the values into registers, then `NEWOBJECT` |
//! | else | `DUPTABLE` with what is constant (or `NEWTABLE`), a store for each other field, `SETLIST` for items in batches |
//!
//! So constants are stored before everything else, and the other values in the order of the source. That shows only where a key
//! occurs twice, and there it is as in LuaJIT.

use super::function::NumberHasher;
use super::operand::{Key, Kind, Operand};
use super::{Compiler, Result};
use crate::ast::{Expr, ExprId, Field};
use crate::bytecode::{Op, Template, TemplateValue};
use crate::number::Number;
use crate::operators::UnaryOp;
use crate::symbols::Symbol;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

/// Most fields that are made an object of; their values are in registers at once.
const MAX_OBJECT: usize = 40;
/// Items that are stored at once.
const BATCH: usize = 32;
/// The register from which on values do not pile up any more, so that deep nesting does not run out of registers.
const CROWDED: usize = 150;

/// A constant that a template can hold.
#[derive(Clone, Copy, PartialEq)]
enum Constant {
    Nil,
    Boolean(bool),
    Number(f64),
    String(Symbol),
}

#[derive(Clone, Copy)]
enum EntryKey {
    /// The next item's number.
    Item,
    Name(Symbol),
    /// A constant number or a computed key.
    Other(ExprId),
}

/// An entry of a constructor on its way into the table.
struct Entry {
    key: EntryKey,
    value: ExprId,
    constant: Option<Constant>,
    /// Whether it is in the template.
    done: bool,
}

impl Compiler<'_> {
    /// `{ fields }`
    pub(super) fn table(&mut self, id: ExprId, fields: &[Field]) -> Result<Operand> {
        let mut entries: Vec<Entry> = fields.iter().map(|field| self.entry(field)).collect();
        let table = self.function.reserve(1)?;
        if self.is_object(&entries) {
            self.object(table, &entries)?;
        } else {
            let template = self.template(&mut entries);
            let f = &mut self.function;
            if template == Template::default() {
                let items = entries.iter().filter(|entry| matches!(entry.key, EntryKey::Item)).count();
                f.emit_d(Op::NEWTABLE, table, items.min(usize::from(u16::MAX)) as u16);
                f.push((entries.len() - items) as u32);
            } else {
                let template = f.template_constant(template)?;
                f.emit_d(Op::DUPTABLE, table, template);
            }
            self.entries(table, &entries)?;
        }
        self.at(self.ast.last_token(id));
        Ok(Kind::Register(table).into())
    }

    fn entry(&self, field: &Field) -> Entry {
        let (key, value) = match *field {
            Field::Item(value) => (EntryKey::Item, value),
            Field::Named(name, value) => (EntryKey::Name(name), value),
            Field::Keyed(key, value) => match self.ast[key] {
                Expr::String(name) => (EntryKey::Name(name), value),
                _ => (EntryKey::Other(key), value),
            },
        };
        Entry { key, value, constant: self.constant(value), done: false }
    }

    /// The value of a literal.
    fn constant(&self, id: ExprId) -> Option<Constant> {
        Some(match self.ast[id] {
            Expr::Nil => Constant::Nil,
            Expr::False => Constant::Boolean(false),
            Expr::True => Constant::Boolean(true),
            Expr::Number(Number::Double(n)) => Constant::Number(n),
            Expr::String(string) => Constant::String(string),
            Expr::Unary(UnaryOp::Negate, operand) => match self.ast[operand] {
                Expr::Number(Number::Double(n)) if n != 0.0 => Constant::Number(-n),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn template_value(&mut self, constant: Constant) -> TemplateValue {
        match constant {
            Constant::Nil => TemplateValue::Nil,
            Constant::Boolean(b) => TemplateValue::Boolean(b),
            Constant::Number(n) => TemplateValue::Number(n),
            Constant::String(string) => TemplateValue::String(self.string(string)),
        }
    }

    // ---------------------------------------------------------------------------------------------------------- objects

    /// Whether all entries have names, different ones, and some value is not constant.
    fn is_object(&self, entries: &[Entry]) -> bool {
        let mut names = Vec::with_capacity(entries.len().min(MAX_OBJECT));
        entries.len() <= MAX_OBJECT
            && self.function.free + entries.len() < CROWDED
            && entries.iter().any(|entry| entry.constant.is_none())
            && entries.iter().all(|entry| match entry.key {
                EntryKey::Name(name) if !names.contains(&name) => {
                    names.push(name);
                    true
                }
                _ => false,
            })
    }

    fn object(&mut self, table: u8, entries: &[Entry]) -> Result<()> {
        let mut names = Vec::with_capacity(entries.len());
        for entry in entries {
            let EntryKey::Name(name) = entry.key else { unreachable!("an object has names only") };
            names.push(name);
            self.value_in_next(entry.value)?;
        }
        let template = match self.function.object_templates.get(&names) {
            Some(&known) => known,
            None => {
                let fields = names.iter().map(|&name| (self.string(name), TemplateValue::Nil)).collect();
                let template = self.function.template_constant(Template { items: Vec::new(), fields })?;
                self.function.object_templates.insert(names, template);
                template
            }
        };
        let f = &mut self.function;
        f.emit_d(Op::NEWOBJECT, table, template);
        f.free = usize::from(table) + 1;
        Ok(())
    }

    fn value_in_next(&mut self, value: ExprId) -> Result<()> {
        let mut value = self.expr(value)?;
        self.function.put_in_next(&mut value).map(drop)
    }

    // ------------------------------------------------------------------------------------------------------ other tables

    /// Takes into a template the constant items that come before others and, if there is any, the constant fields. Fields that
    /// are not constant get a place there too.
    fn template(&mut self, entries: &mut [Entry]) -> Template {
        let mut template = Template::default();
        let mut names: HashMap<Symbol, usize, BuildHasherDefault<NumberHasher>> = HashMap::default();
        let mut any = false;
        let mut leading = true;
        for entry in &mut *entries {
            let value = entry.constant.map(|constant| self.template_value(constant));
            entry.done = match (entry.key, value) {
                (EntryKey::Name(name), value) => {
                    let constant = value.is_some();
                    any |= constant && entry.constant != Some(Constant::Nil);
                    let value = value.unwrap_or(TemplateValue::Nil);
                    match names.get(&name) {
                        Some(&known) if constant => template.fields[known].1 = value,
                        Some(_) => {}
                        None => {
                            names.insert(name, template.fields.len());
                            template.fields.push((self.string(name), value));
                        }
                    }
                    constant
                }
                (EntryKey::Item, Some(value)) if leading => {
                    template.items.push(value);
                    true
                }
                (EntryKey::Item, _) => {
                    leading = false;
                    false
                }
                (EntryKey::Other(_), _) => {
                    leading &= !self.is_constant_entry(entry);
                    false
                }
            };
        }
        if !any {
            template.fields.clear();
            entries.iter_mut().for_each(|entry| entry.done &= matches!(entry.key, EntryKey::Item));
        }
        template
    }

    /// Whether it is a constant under a constant number: `[10] = "ten"`. Such entries are stored before all that are computed.
    fn is_constant_entry(&self, entry: &Entry) -> bool {
        match entry.key {
            EntryKey::Other(key) => matches!(self.constant(key), Some(Constant::Number(_))) && entry.constant.is_some(),
            EntryKey::Item | EntryKey::Name(_) => false,
        }
    }

    /// Stores the entries that are not done.
    fn entries(&mut self, table: u8, entries: &[Entry]) -> Result<()> {
        for entry in entries {
            if self.is_constant_entry(entry) {
                self.store_entry(table, entry)?;
            }
        }
        let mut items = Items { table, stored: 0, waiting: 0 };
        for (index, entry) in entries.iter().enumerate() {
            match entry.key {
                EntryKey::Item if entry.done => items.stored += 1,
                EntryKey::Item => {
                    let mut value = self.expr(entry.value)?;
                    if let Kind::Multiple(at, _) = value.kind
                        && index + 1 == entries.len()
                    {
                        self.function.set_b(at, 0);
                        self.store_items(&mut items, Op::SETLISTM);
                        return Ok(());
                    }
                    self.function.put_in_next(&mut value)?;
                    items.waiting += 1;
                    if items.waiting == BATCH || self.function.free >= CROWDED {
                        self.store_items(&mut items, Op::SETLIST);
                    }
                }
                EntryKey::Name(_) if entry.done => {}
                EntryKey::Name(_) => self.store_entry(table, entry)?,
                EntryKey::Other(_) if self.is_constant_entry(entry) => {}
                EntryKey::Other(_) => {
                    // The key might be an item's number.
                    self.store_items(&mut items, Op::SETLIST);
                    self.store_entry(table, entry)?;
                }
            }
        }
        self.store_items(&mut items, Op::SETLIST);
        Ok(())
    }

    fn store_items(&mut self, items: &mut Items, op: Op) {
        if items.waiting > 0 || op == Op::SETLISTM {
            let f = &mut self.function;
            f.emit_d(op, items.table, items.waiting as u16);
            f.push(items.stored as u32 + 1);
            items.stored += items.waiting;
            items.waiting = 0;
            f.free = usize::from(items.table) + 1;
        }
    }

    fn store_entry(&mut self, table: u8, entry: &Entry) -> Result<()> {
        let free = self.function.free;
        let key = match entry.key {
            EntryKey::Name(name) => Key::Name(name),
            EntryKey::Other(key) => {
                let mut operand = self.expr(key)?;
                self.function.settle(&mut operand)?;
                self.at(self.ast.last_token(key) + 1);
                self.key(&mut operand)?
            }
            EntryKey::Item => unreachable!("items are stored in batches"),
        };
        let mut value = self.expr(entry.value)?;
        self.store(&Kind::Indexed(table, key).into(), &mut value)?;
        self.function.free = free;
        Ok(())
    }
}

/// Items of a constructor that wait in registers behind the table.
struct Items {
    table: u8,
    stored: usize,
    waiting: usize,
}
