//! stub
use crate::model::Records;
pub fn table(_: &Records, _: &super::Style) -> String {
    String::new()
}
pub fn json(_: &Records, _: &mut impl std::io::Write) -> std::io::Result<()> {
    Ok(())
}
pub fn plain(_: &Records, _: &mut impl std::io::Write) -> std::io::Result<()> {
    Ok(())
}
