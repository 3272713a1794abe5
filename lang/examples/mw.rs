use moonwake_lang::{stdlib, vm::Vm};
fn main() {
    let mut vm = Vm::new();
    stdlib::open(&mut vm);
    match std::env::var("MW_STRESS").as_deref() {
        Ok("2") => vm.heap.set_stress(moonwake_lang::gc::Stress::Slices),
        Ok(_) => vm.heap.set_stress(moonwake_lang::gc::Stress::Collections),
        _ => {}
    }
    let mut a = std::env::args().skip(1);
    let p = a.next().unwrap();
    let (src, name) = if p == "-e" {
        (a.next().unwrap().into_bytes(), b"=(command line)".to_vec())
    } else {
        (std::fs::read(&p).unwrap(), format!("@{p}").into_bytes())
    };
    let f = match vm.load(&src, &name) {
        Ok(f) => f,
        Err(m) => {
            stdlib::close(&mut vm);
            eprintln!("mw: {}", String::from_utf8_lossy(&m));
            std::process::exit(1)
        }
    };
    match vm.call(f.into(), &[]) {
        Ok(_) => stdlib::close(&mut vm),
        Err(e) => {
            let s = vm.raw_tostring(e.value);
            let s = String::from_utf8_lossy(s.bytes()).into_owned();
            stdlib::close(&mut vm);
            eprintln!("mw: {s}");
            std::process::exit(1)
        }
    }
}
