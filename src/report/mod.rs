//! Verdicts to bytes: table, JSON, JSON Lines. Pure.

mod assemble;
pub mod json;
pub mod resolve;
pub struct Style {
    pub width: usize,
    pub color: bool,
}
pub fn table(_: &crate::model::Records, _: &crate::model::Conclusion, _: &Style) -> String {
    String::new()
}
