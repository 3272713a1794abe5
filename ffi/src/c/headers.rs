//! Where headers come from.
//!
//! The search is gcc's. `"x.h"` is looked for beside the file that includes it, then like `<x.h>`: in the folders that the
//! user gave, the compiler's own folder, `/usr/local/include`, the folder of the machine's libraries, `/usr/include`. The
//! compiler's folder is found at run time, the newest under `/usr/lib/gcc/<triple>/`; at the very end stand a few headers
//! that this crate brings along, so that `stdint.h` and its like work on a machine without any compiler.
//!
//! A file that is wrapped in `#ifndef X … #endif`, or that says `#pragma once`, is not even opened a second time.
//!
//! **Invariant:** the preprocessor touches the file system through [`HeaderFiles`] alone, so whoever embeds it decides
//! what may be read.

use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{name::Name, source::Text};

/// The file system as the preprocessor sees it.
pub trait HeaderFiles: Send {
    /// The bytes of a file. After `NotFound` the search goes on in the next folder; any other error ends it.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// One path for all the ways to spell it, for `#pragma once`.
    fn identity(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    /// The folders where the system's headers are, in the order of the search.
    fn system_folders(&self) -> Vec<PathBuf>;
}

/// Headers from the real file system.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemHeaders;

impl HeaderFiles for SystemHeaders {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => io::ErrorKind::NotFound.into(),
            _ => error,
        })
    }

    fn identity(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
    }

    fn system_folders(&self) -> Vec<PathBuf> {
        let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
        let newest = std::fs::read_dir(Path::new("/usr/lib/gcc").join(&triple))
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                Some((version(path.file_name()?.to_str()?)?, path))
            })
            .max();
        let compiler = newest.map(|(_, path)| path.join("include"));
        let usual = ["/usr/local/include".into(), Path::new("/usr/include").join(&triple), "/usr/include".into()];
        compiler.into_iter().chain(usual).collect()
    }
}

/// `12.2.0` as numbers, so that 9 is older than 12.
fn version(name: &str) -> Option<Vec<u32>> {
    name.split('.').map(|part| part.parse().ok()).collect()
}

/// No files at all: what an embedder that denies file access gives. The headers of this crate still work.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoHeaders;

impl HeaderFiles for NoHeaders {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn system_folders(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// Headers from memory, by path: for tests, and for an embedder that brings its own.
#[derive(Clone, Default, Debug)]
pub struct MemoryHeaders {
    /// The texts by path.
    pub files: HashMap<PathBuf, Vec<u8>>,
    /// The folders that count as the system's.
    pub folders: Vec<PathBuf>,
}

impl HeaderFiles for MemoryHeaders {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn system_folders(&self) -> Vec<PathBuf> {
        self.folders.clone()
    }
}

/// The headers that a compiler must bring along, for machines that have no compiler.
const EMBEDDED: &[(&str, &str)] = &[
    ("float.h", include_str!("builtin/float.h")),
    ("limits.h", include_str!("builtin/limits.h")),
    ("stdalign.h", include_str!("builtin/stdalign.h")),
    ("stdarg.h", include_str!("builtin/stdarg.h")),
    ("stdbool.h", include_str!("builtin/stdbool.h")),
    ("stddef.h", include_str!("builtin/stddef.h")),
    ("stdint.h", include_str!("builtin/stdint.h")),
    ("stdnoreturn.h", include_str!("builtin/stdnoreturn.h")),
];

/// How a header was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What stands between the quotes or brackets.
    pub name: &'a str,
    /// The folder of the file that asks, when it asks with quotes.
    pub beside: Option<&'a Path>,
    /// Folders of the search to leave out: for `#include_next`, those up to where the asking file was found.
    pub skip: usize,
}

/// A header that was found.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its path as gcc would print it.
    pub path: PathBuf,
    /// The number of folders of the search up to and including the one where it was; 0 when beside the asker.
    pub depth: usize,
    /// Its text, or nothing if it need not be read again.
    pub text: Option<Arc<Text>>,
}

/// The search and what it remembers.
pub struct Headers {
    files: Box<dyn HeaderFiles>,
    user_folders: Vec<PathBuf>,
    system_folders: Option<Vec<PathBuf>>,
    /// The macro that guards a file from its first line to its last.
    guards: HashMap<PathBuf, Name>,
    /// Files with `#pragma once` that have been included, by identity, and those that came since the last commit.
    once: HashSet<PathBuf>,
    new_once: Vec<PathBuf>,
    /// What was read since the last commit, also what was not there: a header may change between two `cdef`s.
    read: HashMap<PathBuf, Option<Arc<Text>>>,
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers").field("user_folders", &self.user_folders).finish_non_exhaustive()
    }
}

