use std::collections::BTreeSet;

use super::*;

/// What an explanation is of: the codes, or the symptoms' titles.
fn of(text: &str) -> Vec<&'static str> {
    match explain(text) {
        Explanation::Causes(entries) | Explanation::Layer(entries) => {
            entries.iter().map(|entry| entry.cause.code()).collect()
        }
        Explanation::Symptoms(found) => found.iter().map(|one| one.symptom.title()).collect(),
        Explanation::Unknown { .. } => Vec::new(),
    }
}

#[test]
fn codes_explain_themselves() {
    for cause in Cause::ALL {
        assert_eq!(of(cause.code()), [cause.code()]);
        assert_eq!(of(&format!(" {} ", cause.code().to_uppercase())), [cause.code()]);
    }
    assert_eq!(of("tcp_timeout and then tls_reset"), ["tcp_timeout", "tls_reset"]);
}

#[test]
fn a_layer_lists_its_causes() {
    assert_eq!(of("tds"), ["tds_no_answer"]);
    assert_eq!(of("hold"), ["hold_idle_dropped", "hold_reset"]);
    assert!(of("dns").len() > 10);
    for layer in layers() {
        assert!(!of(layer).is_empty(), "{layer}");
    }
    assert!(layers().contains(&"proxy") && layers().contains(&"host"));
}

