//! `jit.bcsave`: bytecode in files, which is what `moonwake -b` does.
//!
//! Its one function, `start`, takes the words of a command line:
//!
//! ```text
//!   [options] input output     saves             -l [options] input [output]     lists
//! ```
//!
//! What is saved is what `string.dump` makes, bare or as data of a symbol `luaJIT_BC_name` that C compilers and linkers understand
//! ([`write_source`], [`object`]). `require "name"` finds that symbol in the process and in the libraries of `package.cpath`.
//!
//! A letter may stand in a word with others (`-lg`); one that takes the next word is the last of its word. Options may come
//! after the files, too, as everything about this command is spelled and worded as in LuaJIT.

mod object;
mod target;

use super::super::base::load::{read_chunk, read_file, read_source};
use super::super::io::stream::{Standard, Stream, write_stderr};
use crate::bytecode::Prototype;
use crate::bytecode::disasm::disassemble;
use crate::bytecode::dump::dump;
use crate::vm::Vm;
use crate::vm::native::{Call, NativeFunction, NativeResult};
use std::fmt::Write;
use target::{Arch, System};

/// What the names of symbols begin with: LuaJIT's, so that build scripts need not change.
pub const SYMBOL_PREFIX: &str = "luaJIT_BC_";

static FUNCTIONS: &[NativeFunction] = &[NativeFunction { name: "jit.bcsave.start", function: start }];

static OPEN: NativeFunction = NativeFunction {
    name: "jit.open_bcsave",
    function: |call| {
        let module = call.vm.heap.new_table(0, FUNCTIONS.len());
        call.vm.register(module, FUNCTIONS, &[]);
        call.one(module)
    },
};

/// Makes the module ready for `require`.
pub(super) fn open(vm: &mut Vm) {
    vm.set_preload("jit.bcsave", &OPEN);
}

/// `start(word, ...)`: on failure it ends the process, as LuaJIT's does.
fn start(call: &mut Call) -> NativeResult {
    let mut words = Vec::with_capacity(call.len());
    for i in 0..call.len() {
        words.push(call.bytes(i)?.to_vec());
    }
    if let Err(failure) = save(&words) {
        write_stderr(&failure.text());
        std::process::exit(1);
    }
    call.none()
}

/// Why nothing was saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The words make no sense.
    Usage,
    /// One line that says what is wrong.
    Message(Vec<u8>),
}

impl Failure {
    /// What is written to standard error.
    pub fn text(&self) -> Vec<u8> {
        match self {
            Failure::Usage => USAGE.into(),
            Failure::Message(message) => [b"moonwake: ", &message[..], b"\n"].concat(),
        }
    }

    fn message(text: impl AsRef<[u8]>) -> Failure {
        Failure::Message(text.as_ref().to_vec())
    }
}

const USAGE: &str = "\
usage: moonwake -b[options] input output
       moonwake -bl[options] input [output]
  -l        List the bytecode.
  -s        Save it without debug information (what happens by itself).
  -g        Save it with debug information.
  -n name   The module's name; else it comes from the input's.
  -t type   The output's type: raw, c, cc, h, o or obj; else it comes from the output's name.
  -a arch   The processor that an object file is for.
  -o os     The system that an object file is for.
  -F name   What the input is called in messages.
  -e        The input is no file's name but the program.
  -d -W -X  Taken, and without effect: the same program gives the same bytes, for every processor.
  --        End of the options.
  -         As the input or the output: standard input, standard output.
";

/// How the output represents the bytecode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    /// As it is.
    Raw,
    /// A definition in C or C++.
    Source,
    /// A definition to include, and its size.
    Header,
    /// An object file for the linker.
    Object,
}

/// The names of types, which are endings of file names, too.
const TYPES: &[(&str, Type)] = &[
    ("raw", Type::Raw),
    ("c", Type::Source),
    ("cc", Type::Source),
    ("h", Type::Header),
    ("o", Type::Object),
    ("obj", Type::Object),
];

/// A command line, taken apart.
#[derive(Debug)]
struct Order<'a> {
    list: bool,
    debug_info: bool,
    /// Whether the input is the program itself.
    is_chunk: bool,
    name: Option<String>,
    kind: Option<Type>,
    arch: &'static Arch,
    system: &'static System,
    called: Option<&'a [u8]>,
    files: Vec<&'a [u8]>,
}

