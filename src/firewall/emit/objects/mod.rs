//! Writes address objects, and groups of them, for the firewalls of Fortinet and of Palo Alto
//! Networks. Their rules name groups, so that a rule stays as it is when addresses change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use data_encoding::HEXLOWER;
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::emission::{AccessRequest, Emission, Permit};
use super::error::EmitError;
use crate::model::{AddressSet, HostName};

/// The longest name of an object or a group: 63 characters on PAN-OS (Objects > Addresses) and on
/// FortiOS 6.0 (its CLI reference); later versions of FortiOS take 79.
const LONGEST_NAME: usize = 63;
/// A group of PAN-OS takes 2,500 members on each tier of Palo Alto's capacity tables.
const PANOS_MEMBERS: usize = 2500;
/// How many members a group of FortiOS takes depends on the model; groups of groups keep this
/// cautious number.
const FORTIOS_MEMBERS: usize = 300;
/// The longest comment of FortiOS, and the longest description of PAN-OS.
const FORTIOS_COMMENT: usize = 255;
const PANOS_DESCRIPTION: usize = 1023;
/// Members on one line. A console takes lines of a limited length.
const MEMBERS_PER_LINE: usize = 20;

/// Addresses or names that rules allow on the same ports.
struct ObjectGroup {
    name: String,
    /// The ports, which are no property of an address group.
    ports: String,
    /// The objects' names.
    members: Vec<String>,
}

/// Objects of one kind by their names, and the groups that hold them.
struct ObjectTable<T> {
    objects: BTreeMap<String, (T, String)>,
    groups: Vec<ObjectGroup>,
}

impl<T> ObjectTable<T> {
    const fn new() -> Self {
        Self { objects: BTreeMap::new(), groups: Vec::new() }
    }

    /// Adds a group, and those of its objects that are not there yet.
    fn add(&mut self, name: String, permit: &Permit, held: impl Iterator<Item = GroupMember<T>>) {
        let mut members = Vec::new();
        for GroupMember { name, value, why } in held {
            members.push(name.clone());
            self.objects.entry(name).or_insert((value, why));
        }
        if members.is_empty() {
            return;
        }
        let ports = if permit.ports.is_any() {
            permit.protocol.to_string()
        } else {
            format!("{} {}", permit.protocol, permit.ports.texts().join(" "))
        };
        self.groups.push(ObjectGroup { name, ports, members });
    }

    /// The groups with at most `most` members each. A larger one becomes a group of groups, which
    /// stands behind its parts.
    fn groups(&self, most: usize) -> Vec<ObjectGroup> {
        let mut all = Vec::new();
        for ObjectGroup { name, ports, members } in &self.groups {
            let group = |name: String, members| ObjectGroup { name, ports: ports.clone(), members };
            if members.len() <= most {
                all.push(group(name.clone(), members.clone()));
                continue;
            }
            let mut parts = Vec::new();
            for (number, members) in members.chunks(most).enumerate() {
                let part = format!("{name}-part{}", number + 1);
                parts.push(part.clone());
                all.push(group(part, members.to_vec()));
            }
            all.push(group(name.clone(), parts));
        }
        all
    }
}

/// One object of a group.
struct GroupMember<T> {
    name: String,
    value: T,
    why: String,
}

/// The prefixes of one family, or of both where `is_v4` is not given.
fn prefixes(permit: &Permit, is_v4: Option<bool>) -> impl Iterator<Item = GroupMember<IpNet>> {
    let is_meant = move |net: IpNet| is_v4.is_none_or(|is_v4| matches!(net, IpNet::V4(_)) == is_v4);
    permit.prefixes.iter().filter(move |prefix| is_meant(prefix.net)).map(|prefix| GroupMember {
        name: name_of_prefix(prefix.net),
        value: prefix.net,
        why: prefix.why.clone(),
    })
}