/// Texts as people paste them, and the symptom that must come first.
#[test]
fn texts_of_the_runtime_the_portal_and_the_system_are_known() {
    for (text, expected) in [
        ("Limited", "Limited"),
        ("Running (Limited)", "Limited"),
        ("Running", "Running"),
        ("Online", "Running"),
        ("Inactive", "Inactive"),
        ("NeedRegistration", "NeedRegistration"),
        ("not registered", "NeedRegistration"),
        ("Upgrading", "Upgrading"),
        ("Unable to connect to the remote server", "Unable to connect to the remote server"),
        (
            "Unable to connect to the remote server ---> System.Net.Sockets.SocketException: No \
             connection could be made because the target machine actively refused it \
             10.2.4.10:443",
            "10061",
        ),
        (
            "System.Net.WebException: The remote name could not be resolved: \
             'df.westeurope.datafactory.azure.net'",
            "The remote name could not be resolved",
        ),
        (
            "The underlying connection was closed: Could not establish trust relationship for the \
             SSL/TLS secure channel.",
            "Could not establish trust relationship for the SSL/TLS secure channel",
        ),
        (
            "An error occurred while sending the request. The underlying connection was closed: \
             An unexpected error occurred on a receive. Unable to read data from the transport \
             connection: An existing connection was forcibly closed by the remote host.",
            "An existing connection was forcibly closed by the remote host",
        ),
        (
            "Failed to register this Integration Runtime node! Confirm that the Authentication key \
             is valid and the integration service host service is running on this machine.",
            "Failed to register this Integration Runtime node",
        ),
        (
            "Failed to get service token from ADF service with key [Key] and time cost is: \
             28.6497341 seconds, the error code is: UnexpectedFault, activityId is: [Id] and \
             detailed error message is Processed HTTP request failed.",
            "UnexpectedFault",
        ),
        (
            "Failed to get service token from ADF service with key IR@guid@df@**** and time cost \
             is: 3.37 seconds, the error code is: UnexpectedFault, activityId is: 7399 and \
             detailed error message is An error occurred while sending the request.",
            "UnexpectedFault",
        ),
        (
            "Failed to get service token from ADF service with key IR@guid@df@****, the error code \
             is: InvalidGatewayKey, detailed error message is The authentication key is invalid.",
            "InvalidGatewayKey",
        ),
        (
            "Failed to get service token from ADF service, the error code is: InvalidGatewayKey \
             and detailed error message is Client IP address is not valid private ip Cause Data \
             factory couldn't determine the resource id",
            "Client IP address is not valid private ip",
        ),
        (
            "The Self-hosted Integration Runtime 'ir' is offline, last connect time is '11/21/2022 \
             04:23:29.828 UTC'",
            "Offline",
        ),
        (
            "The integration runtime node failed to connect to cloud service due to network \
             connectivity issue. failed to connect to we.frontend.clouddatahub.net",
            "failed to connect to cloud service",
        ),
        ("The remote server returned an error: (503) Server Unavailable.", "502"),
        ("The remote server returned an error: (403) Forbidden.", "403"),
        ("The remote server returned an error: (407) Proxy Authentication Required.", "407"),
        ("The operation has timed out", "The operation has timed out"),
        (
            "The SSL connection could not be established, see inner exception.",
            "The SSL connection could not be established, see inner exception",
        ),
        (
            "Received an unexpected EOF or 0 bytes from the transport stream.",
            "Received an unexpected EOF or 0 bytes from the transport stream",
        ),
        ("SocketException (10060): connection attempt failed", "10060"),
        (
            "*** dc1.contoso.local can't find contoso-adf.westeurope.datafactory.azure.net: Server \
          failed",
            "11002",
        ),
        ("DNS request timed out.\n    timeout was 2 seconds.", "11002"),
        ("** server can't find a.servicebus.windows.net: SERVFAIL", "11002"),
        (";; connection timed out; no servers could be reached", "11002"),
        ("Error: getaddrinfo EAI_AGAIN wu-relay.servicebus.windows.net", "11002"),
        (
            "Error: getaddrinfo ENOTFOUND wu-relay.servicebus.windows.net",
            "The remote name could not be resolved",
        ),
        ("WinHttpGetProxyForUrl: 0x80072EE7", "The remote name could not be resolved"),
        ("System.Threading.Tasks.TaskCanceledException", "The operation has timed out"),
        ("timed out", "timed out"),
        ("10061", "10061"),
        (
            "An attempt was made to access a socket in a way forbidden by its access permissions",
            "10013",
        ),
        ("A socket operation was attempted to an unreachable network", "10051"),
        ("A socket operation was attempted to an unreachable host", "10065"),
        ("WSAECONNRESET", "An existing connection was forcibly closed by the remote host"),
        ("the revocation server was offline", "revocation server was offline"),
        (
            "The remote certificate is invalid according to the validation procedure: \
             RevocationStatusUnknown",
            "revocation server was offline",
        ),
        (
            "Ip has been prevented to connect to the endpoint",
            "Ip has been prevented to connect to the endpoint",
        ),
        (
            "Error creating the Web Proxy specified in the 'system.net/defaultProxy' configuration \
             section.",
            "Error creating the Web Proxy specified in the",
        ),
        (
            "Registration of new node is forbidden when Remote Access is disabled on another node.",
            "Registration of new node is forbidden when Remote Access is disabled",
        ),
        (
            "Unable to connect to other Integration Runtime (Self-hosted) nodes",
            "Unable to connect to other Integration Runtime",
        ),
        (
            "Service 'Integration Runtime Service' (DIAHostService) failed to start. Verify that \
             you have sufficient privileges to start system services.",
            "failed to start. Verify that you have sufficient privileges",
        ),
        (
            "Could not connect to net.tcp://node2:8060/ExternalService.svc/WorkerManager. TCP \
             error code 10061: No connection could be made because the target machine actively \
             refused it",
            "10061",
        ),
        (
            "Cannot open server 'contoso' requested by the login. Client with IP address \
             '20.0.0.1' is not allowed to access the server. (Error 40615)",
            "40615",
        ),
        (
            "A network-related or instance-specific error occurred while establishing a connection \
             to SQL Server.",
            "A network-related or instance-specific error occurred while establishing a connection \
             to SQL Server",
        ),
        ("TcpTestSucceeded : False", "TcpTestSucceeded : False"),
        ("key rotation", "key rotation"),
        ("Log on as a service", "failed to start. Verify that you have sufficient privileges"),
        ("0x8009030D", "0x8009030D"),
    ] {
        let found = of(text);
        assert_eq!(found.first(), Some(&expected), "{text}: {found:?}");
    }
}