/// Does what these words say.
///
/// # Errors
/// Says what is wrong with them, with the input or with the output.
pub fn save(words: &[Vec<u8>]) -> Result<(), Failure> {
    let order = parse(words)?;
    match (order.list, &order.files[..]) {
        (true, &[input]) => list(&order, input, b"-"),
        (true, &[input, output]) => list(&order, input, output),
        (false, &[input, output]) => write(&order, input, output),
        _ => Err(Failure::Usage),
    }
}

fn parse(words: &[Vec<u8>]) -> Result<Order<'_>, Failure> {
    let mut order = Order {
        list: false,
        debug_info: false,
        is_chunk: false,
        name: None,
        kind: None,
        arch: target::native_arch(),
        system: target::native_system(),
        called: None,
        files: Vec::new(),
    };
    let mut words = words.iter().map(Vec::as_slice);
    while let Some(word) = words.next() {
        let letters = match word {
            b"--" => {
                order.files.extend(words);
                break;
            }
            [b'-', letters @ ..] if !letters.is_empty() => letters,
            file => {
                order.files.push(file);
                continue;
            }
        };
        for (i, letter) in letters.iter().enumerate() {
            match letter {
                b'l' => order.list = true,
                b's' => order.debug_info = false,
                b'g' => order.debug_info = true,
                b'd' | b'W' | b'X' => {}
                b'e' if i + 1 == letters.len() && order.files.is_empty() && words.len() > 0 => order.is_chunk = true,
                b'n' | b't' | b'a' | b'o' | b'F' if i + 1 == letters.len() => {
                    let value = words.next().ok_or(Failure::Usage)?;
                    order.set(*letter, value)?;
                }
                _ => return Err(Failure::Usage),
            }
        }
    }
    Ok(order)
}

impl<'a> Order<'a> {
    fn set(&mut self, letter: u8, value: &'a [u8]) -> Result<(), Failure> {
        let lower = String::from_utf8_lossy(value).to_lowercase();
        let unknown = |what: &str| Failure::message(format!("unknown {what}"));
        match letter {
            b'n' => self.name = Some(module_name(value).ok_or_else(|| Failure::message("bad module name"))?),
            b't' => self.kind = Some(find_type(&lower).ok_or_else(|| unknown("file type"))?),
            b'a' => self.arch = target::find_arch(&lower).ok_or_else(|| unknown("architecture"))?,
            b'o' => self.system = target::find_system(&lower).ok_or_else(|| unknown("OS name"))?,
            _ => self.called = Some(value),
        }
        Ok(())
    }

    /// The program, compiled.
    fn read(&self, input: &[u8]) -> Result<Prototype, Failure> {
        let (chunk, name) = match (self.is_chunk, self.called) {
            (true, _) => (input.to_vec(), input.to_vec()),
            (false, None) => read_source((input != b"-").then_some(input)).map_err(Failure::Message)?,
            (false, Some(called)) => {
                let chunk = if input == b"-" { read_source(None).map(|(chunk, _)| chunk) } else { read_file(input) };
                (chunk.map_err(Failure::Message)?, [b"@", called].concat())
            }
        };
        read_chunk(&chunk, &name).map_err(Failure::Message)
    }
}

