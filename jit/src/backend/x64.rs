//! The few bytes of x86-64 machine code that Cranelift cannot be asked for.

/// A variadic function expects an upper bound of the vector registers that hold arguments in `al` (System V ABI, 3.5.7). Eight is
/// one; the register allocator does not know of it, so a thunk sets it on the way.
///
/// ```text
///   mov     eax, 8
///   movabs  r11, target
///   jmp     r11
/// ```
pub fn variadic_thunk(target: u64) -> Vec<u8> {
    let mut code = vec![0xB8, 8, 0, 0, 0, 0x49, 0xBB];
    code.extend(target.to_le_bytes());
    code.extend([0x41, 0xFF, 0xE3]);
    code
}
