//! The attributes of GCC, as far as anything here asks about them.
//!
//! A few change what a declaration means: its layout, its type, the way to call it. The others are for a compiler, which
//! we are not; they are read and forgotten. A name may be written `packed` or `__packed__`.

/// The meaning of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attribute {
    /// `packed`: members without padding; for an enumeration its smallest type.
    Packed,
    /// `aligned(n)`
    Aligned,
    /// `mode(M)`: the machine mode that the type shall have, whatever it is declared as.
    Mode,
    /// `vector_size(n)`
    VectorSize,
    /// `transparent_union`: as an argument it is passed like its first member.
    TransparentUnion,
    /// `ms_abi`: a function that is called as on Windows.
    MicrosoftAbi,
    /// Anything else: known to GCC and nothing to us, or not known at all.
    Ignored,
}

const MEANINGFUL: &[(&str, Attribute)] = &[
    ("packed", Attribute::Packed),
    ("aligned", Attribute::Aligned),
    ("mode", Attribute::Mode),
    ("vector_size", Attribute::VectorSize),
    ("transparent_union", Attribute::TransparentUnion),
    ("ms_abi", Attribute::MicrosoftAbi),
];

/// What `__has_attribute` affirms besides: the attributes of GCC that headers ask for.
const ACCEPTED: &str = " access alias aligned alloc_align alloc_size always_inline artificial assume_aligned \
    cleanup cold common const constructor copy deprecated designated_init destructor error externally_visible fallthrough \
    fd_arg fd_arg_read fd_arg_write flatten format format_arg gnu_inline hot ifunc leaf malloc may_alias naked no_icf \
    no_instrument_function no_profile_instrument_function no_reorder no_sanitize no_sanitize_address \
    no_sanitize_thread no_sanitize_undefined no_split_stack no_stack_limit no_stack_protector nocommon noclone noinit \
    noinline noipa nonnull nonstring noplt noreturn nothrow optimize patchable_function_entry persistent pure \
    retain returns_nonnull returns_twice scalar_storage_order section sentinel simd stack_protect symver sysv_abi target \
    target_clones tls_model unavailable uninitialized unused used vector_size visibility warn_if_not_aligned warn_unused_result \
    warning weak weakref zero_call_used_regs ";

/// The name without the underscores around it.
fn bare(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"__").and_then(|name| name.strip_suffix(b"__")).filter(|name| !name.is_empty()).unwrap_or(name)
}

impl Attribute {
    /// The meaning of a name.
    pub fn named(name: &[u8]) -> Attribute {
        let found = MEANINGFUL.iter().find(|(meaningful, _)| meaningful.as_bytes() == bare(name));
        found.map_or(Attribute::Ignored, |&(_, attribute)| attribute)
    }
}

/// What `__has_attribute` says.
pub fn is_known(name: &[u8]) -> bool {
    Attribute::named(name) != Attribute::Ignored
        || std::str::from_utf8(bare(name)).is_ok_and(|name| ACCEPTED.contains(&format!(" {name} ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_underscores() {
        assert_eq!(Attribute::named(b"__packed__"), Attribute::Packed);
        assert_eq!(Attribute::named(b"aligned"), Attribute::Aligned);
        assert_eq!(Attribute::named(b"____"), Attribute::Ignored);
        assert!(is_known(b"format") && is_known(b"__noreturn__") && is_known(b"packed"));
        assert!(!is_known(b"objc_boxable") && !is_known(b"ali") && !is_known(b""));
    }
}
