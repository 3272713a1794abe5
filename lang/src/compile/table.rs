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
//! So constants under constant keys are stored before everything else, and the other values in the order of the source. That shows
//! only where a key occurs twice, and there it is as in LuaJIT: `{[1] = f(), "x"}` keeps what `f` returns.

use super::fold::{fold_binary, fold_bit_not, fold_negation};
use super::function::NumberHasher;
use super::operand::{Kind, Operand};
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

/// How deep in operators and parentheses a constant is looked for.
const MAX_FOLDED: usize = 16;

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
            self.entries(table, &mut entries)?;
        }
        self.at(self.ast.last_token(id));
        Ok(Kind::Register(table).into())
    }

    fn entry(&self, field: &Field) -> Entry {
        let (key, value) = match *field {
            Field::Item(value) => (EntryKey::Item, value),
            Field::Named(name, value) => (EntryKey::Name(name), value),
            Field::Keyed(key, value) => match self.constant(key) {
                Some(Constant::String(name)) => (EntryKey::Name(name), value),
                _ => (EntryKey::Other(key), value),
            },
        };
        Entry { key, value, constant: self.constant(value), done: false }
    }

    /// The value of a literal, or of operators on literals that are folded.
    fn constant(&self, id: ExprId) -> Option<Constant> {
        self.constant_within(id, MAX_FOLDED)
    }

    fn constant_within(&self, id: ExprId, depth: usize) -> Option<Constant> {
        let depth = depth.checked_sub(1)?;
        let number = |id| match self.constant_within(id, depth)? {
            Constant::Number(n) => Some(Operand::from(Kind::Number(n))),
            Constant::Nil | Constant::Boolean(_) | Constant::String(_) => None,
        };
        let folded = match self.ast[id] {
            Expr::Nil => return Some(Constant::Nil),
            Expr::False => return Some(Constant::Boolean(false)),
            Expr::True => return Some(Constant::Boolean(true)),
            Expr::Number(Number::Double(n)) => return Some(Constant::Number(n)),
            Expr::String(string) => return Some(Constant::String(string)),
            Expr::Paren(inner) => return self.constant_within(inner, depth),
            Expr::Unary(UnaryOp::Not, operand) => {
                let operand = self.constant_within(operand, depth)?;
                return Some(Constant::Boolean(matches!(operand, Constant::Nil | Constant::Boolean(false))));
            }
            Expr::Unary(UnaryOp::Negate, operand) => fold_negation(&number(operand)?)?,
            Expr::Unary(UnaryOp::BitNot, operand) => fold_bit_not(&number(operand)?)?,
            Expr::Binary(op, left, right) => fold_binary(op, &number(left)?, &number(right)?)?,
            _ => return None,
        };
        let Kind::Number(n) = folded else { return None };
        Some(Constant::Number(n))
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
        let mut computed_key = false;
        for entry in &mut *entries {
            let value = entry.constant.map(|constant| self.template_value(constant));
            entry.done = match (entry.key, value) {
                (EntryKey::Name(name), value) => {
                    let constant = value.is_some();
                    any |= constant
                        && (entry.constant != Some(Constant::Nil) || computed_key || names.contains_key(&name));
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
                (EntryKey::Other(key), _) => {
                    leading &= !self.is_constant_entry(entry);
                    computed_key |= self.constant(key).is_none();
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

    /// Whether it is a constant under a constant key that is no name: `[10] = "ten"`. Such entries are stored before all that are
    /// computed.
    fn is_constant_entry(&self, entry: &Entry) -> bool {
        match entry.key {
            EntryKey::Other(key) => {
                entry.constant.is_some() && self.constant(key).is_some_and(|key| key != Constant::Nil)
            }
            EntryKey::Item | EntryKey::Name(_) => false,
        }
    }

    /// Stores the constant entries that are not in the template and that others, with the same key, might be stored before or after.
    fn early_entries(&mut self, table: u8, entries: &mut [Entry]) -> Result<()> {
        let keys = entries.iter().filter_map(|entry| match entry.key {
            EntryKey::Other(key) => Some(self.constant(key)),
            EntryKey::Item | EntryKey::Name(_) => None,
        });
        let numbers: Vec<f64> = keys
            .filter_map(|key| match key? {
                Constant::Number(n) => Some(n),
                Constant::Nil | Constant::Boolean(_) | Constant::String(_) => None,
            })
            .collect();
        let (mut number, mut computed_key) = (0.0, false);
        for entry in entries {
            match entry.key {
                EntryKey::Item => {
                    number += 1.0;
                    if !entry.done && entry.constant.is_some() && (computed_key || numbers.contains(&number)) {
                        self.store_entry(table, entry, Kind::Number(number).into())?;
                        entry.done = true;
                    }
                }
                EntryKey::Name(_) => {}
                EntryKey::Other(key) if self.is_constant_entry(entry) => {
                    let key = self.other_key(key)?;
                    self.store_entry(table, entry, key)?;
                    entry.done = true;
                }
                EntryKey::Other(key) => computed_key |= self.constant(key).is_none(),
            }
        }
        Ok(())
    }

    /// Stores the entries that are not done.
    fn entries(&mut self, table: u8, entries: &mut [Entry]) -> Result<()> {
        self.early_entries(table, entries)?;
        let mut items = Items { table, stored: 0, waiting: 0 };
        for (index, entry) in entries.iter().enumerate() {
            match entry.key {
                EntryKey::Item if entry.done => {
                    self.store_items(&mut items, Op::SETLIST);
                    items.stored += 1;
                }
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
                EntryKey::Name(_) | EntryKey::Other(_) if entry.done => {}
                EntryKey::Name(name) => self.store_entry(table, entry, Kind::String(name).into())?,
                EntryKey::Other(key) => {
                    // The key might be an item's number.
                    self.store_items(&mut items, Op::SETLIST);
                    let free = self.function.free;
                    let key = self.other_key(key)?;
                    self.store_entry(table, entry, key)?;
                    self.function.free = free;
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

    /// A key in brackets.
    fn other_key(&mut self, key: ExprId) -> Result<Operand> {
        let mut operand = self.expr(key)?;
        self.function.settle(&mut operand)?;
        self.at(self.ast.last_token(key) + 1);
        Ok(operand)
    }

    fn store_entry(&mut self, table: u8, entry: &Entry, mut key: Operand) -> Result<()> {
        let free = self.function.free;
        let key = self.key(&mut key)?;
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
