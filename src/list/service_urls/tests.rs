use proptest::prelude::*;

use super::*;
use crate::files;

fn names(urls: &ServiceUrls) -> Vec<String> {
    urls.urls
        .iter()
        .map(|url| match url.port {
            Some(port) => format!("{}:{port}", url.host),
            None => url.host.to_string(),
        })
        .collect()
}

#[test]
fn every_shape_is_read() {
    let arm = r#"{"name": "ir", "properties": {"type": "SelfHosted", "typeProperties":
        {"serviceRegion": "EU", "serviceUrls": [null, "a.net", "*.b.net", ""],
         "selfContainedInteractiveAuthoringEnabled": true}}}"#;
    let az = r#"{"properties": {"serviceUrls": ["a.net"], "serviceRegion": "wu2",
        "selfContainedInteractiveAuthoringEnabled": "False"}}"#;
    let several = format!("{{\"value\": [{arm}, {az}, {arm}]}}");
    for (text, expected, regions, self_contained, n_notes) in [
        (arm, &["a.net", "*.b.net"][..], &["eu"][..], Some(true), 1),
        (az, &["a.net"], &["wu2"], Some(false), 0),
        (
            &several,
            &["a.net", "*.b.net", "a.net", "a.net", "*.b.net"],
            &["eu", "wu2"],
            Some(false),
            1,
        ),
        (r#"{"serviceUrls": ["a.net"]}"#, &["a.net"], &[], None, 0),
        (r#"{"typeProperties": {"serviceUrls": ["a.net"]}}"#, &["a.net"], &[], None, 0),
        ("\u{feff}[\"a.net\", null]", &["a.net"], &[], None, 1),
        (r#"[{"serviceUrls": ["a.net"]}]"#, &["a.net"], &[], None, 0),
        (r#"{"serviceUrls": null}"#, &[], &[], None, 2),
        (r#"{"serviceUrls": []}"#, &[], &[], None, 1),
        (
            "\u{feff}# from the portal\r\n https://A.net/ \r\n\r\nb.net:5671, c.net; # both\nnull\n",
            &["a.net", "b.net:5671", "c.net"],
            &[],
            None,
            1,
        ),
        ("\"a.net\",\n\"*.b.net\"", &["a.net", "*.b.net"], &[], None, 0),
        ("https://a.net/#/path, b.net", &["a.net", "b.net"], &[], None, 0),
    ] {
        let urls = parse(text, "urls").unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(names(&urls), expected, "{text}");
        assert_eq!(urls.service_regions, regions, "{text}");
        assert_eq!(urls.is_self_contained, self_contained, "{text}");
        assert_eq!(urls.notes.len(), n_notes, "{text}: {:?}", urls.notes);
    }
}

#[test]
fn what_is_wrong_names_its_place() {
    for (text, expected) in [
        ("", "urls holds no names"),
        ("# nothing\n\n", "urls holds no names"),
        (
            "a.net\nb c.net\n*x.net",
            concat!(
                "urls: line 2: 'b c.net' holds ' ', which no host name may hold\n",
                "urls: line 3: '*x.net' holds '*', which no host name may hold"
            ),
        ),
        ("a.net:0", "urls: line 1: '0' is no port"),
        ("a.net:65536", "urls: line 1: '65536' is no port"),
        ("[\"a.net\", 1]", "urls: serviceUrls[1]: found a number; expected a name"),
        ("[\"a.net\",\n", "urls:2:0: not JSON: EOF while parsing a value"),
        ("{\"a\": }", "urls:1:7: not JSON: expected value"),
        ("{}", "urls: found an object; expected `serviceUrls`"),
        ("{\"properties\": {\"state\": \"Online\"}}", "urls: found an object with properties;"),
        ("{\"serviceUrls\": \"a.net\"}", "urls: found a string;"),
        ("{\"value\": [1]}", "urls: found a number;"),
        (
            "{\"error\": {\"code\": \"AuthorizationFailed\"}}",
            "error of Azure (AuthorizationFailed)",
        ),
    ] {
        let error = parse(text, "urls").unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_key_given_by_mistake_is_not_repeated() {
    for text in ["IR@1@adf@ServiceEndpoint=a.x.net@hunter2=", "{\"authKey1\": \"hunter2\"}"] {
        let error = parse(text, "urls").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn a_connection_string_given_by_mistake_is_not_repeated() {
    let namespace = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=R;";
    for (text, place) in [
        (format!("a.net\n{namespace}SharedAccessKey=hunter2="), "line 2: column 1: "),
        ("a.net; Key=hunter2/x".to_owned(), "line 1: column 8: "),
        ("Pwd='a;hunter2'".to_owned(), "line 1: column 1: "),
        ("- AccountKey = hunter2==".to_owned(), "line 1: column 3: "),
        (serde_json::json!(["Key=hunter2"]).to_string(), "serviceUrls[0]: column 1: "),
    ] {
        let error = parse(&text, "urls").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.starts_with(&format!("urls: {place}this looks like a conn")), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("SharedAccess"), "{shown}");
    }
    let urls = parse("https://a.net/p?x=1\nb.net:443?sig=x", "urls").unwrap();
    assert_eq!(names(&urls), ["a.net", "b.net:443"]);
}

/// As they are copied out of tickets and portals.
#[test]
fn headings_and_bullets_are_read_over() {
    let text = "Service URLs\n- ns.servicebus.windows.net\n* *.servicebus.windows.net\n\
        • we.frontend.clouddatahub.net\n1. a.contoso.com\n2) b.contoso.com\n10.0.0.1\nDomain names:\n";
    let urls = parse(text, "urls").unwrap();
    assert_eq!(
        names(&urls),
        [
            "ns.servicebus.windows.net",
            "*.servicebus.windows.net",
            "we.frontend.clouddatahub.net",
            "a.contoso.com",
            "b.contoso.com",
            "10.0.0.1",
        ]
    );
    assert_eq!(
        urls.notes,
        [
            "urls: line 1: 'Service URLs' is a heading: ignored",
            "urls: line 8: 'Domain names:' is a heading: ignored",
        ]
    );
}

#[test]
fn an_authentication_key_is_sent_to_its_own_option() {
    let key = "IR@11-22@contoso@ServiceEndpoint=contoso.eastus.datafactory.azure.net@hunter2=";
    for text in [
        key.to_owned(),
        format!("ns.servicebus.windows.net\n  {key}\n"),
        format!("key: {key}"),
        "IR@11-22@contoso@we@hunter2+/=".to_owned(),
        serde_json::json!([key]).to_string(),
    ] {
        let error = parse(&text, "urls").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("--auth-key"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("11-22"), "{shown}");
    }
}

#[test]
fn depth_size_and_number_are_bounded() {
    assert!(matches!(parse(&"[".repeat(1 << 20), "urls"), Err(ServiceUrlsError::Json { .. })));
    let large = "a".repeat(MAX_INPUT_BYTES + 1);
    assert!(matches!(parse(&large, "urls"), Err(ServiceUrlsError::TooLarge { .. })));
    let many = "a\n".repeat(MAX_NAMES + 1);
    assert!(matches!(parse(&many, "urls"), Err(ServiceUrlsError::TooMany { .. })));
    let wrong = parse(&"a b\n".repeat(1000), "urls").unwrap_err().to_string();
    assert_eq!(wrong.lines().count(), 20);
}

#[test]
fn recorded_answers_are_read() {
    for (bytes, n_urls, first, region, self_contained) in [
        (
            include_bytes!("../../../tests/data/runtime-status/synapse-get-status-1.arm.json")
                .as_slice(),
            258,
            "amsprodeu2euap.servicebus.windows.net",
            "eu2euap",
            None,
        ),
        (
            include_bytes!("../../../tests/data/runtime-status/adf-get-status-1.arm.json"),
            1,
            "examplefavv45gerdv.eastus.datafactory.azure.net",
            "eu",
            Some(false),
        ),
    ] {
        let urls = parse(&files::decode(bytes.to_vec()).unwrap(), "status").unwrap();
        assert_eq!((urls.urls.len(), names(&urls)[0].as_str()), (n_urls, first));
        assert_eq!(urls.service_regions, [region]);
        assert_eq!(urls.is_self_contained, self_contained);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", likely in "[\\[\\]{}\",: #*./\na-c0-9]*") {
        let _ = parse(&text, "urls");
        let _ = parse(&likely, "urls");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = files::decode(bytes) {
            let _ = parse(&text, "urls");
        }
    }
}
