//! Address objects of FortiGate and PAN-OS, as a converter of firewall configurations reads them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Emitted, prefixes, python, read};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Objects {
    objects: BTreeMap<String, String>,
    groups: BTreeMap<String, Vec<String>>,
}

impl Objects {
    fn of(&self, group: &str) -> BTreeSet<&str> {
        self.groups[group].iter().map(|member| self.objects[member].as_str()).collect()
    }
}

#[test]
fn a_converter_of_firewall_configurations_reads_the_objects() {
    let Some(python) = python() else { return };
    let emitted = Emitted::new();
    for format in ["fortigate", "panos-set"] {
        let seen: Objects = read(&python, format, &emitted.file_named(format, "Allow-Runtime"));
        let is_net = |value: &&String| value.contains('/');
        let nets: BTreeSet<_> = seen.objects.values().filter(is_net).cloned().collect();
        assert_eq!(nets, prefixes(), "{format}");
        let mut relay = BTreeSet::from(["40.112.72.100/31", "40.112.72.103/32"]);
        let mut groups = BTreeSet::from([
            "Allow-Runtime",
            "Allow-Runtime-2",
            "Allow-Runtime-3",
            "Allow-Runtime-fqdn",
            "Allow-Runtime-2-fqdn",
            "Allow-Runtime-3-fqdn",
        ]);
        if format == "fortigate" {
            groups.insert("Allow-Runtime-ipv6");
            let v6 = BTreeSet::from(["2603:1030:a07::1/128"]);
            assert_eq!(seen.of("Allow-Runtime-ipv6"), v6, "{seen:?}");
        } else {
            relay.insert("2603:1030:a07::1/128");
        }
        assert_eq!(seen.groups.keys().map(String::as_str).collect::<BTreeSet<_>>(), groups);
        assert_eq!(seen.of("Allow-Runtime"), relay, "{format}: {seen:?}");
        for (group, value) in [
            ("Allow-Runtime-2", "13.66.60.119/32"),
            ("Allow-Runtime-3", "40.78.229.99/32"),
            ("Allow-Runtime-fqdn", "ns.servicebus.windows.net"),
            ("Allow-Runtime-2-fqdn", "s.database.windows.net"),
            ("Allow-Runtime-3-fqdn", "contoso-adf.eastus.datafactory.azure.net"),
        ] {
            assert_eq!(seen.of(group), BTreeSet::from([value]), "{format}: {seen:?}");
        }
    }
}