/// The names whose addresses the permit holds: only what resolved has an object, as a firewall
/// warns of names that do not resolve.
fn names<'a>(
    emission: &'a Emission,
    permit: &Permit,
    is_v4_only: bool,
) -> impl Iterator<Item = GroupMember<&'a str>> {
    let addresses: AddressSet = permit.prefixes.iter().map(|prefix| prefix.net).collect();
    let is_held = |request: &&AccessRequest| {
        request.protocol == permit.protocol
            && request.ports.parse().is_ok_and(|port| permit.ports.contains(port))
            && request.address.is_some_and(|net| {
                AddressSet::from(net).is_subset(&addresses)
                    && (!is_v4_only || matches!(net, IpNet::V4(_)))
            })
    };
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for request in emission.requests.iter().filter(is_held) {
        let is_name = HostName::parse(&request.name)
            .is_ok_and(|name| name.as_str() == request.name)
            && request.name.parse::<IpAddr>().is_err();
        if is_name {
            names.entry(&request.name).or_insert(&request.proof);
        }
    }
    names.into_iter().map(|(name, why)| GroupMember {
        name: name_of_name(name),
        value: name,
        why: why.to_owned(),
    })
}

/// `pathproof-40-112-72-100_31`: of letters, digits, `-` and `_`, which both systems take.
fn name_of_prefix(net: IpNet) -> String {
    let address = net.addr().to_string().replace(['.', ':'], "-");
    format!("pathproof-{address}_{}", net.prefix_len())
}

/// `pathproof-ns_servicebus_windows_net`. A name that is too long, or that another could be taken
/// for, ends with a part of its digest.
fn name_of_name(name: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let letters = name.chars().map(|c| if is_kept(c) { c } else { '_' });
    let whole = format!("pathproof-{}", letters.collect::<String>());
    // An underscore stands for a dot, and one before a hyphen for a digest.
    let is_plain = name.chars().all(|c| is_kept(c) || c == '.') && !name.contains(".-");
    if is_plain && whole.len() <= LONGEST_NAME {
        return whole;
    }
    let digest = HEXLOWER.encode(&Sha256::digest(name.as_bytes())[..5]);
    let kept: String = whole.chars().take(LONGEST_NAME - digest.len() - 2).collect();
    format!("{kept}_-{digest}")
}

/// A text that neither system reads anything else in, wherever it stands. FortiOS takes a `?` for a
/// question, PAN-OS has no way to write a quote, and not every reader knows comments.
fn plain_text(text: &str, most: usize) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || " -_.,:;/()+=*".contains(c) { c } else { '.' };
    let text: String = text.chars().map(plain).take(most).collect();
    text.trim_end().to_owned()
}

fn quoted(text: &str, most: usize) -> String {
    format!("\"{}\"", plain_text(text, most))
}

