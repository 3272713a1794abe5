//! Generates the parser from `src/grammar.lalrpop`, and tells the interpreter whether it may rely on sibling calls.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(sibling_calls)");
    // Without optimisation a call in tail position is an ordinary call: the interpreter then runs its handlers from a loop.
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level != "0") {
        println!("cargo::rustc-cfg=sibling_calls");
    }
    lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .emit_rerun_directives(true)
        .process()
        .expect("the grammar of the language is well formed");
}
