//! Layouts against the compiler: generated records, and the records of the system's headers.
//!
//! One C program prints the size and the alignment of every record, and where its members are; a bit-field is found by
//! setting all its bits in an object of zeros. What it prints must be what we compute.

mod common;

use std::{collections::HashMap, fmt::Write, fs, path::PathBuf, process::Command};

use common::Random;
use moonwake_ffi::{
    c::{
        declarations::Declarations,
        preprocess::Source,
        scope::{Entity, Tag},
    },
    ctype::{CTypeId, FoundMember},
};

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("layout");
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Compiles and runs a program; its lines are a name and numbers.
fn facts(name: &str, program: &str, folders: &[PathBuf]) -> HashMap<String, Vec<u64>> {
    let (source, binary) = (scratch(&format!("{name}.c")), scratch(name));
    fs::write(&source, program).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-w", "-O0", "-o"]).arg(&binary).arg(&source);
    for folder in folders {
        compiler.arg("-I").arg(folder);
    }
    let compiled = compiler.output().expect("these tests need a C compiler");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = String::from_utf8(Command::new(&binary).output().unwrap().stdout).unwrap();
    let lines = output.lines().map(|line| {
        let mut words = line.split(' ');
        (words.next().unwrap().to_owned(), words.map(|word| word.parse().unwrap()).collect())
    });
    lines.collect()
}

const PRELUDE: &str = r#"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#define RECORD(T) printf("%s %zu %zu\n", #T, sizeof(struct T), _Alignof(struct T))
#define MEMBER(T, m) printf("%s.%s %zu\n", #T, #m, offsetof(struct T, m))
#define BITS(T, m) do { \
    static unsigned char bytes[sizeof(struct T) + 1]; struct T *p = (struct T *)bytes; \
    p->m = -1; long first = -1, count = 0; \
    for (size_t i = 0; i < sizeof(struct T) * 8; i++) \
        if (bytes[i / 8] >> i % 8 & 1) { count++; if (first < 0) first = i; } \
    printf("%s.%s %ld %ld\n", #T, #m, first, count); \
    } while (0)
"#;

/// A generator of records. The same seed gives the same records for ever.
struct Shapes {
    random: Random,
    /// Members of the record that is being made, and whether each is a bit-field.
    members: Vec<(String, bool)>,
    finished: usize,
}

const COMMON: &str = "typedef int loose __attribute__((aligned(2)));\n\
    typedef short strict __attribute__((aligned(16)));\n\
    typedef float quad __attribute__((vector_size(16)));\n\
    enum small { A0, A1 };\nenum negative { B0 = -1 };\nenum wide { C0 = 1LL << 40 };\n\
    enum __attribute__((packed)) tiny { D0, D1 = 200 };\n";

const SCALARS: &[&str] = &[
    "char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned",
    "long",
    "long long",
    "float",
    "double",
    "long double",
    "_Bool",
    "void *",
    "int (*)[3]",
    "enum small",
    "enum tiny",
    "enum wide",
    "__int128",
    "_Complex float",
    "_Complex double",
    "loose",
    "strict",
    "quad",
    "_Float16",
];

const BIT_TYPES: &[(&str, usize)] = &[
    ("int", 32),
    ("unsigned", 32),
    ("char", 8),
    ("unsigned char", 8),
    ("short", 16),
    ("unsigned short", 16),
    ("long", 64),
    ("unsigned long long", 64),
    ("_Bool", 1),
    ("enum small", 32),
    ("enum tiny", 8),
    ("enum negative", 32),
    ("loose", 32),
];

impl Shapes {
    fn attributes(&mut self, rarely: usize) -> String {
        let mut text = String::new();
        if self.random.one_in(rarely) {
            text += " __attribute__((packed))";
        }
        if self.random.one_in(rarely) {
            let align = self.random.pick(&[1, 2, 4, 8, 16, 32]);
            write!(text, " __attribute__((aligned({align})))").unwrap();
        }
        text
    }