/// Checks the groups' names.
fn check_names(groups: &[ObjectGroup]) -> Result<(), EmitError> {
    let is_fine = |name: &str| {
        name.len() <= LONGEST_NAME
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    match groups.iter().find(|group| !is_fine(&group.name)) {
        Some(group) => Err(EmitError::GroupName(group.name.clone())),
        None => Ok(()),
    }
}

/// A script for the command line of FortiOS. `set member` replaces the members of a group that is
/// there. Addresses of IPv6 are objects and groups of their own kind.
pub(super) fn fortigate(emission: &Emission) -> Result<String, EmitError> {
    let mut v4 = ObjectTable::new();
    let mut v6 = ObjectTable::new();
    let mut fqdn = ObjectTable::new();
    for (number, permit) in emission.permits.iter().enumerate() {
        let name = emission.numbered(number);
        v4.add(name.clone(), permit, prefixes(permit, Some(true)));
        v6.add(format!("{name}-ipv6"), permit, prefixes(permit, Some(false)));
        fqdn.add(format!("{name}-fqdn"), permit, names(emission, permit, true));
    }
    let mut text = format!("# {}\n", plain_text(&emission.description(), FORTIOS_COMMENT));
    let mut groups = v4.groups(FORTIOS_MEMBERS);
    groups.extend(fqdn.groups(FORTIOS_MEMBERS));
    let v6_groups = v6.groups(FORTIOS_MEMBERS);
    check_names(&groups)?;
    check_names(&v6_groups)?;

    let subnets = v4.objects.iter().map(|(name, (net, why))| {
        (name, format!("set type ipmask\n        set subnet {} {}", net.addr(), net.netmask()), why)
    });
    let domains = fqdn.objects.iter().map(|(name, (host, why))| {
        (name, format!("set type fqdn\n        set fqdn \"{host}\""), why)
    });
    fortios_table(&mut text, "address", subnets.chain(domains));
    let prefixes =
        v6.objects.iter().map(|(name, (net, why))| (name, format!("set ip6 {net}"), why));
    fortios_table(&mut text, "address6", prefixes);
    fortios_groups(&mut text, "addrgrp", &groups, emission);
    fortios_groups(&mut text, "addrgrp6", &v6_groups, emission);
    Ok(text)
}

fn fortios_table<'a>(
    text: &mut String,
    table: &str,
    objects: impl Iterator<Item = (&'a String, String, &'a String)>,
) {
    let mut entries = String::new();
    for (name, value, why) in objects {
        let comment = quoted(why, FORTIOS_COMMENT);
        // Writing to a String cannot fail.
        let _ = writeln!(
            entries,
            "    edit \"{name}\"\n        {value}\n        set comment {comment}\n    next"
        );
    }
    if !entries.is_empty() {
        let _ = write!(text, "config firewall {table}\n{entries}end\n");
    }
}

fn fortios_groups(text: &mut String, table: &str, groups: &[ObjectGroup], emission: &Emission) {
    if groups.is_empty() {
        return;
    }
    let _ = writeln!(text, "config firewall {table}");
    for group in groups {
        let _ = writeln!(text, "    edit \"{}\"", group.name);
        for (number, members) in group.members.chunks(MEMBERS_PER_LINE).enumerate() {
            let verb = if number == 0 { "set" } else { "append" };
            let members: Vec<_> = members.iter().map(|name| format!("\"{name}\"")).collect();
            let _ = writeln!(text, "        {verb} member {}", members.join(" "));
        }
        let comment = format!("{}. {}", group.ports, emission.description());
        let _ =
            writeln!(text, "        set comment {}\n    next", quoted(&comment, FORTIOS_COMMENT));
    }
    text.push_str("end\n");
}

/// Commands for the configuration mode of PAN-OS. They add to a group that is there.
pub(super) fn panos(emission: &Emission) -> Result<String, EmitError> {
    let mut nets = ObjectTable::new();
    let mut fqdn = ObjectTable::new();
    for (number, permit) in emission.permits.iter().enumerate() {
        let name = emission.numbered(number);
        nets.add(name.clone(), permit, prefixes(permit, None));
        fqdn.add(format!("{name}-fqdn"), permit, names(emission, permit, false));
    }
    let mut groups = nets.groups(PANOS_MEMBERS);
    groups.extend(fqdn.groups(PANOS_MEMBERS));
    check_names(&groups)?;

    let mut text = String::new();
    let nets =
        nets.objects.iter().map(|(name, (net, why))| (name, format!("ip-netmask {net}"), why));
    let fqdn = fqdn.objects.iter().map(|(name, (host, why))| (name, format!("fqdn {host}"), why));
    for (name, value, why) in nets.chain(fqdn) {
        let description = quoted(why, PANOS_DESCRIPTION);
        let _ = writeln!(text, "set address {name} {value}");
        let _ = writeln!(text, "set address {name} description {description}");
    }
    for group in &groups {
        for members in group.members.chunks(MEMBERS_PER_LINE) {
            let _ =
                writeln!(text, "set address-group {} static [ {} ]", group.name, members.join(" "));
        }
        let description = format!("{}. {}", group.ports, emission.description());
        let description = quoted(&description, PANOS_DESCRIPTION);
        let _ = writeln!(text, "set address-group {} description {description}", group.name);
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
