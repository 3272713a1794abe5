//! The command `moonwake`.

mod cli;

/// A small, fast allocator; here and not in the library, so that who embeds moonwake chooses their own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::allocator::keep_freed_memory();
    cli::signals::end_at_broken_pipes();
    cli::run::main(std::env::args_os())
}
