//! nginx for every row that a web server can play.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::faults::BLOCK_PAGE;
use super::network::{destinations, is_v6};
use super::pki::{Leaf, Pki};
use super::situation::{Answer, Destination, Service, Situation};

/// A backend that accepts and never answers; it listens for nginx alone.
pub(super) const SILENT_BACKEND: &str = "127.0.0.1:9001";

/// A backend whose clock is fast; it listens for nginx alone.
pub(super) const BACKEND_AHEAD: &str = "127.0.0.1:9002";

/// nginx's configuration.
pub(super) fn create(folder: &Path, pki: &Pki) -> Result<PathBuf, String> {
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration(folder, pki))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Where nginx notes its process id, once its sockets listen.
pub(super) fn pid_file(folder: &Path) -> PathBuf {
    folder.join("nginx.pid")
}

/// nginx's configuration up to its servers.
pub(super) fn preamble(folder: &Path) -> String {
    let here = folder.display();
    format!(
        "user root;\nworker_processes 1;\npid {};\nerror_log {here}/nginx.log;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\naccess_log off;\nserver_tokens off;\nserver_names_hash_bucket_size 128;\n\
         client_body_temp_path {here}/body;\nproxy_temp_path {here}/proxy;\n\
         fastcgi_temp_path {here}/fastcgi;\nuwsgi_temp_path {here}/uwsgi;\n\
         scgi_temp_path {here}/scgi;\n",
        pid_file(folder).display()
    )
}

fn configuration(folder: &Path, pki: &Pki) -> String {
    let mut text = preamble(folder);
    let mut seen = BTreeSet::new();
    for (row, destination) in destinations() {
        // A name with two addresses is one server with two sockets.
        if let Some(body) = server(row, destination, pki)
            && seen.insert((row.host, destination.address))
        {
            let address = if is_v6(destination.address) {
                format!("[{}]:{}", destination.address, row.port)
            } else {
                format!("{}:{}", destination.address, row.port)
            };
            let tls = if matches!(destination.service, Service::Clear(_)) { "" } else { " ssl" };
            let _infallible = writeln!(
                text,
                "server {{\nlisten {address}{tls};\nserver_name {};\n{body}}}",
                row.host
            );
        }
    }
    text + "}\n"
}

/// The inside of a server block; `None` for what nginx does not play.
fn server(row: &Situation, destination: &Destination, pki: &Pki) -> Option<String> {
    let certificate = |leaf| certificate(pki, leaf);
    match destination.service {
        Service::Nobody | Service::Fault(_) => None,
        Service::Web(leaf, answer) => Some(certificate(leaf) + &location(row.host, answer)),
        Service::Clear(answer) => Some(location(row.host, answer)),
        Service::WebRejects => Some("ssl_reject_handshake on;\n".to_owned()),
        // OpenSSL 3 signs nothing below TLS 1.2 at its own security level.
        Service::WebOld => Some(
            certificate(Leaf::Public)
                + "ssl_protocols TLSv1.1;\nssl_ciphers \"DEFAULT:@SECLEVEL=0\";\n",
        ),
    }
}

/// nginx's lines for the certificate to show.
pub(super) fn certificate(pki: &Pki, leaf: Leaf) -> String {
    format!(
        "ssl_certificate {};\nssl_certificate_key {};\n",
        pki.chain(leaf).display(),
        pki.key(leaf).display()
    )
}

/// What nginx answers as `host`.
pub(super) fn location(host: &str, answer: Answer) -> String {
    let said = |status: u16, kind: &str, body: &str| {
        format!("default_type {kind};\nreturn {status} '{body}';")
    };
    let inside = match answer {
        Answer::Relay => said(
            200,
            "application/atom+xml",
            &format!(
                "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"text\">Publicly Listed \
                 Services</title><subtitle type=\"text\">This is the list of publicly-listed \
                 services currently available.</subtitle><id>uuid:5d8f2c9e;id=4711</id>\
                 <updated>2026-11-01T00:00:00Z</updated><generator>Service Bus 1.1</generator>\
                 <link rel=\"self\" href=\"https://{host}/\"/></feed>"
            ),
        ),
        Answer::RelayError => said(
            500,
            "application/xml",
            &format!(
                "<Error><Code>500</Code><Detail>The service was unable to process the request; \
                 please retry the operation. To know more visit \
                 https://aka.ms/sbResourceMgrExceptions. TrackingId:1f3b_G7_B5, \
                 SystemTracker:{host}:, Timestamp:2026-11-01T00:00:00</Detail></Error>"
            ),
        ),
        Answer::NotFound => "return 404 '';".to_owned(),
        Answer::Silence => {
            format!("proxy_pass http://{SILENT_BACKEND};\nproxy_read_timeout 10m;")
        }
        // nginx writes a `Date` of its own unless it is told to pass the backend's.
        Answer::RelayAhead => {
            format!("proxy_pass http://{BACKEND_AHEAD};\nproxy_pass_header Date;")
        }
        // nginx's own code for hanging up without a word.
        Answer::Close => "return 444;".to_owned(),
        Answer::BlockPage => said(403, "text/html", BLOCK_PAGE),
        Answer::Portal => format!("return 302 \"http://login.hotspot.example/?from={host}\";"),
        Answer::Welcome => {
            said(200, "text/html", "<html><body><h1>Welcome to nginx!</h1></body></html>")
        }
    };
    // Where a listener asks for its WebSocket without a token.
    let upgrade = match answer {
        Answer::Relay => said(
            401,
            "application/xml",
            "<Error><Code>401</Code><Detail>MissingToken: Relay security token is required. \
             TrackingId:2d7e_G9</Detail></Error>",
        ),
        _ => inside.clone(),
    };
    format!("location / {{\n{inside}\n}}\nlocation /$hc/ {{\n{upgrade}\n}}\n")
}
