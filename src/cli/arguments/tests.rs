use super::*;

#[test]
fn the_definition_is_sound() {
    command().debug_assert();
}

/// A report gives `rules emit` with the options of its run: none that decides what is probed
/// may be lost. One that is missing belongs into `report/command.rs`.
#[test]
fn rules_emit_goes_on_with_the_options_of_check() {
    /// Of the output, which each command has for itself.
    const OWN: [&str; 2] = ["format", "output"];
    let all = Arguments::command();
    let find = |path: &[&str]| {
        path.iter().fold(&all, |command, name| command.find_subcommand(name).unwrap())
    };
    let emit: Vec<_> = find(&["rules", "emit"]).get_arguments().map(clap::Arg::get_id).collect();
    let shared = find(&["check"])
        .get_arguments()
        .filter(|one| emit.contains(&one.get_id()) && !OWN.contains(&one.get_id().as_str()));
    for argument in shared {
        let option = match (argument.get_long(), argument.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => continue,
        };
        let takes_value = argument.get_action().takes_values();
        let given = if takes_value { format!("{option} x") } else { option };
        let mut run = crate::report::command::tests::run();
        run.options = ["check"].into_iter().chain(given.split(' ')).map(str::to_owned).collect();
        let command = crate::report::command::rules_emit(&run, &[]);
        assert_eq!(command, Some(format!("pathproof rules emit {given}")));
    }
}

#[test]
fn resolvers_are_addresses_with_or_without_a_port() {
    for (text, expected) in [
        ("10.0.0.53", "10.0.0.53:53"),
        ("10.0.0.53:5353", "10.0.0.53:5353"),
        ("fd00::53", "[fd00::53]:53"),
        ("[fd00::53]", "[fd00::53]:53"),
        ("[fd00::53]:54", "[fd00::53]:54"),
    ] {
        assert_eq!(parse_resolver(text).unwrap().to_string(), expected);
    }
    for text in ["dns.contoso.com", "10.0.0.53:0", "10.0.0.53:65536", ""] {
        assert!(parse_resolver(text).is_err(), "{text}");
    }
}
