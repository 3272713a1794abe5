//! The rounds: every peer runs a program once, then every peer once more, and so on.

use crate::measure::{Sample, run};
use crate::natives::Natives;
use crate::peers::Peer;
use crate::programs::Program;
use std::process::Command;
use std::time::Duration;

/// How to measure.
#[derive(Debug)]
pub struct Plan {
    /// How often each peer runs each program.
    pub rounds: usize,
    /// After how long a run is given up.
    pub limit: Duration,
    /// The programs' size, in place of their own.
    pub size: Option<String>,
    /// The peer that ratios are taken to. It runs first, so that its results are what others' are checked against.
    pub base: String,
}

/// The runs of one peer on one program.
#[derive(Debug)]
pub struct Row<'p> {
    /// The peer.
    pub peer: &'p Peer,
    /// One sample a round.
    pub samples: Vec<Sample>,
}

/// What came of one program.
#[derive(Debug)]
pub struct Outcome<'p> {
    /// The program.
    pub name: &'static str,
    /// What the peers printed; empty when none ran.
    pub output: String,
    /// The peers that ran it.
    pub rows: Vec<Row<'p>>,
    /// A line for each peer that failed, which then has no row.
    pub failed: Vec<String>,
    /// A line for each peer that printed something else than the first, which then has no row.
    pub differing: Vec<String>,
}

/// Plays the rounds of one program on the peers that can run it.
pub fn measure<'p>(
    program: &Program,
    peers: impl IntoIterator<Item = &'p Peer>,
    natives: &Natives,
    plan: &Plan,
) -> Outcome<'p> {
    let mut outcome = Outcome {
        name: program.name,
        output: String::new(),
        rows: Vec::new(),
        failed: Vec::new(),
        differing: Vec::new(),
    };
    let mut players = Vec::new();
    for peer in peers {
        match peer.command(program, plan.size.as_deref(), natives) {
            Ok(Some(command)) => players.push((Row { peer, samples: Vec::new() }, command)),
            Ok(None) => {}
            Err(why) => outcome.failed.push(format!("{} on {}: {why}", program.name, peer.name)),
        }
    }
    players.sort_by_key(|(row, _)| row.peer.name != plan.base);
    let mut expected: Option<(&str, String)> = None;
    for _ in 0..plan.rounds {
        players.retain_mut(|(row, command)| {
            let finished = match run(command, plan.limit) {
                Ok(finished) => finished,
                Err(why) => {
                    outcome.failed.push(format!("{} on {}: {why}", program.name, row.peer.name));
                    return false;
                }
            };
            let (first, output) = expected.get_or_insert_with(|| (row.peer.name, finished.output.clone()));
            if *output == finished.output {
                row.samples.push(finished.sample);
                return true;
            }
            outcome.differing.push(format!(
                "{} on {}: prints {:?}, where {first} prints {output:?}",
                program.name, row.peer.name, finished.output
            ));
            false
        });
    }
    outcome.output = expected.map(|(_, output)| output).unwrap_or_default();
    outcome.rows = players.into_iter().map(|(row, _)| row).collect();
    outcome
}

/// Starts each peer with an empty program, interleaved likewise. A peer that cannot even do this gets a line in place of
/// samples.
pub fn start_up<'p>(peers: &'p [Peer], plan: &Plan) -> (Vec<Row<'p>>, Vec<String>) {
    let mut failed = Vec::new();
    let mut players: Vec<(Row, Command)> =
        peers.iter().map(|peer| (Row { peer, samples: Vec::new() }, peer.start_up())).collect();
    // A start takes milliseconds, so that there is time for the quiet moments that a good median needs.
    for _ in 0..plan.rounds * 4 + 1 {
        players.retain_mut(|(row, command)| match run(command, plan.limit) {
            Ok(finished) => {
                row.samples.push(finished.sample);
                true
            }
            Err(why) => {
                failed.push(format!("{}: {why}", row.peer.name));
                false
            }
        });
    }
    (players.into_iter().map(|(row, _)| row).collect(), failed)
}

/// The middle of the values, or the mean of the middle two. Zero of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn median_of_odd_even_and_none() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
