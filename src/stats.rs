//! The report of `--stats`: one JSON object.

use crate::Engine;
use std::fmt::Write;

impl Engine {
    /// What the JIT compiler and the collector did so far, as one JSON object.
    pub fn stats_json(&mut self) -> String {
        let mut out = String::from("{");
        let gc = self.vm.heap.stats();
        let jit = moonwake_jit::stats_json_members(&mut self.vm);
        let _ = write!(
            out,
            "{jit}, \"collections\": {}, \"pauses\": {{\"count\": {}, \"longest_ms\": {:.3}, \"p99_ms\": {:.3}}}, \"peak_heap\": {}}}",
            gc.collections,
            gc.pauses,
            gc.longest_pause.as_secs_f64() * 1e3,
            gc.percentile_99().as_secs_f64() * 1e3,
            gc.peak_bytes
        );
        out
    }
}