    /// Members between braces. Members of an unnamed record in them are members of the whole.
    fn body(&mut self, depth: u32, visible: bool) -> String {
        let mut text = String::from("{\n");
        for _ in 0..self.random.below(7) + usize::from(depth == 0) {
            let name = format!("m{}", self.members.len());
            let attributes = self.attributes(12);
            match self.random.below(10) {
                0..=3 => {
                    let ctype = self.random.pick(SCALARS);
                    let array = match self.random.below(8) {
                        0 if !matches!(ctype, "strict") => format!("[{}]", self.random.below(5)),
                        1 if !matches!(ctype, "strict") => {
                            format!("[{}][{}]", self.random.below(3) + 1, self.random.below(3) + 1)
                        }
                        _ => String::new(),
                    };
                    match ctype.split_once("(*)") {
                        Some((before, after)) => {
                            writeln!(text, "{before}(*{name}{array}){after}{attributes};").unwrap()
                        }
                        None => writeln!(text, "{ctype} {name}{array}{attributes};").unwrap(),
                    }
                    self.note(name, false, visible);
                }
                4..=6 => {
                    let (ctype, bits) = self.random.pick(BIT_TYPES);
                    if self.random.one_in(8) {
                        let width = if self.random.one_in(2) { 0 } else { 1 + self.random.below(bits) };
                        writeln!(text, "{ctype} : {width};").unwrap();
                    } else {
                        let width = 1 + self.random.below(bits);
                        writeln!(text, "{ctype} {name} : {width}{attributes};").unwrap();
                        self.note(name, true, visible);
                    }
                }
                7 if self.finished > 0 => {
                    let inner = self.random.below(self.finished);
                    writeln!(text, "struct S{inner} {name}{attributes};").unwrap();
                    self.note(name, false, visible);
                }
                _ if depth < 3 => {
                    let keyword = self.random.pick(&["struct", "union"]);
                    let own = self.attributes(10);
                    let named = self.random.one_in(3);
                    let body = self.body(depth + 1, visible && !named);
                    if named {
                        let name = format!("n{}", self.members.len());
                        let array = if self.random.one_in(3) { "[2]" } else { "" };
                        writeln!(text, "{keyword} {body}{own} {name}{array};").unwrap();
                        self.note(name, false, visible);
                    } else {
                        writeln!(text, "{keyword} {body}{own};").unwrap();
                    }
                }
                _ => {}
            }
        }
        text + "}"
    }

    fn note(&mut self, name: String, is_bits: bool, visible: bool) {
        // Hidden members are counted all the same, so that names stay different.
        self.members.push((if visible { name } else { String::new() }, is_bits));
    }

    /// A whole record: its text, and the members that can be seen from outside.
    fn record(&mut self) -> (String, Vec<(String, bool)>) {
        self.members.clear();
        let number = self.finished;
        let pack = if self.random.one_in(5) { Some(self.random.pick(&[1, 2, 4, 8, 16])) } else { None };
        let before = pack.map_or(String::new(), |pack| format!("#pragma pack(push, {pack})\n"));
        let after = pack.map_or("", |_| "#pragma pack(pop)\n");
        let mut body = self.body(0, true);
        if self.random.one_in(12) && !self.members.is_empty() {
            let element = self.random.pick(&["char", "int", "double"]);
            body.truncate(body.len() - 1);
            write!(body, "{element} flexible[];\n}}").unwrap();
            self.members.push(("flexible".into(), false));
        }
        let attributes = self.attributes(7);
        self.finished += 1;
        let members = self.members.iter().filter(|(name, _)| !name.is_empty()).cloned().collect();
        (format!("{before}struct S{number} {body}{attributes};\n{after}"), members)
    }
}

fn member(c: &Declarations, record: CTypeId, name: &str) -> FoundMember {
    let name = c.names().find(name).unwrap();
    c.types().record_body(record).unwrap().member(name).unwrap_or_else(|| panic!("no member {}", c.names().text(name)))
}

