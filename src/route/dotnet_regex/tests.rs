use proptest::prelude::*;

use super::*;

#[test]
fn patterns_match_as_in_dotnet() {
    const URL: &str = "https://df.westeurope.datafactory.azure.net";
    for (pattern, text, expected) in [
        // Unanchored, whatever the case, a dot for any sign.
        ("DataFactory.Azure", URL, true),
        ("datafactoryXazure", URL, false),
        (r"^https://df\.", URL, true),
        (r"^df\.", URL, false),
        (r"azure\.net$", URL, true),
        (r"azure\.net\Z", URL, true),
        (r"\Ghttps", URL, true),
        (r"https\:\/\/df", URL, true),
        // Alternation, groups, lazy and counted quantifiers.
        (r"(one|we[st]{2}europe)", URL, true),
        (r"we?.*?europe", URL, true),
        (r"t{1,2}p", URL, true),
        (r"t{3,}p", URL, false),
        (r"(?:https?)://(?<host>df)\.", URL, true),
        (r"(?'host'df)\.", URL, true),
        (r"(d)f.*\1ata", URL, true),
        (r"(?<x>d)f.*\k<x>ata", URL, true),
        (r"^(?!.*datafactory).*$", URL, false),
        (r"(?<=https://)df", URL, true),
        (r"(?<!x)df(?#the factory)\.", URL, true),
        (r"(?i)DF", URL, true),
        (r"(?-i)DF", URL, false),
        (r"(?-i:DF)|europe", URL, true),
        // Classes: a bracket, an ampersand, a tilde in a set are signs.
        (r"[^a-z]//[a-f]+\.", URL, true),
        (r"[]d]f", URL, true),
        (r"a[[x]b", "a[b", true),
        (r"a[x&&y]b", "a&b", true),
        (r"a[x~~y]b", "axb", true),
        (r"a[\-\]\d]b", "a-b", true),
        (r"a[\b]b", "a\u{8}b", true),
        (r"[-a]b", "-b", true),
        (r"[a-]b", "-b", true),
        // A '-' after a class of its own is a sign; so is one that is escaped.
        (r"^[\w-.]+\.contoso\.com$", "a-b.c.contoso.com", true),
        (r"^[\w-.]+\.contoso\.com$", "a/b.contoso.com", false),
        (r"^https?://[\w-\.]+\.datafactory\.azure\.net$", URL, true),
        (r"^[\d-.]+$", "10.0-1", true),
        (r"^[\w-.]+$", "a+b", false),
        (r"^[\p{L}-x]+$", "é-x", true),
        (r"^[\w--z]+$", "a/b", true),
        (r"^[a-\-z]+$", "m-", true),
        (r"^[a-\-]$", "a", false),
        ("^[+--]+$", "+,-", true),
        (r"^[\x41-\u0043]+$", "ABC", true),
        (r"[[:alpha:]x]b", "[b", true),
        (r"[[:alpha:]x]b", "ab", false),
        // Octal past the groups there are, a group where there is one.
        (r"^\1011$", "A1", true),
        (r"^(a)\1$", "aa", true),
        (r"^(a)(?:b)\11$", "ab\t", true),
        (r"^(?<n>a)(b)\1\2$", "abba", true),
        (r"^(?<n>a)\<n>$", "aa", true),
        (r"\c[", "\u{1b}", true),
        (r"(?I)df", URL, true),
        // Escapes that differ.
        (r"a\<b\>", "a<b>", true),
        (r"\x64f\u002E", URL, true),
        (r"\e\a\cA\012", "\u{1b}\u{7}\u{1}\n", true),
        (r"\p{L}+\P{Lu}", URL, true),
        // Braces that count nothing, brackets that close nothing.
        ("a{b}", "a{b}", true),
        ("a{,2}", "a{,2}", true),
        ("a]", "a]", true),
        ("a#b ~&-", "a#b ~&-", true),
        ("", URL, true),
        ("bücher", "https://BÜCHER.example", true),
    ] {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        assert_eq!(compiled.is_match(text), Ok(expected), "{pattern} on {text}");
    }
}

