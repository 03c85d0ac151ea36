use super::*;
use crate::model::Severity;

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

fn names() -> LintNames {
    LintNames {
        private: vec![name("df.westeurope.datafactory.azure.net")],
        relay: vec![name("ns-1.servicebus.windows.net")],
    }
}

fn read(file: &str, section: &str) -> Result<AgentProxy, AgentConfigError> {
    let text = format!("<configuration>\n<system.net>\n{section}\n</system.net>\n</configuration>");
    AgentProxy::parse(file, &text)
}

fn with_list(entries: &str) -> String {
    format!(
        "<defaultProxy>\n<bypasslist>\n{entries}\n</bypasslist>\n\
         <proxy proxyaddress=\"http://p:3128\"/>\n</defaultProxy>"
    )
}

const GOOD: &str = r#"<add address="^https?://df\.westeurope\.datafactory\.azure\.net(:\d+)?$"/>"#;

/// The findings of one file: kind, weight, line.
fn check(section: &str, expected: &[(LintKind, LintWeight, u32)]) -> Vec<LintFinding> {
    let findings = lint(&[read("diahost.exe.config", section)], &names(), &LocalView::default());
    let found: Vec<_> =
        findings.iter().map(|f| (f.kind, f.weight, f.line.unwrap_or_default())).collect();
    assert_eq!(found, expected, "{section}\n{findings:#?}");
    findings
}

#[test]
fn what_is_right_is_left_alone() {
    check(&with_list(GOOD), &[]);
    check("", &[]);
    check(r#"<defaultProxy useDefaultCredentials="true"/>"#, &[]);
    check(r#"<defaultProxy><proxy scriptLocation="http://w/p.pac"/></defaultProxy>"#, &[]);
}

#[test]
fn every_finding_has_its_line() {
    use LintKind::*;
    use LintWeight::*;
    for (section, expected) in [
        // Microsoft's own example: works, and matches a little more.
        (
            with_list(r#"<add address="df.westeurope.datafactory.azure.net"/>"#),
            &[(PatternTooWide, Note, 5)][..],
        ),
        (with_list(""), &[(PrivateViaProxy, Error, 3)]),
        // An invalid entry breaks everything, so no name is judged.
        (
            with_list(&format!("{GOOD}\n<add address=\"*.contoso.com\"/>")),
            &[(PatternInvalid, Error, 6)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\"^contoso\\.com$\"/>")),
            &[(PatternNeverMatches, Warning, 5)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\"contoso\\.com/\"/>")),
            &[(PatternNeverMatches, Warning, 5)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\"https://contoso\\.com:443\"/>")),
            &[(PatternNeverMatches, Warning, 5)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\"contoso.com\"/>")),
            &[(PatternTooWide, Warning, 5)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\".*\\.contoso\\.com\"/>")),
            &[(PatternTooWide, Warning, 5)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\".*\"/>")),
            &[(PatternTooWide, Warning, 5), (RelayBypassed, Warning, 3)],
        ),
        (
            with_list(&format!(
                "{GOOD}<add address=\"^https?://[^/:]+\\.servicebus\\.windows\\.net(:\\d+)?$\"/>"
            )),
            &[(RelayBypassed, Warning, 3)],
        ),
        (
            with_list(&format!(
                "{GOOD}<add address=\"[adfresourcename].[adfresourcelocation].datafactory.azure.net\"/>"
            )),
            &[(PatternPlaceholder, Error, 5)],
        ),
        (
            with_list(&format!("{GOOD}<add address=\"\\p{{IsGreek}}\"/>")),
            &[(PatternNotEvaluated, Note, 5)],
        ),
        (
            r#"<defaultProxy><proxy proxyaddress="p.contoso.com:3128"/></defaultProxy>"#.to_owned(),
            &[(AddressUnusable, Error, 3)],
        ),
        (
            r#"<defaultProxy><proxy proxyaddress="https://p:3128"/></defaultProxy>"#.to_owned(),
            &[(AddressUnusable, Error, 3)],
        ),
        (
            r#"<defaultProxy><proxy proxyaddress="http://p:0"/></defaultProxy>"#.to_owned(),
            &[(AddressUnusable, Error, 3)],
        ),
        (
            format!(
                "<defaultProxy><bypasslist>{GOOD}</bypasslist>\n<proxy proxyaddress=\"http://anna:geheim@p:1\"/></defaultProxy>"
            ),
            &[(Credentials, Warning, 4)],
        ),
        (
            format!(
                "<defaultProxy><bypasslist>{GOOD}</bypasslist>\n<proxy scriptLocation=\"http://w/p.pac\" proxyaddress=\"http://p:1\"/></defaultProxy>"
            ),
            &[(ScriptIgnored, Warning, 4)],
        ),
        (
            r#"<defaultProxy><module type="A, B"/></defaultProxy>"#.to_owned(),
            &[(DecidedElsewhere, Note, 3)],
        ),
        ("<defaultProxy>\n<bypassList/></defaultProxy>".to_owned(), &[(Refused, Error, 4)]),
    ] {
        for finding in check(&section, expected) {
            assert!(!finding.remedy.is_empty() && !finding.message.contains("geheim"));
        }
    }
}