/// Words that stand in sentences of all kinds are no answer of a name server, no TLS, no relay.
#[test]
fn a_wording_does_not_match_in_sentences_about_something_else() {
    for (text, expected) in [
        ("The connection to the proxy server failed.", &[][..]),
        ("Login to SQL server failed", &[]),
        ("SSL handshake with server failed", &[]),
        ("A request to the remote server failed: 407", &["407"]),
        ("The Service Bus server failed with (401) Unauthorized", &["401"]),
        (
            "Sending heartbeat to server failed. The operation has timed out",
            &["The operation has timed out"],
        ),
        (
            "Unable to connect to the remote server. Failed to connect to \
             we.frontend.clouddatahub.net",
            &["failed to connect to cloud service", "Unable to connect to the remote server"],
        ),
        ("cannot reach the name server. Failed over", &[]),
        ("The HTTP protocol version is 1.1", &[]),
        ("Access to C:\\in: Permission denied", &["Permission denied"]),
        ("Message dropped: the queue was full", &[]),
        ("Client with IP address 10.0.0.4 signed in", &[]),
        ("SqlErrorNumber=208, Invalid object name", &["SqlErrorNumber"]),
        ("The copy failed due to network connectivity issue", &[]),
        ("Connected to Azure Relay", &["Azure Relay", "Running"]),
        (
            "System.UnauthorizedAccessException: Access to the path 'D:\\in' is denied",
            &["UnauthorizedAccessException"],
        ),
        ("type=\"traffic\" action=\"deny\"", &["Action: Deny"]),
        ("Failed to execute the command: SELECT 1", &["Failed to execute the command"]),
    ] {
        assert_eq!(of(text), expected, "{text}");
        let status =
            |title: &&str| symptoms().any(|one| one.title() == *title && one.rank == Rank::Status);
        // A log may count what failed: there the words before do not announce a code.
        let is_fault = expected != ["407"] && !expected.iter().all(status);
        assert_eq!(meaning(text).is_some(), is_fault, "{text}");
    }
}

/// Whose connection failed is said by the name.
#[test]
fn what_failed_to_connect_is_told_by_the_name() {
    let relay = "Cannot connect to Integration Runtime through service bus";
    let control = "failed to connect to cloud service";
    for (text, expected) in [
        (
            "The Integration Runtime failed to connect to \
             wss://wu-relay-01.servicebus.windows.net:443/$servicebus/websocket.",
            relay,
        ),
        ("failed to connect to cr.servicebus.chinacloudapi.cn", relay),
        ("failed to connect to we.frontend.clouddatahub.net", control),
        ("Failed to connect to contoso.chinaeast2.datafactory.azure.cn (40.1.1.1:443)", control),
        ("failed to connect to contoso.blob.core.windows.net", "failed to connect to"),
        ("failed to connect to login.microsoftonline.com", "failed to connect to"),
        (
            "failed to connect to contoso.blob.core.windows.net, then to \
             wu-relay-01.servicebus.windows.net",
            "failed to connect to",
        ),
        (
            "failed to connect to 10.0.0.5:3128; a.servicebus.windows.net is not asked",
            "failed to connect to",
        ),
    ] {
        assert_eq!(of(text), [expected], "{text}");
    }
}

/// Ports, counts and durations are no codes, whatever they are.
#[test]
fn a_number_is_a_code_where_it_can_be_one() {
    for (text, expected) in [
        ("The operation has timed out. at 10.0.0.5:11002", "The operation has timed out"),
        (
            "contoso.database.windows.net:11001 (redirect) The operation has timed out",
            "The operation has timed out",
        ),
        (
            "error 407 bytes read in 10061 ms: Unable to connect to the remote server",
            "Unable to connect to the remote server",
        ),
        (
            "we.frontend.clouddatahub.net Unable to connect to the remote server (407 ms)",
            "Unable to connect to the remote server",
        ),
        ("The transfer is done without error. 10060 of 10060 rows: timed out", "timed out"),
    ] {
        assert_eq!(of(text), [expected], "{text}");
    }
    for (text, expected) in [
        ("(10061)", "10061"),
        ("error:10061", "10061"),
        ("10060: nothing answered", "10060"),
        ("HTTP/1.1 407", "407"),
        ("WebSocket handshake failed: 403", "403"),
        ("curl: (56) Received HTTP code 407 from proxy after CONNECT", "407"),
        ("Response status code does not indicate success: 429 (Too Many Requests)", "429"),
        ("winhttp 12007", "The remote name could not be resolved"),
        ("port 8060", "8060"),
        ("cannot reach node2:8060", "8060"),
        ("TCP 1433", "1433"),
    ] {
        assert_eq!(of(text), [expected], "{text}");
    }
}

