//! The answers of Azure Relay to a request without a token for the root of a namespace (Microsoft,
//! service-bus-troubleshooting-guide; relay-hybrid-connections-protocol).

use crate::model::HttpAnswer;

/// Every word that is looked for below, lower case.
pub(super) const WORDS: &[&str] = &[
    "publicly listed services",
    "<generator>service bus",
    "trackingid",
    ADDRESS_REFUSED,
    "microsoft-httpapi",
];

const ADDRESS_REFUSED: &str = "ip has been prevented to connect";

/// Whether a relay namespace sent `answer`: its Atom feed, or an error with a tracking id.
pub(super) fn is_relay(answer: &HttpAnswer) -> bool {
    let has = |needle| contains(&answer.body, needle);
    has("publicly listed services")
        || has("<generator>service bus")
        || has_tracking_id(answer)
        || is_address_refused(answer)
        // http.sys answers for the relay while the relay itself is not up.
        || (answer.status >= 500
            && answer.header("Server").is_some_and(|server| contains(server, "microsoft-httpapi")))
}

/// Whether `answer` has a relay's tracking id, in its body, reason or header.
pub(super) fn has_tracking_id(answer: &HttpAnswer) -> bool {
    contains(&answer.body, "trackingid")
        || contains(&answer.reason, "trackingid")
        || answer.header("TrackingId").is_some()
}

/// Whether the IP filter of the namespace refuses this host's public address. The network works
/// then, and the namespace is configured so.
pub(super) fn is_address_refused(answer: &HttpAnswer) -> bool {
    contains(&answer.body, ADDRESS_REFUSED) || contains(&answer.reason, ADDRESS_REFUSED)
}

/// Whether `text` contains `needle`, which is lower-case ASCII, in any case.
pub(super) fn contains(text: &str, needle: &str) -> bool {
    // The first byte alone rules out most offsets.
    text.as_bytes().windows(needle.len()).any(|window| {
        window[0].to_ascii_lowercase() == needle.as_bytes()[0]
            && window.eq_ignore_ascii_case(needle.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, reason: &str, server: &str, body: &str) -> HttpAnswer {
        HttpAnswer {
            status,
            reason: reason.to_owned(),
            headers: vec![("Server".to_owned(), server.to_owned())],
            body: body.to_owned(),
            is_cut: false,
        }
    }

    #[test]
    fn a_relay_is_known_by_its_documented_answers() {
        for (case, expected) in [
            (
                answer(
                    200,
                    "OK",
                    "Microsoft-HTTPAPI/2.0",
                    "<feed><title type=\"text\">Publicly Listed Services</title>",
                ),
                true,
            ),
            (answer(200, "OK", "", "<generator>Service Bus 1.1</generator>"), true),
            (
                answer(
                    400,
                    "Bad Request",
                    "",
                    "<Error><Code>400</Code><Detail>… TrackingId:0f2c_G1, …</Detail></Error>",
                ),
                true,
            ),
            (answer(401, "MissingToken: … TrackingId:5a, Timestamp:…", "", ""), true),
            (
                answer(
                    401,
                    "Unauthorized",
                    "",
                    "<Detail>Ip has been prevented to connect to the endpoint</Detail>",
                ),
                true,
            ),
            (answer(503, "Service Unavailable", "Microsoft-HTTPAPI/2.0", ""), true),
            (answer(404, "Not Found", "Microsoft-HTTPAPI/2.0", ""), false),
            (answer(401, "Unauthorized", "nginx", "<html>401</html>"), false),
            (answer(200, "OK", "nginx", "Welcome to nginx!"), false),
        ] {
            assert_eq!(is_relay(&case), expected, "{case:?}");
        }
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        assert!(contains("xTRACKINGidx", "trackingid"));
        assert!(!contains("tracking", "trackingid"));
        assert!(!contains("", "a"));
    }
}
