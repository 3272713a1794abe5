//! One process, run once: its result, its time by the wall and by the processor, and the memory it had at its peak.
//!
//! The kernel's own account is asked for (`wait4`), which counts all threads of the child, so that a compiler in the
//! background is not free. The peak is that of the process image; a child starts as a copy of this runner, so that no figure
//! below the runner's own 2 to 3 MB can be seen.
//!
//! A child that outlives its limit is killed. The killer and the reaper share a lock, so that the signal can never meet
//! another process that inherited the number.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What one run cost.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From before the process was made until it was gone.
    pub wall: Duration,
    /// Processor time of all its threads, user and system.
    pub cpu: Duration,
    /// Peak resident memory, in kilobytes.
    pub peak: u64,
}

/// A run that ended with exit status 0.
#[derive(Debug)]
pub struct Finished {
    /// What it cost.
    pub sample: Sample,
    /// What it printed.
    pub output: String,
}

/// Runs a command to its end and takes its cost.
///
/// # Errors
/// One line that says why there is no result: the program is missing, failed (with the first line that it wrote on standard
/// error), or did not end within `limit`.
pub fn run(command: &mut Command, limit: Duration) -> Result<Finished, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("cannot start: {e}"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (id, gone) = (child.id().cast_signed(), Gone::default());

    let (ended, output, complaint) = thread::scope(|scope| {
        let complaint = scope.spawn(|| read(stderr));
        let killer = scope.spawn(|| gone.kill_after(id, limit));
        let output = read(stdout);
        let ended = wait(child, start, &gone);
        let late = killer.join().unwrap_or(false);
        (ended.map(|(status, sample)| (status, sample, late)), output, complaint.join().unwrap_or_default())
    });

    match ended? {
        (_, _, true) => Err(format!("did not end within {} s", limit.as_secs())),
        (0, sample, false) => Ok(Finished { sample, output }),
        (status, _, false) => {
            let line = complaint.lines().next().unwrap_or("no message").trim();
            Err(match (libc::WIFSIGNALED(status), libc::WTERMSIG(status), libc::WEXITSTATUS(status)) {
                (true, signal, _) => format!("killed by signal {signal}: {line}"),
                (false, _, code) => format!("exit status {code}: {line}"),
            })
        }
    }
}

fn read(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // A pipe that breaks gives what came through: the exit status then tells the story.
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the child has ended: no signal may be sent to its number any more.
#[derive(Default)]
struct Gone {
    flag: Mutex<bool>,
    changed: Condvar,
}

impl Gone {
    /// Waits until the child has ended, and kills it when that takes longer than `limit`. True if it was killed.
    #[allow(unsafe_code)]
    fn kill_after(&self, child: libc::pid_t, limit: Duration) -> bool {
        let flag = self.flag.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, _) =
            self.changed.wait_timeout_while(flag, limit, |gone| !*gone).unwrap_or_else(PoisonError::into_inner);
        if *gone {
            return false;
        }
        // SAFETY: plain system call. The lock is held and the flag is down, so that `wait` has not reaped the child yet and
        // its number is still its own.
        unsafe { libc::kill(child, libc::SIGKILL) };
        true
    }

    fn set(&self) {
        *self.flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

/// Waits for the child to end, and reaps it once no one will signal it any more.
#[allow(unsafe_code)]
fn wait(child: Child, start: Instant, gone: &Gone) -> Result<(libc::c_int, Sample), String> {
    let id = child.id();
    // SAFETY: `siginfo_t` is plain data for which zeroes are valid, and `waitid` writes only into it. WNOWAIT leaves the child
    // to be reaped below.
    let ended = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        libc::waitid(libc::P_PID, id, &mut info, libc::WEXITED | libc::WNOWAIT)
    };
    let wall = start.elapsed();
    gone.set();
    let mut status = 0;
    // SAFETY: `rusage` is plain data for which zeroes are valid; `wait4` writes only into the two places given, and `child` has
    // not been waited for, so that `id` is ours. It is dropped unwaited after this, which does nothing.
    let (reaped, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(id.cast_signed(), &mut status, 0, &mut usage), usage)
    };
    if ended < 0 || reaped < 0 {
        return Err(format!("cannot wait for it: {}", std::io::Error::last_os_error()));
    }
    let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
    Ok((status, Sample { wall, cpu, peak: u64::try_from(usage.ru_maxrss).unwrap_or(0) }))
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Result<Finished, String> {
        run(Command::new("sh").args(["-c", text]), Duration::from_millis(500))
    }

    #[test]
    fn output_and_cost_of_a_run() {
        let finished = shell("echo hello").expect("sh runs");
        assert_eq!(finished.output, "hello\n");
        assert!(finished.sample.wall > Duration::ZERO && finished.sample.peak > 0);
    }

    #[test]
    fn a_failure_is_one_line() {
        assert_eq!(shell("echo first >&2; echo second >&2; exit 3").unwrap_err(), "exit status 3: first");
        assert_eq!(shell("kill -9 $$").unwrap_err(), "killed by signal 9: no message");
    }

    #[test]
    fn a_run_without_end_is_cut_off() {
        let start = Instant::now();
        assert_eq!(shell("exec sleep 20").unwrap_err(), "did not end within 0 s");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_missing_program_is_said_so() {
        let why = run(&mut Command::new("/nonexistent"), Duration::from_secs(1)).unwrap_err();
        assert!(why.starts_with("cannot start: "), "{why}");
    }
}
