//! What object files can be made for: processors and systems, by LuaJIT's names.

/// A processor.
#[derive(Debug, PartialEq, Eq)]
pub struct Arch {
    pub name: &'static str,
    /// Whether addresses have 64 bits.
    pub wide: bool,
    pub big_endian: bool,
    /// `e_machine` and `e_flags` of ELF.
    pub elf: (u16, u32),
    /// `Machine` of COFF, where Windows runs on it.
    pub coff: Option<u16>,
    /// `cputype` and `cpusubtype` of Mach-O, where macOS runs on it.
    pub mach: Option<(u32, u32)>,
}

const fn little(name: &'static str, wide: bool, machine: u16) -> Arch {
    Arch { name, wide, big_endian: false, elf: (machine, 0), coff: None, mach: None }
}

const fn big(name: &'static str, wide: bool, machine: u16) -> Arch {
    Arch { big_endian: true, ..little(name, wide, machine) }
}

const EM_MIPS: u16 = 8;
/// Position-independent code of MIPS by the ABI for 32 bits, and the levels of its instruction set.
const MIPS_O32: u32 = 0x1006;
const MIPS_32: u32 = 0x5000_0000;
const MIPS_64: u32 = 0x8000_0007;
const MIPS_64_R6: u32 = 0xa000_0407;

const ARCHS: &[Arch] = &[
    Arch { coff: Some(0x8664), mach: Some((0x0100_0007, 3)), ..little("x64", true, 62) },
    Arch { coff: Some(0xaa64), mach: Some((0x0100_000c, 0)), ..little("arm64", true, 183) },
    Arch { coff: Some(0x14c), ..little("x86", false, 3) },
    little("arm", false, 40),
    big("arm64be", true, 183),
    big("ppc", false, 20),
    Arch { elf: (EM_MIPS, MIPS_32 | MIPS_O32), ..big("mips", false, EM_MIPS) },
    Arch { elf: (EM_MIPS, MIPS_32 | MIPS_O32), ..little("mipsel", false, EM_MIPS) },
    Arch { elf: (EM_MIPS, MIPS_64), ..big("mips64", true, EM_MIPS) },
    Arch { elf: (EM_MIPS, MIPS_64), ..little("mips64el", true, EM_MIPS) },
    Arch { elf: (EM_MIPS, MIPS_64_R6), ..big("mips64r6", true, EM_MIPS) },
    Arch { elf: (EM_MIPS, MIPS_64_R6), ..little("mips64r6el", true, EM_MIPS) },
];

/// The format of a system's object files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With this `EI_OSABI`.
    Elf(u8),
    Coff,
    Mach,
}

/// A system.
#[derive(Debug, PartialEq, Eq)]
pub struct System {
    pub name: &'static str,
    pub format: Format,
}

const SYSTEMS: &[System] = &[
    System { name: "linux", format: Format::Elf(0) },
    System { name: "osx", format: Format::Mach },
    System { name: "windows", format: Format::Coff },
    System { name: "freebsd", format: Format::Elf(9) },
    System { name: "netbsd", format: Format::Elf(2) },
    System { name: "openbsd", format: Format::Elf(12) },
    System { name: "dragonfly", format: Format::Elf(0) },
    System { name: "solaris", format: Format::Elf(6) },
];

pub fn find_arch(name: &str) -> Option<&'static Arch> {
    ARCHS.iter().find(|arch| arch.name == name)
}

pub fn find_system(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

/// The processor that this runs on.
pub fn native_arch() -> &'static Arch {
    &ARCHS[usize::from(cfg!(target_arch = "aarch64"))]
}

/// The system that this runs on.
pub fn native_system() -> &'static System {
    &SYSTEMS[usize::from(cfg!(target_os = "macos"))]
}
