//! Between Lua values and C values.
//!
//! ```text
//!     Lua value --from_lua--> bytes of a C type      arguments, stores, ffi.new, ffi.cast
//!     bytes     --to_lua----> Lua value              results, loads
//!     bytes     --between---> bytes of another type  inside the first
//! ```
//!
//! Each of the three has a *plan*, which depends on types alone and which the JIT asks for, too, and an execution. So what compiled code does
//! and what the interpreter does cannot drift apart.
//!
//! Read [`between`], [`compatible`], [`from_lua`], [`initialise`] (tables, and several values for one object), [`to_lua`].

pub mod between;
pub mod compatible;
pub mod from_lua;
pub mod initialise;
pub mod to_lua;