/// Compares the records of one seed, and says how many members it compared.
fn compare(seed: u64) -> usize {
    let mut shapes = Shapes { random: Random(seed), members: Vec::new(), finished: 0 };
    let (mut text, mut asks, mut records) = (COMMON.to_owned(), String::new(), Vec::new());
    for number in 0..500 {
        let (record, members) = shapes.record();
        writeln!(asks, "RECORD(S{number});").unwrap();
        for (name, is_bits) in &members {
            writeln!(asks, "{}(S{number}, {name});", if *is_bits { "BITS" } else { "MEMBER" }).unwrap();
        }
        text += &record;
        records.push((record, members));
    }
    let program = format!("{PRELUDE}\n{text}\nint main(void) {{\n{asks}\nreturn 0; }}\n");
    let facts = facts(&format!("generated{seed:x}"), &program, &[]);

    let mut c = Declarations::new();
    c.cdef(Source::pasted(&text, "generated"), &[]).unwrap_or_else(|error| panic!("{error}"));
    let mut compared = 0;
    for (number, (text, members)) in records.iter().enumerate() {
        let id = c.parse_type(format!("struct S{number}"), &[]).unwrap();
        let ours = vec![c.types().size_of(id).unwrap(), c.types().align_of(id)];
        assert_eq!(ours, facts[&format!("S{number}")], "seed {seed:#x}, size and alignment of\n{text}");
        for (name, is_bits) in members {
            let theirs = &facts[&format!("S{number}.{name}")];
            let ours = member(&c, id, name);
            match (is_bits, ours.bits) {
                (false, None) => assert_eq!(vec![ours.offset], *theirs, "seed {seed:#x}, offset of {name} in\n{text}"),
                (true, Some(bits)) => {
                    let place = vec![ours.offset * 8 + u64::from(bits.start), bits.width.into()];
                    assert_eq!(place, *theirs, "seed {seed:#x}, bits of {name} in\n{text}");
                }
                _ => panic!("{name} in\n{text}"),
            }
            compared += 1;
        }
    }
    compared
}

/// 500 records; as many thousands as `LAYOUT_THOUSANDS` says, if it says so.
#[test]
fn generated_records_equal_the_compilers() {
    let thousands = std::env::var("LAYOUT_THOUSANDS").map_or(0, |text| text.parse::<u64>().expect("a number"));
    for run in 0..(2 * thousands).max(1) {
        let compared = compare(0x5EED_C0FFEE + 0x9E37_79B9_7F4A_7C15u64.wrapping_mul(run));
        assert!(compared > 1000, "{compared}");
    }
}

/// Headers that can be included together. Those that a machine does not have are left out.
const GROUPS: &[&str] = &[
    "aio.h arpa/inet.h assert.h complex.h dirent.h dlfcn.h elf.h errno.h fcntl.h fenv.h fts.h ftw.h glob.h grp.h \
    ifaddrs.h inttypes.h link.h locale.h math.h mqueue.h net/if.h netdb.h netinet/in.h netinet/ip.h netinet/tcp.h poll.h \
    pthread.h pwd.h regex.h resolv.h sched.h scsi/sg.h semaphore.h setjmp.h signal.h spawn.h stdlib.h string.h \
    sys/epoll.h sys/ipc.h sys/mman.h sys/mount.h sys/procfs.h sys/ptrace.h sys/resource.h sys/sem.h sys/shm.h \
    sys/socket.h sys/stat.h sys/statvfs.h sys/sysinfo.h sys/time.h sys/timex.h sys/ucontext.h sys/uio.h sys/un.h \
    sys/user.h sys/utsname.h sys/wait.h termios.h threads.h time.h ucontext.h unistd.h utime.h utmpx.h wchar.h wctype.h",
    "linux/bpf.h linux/fs.h linux/if_ether.h linux/if_packet.h linux/input.h linux/io_uring.h linux/kvm.h \
    linux/perf_event.h linux/usbdevice_fs.h linux/videodev2.h sound/asound.h",
    "ffi.h gmp.h jpeglib.h openssl/evp.h openssl/ssl.h png.h sqlite3.h X11/Xlib.h X11/Xutil.h \
    xcb/xproto.h yaml.h zlib.h",
    "curses.h",
];

