//! The zones of the table, on nsd, and the resolvers over them, unbound.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::network::{is_v6, resolver};
use super::situation::{LONG_CHAIN, Name, SITUATIONS, SPLIT, Situation};

/// Of every record, in seconds.
const TTL: u32 = 30;
/// A zone of the company's own, served by the resolver itself: a recursive resolver would answer
/// SERVFAIL to a chain that loops, and a zone's own server shows it.
const COMPANY: &str = "corp.contoso.example";
/// A private address for [`SPLIT`], in the other view.
pub(super) const SPLIT_ADDRESS: &str = "10.10.2.50";

/// The files of the name servers.
pub(super) struct Dns {
    folder: PathBuf,
}

impl Dns {
    /// Writes zones and configurations.
    pub(super) fn create(folder: &Path) -> Result<Self, String> {
        let dns = Self { folder: folder.to_owned() };
        let mut files = vec![
            (dns.authoritative(), authoritative(folder)),
            (dns.resolver(), recursive(folder, "resolver", &MAIN_VIEW)),
            (dns.other_view(), recursive(folder, "other-view", &OTHER_VIEW)),
        ];
        files.extend(zones().into_iter().map(|(zone, text)| (zone_file(folder, &zone), text)));
        for (path, text) in files {
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(dns)
    }

    /// nsd's configuration.
    pub(super) fn authoritative(&self) -> PathBuf {
        self.folder.join("nsd.conf")
    }

    /// unbound's configuration.
    pub(super) fn resolver(&self) -> PathBuf {
        self.folder.join("resolver.conf")
    }

    /// The other unbound's configuration.
    pub(super) fn other_view(&self) -> PathBuf {
        self.folder.join("other-view.conf")
    }
}

/// Zone → its text. A name belongs to the zone of its last two labels, as most of them do in
/// truth; the root delegates to each.
fn zones() -> BTreeMap<String, String> {
    let mut zones = BTreeMap::from([(String::new(), apex()), (COMPANY.to_owned(), apex())]);
    for row in SITUATIONS {
        for (owner, data) in records(row) {
            let zone = zone_of(&owner);
            let text = zones.entry(zone).or_insert_with(apex);
            let _infallible = writeln!(text, "{owner}. {data}");
        }
    }
    let mut root = apex();
    for zone in zones.keys().filter(|zone| !zone.is_empty() && *zone != COMPANY) {
        let _infallible = writeln!(root, "{zone}. NS ns.lab.");
    }
    for row in SITUATIONS.iter().filter(|row| matches!(row.name, Name::ZoneBroken)) {
        let _infallible = writeln!(root, "{}. NS ns.lab.", last_two(row.host));
    }
    let _infallible = writeln!(root, "ns.lab. A {}", resolver::AUTHORITATIVE);
    zones.insert(String::new(), root);
    zones
}

fn apex() -> String {
    format!("$TTL {TTL}\n@ SOA ns.lab. hostmaster.lab. 1 3600 600 86400 {TTL}\n@ NS ns.lab.\n")
}

fn zone_of(name: &str) -> String {
    if name.ends_with(COMPANY) { COMPANY.to_owned() } else { last_two(name).to_owned() }
}

fn last_two(name: &str) -> &str {
    name.rmatch_indices('.').nth(1).map_or(name, |(dot, _)| &name[dot + 1..])
}

/// What a row puts into its zones: owner, and type with data.
fn records(row: &Situation) -> Vec<(String, String)> {
    let mut records = Vec::new();
    let mut owner = row.host.to_owned();
    let mut follow = |owner: &mut String, target: &str| {
        records.push((std::mem::replace(owner, target.to_owned()), format!("CNAME {target}.")));
    };
    if row.host == LONG_CHAIN {
        // Eight names of 190 bytes are more than the 1,232 that EDNS offers, and fewer
        // links than the eleven that unbound follows.
        for link in 0..8_u8 {
            let label = char::from(b'a' + link).to_string().repeat(60);
            follow(&mut owner, &format!("{label}.{label}.{label}.cloudapp.net"));
        }
    }
    match row.name {
        Name::Resolves(chain) | Name::Missing(chain) | Name::NoAddress(chain) => {
            for target in chain {
                follow(&mut owner, target);
            }
        }
        Name::Loop => {
            let turn = format!("loop.{}", row.host);
            follow(&mut owner, &turn);
            follow(&mut owner, row.host);
        }
        _ => {}
    }
    let address =
        |address: &str| format!("{} {address}", if is_v6(address) { "AAAA" } else { "A" });
    match row.name {
        Name::Resolves(_) => {
            for destination in row.destinations {
                records.push((owner.clone(), address(destination.address)));
            }
        }
        Name::ResolvesTo(nobody) => records.push((owner, address(nobody))),
        Name::NoAddress(_) => records.push((owner, "TXT \"no address\"".to_owned())),
        // A chain that ends at a missing name has its links and nothing more.
        Name::Missing(_) | Name::Loop => {}
        // The resolver decides before the zone is asked.
        Name::ZoneBroken | Name::Refused | Name::Silence => {}
    }
    records
}

fn zone_file(folder: &Path, zone: &str) -> PathBuf {
    folder.join(format!("{}.zone", if zone.is_empty() { "root" } else { zone }))
}

fn authoritative(folder: &Path) -> String {
    let folder_name = folder.display();
    let mut text = format!(
        "server:\n  ip-address: {}\n  username: \"\"\n  zonesdir: \"{folder_name}\"\n  \
         pidfile: \"\"\n  xfrdfile: \"{folder_name}/xfrd.state\"\n  \
         zonelistfile: \"{folder_name}/zone.list\"\n  database: \"\"\n  \
         logfile: \"{folder_name}/nsd.log\"\n  server-count: 1\n  rrl-ratelimit: 0\n\
         remote-control:\n  control-enable: no\n",
        resolver::AUTHORITATIVE
    );
    let broken = SITUATIONS
        .iter()
        .filter(|row| matches!(row.name, Name::ZoneBroken))
        .map(|row| last_two(row.host).to_owned());
    // A zone that cannot be loaded is answered with SERVFAIL; its file does not exist.
    for zone in zones().into_keys().chain(broken) {
        let name = if zone.is_empty() { "." } else { &zone };
        let file = zone_file(folder, &zone);
        let _infallible =
            writeln!(text, "zone:\n  name: \"{name}\"\n  zonefile: \"{}\"", file.display());
    }
    text
}

struct View {
    interfaces: &'static [&'static str],
    /// Lines of unbound's `server:` section.
    local: fn() -> String,
}