#[test]
fn remedies_name_what_to_write() {
    let found = check(
        &with_list(&format!("{GOOD}<add address=\"*.contoso.com\"/>")),
        &[(LintKind::PatternInvalid, LintWeight::Error, 5)],
    );
    assert_eq!(found[0].remedy, r"write ^https?://[^/:]+\.contoso\.com(:\d+)?$");
    let found = check(&with_list(""), &[(LintKind::PrivateViaProxy, LintWeight::Error, 3)]);
    assert!(found[0].remedy.contains(r"df\.westeurope\.datafactory\.azure\.net"));
}

#[test]
fn files_that_disagree_are_told_apart_setting_by_setting() {
    let files = [
        read("diahost.exe.config", &with_list(GOOD)),
        read("diawp.exe.config", &with_list(GOOD).replace("p:3128", "q:3128")),
    ];
    let found = lint(&files, &names(), &LocalView::default());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].kind.cause(), Some(Cause::RouteConfigMismatch));
    assert_eq!(found[0].kind.cause().unwrap().severity(), Severity::Warn);
    assert_eq!(
        found[0].message,
        "the files disagree: proxyaddress is http://p:3128 in diahost.exe.config and \
         http://q:3128 in diawp.exe.config"
    );
    // Lines, and sections that are not there, make no difference by themselves.
    let files = [
        read("diahost.exe.config", &with_list(GOOD)),
        read("diawp.exe.config", &format!("\n\n{}", with_list(GOOD))),
    ];
    assert_eq!(lint(&files, &names(), &LocalView::default()), []);
    let files = [read("diahost.exe.config", &with_list(GOOD)), read("diawp.exe.config", "")];
    let found = lint(&files, &names(), &LocalView::default());
    assert!(found[0].message.contains("bypasslist is '^https"), "{found:#?}");
}

#[test]
fn xml_that_is_not_well_formed_is_found_with_line_and_column() {
    let files = [AgentProxy::parse("diawp.exe.config", "<configuration>\n  <a>\n</configuration>")];
    let found = lint(&files, &names(), &LocalView::default());
    assert_eq!(found[0].kind, LintKind::Unreadable);
    assert_eq!((found[0].line, found[0].column), (Some(3), Some(1)));
    assert_eq!(found[0].file, "diawp.exe.config");
}

#[test]
fn no_finding_repeats_a_password() {
    let script = |user: &str| {
        format!(
            "<defaultProxy><proxy scriptLocation=\"http://{user}@w/p.pac?token=Geheim\"/>\
             </defaultProxy>"
        )
    };
    let pattern = |address: &str| {
        format!(
            "<defaultProxy><bypasslist><add address=\"{address}\"/></bypasslist>\
             <proxy proxyaddress=\"http://p:1\"/></defaultProxy>"
        )
    };
    for (first, other, part) in [
        (
            script("svc:Geheim1"),
            script("svc:Geheim2"),
            "scriptLocation is http://***@w/p.pac?*** in diahost.exe.config and in \
             diawp.exe.config, and differs in a part that is not shown",
        ),
        (
            script("svc:Geheim1"),
            String::new(),
            "scriptLocation is http://***@w/p.pac?*** in diahost.exe.config and not given in",
        ),
        (pattern("http://u:Geheim@host("), String::new(), "'http://***@host(' is no regular"),
        (pattern("http://u:Geheim@a|[factory-name]"), pattern("x"), "bypasslist is 'http://***@a"),
        (pattern("http://u:Geheim@|."), String::new(), "'http://***@|.' matches every name"),
        (
            "<defaultProxy><module type=\"My.Proxy, Password=Geheim\"/></defaultProxy>".to_owned(),
            String::new(),
            "the module My.Proxy decides",
        ),
        (
            "<defaultProxy><module type=\"Password=Geheim\"/></defaultProxy>".to_owned(),
            String::new(),
            "a module decides",
        ),
    ] {
        let files = [read("diahost.exe.config", &first), read("diawp.exe.config", &other)];
        let findings = lint(&files, &names(), &LocalView::default());
        let messages: Vec<String> =
            findings.iter().map(|found| format!("{} {}", found.message, found.remedy)).collect();
        let messages = messages.join("\n");
        assert!(messages.contains(part), "{part}: {messages}");
        assert!(!messages.contains("Geheim"), "{messages}");
    }
}
