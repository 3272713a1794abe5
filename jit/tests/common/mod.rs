//! What the tests of the JIT share.

#![allow(dead_code)]

pub mod filetest;
pub mod generate;
pub mod natives;
pub mod world;
