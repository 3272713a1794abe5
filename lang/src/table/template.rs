//! Constant tables: what table constructors copy or take their keys from.

#![allow(unsafe_code)]

use super::dict;
use super::shape::{EMPTY, KeyOrigin};
use crate::bytecode::{Template, TemplateValue};
use crate::gc::Heap;
use crate::object::{Gc, Table};
use crate::value::Value;

impl Heap {
    /// The table that a template describes. Keys that a constructor fills in later are there, with nil for their value.
    pub fn new_template(&mut self, template: &Template) -> Gc<Table> {
        let table = self.new_bare_table(EMPTY);
        if !template.items.is_empty() {
            self.resize_array(table, template.items.len() as u32 + 1);
            for (i, item) in template.items.iter().enumerate() {
                let item = self.template_value(item);
                table.put_array_value(i as u32 + 1, item);
            }
            table.array_size.set(template.items.len() as u32 + 1);
            self.shorten(table);
        }
        let mut shape = EMPTY;
        for (key, _) in &template.fields {
            let key = self.intern(key);
            match self.shapes.with_key(shape, key, KeyOrigin::Constant) {
                Some(next) => shape = next,
                None => {
                    self.fill_dictionary(table, template);
                    return table;
                }
            }
        }
        if !template.fields.is_empty() {
            self.resize_slots(table, template.fields.len() as u32);
            table.header.size.set(shape);
            for (slot, (_, value)) in template.fields.iter().enumerate() {
                let value = self.template_value(value);
                table.put_slot_value(slot as u32, value);
            }
        }
        table
    }

    fn fill_dictionary(&mut self, table: Gc<Table>, template: &Template) {
        let dict = self.new_dict(dict::log_for(template.fields.len()));
        for (key, value) in &template.fields {
            let (key, value) = (self.intern(key), self.template_value(value));
            dict.push(key.into(), value);
        }
        table.header.size.set(super::shape::DICTIONARY);
        table.slots.set(dict.as_ptr().cast());
    }

    fn template_value(&mut self, value: &TemplateValue) -> Value {
        match value {
            TemplateValue::Nil => Value::NIL,
            TemplateValue::Boolean(b) => Value::boolean(*b),
            TemplateValue::Number(n) => Value::number(*n),
            TemplateValue::String(s) => self.intern(s).into(),
        }
    }

    /// A copy of a template.
    pub fn copy_table(&mut self, template: Gc<Table>) -> Gc<Table> {
        let table = self.new_bare_table(template.shape());
        if template.array_capacity() > 0 {
            let new = self.new_values(template.array_capacity() as usize).first();
            // SAFETY: both arrays have this capacity.
            unsafe { new.copy_from_nonoverlapping(template.array.get(), template.array_capacity() as usize) };
            table.array.set(new);
            table.array_size.set(template.array_size.get());
        }
        if !template.slots.get().is_null() {
            if let Some(old) = self.shapes.is_dictionary(template.shape()).then(|| template.dict()).flatten() {
                let new = self.new_dict(old.header.size.get());
                (0..old.used.get() as usize).for_each(|n| new.push(old.entry(n).key, old.entry(n).value));
                table.slots.set(new.as_ptr().cast());
            } else {
                let new = self.new_values(template.slot_capacity() as usize).first();
                // SAFETY: both hold this many slots.
                unsafe { new.copy_from_nonoverlapping(template.slots.get(), template.slot_capacity() as usize) };
                table.slots.set(new);
            }
        }
        table
    }

    /// The number of a template's keys: how many values [`Heap::new_object`] wants.
    #[inline]
    pub fn template_fields(&self, template: Gc<Table>) -> usize {
        if self.shapes.is_dictionary(template.shape()) {
            return template.dict().map_or(0, |dict| dict.used.get() as usize);
        }
        self.shapes.count(template.shape()) as usize
    }

    /// A table with the template's keys, in their order, and these values. Values may be nil.
    #[inline]
    pub fn new_object(&mut self, template: Gc<Table>, values: &[Value]) -> Gc<Table> {
        if self.shapes.is_dictionary(template.shape()) {
            let table = self.copy_table(template);
            let dict = table.dict().expect("a template's dictionary is there");
            values.iter().enumerate().for_each(|(number, &value)| dict.set_value(number, value));
            return table;
        }
        let slots = self.new_values_of(values);
        let table = self.new_bare_table(template.shape());
        table.slots.set(slots.first());
        table
    }
}
