//! Builds `libggml.so`, and with the feature `llama` `libllama.so`, with the crate `cc` alone.
//!
//! [`locate`] finds the sources, [`sources`] is the table of what is compiled, [`processor`] chooses instruction sets;
//! what is left for this file is to compile the table and link it. Whatever goes wrong ends the build with one line.
//!
//! Under clippy, which keeps build scripts' results apart and never runs what they make, nothing is compiled: the paths of
//! folders alone go out.

mod locate;
mod processor;
mod sources;

use sources::{GGML, Group, LLAMA, Sources};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome<T> = Result<T, String>;

fn main() {
    println!("cargo::rerun-if-changed=build");
    if let Err(why) = build() {
        // This alone fails the build. An exit status would add everything that the script printed for cargo.
        println!("cargo::error=cannot build libggml: {why}");
    }
}

fn build() -> Outcome<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set; run cargo")?);
    let folders =
        Folders { include: out.join("include"), library: out.join("lib"), generated: out.join("generated"), out };
    println!("cargo::rustc-env=GGML_INCLUDE_DIR={}", folders.include.display());
    println!("cargo::rustc-env=GGML_LIB_DIR={}", folders.library.display());
    if only_lints() {
        return Ok(());
    }
    let flags = processor::flags()?;
    compiler(false, "a C compiler is needed", "gcc")?;
    let linker = compiler(true, "a C++ compiler is needed", "g++")?;
    let root = locate::llama_cpp()?;
    for folder in [&folders.include, &folders.library, &folders.generated] {
        fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    }
    generate(&folders.generated)?;
    copy_headers(&root.join("ggml/include"), &folders.include)?;
    let objects = compile(GGML, &root, &folders, &flags)?;
    link(&linker, "ggml", &objects, &[], &folders.library)?;
    if env::var_os("CARGO_FEATURE_LLAMA").is_some() {
        copy_headers(&root.join("include"), &folders.include)?;
        let objects = compile(LLAMA, &root, &folders, &flags)?;
        link(&linker, "llama", &objects, &["-lggml"], &folders.library)?;
    }
    Ok(())
}

/// Where things go, all inside OUT_DIR.
struct Folders {
    out: PathBuf,
    include: PathBuf,
    library: PathBuf,
    generated: PathBuf,
}

/// Whether it is clippy that asks.
fn only_lints() -> bool {
    env::var_os("RUSTC_WORKSPACE_WRAPPER")
        .is_some_and(|wrapper| Path::new(&wrapper).file_stem() == Some("clippy-driver".as_ref()))
}

/// A compiler, once it is known to start.
fn compiler(cpp: bool, needed: &str, package: &str) -> Outcome<PathBuf> {
    let compiler = cc::Build::new().cpp(cpp).cargo_warnings(false).try_get_compiler().map_err(|e| e.to_string())?;
    let path = compiler.path();
    match Command::new(path).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(path.to_owned()),
        _ => Err(format!("{needed}, and '{}' does not start (Debian: apt install {package})", path.display())),
    }
}

/// The two headers that cmake would write.
fn generate(folder: &Path) -> Outcome<()> {
    for (file, text) in sources::GENERATED {
        fs::write(folder.join(file), text).map_err(|e| format!("cannot write {file}: {e}"))?;
    }
    Ok(())
}

fn copy_headers(from: &Path, to: &Path) -> Outcome<()> {
    for header in sources::listed(from, "h")? {
        let target = to.join(header.file_name().unwrap_or_default());
        fs::copy(&header, &target).map_err(|e| format!("cannot copy {}: {e}", header.display()))?;
    }
    Ok(())
}

/// Compiles groups of files, each with the definitions, include folders and flags that it asks for.
fn compile(groups: &[Group], root: &Path, folders: &Folders, processor_flags: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut objects = Vec::new();
    for group in groups {
        let cpp = group.language == sources::Language::Cpp;
        let mut build = cc::Build::new();
        build
            .cpp(cpp)
            .std(if cpp { "c++17" } else { "c11" })
            .pic(true)
            .opt_level(3)
            .debug(false)
            .warnings(false)
            .cargo_warnings(false)
            .cargo_metadata(false)
            .out_dir(folders.out.join(group.name))
            .include(&folders.generated)
            .includes(group.includes.iter().map(|folder| root.join(folder)));
        for (name, value) in sources::DEFINES.iter().chain(group.defines) {
            build.define(name, *value);
        }
        if group.per_processor {
            build.flags(processor_flags);
        }
        let folder = root.join(group.folder);
        match group.files {
            Sources::Named(names) => build.files(names.iter().map(|name| folder.join(name))),
            Sources::AllOf(ending) => build.files(sources::listed(&folder, ending)?),
        };
        let made = build.try_compile_intermediates();
        objects.extend(made.map_err(|e| format!("{}: {}", group.name, first_line(&e.to_string())))?);
    }
    Ok(objects)
}

/// Makes `lib<name>.so`, which finds the libraries it needs in its own folder.
fn link(compiler: &Path, name: &str, objects: &[PathBuf], libraries: &[&str], folder: &Path) -> Outcome<()> {
    let file = format!("lib{name}.so");
    let output = Command::new(compiler)
        .arg("-shared")
        .arg("-o")
        .arg(folder.join(&file))
        .arg(format!("-Wl,-soname,{file}"))
        .arg("-Wl,-rpath,$ORIGIN")
        .args(objects)
        .arg("-L")
        .arg(folder)
        .args(libraries)
        .args(["-lpthread", "-ldl", "-lm"])
        .output()
        .map_err(|e| format!("cannot run {}: {e}", compiler.display()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("linking {file} failed: {}", first_line(&String::from_utf8_lossy(&output.stderr))))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("no message")
}
