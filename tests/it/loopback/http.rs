//! What HTTP servers and middleboxes say.

/// The root of a relay namespace without a token.
pub(crate) fn relay_feed() -> Vec<u8> {
    page(
        "200 OK",
        "Content-Type: application/atom+xml;type=feed;charset=utf-8\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">Publicly Listed Services\
         </title><generator>Service Bus 1.1</generator></feed>",
    )
}

/// A gateway's refusal.
pub(crate) fn block_page() -> Vec<u8> {
    page(
        "403 Forbidden",
        "Content-Type: text/html\r\nServer: FortiGate\r\n",
        "<html><head><title>Web Page Blocked!</title></head><body>FortiGuard Intrusion Prevention\
         </body></html>",
    )
}

/// An answer with a length. `fields` end with a line break each.
pub(crate) fn page(status: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// An answer in the chunked coding, `chunk` bytes at a time.
pub(crate) fn chunked(body: &str, chunk: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in body.as_bytes().chunks(chunk) {
        answer.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        answer.extend(piece);
        answer.extend(b"\r\n");
    }
    answer.extend(b"0\r\n\r\n");
    answer
}
