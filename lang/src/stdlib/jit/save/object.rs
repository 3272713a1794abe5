//! Object files that hold one symbol of constant data.
//!
//! Each format is a header, the data, a table with the symbol, names; where they lie in the file is said by the header or by tables of
//! sections:
//!
//! ```text
//!   ELF      header | data | symbols | names | sections
//!   COFF     header | sections | data, linker's directive | symbols | names
//!   Mach-O   header | commands: a segment with its section, the symbols' place | data | symbols | names
//! ```
//!
//! Reference: the System V ABI's chapter on object files; Microsoft's PE format; `mach-o/loader.h` and `nlist.h` of Darwin.

use super::target::{Arch, Format, System};

/// The object file in which `symbol` names `data`.
///
/// # Errors
/// When the system's object files know no such processor.
pub fn write(arch: &Arch, system: &System, symbol: &str, data: &[u8]) -> Result<Vec<u8>, &'static str> {
    match (system.format, arch.coff, arch.mach) {
        (Format::Elf(abi), ..) => Ok(elf(arch, abi, symbol, data)),
        (Format::Coff, Some(machine), _) => Ok(coff(machine, symbol, data)),
        (Format::Mach, _, Some(cpu)) => Ok(mach(cpu, symbol, data)),
        (Format::Coff, None, _) => Err("unsupported architecture for Windows"),
        (Format::Mach, _, None) => Err("unsupported architecture for OSX"),
    }
}

/// A file in the making.
struct File {
    bytes: Vec<u8>,
    big_endian: bool,
    wide: bool,
}

impl File {
    fn new(big_endian: bool, wide: bool) -> File {
        File { bytes: Vec::new(), big_endian, wide }
    }

    /// The lowest `size` bytes of a number.
    fn int(&mut self, value: u64, size: usize) {
        let little = value.to_le_bytes();
        if self.big_endian {
            self.bytes.extend(little[..size].iter().rev());
        } else {
            self.bytes.extend(&little[..size]);
        }
    }

    fn ints(&mut self, size: usize, values: &[usize]) {
        values.iter().for_each(|&value| self.int(value as u64, size));
    }

    /// Numbers of the size of an address.
    fn words(&mut self, values: &[usize]) {
        self.ints(if self.wide { 8 } else { 4 }, values);
    }

    /// Text in a field of a fixed size.
    fn text(&mut self, text: &str, size: usize) {
        self.bytes.extend(text.bytes().chain(std::iter::repeat(0)).take(size));
    }

    fn pad_to(&mut self, offset: usize) {
        self.bytes.resize(offset, 0);
    }
}

const fn aligned(offset: usize) -> usize {
    offset.next_multiple_of(16)
}

fn elf(arch: &Arch, abi: u8, symbol: &str, data: &[u8]) -> Vec<u8> {
    const RELOCATABLE: usize = 1;
    const GLOBAL_OBJECT: usize = 1 << 4 | 1;
    const PROGBITS: usize = 1;
    const SYMTAB: usize = 2;
    const STRTAB: usize = 3;
    const ALLOCATED: usize = 2;
    let (header_size, section_size, symbol_size) = if arch.wide { (64, 64, 24) } else { (52, 40, 16) };
    // One table of names for the symbol and the sections. The last section says that the data is not to be executed.
    let sections = [".rodata", ".symtab", ".strtab", ".note.GNU-stack"];
    let mut names = vec![0];
    let name_places = std::iter::once(&symbol).chain(&sections).map(|name| {
        let at = names.len();
        names.extend(name.bytes());
        names.push(0);
        at
    });
    let name_places: Vec<usize> = name_places.collect();
    let data_at = aligned(header_size);
    let symbols_at = aligned(data_at + data.len());
    let names_at = symbols_at + 2 * symbol_size;
    let sections_at = aligned(names_at + names.len());

    let mut file = File::new(arch.big_endian, arch.wide);
    file.bytes.extend(b"\x7fELF");
    file.ints(1, &[1 + usize::from(arch.wide), 1 + usize::from(arch.big_endian), 1, abi.into()]);
    file.pad_to(16);
    file.ints(2, &[RELOCATABLE, arch.elf.0.into()]);
    file.ints(4, &[1]);
    file.words(&[0, 0, sections_at]);
    file.int(arch.elf.1.into(), 4);
    file.ints(2, &[header_size, 0, 0, section_size, sections.len() + 1, 3]);

    file.pad_to(data_at);
    file.bytes.extend(data);

    // The first symbol and the first section are nothing.
    file.pad_to(symbols_at + symbol_size);
    file.ints(4, &[name_places[0]]);
    if arch.wide {
        file.ints(1, &[GLOBAL_OBJECT, 0]);
        file.ints(2, &[1]);
        file.words(&[0, data.len()]);
    } else {
        file.words(&[0, data.len()]);
        file.ints(1, &[GLOBAL_OBJECT, 0]);
        file.ints(2, &[1]);
    }
    file.bytes.extend(&names);

    file.pad_to(sections_at + section_size);
    // Type, flags, where and how long, the section of names and the first global symbol, alignment, size of an entry.
    let rows = [
        (PROGBITS, ALLOCATED, data_at, data.len(), [0, 0], 16, 0),
        (SYMTAB, 0, symbols_at, 2 * symbol_size, [3, 1], 8, symbol_size),
        (STRTAB, 0, names_at, names.len(), [0, 0], 1, 0),
        (PROGBITS, 0, names_at, 0, [0, 0], 1, 0),
    ];
    for (name, (kind, flags, at, size, links, alignment, entry)) in name_places[1..].iter().zip(rows) {
        file.ints(4, &[*name, kind]);
        file.words(&[flags, 0, at, size]);
        file.ints(4, &links);
        file.words(&[alignment, entry]);
    }
    file.bytes
}