/// What may be forwarded of a text means what the whole text does.
#[test]
fn known_words_mean_the_same() {
    let wordings: Vec<&str> = symptoms().flat_map(|one| one.texts).copied().collect();
    let mut n_known = 0;
    for (index, wording) in wordings.iter().enumerate() {
        let other = wordings[(index * 7 + 3) % wordings.len()];
        for text in [
            (*wording).to_owned(),
            format!("node-7: error {wording} at 10.0.0.5:11002"),
            format!("{wording} contoso {other}"),
            format!("{wording}. Failed {other}"),
            format!("{wording} ---> code {other}: contoso.servicebus.windows.net"),
        ] {
            let Some(known) = known_words(&text) else { continue };
            n_known += 1;
            assert_eq!(meaning(&known), meaning(&text), "{text}: {known}");
            assert_eq!(known_words(&known).as_ref(), Some(&known), "{text}");
        }
    }
    assert!(n_known > wordings.len() * 4, "{n_known} of {}", wordings.len() * 5);
}

/// What stands in front of a reason is not shown beside it.
#[test]
fn only_the_most_specific_part_decides() {
    let text = "Failed to get service token from ADF service, the error code is: UnexpectedFault \
                and detailed error message is An error occurred while sending the request.";
    assert_eq!(of(text), ["UnexpectedFault"]);
    assert_eq!(of("the revocation server was offline").len(), 1);
}

#[test]
fn the_words_that_were_asked_are_the_title() {
    let Explanation::Symptoms(found) = explain("serviceBusConnected: False") else {
        panic!("it is known")
    };
    assert_eq!(found[0].text, "serviceBusConnected");
}

#[test]
fn words_are_whole_words() {
    assert!(of("unlimited").is_empty());
    assert!(of("1006012").is_empty());
    assert!(of("").is_empty());
}

#[test]
fn what_is_nearest_is_suggested() {
    let near = |text: &str| match explain(text) {
        Explanation::Unknown { suggestions } => suggestions,
        known => panic!("{text} is known: {known:?}"),
    };
    assert_eq!(near("tcp_timout").first(), Some(&"tcp_timeout"));
    assert_eq!(near("need registraton").first(), Some(&"need registration"));
    assert_eq!(near("zebra crossing").len(), 3);
}

#[test]
fn every_symptom_says_what_to_check() {
    for symptom in symptoms() {
        assert!(!symptom.checks.is_empty(), "{}", symptom.title());
        assert!(symptom.meaning.ends_with('.'), "{}", symptom.title());
        assert!(!symptom.source.is_empty(), "{}", symptom.title());
        for text in symptom.texts {
            assert!(normalise(text).trim().len() > 2, "{text} would be found everywhere");
        }
    }
}

#[test]
fn no_words_belong_to_two_symptoms_and_there_are_many() {
    let texts: Vec<_> =
        symptoms().flat_map(|symptom| symptom.texts).map(|t| normalise(t)).collect();
    let distinct: BTreeSet<_> = texts.iter().collect();
    assert_eq!(texts.len(), distinct.len());
    assert!(texts.len() >= 150, "{} texts", texts.len());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in ".{0,300}") {
        let _ = explain(&text);
    }
}

/// What the runtime logs of its work is no fault of the network, whatever it holds of numbers.
#[test]
fn a_line_of_a_log_is_explained_where_it_tells_of_a_fault() {
    for line in [
        "The number of concurrent jobs on this node is limited to 4.",
        "Disk D: went offline and was brought online again",
        "Copy activity 429 finished, rows read 500, rows skipped 403",
        "Job 407 was cancelled by user",
        "The worker process is initializing",
        "Connection pool for 10060 rows exhausted",
        "Credentials are inactive for user sa",
        "File C:\\data\\502.csv not found",
        "The source returned 10061 rows",
    ] {
        assert_eq!(meaning(line), None, "{line}");
    }
    for line in [
        "Unable to connect to the remote server",
        "the error code is: UnexpectedFault, activityId is: x",
        "SocketException (10060)",
        "The remote server returned an error: (407)",
        "The request failed with HTTP status 502",
        "the error code is 11002",
    ] {
        assert!(meaning(line).is_some(), "{line}");
    }
}
