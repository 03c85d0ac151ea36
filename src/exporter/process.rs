//! What this process takes of its host, under the names that all exporters use.

use crate::report::metrics::Metrics;

/// Processor time, memory and descriptors, where the system tells them in files, and the tasks of
/// the asynchronous runtime.
#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^53 here")]
pub(super) fn metrics() -> Metrics {
    let mut metrics = Metrics::default();
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    metrics.gauge(
        "pathproof_tasks",
        "Tasks of the asynchronous runtime",
        [(Vec::new(), tasks as f64)],
    );
    let used = used();
    let mut gauge = |name, help, value: Option<f64>| {
        metrics.gauge(name, help, value.map(|value| (Vec::new(), value)));
    };
    gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes",
        used.memory.map(|bytes| bytes as f64),
    );
    gauge(
        "process_open_fds",
        "Number of open file descriptors",
        used.descriptors.map(|open| open as f64),
    );
    metrics.counter(
        "process_cpu_seconds",
        "Total user and system CPU time spent in seconds",
        used.processor.map(|seconds| (Vec::new(), seconds)),
    );
    metrics
}

#[derive(Debug, Default)]
struct Used {
    memory: Option<u64>,
    descriptors: Option<usize>,
    processor: Option<f64>,
}

#[cfg(target_os = "linux")]
fn used() -> Used {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = memory.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok());
    let descriptors = std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
    let processor = processor_time();
    Used { memory: memory.map(|kilobytes: u64| kilobytes * 1024), descriptors, processor }
}

/// Ticks are hundredths of a second wherever Linux tells them to programs (`USER_HZ`).
#[cfg(target_os = "linux")]
fn processor_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold blanks; what follows its bracket does not.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<f64>().ok()?, fields.next()?.parse::<f64>().ok()?);
    Some((user + system) / 100.0)
}

#[cfg(not(target_os = "linux"))]
fn used() -> Used {
    Used::default()
}
