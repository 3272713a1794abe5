//! The heap and its collector.
//!
//! Reading order: [`class`] (sizes of cells), [`chunk`] (blocks and their bitmaps), [`space`] (allocation and sweeping), [`heap`] (the
//! [`Heap`]), [`make`] (how each kind of object is made), [`cycle`] (a collection from its start to its end), [`mark`] (what
//! an object refers to), [`barrier`], [`weak`], [`finalise`], [`sweep`], [`pace`] (when the collector works); [`zeroed`]
//! holds the table of strings.
//!
//! **Invariant:** allocation never collects. It may ask for a collection by setting [`Heap::poll`]; the virtual machine looks at that
//! at its safe points and calls [`Heap::step`].

pub mod barrier;
pub mod chunk;
pub mod class;
pub mod cycle;
pub mod finalise;
pub mod heap;
pub mod make;
pub mod mark;
pub mod pace;
pub mod space;
pub mod stack;
pub mod sweep;
pub mod weak;
pub mod zeroed;

#[cfg(test)]
mod tests;

pub use heap::{Heap, poll};
pub use mark::Marker;
pub use pace::{Stats, Stress};
