//! How a C function is called: what its arguments and results are once the ABI's rules have been applied.
//!
//! The recorder takes structs apart by the classes of `moonwake_ffi::abi`: one that travels in registers becomes an argument for
//! each of its eightbytes, loaded by an `XLOAD`, and so can be an SSA value that never was in memory; one that travels in
//! memory is an address with a size. So a signature here speaks of no struct, and of no register by name.
//!
//! In text: `fn(i32,f64,mem:24,...)->f64+i64`. The results are the registers that come back, at most two.

use super::memory::MemType;

/// One argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CParam {
    /// A scalar, or an eightbyte of a struct.
    Scalar(MemType),
    /// A struct of so many bytes that is copied to the argument area; the value is its address.
    Memory(u32),
    /// Where the callee puts the struct that it returns.
    Result,
}

/// The signature of a C function.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct CSignature {
    /// Arguments in order, of a variadic function those of this call.
    pub params: Vec<CParam>,
    /// The registers that come back: none, one or two.
    pub results: Vec<MemType>,
    /// Whether the function takes `...`.
    pub variadic: bool,
}

impl CSignature {
    /// Reads the textual form.
    pub fn parse(text: &str) -> Option<CSignature> {
        let (params, results) = text.strip_prefix("fn(")?.split_once(")->")?;
        let mut signature = CSignature::default();
        for param in params.split(',').filter(|p| !p.is_empty()) {
            if signature.variadic {
                return None;
            }
            match param {
                "..." => signature.variadic = true,
                "sret" => signature.params.push(CParam::Result),
                _ => signature.params.push(match param.strip_prefix("mem:") {
                    Some(size) => CParam::Memory(size.parse().ok()?),
                    None => CParam::Scalar(MemType::from_text(param)?),
                }),
            }
        }
        if results != "void" {
            for result in results.split('+') {
                signature.results.push(MemType::from_text(result)?);
            }
        }
        (signature.results.len() <= 2).then_some(signature)
    }
}

impl std::fmt::Display for CSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut params: Vec<String> = self
            .params
            .iter()
            .map(|p| match p {
                CParam::Scalar(mem) => mem.text().to_owned(),
                CParam::Memory(size) => format!("mem:{size}"),
                CParam::Result => "sret".to_owned(),
            })
            .collect();
        if self.variadic {
            params.push("...".to_owned());
        }
        let results: Vec<&str> = self.results.iter().map(|m| m.text()).collect();
        let results = if results.is_empty() { "void".to_owned() } else { results.join("+") };
        write!(f, "fn({})->{results}", params.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back() {
        for text in ["fn()->void", "fn(i32,f64)->f64", "fn(sret,mem:24,ptr,...)->ptr", "fn(i8)->f64+i64"] {
            assert_eq!(CSignature::parse(text).map(|s| s.to_string()).as_deref(), Some(text));
        }
        for text in ["fn(", "fn()", "fn(...,i32)->void", "fn(blah)->void", "fn()->i32+i32+i32", "fn(mem:x)->void"] {
            assert_eq!(CSignature::parse(text), None, "{text}");
        }
    }
}