fn find_type(name: &str) -> Option<Type> {
    TYPES.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// A module's name as part of a symbol.
fn module_name(name: &[u8]) -> Option<String> {
    let is_good = |c: &u8| c.is_ascii_alphanumeric() || b"_.-".contains(c);
    let symbol = |c: &u8| if c.is_ascii_alphanumeric() { char::from(*c) } else { '_' };
    (!name.is_empty() && name.iter().all(is_good)).then(|| name.iter().map(symbol).collect())
}

/// The module's name that a file's says: without folders and ending, up to a character that no name has.
fn name_from_file(file: &[u8]) -> Option<String> {
    let name = file.rsplit(|&c| c == b'/' || c == b'\\').next().filter(|name| !name.is_empty()).unwrap_or(file);
    let name = name.iter().rposition(|&c| c == b'.').map_or(name, |dot| &name[..dot]);
    let end = name.iter().position(|&c| module_name(&[c]).is_none()).unwrap_or(name.len());
    module_name(&name[..end])
}

/// The type that a file's ending says.
fn type_from_file(file: &[u8]) -> Type {
    let ending = file.rsplit(|&c| c == b'.').next().filter(|ending| ending.len() < file.len()).unwrap_or_default();
    find_type(&String::from_utf8_lossy(ending).to_lowercase()).unwrap_or(Type::Raw)
}

fn list(order: &Order, input: &[u8], output: &[u8]) -> Result<(), Failure> {
    let listing = disassemble(&order.read(input)?);
    write_out(output, listing.as_bytes())
}

fn write(order: &Order, input: &[u8], output: &[u8]) -> Result<(), Failure> {
    let bytecode = dump(&order.read(input)?, !order.debug_info);
    let kind = order.kind.unwrap_or_else(|| type_from_file(output));
    if kind == Type::Raw {
        return write_out(output, &bytecode);
    }
    let name = order.name.clone().or_else(|| name_from_file(input));
    let name = name.ok_or_else(|| Failure::message("cannot derive module name, use -n name"))?;
    let symbol = format!("{SYMBOL_PREFIX}{name}");
    let bytes = match kind {
        Type::Object => object::write(order.arch, order.system, &symbol, &bytecode).map_err(Failure::message)?,
        Type::Raw | Type::Source | Type::Header => write_source(kind, &symbol, &bytecode).into_bytes(),
    };
    write_out(output, &bytes)
}

/// The bytecode as an array in C.
fn write_source(kind: Type, symbol: &str, bytecode: &[u8]) -> String {
    let mut text = String::new();
    if kind == Type::Header {
        let _ = write!(text, "#define {symbol}_SIZE {}\nstatic const unsigned char {symbol}[] = {{", bytecode.len());
    } else {
        // C++ would keep a constant to itself, and a library built with hidden symbols would, too.
        let _ = write!(
            text,
            "#ifdef __cplusplus\nextern \"C\"\n#endif\n\
             #if defined(_WIN32)\n__declspec(dllexport)\n#elif defined(__GNUC__)\n__attribute__((visibility(\"default\")))\n#endif\n\
             const unsigned char {symbol}[{}] = {{",
            bytecode.len()
        );
    }
    for (i, byte) in bytecode.iter().enumerate() {
        let _ = write!(text, "{}{byte},", if i % 20 == 0 { "\n" } else { "" });
    }
    text.push_str("\n};\n");
    text
}

fn write_out(output: &[u8], bytes: &[u8]) -> Result<(), Failure> {
    let problem = |what: &[u8], reason: String| Failure::Message([what, output, b": ", reason.as_bytes()].concat());
    let is_standard = output == b"-";
    let mut stream = if is_standard {
        Stream::standard(Standard::Output)
    } else {
        Stream::open(output, b"wb").map_err(|error| problem(b"", error.message()))?
    };
    let written = stream.write(bytes).and_then(|()| if is_standard { stream.flush() } else { stream.close() });
    written.map_err(|error| problem(b"cannot write ", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<u8>> {
        text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn names_and_types_come_from_files() {
        for (file, name) in [
            ("a.lua", Some("a")),
            ("x/y-z.w.lua", Some("y_z_w")),
            ("x\\b", Some("b")),
            ("a b.lua", Some("a")),
            ("-", Some("_")),
            ("x/", Some("x")),
            (".lua", None),
            ("(x).lua", None),
            ("", None),
        ] {
            assert_eq!(name_from_file(file.as_bytes()).as_deref(), name, "{file}");
        }
        for (file, kind) in
            [("a.c", Type::Source), ("a.CC", Type::Source), ("a.h", Type::Header), ("a.b.o", Type::Object)]
        {
            assert_eq!(type_from_file(file.as_bytes()), kind, "{file}");
        }
        for file in ["a", "obj", "a.out", "a.", "-", "a.c/b", "a.raw"] {
            assert_eq!(type_from_file(file.as_bytes()), Type::Raw, "{file}");
        }
    }

    #[test]
    fn options_stand_anywhere() {
        let line = words("-lg a -n x.y out -t H -F called");
        let order = parse(&line).unwrap();
        assert!(order.list && order.debug_info && !order.is_chunk);
        assert_eq!((order.files, order.name.as_deref()), (vec![&b"a"[..], b"out"], Some("x_y")));
        assert_eq!((order.kind, order.called), (Some(Type::Header), Some(&b"called"[..])));
        let line = words("-e -g x=1 -- -x");
        let order = parse(&line).unwrap();
        assert!(order.is_chunk && order.debug_info);
        assert_eq!(order.files, [&b"x=1"[..], b"-x"]);
        for (line, message) in [
            ("-t x", "unknown file type"),
            ("-a x", "unknown architecture"),
            ("-o x", "unknown OS name"),
            ("-n a/b", "bad module name"),
        ] {
            assert_eq!(parse(&words(line)).unwrap_err(), Failure::message(message));
        }
        for line in ["-z a", "-n", "-na b", "a -e b", "-e", "-eg x y"] {
            assert_eq!(parse(&words(line)).unwrap_err(), Failure::Usage, "{line}");
        }
    }
}
