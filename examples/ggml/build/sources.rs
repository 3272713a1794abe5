//! What is compiled: groups of files that share a language, definitions and include folders.
//!
//! The lists are those of ggml's own CMakeLists for its base library and its CPU backend on x86-64, joined into one library,
//! without OpenMP (ggml then starts threads of its own), GPUs or libraries that would have to be installed.

use crate::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

/// The language of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    C,
    Cpp,
}

/// Which files of the group's folder.
#[derive(Clone, Copy)]
pub enum Sources {
    /// These.
    Named(&'static [&'static str]),
    /// All with this ending.
    AllOf(&'static str),
}

/// Files that are compiled alike. Paths are relative to `llama.cpp`.
pub struct Group {
    /// A name for messages, and for the folder of its object files.
    pub name: &'static str,
    pub language: Language,
    pub folder: &'static str,
    pub files: Sources,
    pub includes: &'static [&'static str],
    pub defines: &'static [(&'static str, Option<&'static str>)],
    /// Whether the processor's instruction sets are used: in kernels only, as ggml itself does it.
    pub per_processor: bool,
}

/// For every file: release code, and the C library's interfaces beyond C11.
pub const DEFINES: &[(&str, Option<&str>)] = &[("NDEBUG", None), ("_GNU_SOURCE", None), ("_XOPEN_SOURCE", Some("600"))];

const BASE_INCLUDES: &[&str] = &["ggml/include", "ggml/src"];
const BASE_DEFINES: &[(&str, Option<&str>)] = &[("GGML_SCHED_MAX_COPIES", Some("4")), ("GGML_USE_CPU", None)];
const CPU_INCLUDES: &[&str] = &["ggml/include", "ggml/src", "ggml/src/ggml-cpu"];
const CPU_DEFINES: &[(&str, Option<&str>)] = &[
    ("GGML_SCHED_MAX_COPIES", Some("4")),
    ("GGML_USE_CPU", None),
    ("GGML_USE_CPU_REPACK", None),
    ("GGML_USE_LLAMAFILE", None),
];

/// `libggml.so`.
pub const GGML: &[Group] = &[
    Group {
        name: "ggml-base-c",
        language: Language::C,
        folder: "ggml/src",
        files: Sources::Named(&["ggml.c", "ggml-alloc.c", "ggml-quants.c"]),
        includes: BASE_INCLUDES,
        defines: BASE_DEFINES,
        per_processor: false,
    },
    Group {
        name: "ggml-base-cpp",
        language: Language::Cpp,
        folder: "ggml/src",
        files: Sources::Named(&[
            "ggml.cpp",
            "ggml-backend.cpp",
            "ggml-backend-dl.cpp",
            "ggml-backend-meta.cpp",
            "ggml-backend-reg.cpp",
            "ggml-opt.cpp",
            "ggml-threading.cpp",
            "gguf.cpp",
        ]),
        includes: BASE_INCLUDES,
        defines: BASE_DEFINES,
        per_processor: false,
    },
    Group {
        name: "ggml-cpu-c",
        language: Language::C,
        folder: "ggml/src/ggml-cpu",
        files: Sources::Named(&["ggml-cpu.c", "quants.c", "arch/x86/quants.c"]),
        includes: CPU_INCLUDES,
        defines: CPU_DEFINES,
        per_processor: true,
    },
    Group {
        name: "ggml-cpu-cpp",
        language: Language::Cpp,
        folder: "ggml/src/ggml-cpu",
        files: Sources::Named(&[
            "ggml-cpu.cpp",
            "binary-ops.cpp",
            "hbm.cpp",
            "ops.cpp",
            "repack.cpp",
            "traits.cpp",
            "unary-ops.cpp",
            "vec.cpp",
            "amx/amx.cpp",
            "amx/mmq.cpp",
            "arch/x86/repack.cpp",
            "llamafile/sgemm.cpp",
            "tiled/tiled.cpp",
            "tiled/tiled-kernel.cpp",
        ]),
        includes: CPU_INCLUDES,
        defines: CPU_DEFINES,
        per_processor: true,
    },
];

const LLAMA_INCLUDES: &[&str] = &["include", "src", "ggml/include"];

/// `libllama.so`, which needs `libggml.so`.
pub const LLAMA: &[Group] = &[
    Group {
        name: "llama",
        language: Language::Cpp,
        folder: "src",
        files: Sources::AllOf("cpp"),
        includes: LLAMA_INCLUDES,
        defines: &[],
        per_processor: false,
    },
    Group {
        name: "llama-models",
        language: Language::Cpp,
        folder: "src/models",
        files: Sources::AllOf("cpp"),
        includes: LLAMA_INCLUDES,
        defines: &[],
        per_processor: false,
    },
];

/// What cmake would generate: name and text.
pub const GENERATED: &[(&str, &str)] = &[
    ("ggml-version.h", "#pragma once\n#define GGML_VERSION \"0.26.0\"\n#define GGML_COMMIT \"unknown\"\n"),
    ("llama-version.h", "#pragma once\n#define LLAMA_VERSION \"0\"\n#define LLAMA_COMMIT \"unknown\"\n"),
];

/// The files in a folder with an ending, in order of their names: a build must not depend on the order of a directory.
pub fn listed(folder: &Path, ending: &str) -> Outcome<Vec<PathBuf>> {
    let unreadable = |e: std::io::Error| format!("cannot read {}: {e}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(ending.as_ref()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
