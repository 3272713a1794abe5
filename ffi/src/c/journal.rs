//! Maps that can go back: what makes one `cdef` all or nothing.
//!
//! A `cdef` that fails in line 300 must leave no macro, typedef or half-filled struct behind. Copying every table first
//! would cost more than most `cdef`s, so each map notes what it overwrites, and either forgets the notes (commit) or
//! plays them backwards (roll back). Names are dense numbers, hence a map is a vector.

use super::name::Name;

/// A map from names to small values with an undo log.
#[derive(Debug)]
pub struct NameMap<T> {
    slots: Vec<Option<T>>,
    undo: Vec<(Name, Option<T>)>,
}

impl<T> Default for NameMap<T> {
    fn default() -> Self {
        NameMap { slots: Vec::new(), undo: Vec::new() }
    }
}

impl<T: Copy> NameMap<T> {
    /// The value of a name.
    #[inline]
    pub fn get(&self, name: Name) -> Option<T> {
        self.slots.get(name.index()).copied().flatten()
    }

    /// Gives the name a value, or none, and notes the old one.
    pub fn set(&mut self, name: Name, value: Option<T>) {
        if name.index() >= self.slots.len() {
            if value.is_none() {
                return;
            }
            self.slots.resize(name.index() + 1, None);
        }
        self.undo.push((name, std::mem::replace(&mut self.slots[name.index()], value)));
    }

    /// Makes everything since the last commit permanent.
    pub fn commit(&mut self) {
        self.undo.clear();
    }

    /// Undoes everything since the last commit.
    pub fn roll_back(&mut self) {
        while let Some((name, old)) = self.undo.pop() {
            self.slots[name.index()] = old;
        }
    }

    /// The names that have a value, in the order in which they were first interned.
    pub fn iter(&self) -> impl Iterator<Item = (Name, T)> + '_ {
        self.slots.iter().enumerate().filter_map(|(index, &value)| Some((Name(index as u32), value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roll_back_restores_the_committed_values() {
        let mut map = NameMap::default();
        map.set(Name(3), Some('a'));
        map.commit();
        map.set(Name(3), Some('b'));
        map.set(Name(3), None);
        map.set(Name(9), Some('c'));
        map.roll_back();
        assert_eq!((map.get(Name(3)), map.get(Name(9)), map.get(Name(700))), (Some('a'), None, None));
        assert_eq!(map.iter().collect::<Vec<_>>(), [(Name(3), 'a')]);
    }
}
