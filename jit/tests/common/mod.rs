//! What the tests of the JIT share.

#![allow(dead_code)]

pub mod filetest;
pub mod natives;
pub mod world;