#[test]
fn what_dotnet_refuses_is_refused() {
    for (pattern, part) in [
        ("*.contoso.com", "'*' stands after nothing"),
        ("+a", "after nothing"),
        ("a|*", "after nothing"),
        ("(?:*)", "after nothing"),
        ("{2}a", "after nothing"),
        ("a**", "after another quantifier"),
        ("a*+", "after another quantifier"),
        ("a{2}{3}", "after another quantifier"),
        ("a{3,2}", "downwards"),
        ("(a", "'(' without ')'"),
        ("a)", "')' without '('"),
        ("[a", "'[' without ']'"),
        ("[]", "'[' without ']'"),
        ("[z-a]", "downwards"),
        ("a\\", "single"),
        (r"\q", "no escape"),
        (r"\_", "no escape"),
        (r"\x6", "hexadecimal"),
        (r"\u12", "hexadecimal"),
        (r"\pL", "without {name}"),
        (r"\p{Nonsense}", "no Unicode category"),
        (r"\1", "no group 1"),
        (r"(a)\2", "no group 2"),
        (r"\80", "no escape"),
        (r"\k<none>", "no group 'none'"),
        (r"\<none>", "no group 'none'"),
        ("(?<a b>c)", "no name of a group"),
        ("(?<1a>c)", "no name of a group"),
        ("(?<0>c)", "no name of a group"),
        ("(?<>c)", "no name of a group"),
        (r"[a-\d]", "a range ends with"),
        (r"[.-\w]", "a range ends with"),
        ("(?P<name>a)", "opens no known group"),
        ("(?|a)", "opens no known group"),
        ("(?", "opens no known group"),
        ("(?<n", "no end"),
    ] {
        match Pattern::compile(pattern) {
            Err(PatternFault::Invalid(reason)) => {
                assert!(reason.contains(part), "{pattern}: {reason}");
            }
            other => panic!("{pattern}: {other:?}"),
        }
    }
}

#[test]
fn what_only_dotnet_knows_is_given_up_and_not_misread() {
    for pattern in [
        r"\p{IsBasicLatin}+",
        "[a-z-[aeiou]]",
        "(?<open-close>a)",
        "(?(a)b|c)",
        "(?n)(a)",
        "(?x) a",
        "(?!x)+a",
        "(?<=x)?a",
        r"(?<1>a)\1",
        "(?+i)a",
        "((a{1000}){1000}){1000}",
    ] {
        let found = Pattern::compile(pattern);
        assert!(matches!(found, Err(PatternFault::Unsupported(_))), "{pattern}: {found:?}");
    }
}

#[test]
fn backtracking_without_bound_is_given_up() {
    let pattern = Pattern::compile(r"^(?:(\w+)\s?)*\1!$").unwrap();
    assert_eq!(pattern.is_match(&"a".repeat(60)), Err(GaveUp));
}

proptest! {
    #[test]
    fn no_pattern_panics(wild in "\\PC{0,30}", plausible in "[a-c.*+?|(){}\\[\\]^$\\\\<>:=!#0-9,&~-]{0,30}") {
        for text in [wild, plausible] {
            if let Ok(pattern) = Pattern::compile(&text) {
                let _ = pattern.is_match("https://a.b.c:80");
            }
        }
    }

    #[test]
    fn an_escaped_name_matches_itself_alone(name in "[a-z]{1,6}(\\.[a-z-]{1,6}){1,3}", other in "[a-z.]{1,12}") {
        let pattern = format!("^https://{}$", name.replace('.', r"\."));
        let pattern = Pattern::compile(&pattern).unwrap();
        prop_assert_eq!(pattern.is_match(&format!("https://{name}")), Ok(true));
        prop_assert_eq!(pattern.is_match(&format!("https://{other}")), Ok(other == name));
    }
}
