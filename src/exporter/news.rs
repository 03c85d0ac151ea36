//! What an exporter says to whoever runs it.

/// What became of something that no client asked for: a reload, a changed file, a run in the
/// background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExporterNews {
    /// It was done; the text is a sentence without its stop.
    Done(String),
    /// It was not, and somebody should see to it.
    Failed(String),
}
