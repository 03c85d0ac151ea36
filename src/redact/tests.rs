use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::archive::{self, arbitrary};
use crate::diagnose;
use crate::model::StandIn;

#[test]
fn labels_replace_whole_stand_ins_only() {
    let stand_in = |label: &str, shown: &str| StandIn { label: label.into(), shown: shown.into() };
    let redacted = Redacted {
        addresses: vec![
            stand_in("address-1", "10.1.2.3"),
            stand_in("address-2", "10.1.2.34"),
            stand_in("address-3", "fd00::53"),
            stand_in("network-1", "10.1.0.0/16"),
        ],
    };
    for (text, expected) in [
        ("10.1.2.3:443 from 10.1.2.34:51514.", "address-1:443 from address-2:51514."),
        ("10.1.2.3. 110.1.2.3 10.1.2.3.4", "address-1. 110.1.2.3 10.1.2.3.4"),
        ("[fd00::53]:53, fd00::531", "[address-3]:53, fd00::531"),
        ("outside 10.1.0.0/16", "outside network-1"),
    ] {
        assert_eq!(labelled(text, Some(&redacted)), expected);
        assert_eq!(labelled(text, None), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever was seen can be redacted, saved and read again, and is judged alike afterwards.
    #[test]
    fn redacted_records_are_read_back(records in arbitrary::records()) {
        let is_azure = |address: IpAddr| {
            Some(matches!(address, IpAddr::V4(v4) if v4.octets()[0] & 1 == 0))
        };
        let redacted = Redactor::new(RedactionKey::of_run(&[7; 32]), is_azure).redact(&records);
        let mut bytes = Vec::new();
        archive::write(&redacted, &mut bytes).unwrap();
        let read = archive::read(&*bytes, "redacted").unwrap();
        let statuses = |records: &Records| {
            let found = diagnose::conclude(records, &is_azure);
            found.verdicts.iter().map(|verdict| (verdict.status, verdict.cause)).collect::<Vec<_>>()
        };
        prop_assert_eq!(statuses(&read), statuses(&redacted));
    }
}
