//! Writes rules for the firewall of the host itself.

use std::fmt::Write as _;

use ipnet::IpNet;

use super::emission::Emission;
use super::script::powershell_text;

/// Rules with very many addresses are slow to load. Windows itself has no such limit.
const PREFIXES_PER_RULE: usize = 1000;

/// A script that puts rules into the place of those of one group and leaves all others alone. The
/// older ones go last, so that nothing is blocked in between, nor where the script stops halfway.
pub(super) fn windows(emission: &Emission) -> String {
    let mut text = format!(
        "# {0}\n\
         # Windows lets everything out unless a profile blocks it: these rules change nothing \
         before\n\
         #   Set-NetFirewallProfile -DefaultOutboundAction Block\n\
         # which blocks everything that no rule allows.\n\
         #Requires -RunAsAdministrator\n$ErrorActionPreference = 'Stop'\n\n\
         $older = @(Get-NetFirewallRule -Group '{1}' -ErrorAction SilentlyContinue)\n",
        emission.description(),
        emission.name
    );
    let chunks = emission.permits.iter().flat_map(|permit| {
        permit.prefixes.chunks(PREFIXES_PER_RULE).map(move |prefixes| (permit, prefixes))
    });
    for (number, (permit, prefixes)) in chunks.enumerate() {
        let ports = if permit.ports.is_any() {
            "'Any'".to_owned()
        } else {
            let quoted = |run: &String| format!("'{run}'");
            permit.ports.texts().iter().map(quoted).collect::<Vec<_>>().join(", ")
        };
        text.push_str("\n$addresses = @(\n");
        for prefix in prefixes {
            let _ = writeln!(text, "    '{}' # {}", prefix.net, prefix.why);
        }
        let _ = write!(
            text,
            ")\nNew-NetFirewallRule -DisplayName '{}' -Group '{}' -Description '{}' `\n    \
             -Direction Outbound -Action Allow -Protocol {} -RemotePort {ports} `\n    \
             -RemoteAddress $addresses | Out-Null\n",
            emission.numbered(number),
            emission.name,
            powershell_text(&emission.description()),
            permit.protocol.as_str().to_uppercase(),
        );
    }
    text.push_str("\nif ($older) { $older | Remove-NetFirewallRule }\n");
    text
}

/// The chain's name, whose characters are those that nft takes.
pub(super) fn chain_name(emission: &Emission) -> String {
    let name: String =
        emission.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("pathproof_{name}")
}

/// A chain and its sets in the table `inet filter`, to which the user's chain jumps. An `accept` in
/// a separate table would not keep another table from dropping the packet.
pub(super) fn nftables(emission: &Emission) -> String {
    let chain = chain_name(emission);
    let (mut declared, mut flushed) = (String::new(), String::new());
    let (mut sets, mut rules) = (String::new(), String::new());
    for (number, permit) in emission.permits.iter().enumerate() {
        for prefixes in permit.families() {
            let (family, kind) = match prefixes.first().map(|prefix| prefix.net) {
                Some(IpNet::V6(_)) => ("ip6", "ipv6_addr"),
                _ => ("ip", "ipv4_addr"),
            };
            let set = format!("{chain}_{family}_{}", number + 1);
            let head = format!("    set {set} {{\n        type {kind}\n        flags interval\n");
            let _ = writeln!(declared, "{head}    }}");
            let _ = writeln!(flushed, "flush set inet filter {set}");
            let _ = writeln!(sets, "{head}        elements = {{");
            for prefix in &prefixes {
                let _ = writeln!(sets, "            {}, # {}", prefix.net, prefix.why);
            }
            sets.push_str("        }\n    }\n");
            let ports = if permit.ports.is_any() {
                format!("meta l4proto {}", permit.protocol)
            } else {
                format!("{} dport {{ {} }}", permit.protocol, permit.ports.texts().join(", "))
            };
            let _ = writeln!(rules, "        {family} daddr @{set} {ports} accept");
        }
    }
    format!(
        "#!/usr/sbin/nft -f\n# {}\n\
         # In the chain that filters what leaves this host: jump {chain}\n\n\
         table inet filter {{\n{declared}    chain {chain} {{\n    }}\n}}\n\
         {flushed}flush chain inet filter {chain}\n\n\
         table inet filter {{\n{sets}    chain {chain} {{\n{rules}    }}\n}}\n",
        emission.description()
    )
}