const MAIN_VIEW: View = View {
    interfaces: &[resolver::MAIN, resolver::TCP_REFUSED, resolver::TCP_DROPPED],
    local: || {
        SITUATIONS
            .iter()
            .filter_map(|row| match row.name {
                Name::Refused => Some((row, "always_refuse")),
                Name::Silence => Some((row, "always_deny")),
                _ => None,
            })
            .map(|(row, kind)| format!("  local-zone: \"{}.\" {kind}\n", row.host))
            .collect::<Vec<_>>()
            .concat()
    },
};

const OTHER_VIEW: View = View {
    interfaces: &[resolver::OTHER_VIEW],
    local: || format!("  local-data: \"{SPLIT}. A {SPLIT_ADDRESS}\"\n"),
};

fn recursive(folder: &Path, name: &str, view: &View) -> String {
    let folder_name = folder.display();
    let interfaces = view.interfaces.join("\n  interface: ");
    format!(
        "server:\n  interface: {interfaces}\n  access-control: 0.0.0.0/0 allow\n  username: \"\"\n  \
         chroot: \"\"\n  directory: \"{folder_name}\"\n  pidfile: \"\"\n  use-syslog: no\n  \
         logfile: \"{folder_name}/{name}.log\"\n  module-config: \"iterator\"\n  \
         do-ip6: no\n  num-threads: 1\n{}\
         remote-control:\n  control-enable: no\n\
         stub-zone:\n  name: \".\"\n  stub-addr: {}\n\
         auth-zone:\n  name: \"{COMPANY}\"\n  zonefile: \"{}\"\n  for-downstream: yes\n",
        (view.local)(),
        resolver::AUTHORITATIVE,
        zone_file(folder, COMPANY).display(),
    )
}
