//! Builds the peers that moonwake is compared with, so that none has to be installed.
//!
//! The crate `luajit-src` makes LuaJIT's own stand-alone `luajit` on the way to its library. `lua-src` has Lua 5.4's library
//! only, so that `host/lua54.c` is compiled and linked with it. Both get the optimisation that their authors' makefiles
//! ask for (`-O2`), whatever the profile of this build: a peer is what its users run.
//!
//! What the crate needs to know goes out as environment variables: `PEER_LUAJIT` and `PEER_LUA54`. Under clippy, which keeps
//! build scripts' results apart from everyone else's and never runs what they make, the paths alone go out.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

type Outcome<T> = Result<T, String>;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=host/lua54.c");
    if let Err(why) = build() {
        // This alone fails the build. An exit status would add everything that the script printed for cargo.
        println!("cargo::error=cannot build the peers of the benchmarks: {why}");
    }
}

fn build() -> Outcome<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set; run cargo")?);
    let luajit = out.join("luajit/luajit-build/src/luajit");
    let lua54 = out.join("lua54/lua");
    println!("cargo::rustc-env=PEER_LUAJIT={}", luajit.display());
    println!("cargo::rustc-env=PEER_LUA54={}", lua54.display());
    if only_lints() {
        return Ok(());
    }
    require(&mut cc()?, "gcc")?;
    require(&mut Command::new("make"), "make")?;
    build_luajit(&out.join("luajit"), &luajit)?;
    build_lua54(&out.join("lua54"), &lua54)
}

/// Whether it is clippy that asks.
fn only_lints() -> bool {
    env::var_os("RUSTC_WORKSPACE_WRAPPER")
        .is_some_and(|wrapper| Path::new(&wrapper).file_stem() == Some("clippy-driver".as_ref()))
}

/// The C compiler as the `cc` crate finds it, with no flags of its own.
fn cc() -> Outcome<Command> {
    let compiler = cc::Build::new().cargo_warnings(false).try_get_compiler().map_err(|e| e.to_string())?;
    Ok(Command::new(compiler.path()))
}

/// Checks that a tool starts at all: the crates below would panic, or say so many lines later.
fn require(tool: &mut Command, package: &str) -> Outcome<()> {
    let answer = tool.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match answer {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("{} does not start (Debian: apt install {package})", tool.get_program().display())),
    }
}

/// LuaJIT's stand-alone program, which is made beside the library that `luajit-src` is for.
fn build_luajit(out: &Path, program: &Path) -> Outcome<()> {
    luajit_src::Build::new().out_dir(out).debug(false).try_build().map_err(|e| e.to_string())?;
    if program.is_file() { Ok(()) } else { Err(format!("{} was not made", program.display())) }
}

/// PUC Lua 5.4 behind the host program of ours.
fn build_lua54(out: &Path, program: &Path) -> Outcome<()> {
    let artifacts = lua_src::Build::new()
        .out_dir(out)
        .opt_level("2")
        .debug(false)
        .try_build(lua_src::Lua54)
        .map_err(|e| e.to_string())?;
    let status = cc()?
        .args(["-O2", "host/lua54.c", "-I"])
        .arg(artifacts.include_dir())
        .arg("-L")
        .arg(artifacts.lib_dir())
        .args(artifacts.libs().iter().map(|name| format!("-l{name}")))
        .args(["-lm", "-ldl", "-Wl,-E", "-o"])
        .arg(program)
        .status()
        .map_err(|e| e.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("linking Lua 5.4 failed ({status})")) }
}