fn coff(machine: u16, symbol: &str, data: &[u8]) -> Vec<u8> {
    const HEADER: usize = 20;
    const SECTION: usize = 40;
    /// Initialised, readable, on a border of 16 bytes.
    const CONSTANT_DATA: usize = 0x4050_0040;
    /// Of interest to the linker only.
    const DIRECTIVE: usize = 0x0010_0a00;
    const EXTERNAL: usize = 2;
    const STATIC: usize = 3;
    const ABSOLUTE: usize = 0xffff;
    let directive = format!(" /EXPORT:{symbol},DATA ");
    let data_at = aligned(HEADER + 2 * SECTION);
    let directive_at = data_at + data.len();
    let symbols_at = aligned(directive_at + directive.len());

    let mut file = File::new(false, false);
    file.ints(2, &[machine.into(), 2]);
    file.ints(4, &[0, symbols_at, 2]);
    file.ints(2, &[0, 0]);
    let sections =
        [(".rdata", data.len(), data_at, CONSTANT_DATA), (".drectve", directive.len(), directive_at, DIRECTIVE)];
    for (name, size, at, flags) in sections {
        file.text(name, 8);
        file.ints(4, &[0, 0, size, at, 0, 0, 0, flags]);
    }
    file.pad_to(data_at);
    file.bytes.extend(data);
    file.bytes.extend(directive.bytes());

    file.pad_to(symbols_at);
    // A name in the table of names: four zero bytes and where, counted from the table's size.
    file.ints(4, &[0, 4, 0]);
    file.ints(2, &[1, 0]);
    file.ints(1, &[EXTERNAL, 0]);
    // On x86 an object that does not say so that it has no exception handlers may be refused.
    file.text("@feat.00", 8);
    file.ints(4, &[1]);
    file.ints(2, &[ABSOLUTE, 0]);
    file.ints(1, &[STATIC, 0]);
    file.ints(4, &[4 + symbol.len() + 1]);
    file.text(symbol, symbol.len() + 1);
    file.bytes
}

fn mach((cpu, subtype): (u32, u32), symbol: &str, data: &[u8]) -> Vec<u8> {
    const HEADER: usize = 32;
    const SEGMENT: (usize, usize) = (0x19, 72 + 80);
    const SYMBOLS: (usize, usize) = (2, 24);
    const OBJECT: usize = 1;
    const READABLE: usize = 1;
    const IN_SECTION_EXTERNAL: usize = 0xe | 1;
    let data_at = aligned(HEADER + SEGMENT.1 + SYMBOLS.1);
    let symbols_at = aligned(data_at + data.len());
    // C's names begin with an underscore there; the table of names with an empty one.
    let names = format!("\0_{symbol}\0");

    let mut file = File::new(false, true);
    file.ints(4, &[0xfeed_facf, cpu as usize, subtype as usize, OBJECT, 2, SEGMENT.1 + SYMBOLS.1, 0, 0]);
    file.ints(4, &[SEGMENT.0, SEGMENT.1]);
    file.text("", 16);
    file.words(&[0, data.len(), data_at, data.len()]);
    file.ints(4, &[READABLE, READABLE, 1, 0]);
    file.text("__const", 16);
    file.text("__TEXT", 16);
    file.words(&[0, data.len()]);
    // The alignment is a power of two.
    file.ints(4, &[data_at, 4, 0, 0, 0, 0, 0, 0]);
    file.ints(4, &[SYMBOLS.0, SYMBOLS.1, symbols_at, 1, symbols_at + 16, names.len()]);

    file.pad_to(data_at);
    file.bytes.extend(data);
    file.pad_to(symbols_at);
    file.ints(4, &[1]);
    file.ints(1, &[IN_SECTION_EXTERNAL, 1]);
    file.ints(2, &[0]);
    file.words(&[0]);
    file.bytes.extend(names.bytes());
    file.bytes
}