impl Headers {
    /// A search through the given files.
    pub fn new(files: Box<dyn HeaderFiles>) -> Self {
        Headers {
            files,
            user_folders: Vec::new(),
            system_folders: None,
            guards: HashMap::new(),
            once: HashSet::new(),
            new_once: Vec::new(),
            read: HashMap::new(),
        }
    }

    /// Appends a folder to those that are searched before the system's.
    pub fn add_folder(&mut self, folder: PathBuf) {
        self.user_folders.push(folder);
    }

    /// Looks a header up. `is_defined` tells whether a guard's macro is.
    pub fn find(&mut self, request: Request<'_>, is_defined: impl Fn(Name) -> bool) -> io::Result<Option<Header>> {
        if let Some(beside) = request.beside
            && let Some(text) = self.open(&beside.join(request.name), &is_defined)?
        {
            return Ok(Some(Header { path: beside.join(request.name), depth: 0, text }));
        }
        if Path::new(request.name).is_absolute() {
            let path = PathBuf::from(request.name);
            return Ok(self.open(&path, &is_defined)?.map(|text| Header { path, depth: 0, text }));
        }
        let system = self.system_folders.get_or_insert_with(|| self.files.system_folders());
        let folders: Vec<PathBuf> = self.user_folders.iter().chain(&*system).cloned().collect();
        for (index, folder) in folders.iter().enumerate().skip(request.skip) {
            let path = folder.join(request.name);
            if let Some(text) = self.open(&path, &is_defined)? {
                return Ok(Some(Header { path, depth: index + 1, text }));
            }
        }
        let embedded = EMBEDDED.iter().find(|(name, _)| *name == request.name && request.skip <= folders.len());
        Ok(embedded.map(|(name, text)| {
            let path = Path::new("<moonwake>").join(name);
            let again = self.once.contains(&path);
            let text = (!again).then(|| Arc::new(Text::new(text.as_bytes().to_vec())));
            Header { path, depth: folders.len() + 1, text }
        }))
    }

    /// Nothing if there is no such file, `Some(None)` if there is but nothing of it is left to include.
    fn open(&mut self, path: &Path, is_defined: impl Fn(Name) -> bool) -> io::Result<Option<Option<Arc<Text>>>> {
        if self.guards.get(path).is_some_and(|&guard| is_defined(guard)) {
            return Ok(Some(None));
        }
        if !self.once.is_empty() && self.once.contains(&self.files.identity(path)) {
            return Ok(Some(None));
        }
        if let Some(known) = self.read.get(path) {
            return Ok(known.clone().map(Some));
        }
        let text = match self.files.read(path) {
            Ok(bytes) => Some(Arc::new(Text::new(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.read.insert(path.to_path_buf(), text.clone());
        Ok(text.map(Some))
    }

    /// Remembers that a file lies wholly inside `#ifndef guard`.
    pub fn set_guard(&mut self, path: &Path, guard: Name) {
        self.guards.insert(path.to_path_buf(), guard);
    }

    /// Obeys `#pragma once`.
    pub fn set_once(&mut self, path: &Path) {
        let identity = if path.starts_with("<moonwake>") { path.to_path_buf() } else { self.files.identity(path) };
        if self.once.insert(identity.clone()) {
            self.new_once.push(identity);
        }
    }

    /// Ends a run of the preprocessor that succeeded.
    pub fn commit(&mut self) {
        self.new_once.clear();
        self.read.clear();
    }

    /// Ends one that failed: what it included was not.
    pub fn roll_back(&mut self) {
        for path in self.new_once.drain(..) {
            self.once.remove(&path);
        }
        self.read.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str) -> Request<'_> {
        Request { name, beside: None, skip: 0 }
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("9") < version("12") && version("12") < version("12.2.0"));
        assert_eq!(version("include"), None);
    }

    #[test]
    fn the_embedded_headers_come_last() {
        let mut headers = Headers::new(Box::new(NoHeaders));
        headers.add_folder("/nowhere".into());
        let found = headers.find(request("stdint.h"), |_| false).unwrap().unwrap();
        assert_eq!((found.path.to_str(), found.depth), (Some("<moonwake>/stdint.h"), 2));
        assert!(headers.find(Request { skip: 2, ..request("stdint.h") }, |_| false).unwrap().is_none());
        assert!(headers.find(request("none.h"), |_| false).unwrap().is_none());
    }
}
