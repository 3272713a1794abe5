//! What a person reads, and the same figures as JSON.
//!
//! All times are milliseconds; those of programs have the peer's start-up taken off. A ratio is time over the time of the base
//! peer: below 1 is faster than it.

use crate::measure::Sample;
use crate::suite::{Outcome, Row, median};
use std::fmt::Write;
use std::time::Duration;

/// Which clock a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Time by the wall.
    Wall,
    /// Processor time of all threads.
    Cpu,
}

impl Clock {
    fn of(self, sample: &Sample) -> f64 {
        match self {
            Clock::Wall => milliseconds(sample.wall),
            Clock::Cpu => milliseconds(sample.cpu),
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Everything that the report's functions share.
#[derive(Debug)]
pub struct Report<'p> {
    /// The peers' runs of an empty program: the columns of the table.
    pub start_up: Vec<Row<'p>>,
    /// The peer that ratios are taken to.
    pub base: &'p str,
    /// The clock that is shown.
    pub clock: Clock,
}

/// Characters of the first column, and of each other.
const NAME: usize = 15;
const CELL: usize = 16;

impl Report<'_> {
    /// The table of start-up times and peak memory.
    pub fn start_up_table(&self) -> String {
        let mut text = self.row("start-up", |column| column.peer.name.to_owned());
        text += &self.row("  ms", |column| format!("{:.1}", self.start_ms(column)));
        text += &self.row("  peak MB", |column| format!("{:.1}", peak(column) / 1024.0));
        text
    }

    /// The head line of the table of programs.
    pub fn head(&self) -> String {
        let clock = match self.clock {
            Clock::Wall => "ms wall",
            Clock::Cpu => "ms cpu",
        };
        self.row(clock, |column| column.peer.name.to_owned())
    }

    /// One program's line: each peer's median and its ratio to the base.
    pub fn line(&self, outcome: &Outcome) -> String {
        self.row(outcome.name, |column| {
            let Some(time) = self.net_ms(outcome, column.peer.name) else { return "-".to_owned() };
            match self.ratio(outcome, column.peer.name) {
                Some(ratio) => format!("{time:.0} {ratio:7.2}x"),
                None => format!("{time:.0} {:8}", ""),
            }
        })
    }

    /// The last line: geometric means of the ratios, over the programs that a peer ran.
    pub fn means(&self, outcomes: &[Outcome]) -> String {
        self.row("geometric mean", |column| {
            let logs: Vec<f64> = outcomes.iter().filter_map(|o| self.ratio(o, column.peer.name)).map(f64::ln).collect();
            match logs.len() {
                0 => "-".to_owned(),
                count => format!("{:.2}x", (logs.iter().sum::<f64>() / count as f64).exp()),
            }
        })
    }

    fn row(&self, name: &str, cell: impl Fn(&Row) -> String) -> String {
        let mut text = format!("{name:NAME$}");
        for column in &self.start_up {
            let _ = write!(text, "{:>CELL$}", cell(column));
        }
        text.push('\n');
        text
    }

    fn start_ms(&self, row: &Row) -> f64 {
        median(row.samples.iter().map(|sample| self.clock.of(sample)))
    }

    /// The median time of a peer on a program without its start-up.
    fn net_ms(&self, outcome: &Outcome, peer: &str) -> Option<f64> {
        let start = self.start_up.iter().find(|row| row.peer.name == peer).map(|row| self.start_ms(row))?;
        let row = outcome.rows.iter().find(|row| row.peer.name == peer)?;
        Some((median(row.samples.iter().map(|sample| self.clock.of(sample))) - start).max(0.0))
    }

    /// A peer's time over the base's. None below a tenth of a millisecond, where there is nothing to compare.
    fn ratio(&self, outcome: &Outcome, peer: &str) -> Option<f64> {
        let (time, base) = (self.net_ms(outcome, peer)?, self.net_ms(outcome, self.base)?);
        (time > 0.1 && base > 0.1).then(|| time / base)
    }

    /// Every sample and every median as one JSON object.
    pub fn json(&self, outcomes: &[Outcome], rounds: usize) -> String {
        let clock = match self.clock {
            Clock::Wall => "wall",
            Clock::Cpu => "cpu",
        };
        let start_up = list(self.start_up.iter().map(|row| {
            let (ms, peak) = (self.start_ms(row), peak(row));
            format!(r#"{{"peer": {}, "ms": {ms:.3}, "peak_kb": {peak:.0}}}"#, quoted(row.peer.name))
        }));
        let programs = list(outcomes.iter().map(|outcome| {
            let peers = list(outcome.rows.iter().map(|row| self.json_row(outcome, row)));
            let failed = list(outcome.failed.iter().chain(&outcome.differing).map(|line| quoted(line)));
            let (name, output) = (quoted(outcome.name), quoted(&outcome.output));
            format!(r#"{{"name": {name}, "output": {output}, "failed": {failed}, "peers": {peers}}}"#)
        }));
        let base = quoted(self.base);
        format!(
            "{{\"rounds\": {rounds}, \"clock\": \"{clock}\", \"base\": {base},\n\"start_up\": {start_up},\n\
             \"programs\": {programs}}}\n"
        )
    }

    fn json_row(&self, outcome: &Outcome, row: &Row) -> String {
        let name = row.peer.name;
        let ratio = self.ratio(outcome, name).map_or("null".to_owned(), |ratio| format!("{ratio:.4}"));
        let times = |clock: Clock| list(row.samples.iter().map(|sample| format!("{:.3}", clock.of(sample))));
        format!(
            r#"{{"peer": {}, "ms": {:.3}, "ratio": {ratio}, "peak_kb": {:.0}, "wall_ms": {}, "cpu_ms": {}}}"#,
            quoted(name),
            self.net_ms(outcome, name).unwrap_or(0.0),
            peak(row),
            times(Clock::Wall),
            times(Clock::Cpu)
        )
    }
}

/// Median of a row's peak memory, in kilobytes.
fn peak(row: &Row) -> f64 {
    median(row.samples.iter().map(|sample| sample.peak as f64))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn json_strings_escape_what_json_forbids() {
        assert_eq!(quoted("a\"b\\c\nd\u{1}"), r#""a\"b\\c\nd\u0001""#);
    }
}