/// Whether this machine has a header.
fn exists(header: &str) -> bool {
    let text = format!("#if !__has_include(<{header}>)\n#error\n#endif\n");
    Declarations::new().cdef(Source::pasted(&text, "test"), &[]).is_ok()
}

/// Compares every record with a tag, every member of it, and every typedef that has a size; says how many.
fn compare_headers(name: &str, headers: &[&str], folders: &[PathBuf]) -> usize {
    // The first ones have what this crate declares before any header.
    let first = ["stdarg.h", "stddef.h", "stdint.h", "stdio.h", "sys/types.h"];
    let includes: String = first.iter().chain(headers).map(|name| format!("#include <{name}>\n")).collect();
    let include = format!("#define _GNU_SOURCE\n{includes}");
    let mut c = Declarations::new();
    for folder in folders {
        c.add_include_folder(folder);
    }
    c.cdef(Source::pasted(&include, "test"), &[]).unwrap_or_else(|error| panic!("{error}"));

    let (mut asks, mut ours) = (String::new(), HashMap::new());
    for (tag, denoted) in c.scope().tags() {
        let Tag::Record(id) = denoted else { continue };
        let record = c.types().record(id);
        let Some(body) = &record.body else { continue };
        let tag = c.names().text(tag);
        if tag == "__va_list_tag" {
            continue; // the compiler has it without its tag
        }
        let record = format!("{} {tag}", if record.is_union { "union" } else { "struct" });
        let key = record.replace(' ', "-");
        writeln!(asks, "printf(\"{key} %zu %zu\\n\", sizeof({record}), _Alignof({record}));").unwrap();
        ours.insert(key.clone(), vec![body.size, body.align]);
        for member in body.members.iter().filter(|member| member.bits.is_none()) {
            let Some(name) = member.name else { continue };
            let name = c.names().text(name);
            writeln!(asks, "printf(\"{key}.{name} %zu\\n\", offsetof({record}, {name}));").unwrap();
            ours.insert(format!("{key}.{name}"), vec![member.offset]);
        }
    }
    for (name, entity) in c.scope().iter() {
        let Entity::Typedef(id) = entity else { continue };
        let (name, Some(size)) = (c.names().text(name), c.types().size_of(id)) else { continue };
        if name == "bool" {
            continue; // ours, and only perhaps the headers'
        }
        writeln!(asks, "printf(\"{name} %zu %zu\\n\", sizeof({name}), _Alignof({name}));").unwrap();
        ours.insert(name.into_owned(), vec![size, c.types().align_of(id)]);
    }
    let theirs = facts(name, &format!("{include}#undef main\nint main(void) {{\n{asks}return 0; }}\n"), folders);
    for (name, ours) in &ours {
        assert_eq!(Some(ours), theirs.get(name), "{name}");
    }
    theirs.len()
}

#[test]
fn records_of_headers_equal_the_compilers() {
    let mut compared = 0;
    for (number, group) in GROUPS.iter().enumerate() {
        let headers: Vec<&str> = group.split_whitespace().filter(|header| exists(header)).collect();
        compared += compare_headers(&format!("headers{number}"), &headers, &[]);
    }
    assert!(compared > 3000, "{compared}");
}

#[test]
fn records_of_ggml_equal_the_compilers() {
    if let Some(folders) = common::ggml_folders() {
        let headers = ["ggml.h", "gguf.h", "ggml-alloc.h", "ggml-backend.h", "ggml-cpu.h", "llama.h"];
        assert!(compare_headers("ggml", &headers, &folders) > 300);
    }
}
