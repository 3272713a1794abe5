//! Finds the sources inside the crate `llama-cpp-sys-2`, wherever cargo keeps them.
//!
//! The crate is a dependency that no target builds, so that cargo checks it against Cargo.lock but does not unpack it for us;
//! `cargo metadata` does, and says where. It is asked offline first: the answer is the same and needs no network on every
//! build but the first.

use crate::Outcome;
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The crate and the version that `Cargo.toml` pins.
const CRATE: &str = "llama-cpp-sys-2";
const VERSION: &str = "0.1.161";

/// The folder `llama.cpp` of the crate.
pub fn llama_cpp() -> Outcome<PathBuf> {
    let metadata = metadata(&["--offline"]).or_else(|_| metadata(&[]))?;
    let manifest = manifest_path(&metadata).ok_or(format!("cargo metadata does not know {CRATE} {VERSION}"))?;
    let folder = manifest.with_file_name("llama.cpp");
    if folder.is_dir() { Ok(folder) } else { Err(format!("there is no {}", folder.display())) }
}

fn metadata(options: &[&str]) -> Outcome<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(options)
        .output()
        .map_err(|e| format!("cannot run cargo metadata: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.starts_with("error")).unwrap_or("no message");
    Err(format!("cargo metadata fails: {line}"))
}

/// The package's `manifest_path`. Cargo writes a package's name and version first and its manifest's path after everything
/// that nests, so that the first path after the name is its own; a JSON parser would be one more dependency to build.
fn manifest_path(metadata: &str) -> Option<PathBuf> {
    let package = &metadata[metadata.find(&format!(r#"{{"name":"{CRATE}","version":"{VERSION}""#))?..];
    let key = r#""manifest_path":""#;
    let path = &package[package.find(key)? + key.len()..];
    Some(PathBuf::from(&path[..path.find('"')?]))
}
