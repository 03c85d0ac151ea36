//! The verdict in one line, and what it means for the runtime.

use super::super::assemble::Judged;
use super::counted;
use super::page::Page;
use crate::model::{Cause, Conclusion, NetworkAllows, Severity, Status};

pub(super) fn write(
    page: &mut Page,
    endpoints: &[Judged],
    gateways: &[Judged],
    conclusion: &Conclusion,
) {
    let tally = Tally::of(endpoints.iter().chain(gateways), conclusion);
    let (status, words) = tally.verdict();
    let prediction = &conclusion.prediction;
    // Where nothing fails and the runtime is worse off all the same, the reason stands nowhere
    // else.
    let is_surprise = matches!(status, Status::Pass | Status::Warn)
        && matches!(prediction.network_allows, NetworkAllows::Limited | NetworkAllows::Offline);
    let joint = if is_surprise { ", yet" } else { ":" };
    let outlook = match prediction.network_allows {
        // What fails is something else's: "fails: the runtime can be online" contradicts itself.
        NetworkAllows::Online if status == Status::Fail => {
            "; what the runtime itself needs can be reached".to_owned()
        }
        // By the letter it is online, and nobody would call it that.
        NetworkAllows::Online if let Some(n_gateways) = none_reached(gateways) => {
            format!(", yet none of {n_gateways} gateways of the relay can be reached")
        }
        NetworkAllows::Online => format!("{joint} the network lets the runtime be online"),
        NetworkAllows::Limited => format!("{joint} the runtime would be limited"),
        NetworkAllows::Offline => format!("{joint} the runtime would be offline"),
        NetworkAllows::Unknown => String::new(),
    };
    page.status(status, &format!("{words}{outlook}"));
    if is_surprise {
        for reason in &prediction.because {
            page.under(reason);
        }
    }
    for consequence in &prediction.consequences {
        page.under(consequence);
    }
}

/// Where the network is no reason, whoever reads this goes on to look at this host.
pub(super) fn write_next(page: &mut Page, conclusion: &Conclusion) {
    let prediction = &conclusion.prediction;
    if prediction.network_allows != NetworkAllows::Online || prediction.not_looked_at.is_empty() {
        return;
    }
    page.heading("If the runtime has trouble all the same, look at this host next");
    for line in &prediction.not_looked_at {
        page.bullet(line);
    }
}

/// How many gateways in use there are, where not one of them is reached.
fn none_reached(gateways: &[Judged]) -> Option<usize> {
    let mut used = gateways.iter().filter(|(_, verdict)| verdict.counts).peekable();
    used.peek()?;
    let mut total = 0;
    used.all(|(_, verdict)| {
        total += 1;
        verdict.is_lowered || verdict.status == Status::Fail
    })
    .then_some(total)
}

/// Required endpoints by status, and warnings of all.
#[derive(Default)]
struct Tally {
    /// The first cause that fails the run as a whole.
    of_run: Option<Cause>,
    required: usize,
    failing: usize,
    unknown: usize,
    /// Of those that are not required too, and of the run.
    warnings: usize,
    /// Counted, and required or not.
    total: usize,
    passing: usize,
}

impl Tally {
    fn of<'a>(judged: impl IntoIterator<Item = &'a Judged<'a>>, conclusion: &Conclusion) -> Self {
        let of_run = conclusion.findings.iter().filter(|finding| !finding.is_note());
        let (failures, others): (Vec<_>, Vec<_>) =
            of_run.partition(|finding| finding.severity == Severity::Fail);
        let of_run = failures.first().map(|finding| finding.cause);
        let mut tally = Self { of_run, warnings: others.len(), ..Self::default() };
        for (record, verdict) in judged.into_iter().filter(|(_, verdict)| verdict.counts) {
            let required = usize::from(record.endpoint.required);
            tally.total += 1;
            tally.required += required;
            match verdict.status {
                Status::Pass => tally.passing += 1,
                Status::Warn => tally.warnings += 1,
                Status::Fail => tally.failing += 1,
                Status::Unknown => tally.unknown += required,
            }
        }
        tally
    }

    fn verdict(&self) -> (Status, String) {
        let required = counted(self.required, "required endpoint");
        if self.total == 0 {
            return (Status::Unknown, "Nothing was tested".to_owned());
        }
        if self.failing > 0 {
            let verb = if self.failing == 1 { "fails" } else { "fail" };
            return (Status::Fail, format!("{} of {required} {verb}", self.failing));
        }
        if let Some(cause) = self.of_run {
            let words = format!("No required endpoint fails, but the run does ({cause})");
            return (Status::Fail, words);
        }
        if self.unknown > 0 {
            let words = format!("{} of {required} could not be tested", self.unknown);
            return (Status::Unknown, words);
        }
        let works = match self.required {
            0 => format!("No endpoint is required; {} of {} pass", self.passing, self.total),
            1 => "The required endpoint works".to_owned(),
            _ => format!("All {required} work"),
        };
        match self.warnings {
            0 => (Status::Pass, works),
            n_warnings => (Status::Warn, format!("{works}, {}", counted(n_warnings, "warning"))),
        }
    }
}
