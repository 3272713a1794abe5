//! Generates the parser of C declarations from its grammar.

fn main() {
    println!("cargo:rerun-if-changed=src/c/grammar.lalrpop");
    lalrpop::process_src().expect("src/c/grammar.lalrpop is a grammar without conflicts");
}
