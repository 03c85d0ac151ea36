//! Examples of every command, which `--help` and the manual pages show. A new command needs a row
//! here; a test parses every one of them.

use std::fmt::Write as _;

use clap::Command;

/// What a command line is for, and the command line without the program's name.
pub(in crate::cli) type Example = (&'static str, &'static str);

/// The commands by their path, as `rules emit`.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            (
                "What keeps the runtime of a factory from its service, and who can fix it",
                "check --factory contoso-df --region westeurope",
            ),
            ("What an error text of the runtime or a word of the portal means", "explain Limited"),
        ],
    ),
    (
        "check",
        &[
            ("A factory", "check --factory contoso-df --region westeurope"),
            ("With the names that the portal shows", "check --service-urls urls.txt"),
            (
                "Through a proxy, as a ticket and for programs",
                "check --service-urls urls.txt --proxy http://10.0.0.8:3128 -o ticket.md -o run.json",
            ),
            (
                "What changed since an earlier run",
                "check --service-urls urls.txt --baseline run.json",
            ),
            (
                "Whether the rules that you were given are in force",
                "check --service-urls urls.txt --expect nsg.json",
            ),
        ],
    ),
    (
        "watch",
        &[
            (
                "Each minute for eight hours; what comes and goes is a line",
                "watch --service-urls urls.txt --every 1m --for 8h",
            ),
            ("With a page of all rounds", "watch --service-urls urls.txt -o history.html"),
        ],
    ),
    (
        "serve",
        &[
            (
                "Modules of a file, on loopback: http://127.0.0.1:9815/probe?module=NAME",
                "serve --config pathproof.toml",
            ),
            (
                "For a Prometheus elsewhere, with TLS and passwords",
                "serve --config pathproof.toml --listen 0.0.0.0:9815 --web-config web.yml",
            ),
        ],
    ),
    (
        "replay",
        &[
            ("The report of an earlier run, with every step", "replay records.jsonl -v"),
            (
                "Records that may be forwarded",
                "replay records.jsonl --redact --save-records redacted.jsonl",
            ),
        ],
    ),
    (
        "resolve",
        &[
            ("Names and addresses, a pair a line", "resolve --service-urls urls.txt -f plain"),
            (
                "What two name servers say of one name",
                "resolve contoso.servicebus.windows.net --resolver 10.0.0.4 --resolver 10.0.0.5",
            ),
        ],
    ),
    (
        "rules decide",
        &[("What becomes of each flow", "rules decide nsg.json --flows flows.csv -f jsonl")],
    ),
    (
        "rules verify",
        &[
            (
                "Whether a group lets through what a run required",
                "rules verify nsg.json --from run.json",
            ),
            (
                "Of a subnet and a network interface in a row",
                "rules verify subnet.json nic.json --from run.json -f markdown -o review.md",
            ),
        ],
    ),
    (
        "rules diff",
        &[(
            "What a change of rules does, before it is made",
            "rules diff before.json after.json --from run.json",
        )],
    ),
    (
        "rules emit",
        &[
            (
                "Rules of a network security group for what a run saw",
                "rules emit --from run.json -f nsg-json -o rules.json",
            ),
            ("For the proxy team: the names", "rules emit --from run.json -f squid-domains"),
            ("All that a change needs, in a folder", "rules emit --from run.json --bundle change"),
        ],
    ),
    (
        "rules plan",
        &[
            (
                "What would change in a group that is in a file",
                "rules plan --current nsg.json --from run.json",
            ),
            (
                "A page for those who approve it",
                "rules plan --current nsg.json --from run.json -f html -o plan.html",
            ),
            (
                "Variables for a Terraform that owns the group",
                "rules plan --current nsg.json --from run.json -f tfvars-json -o rules.tfvars.json",
            ),
        ],
    ),
    (
        "rules apply",
        &[
            ("Write what was planned and approved", "rules apply plan.json"),
            ("And keep what undoes it", "rules apply plan.json --rollback undo.json"),
        ],
    ),
    ("rules rollback", &[("Put back what was there", "rules rollback undo.json")]),
    ("ledger show", &[("What is remembered", "ledger show relay.ledger")]),
    ("ledger export", &[("As a table", "ledger export relay.ledger -o seen.csv")]),
    ("ledger prune", &[("Forget after half a year", "ledger prune relay.ledger --keep 180d")]),
    (
        "tags lookup",
        &[
            ("Which tags hold an address", "tags lookup 40.112.72.101"),
            ("Which prefixes a tag holds", "tags lookup ServiceBus.WestEurope -f json"),
        ],
    ),
    (
        "tags diff",
        &[("What a week changed for relays", "tags diff old.json new.json --only ServiceBus")],
    ),
    (
        "tags update",
        &[("Replace the older file", "tags update --from downloaded.json -o tags.json")],
    ),
    (
        "report diff",
        &[("Whether a change of the firewall helped", "report diff before.json after.json")],
    ),
    (
        "report merge",
        &[
            ("The nodes of a runtime side by side", "report merge node1.json node2.json"),
            ("For the firewall team", "report merge reports --owner firewall -o nodes.html"),
        ],
    ),
    ("report render", &[("As a page", "report render run.json -o run.html")]),
    (
        "agent lint",
        &[
            ("The runtime that is installed here", "agent lint"),
            (
                "What to paste for a private endpoint",
                "agent lint shared --private contoso.blob.core.windows.net --suggest",
            ),
        ],
    ),
    ("agent status", &[("The runtime on this host", "agent status")]),
    ("lists list", &[("All that are built in", "lists list")]),
    ("lists show", &[("What a runtime of China needs", "lists show adf-shir --cloud china")]),
    ("lists lint", &[("A list of your own", "lists lint own.toml")]),
    ("demo", &[("A tour, and its report as a page", "demo -o demo.html")]),
    (
        "selftest",
        &[
            ("Whether it works here, on a server that it was just copied to", "selftest"),
            ("For a script", "selftest -f json -o selftest.json"),
        ],
    ),
    (
        "lists new",
        &[
            ("A list of two names", "lists new api.contoso.com tds://sql.contoso.com -o own.toml"),
            ("What an earlier run probed", "lists new --from run.json -o own.toml"),
        ],
    ),
    (
        "lists schema",
        &[("For an editor, beside your list", "lists schema -o endpoint-list.schema.json")],
    ),
    (
        "explain",
        &[
            ("A cause", "explain tls_intercepted"),
            ("An error text", "explain \"Unable to connect to the remote server\""),
        ],
    ),
    (
        "config schema",
        &[("For an editor, beside pathproof.toml", "config schema -o configuration.schema.json")],
    ),
    (
        "config show",
        &[
            ("What applies here, and from where", "config show"),
            ("With a profile, for programs", "config show --profile shir-prod -f json"),
        ],
    ),
    (
        "completions",
        &[
            (
                "For bash: write it to ~/.local/share/bash-completion/completions/pathproof",
                "completions bash",
            ),
            ("For PowerShell: append it to the file that $PROFILE names", "completions powershell"),
        ],
    ),
    ("man", &[("All pages, for man(1)", "man share/man/man1")]),
];

/// The examples of a command: its own, or one of each of its subcommands.
pub(in crate::cli) fn examples(path: &str) -> Vec<Example> {
    let own = EXAMPLES.iter().find(|(of, _)| *of == path);
    if let Some((_, own)) = own {
        return own.to_vec();
    }
    let below = format!("{path} ");
    let of_subcommands = EXAMPLES.iter().filter(|(of, _)| of.starts_with(&below));
    of_subcommands.filter_map(|(_, examples)| examples.first().copied()).collect()
}

/// Puts the examples of every command at the end of its `--help`.
pub(super) fn added(command: Command) -> Command {
    with_examples(command, "")
}

fn with_examples(command: Command, path: &str) -> Command {
    let mut text = String::new();
    if let Some(before) = command.get_after_help() {
        let _ = writeln!(text, "{before}\n");
    }
    text.push_str("Examples:");
    let all = examples(path);
    for (what_for, line) in &all {
        let _ = write!(text, "\n  {what_for}:\n    pathproof {line}");
    }
    let command = if all.is_empty() { command } else { command.after_long_help(text) };
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        with_examples(sub, path.trim_start())
    })
}
