//! The HTTP proxy of the stage: it opens tunnels, wants somebody to sign in, or denies.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::site::{page, read_head};

/// What the proxy does with a name.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProxyRule {
    /// Opens a tunnel to this address of loopback.
    Tunnel(SocketAddr),
    SignIn,
    Deny,
}

/// Starts the proxy at a free port of loopback, for as long as the runtime lives.
pub(super) async fn start(rules: HashMap<String, ProxyRule>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let rules = Arc::new(rules);
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let rules = Arc::clone(&rules);
            tokio::spawn(async move { serve(stream, &rules).await });
        }
    });
    Ok(address)
}

async fn serve(mut stream: TcpStream, rules: &HashMap<String, ProxyRule>) -> io::Result<()> {
    let head = read_head(&mut stream).await?;
    // `CONNECT host:port HTTP/1.1`
    let head = String::from_utf8_lossy(&head);
    let target = head.split(' ').nth(1).unwrap_or_default();
    match rules.get(target).copied().unwrap_or(ProxyRule::Deny) {
        ProxyRule::Tunnel(far_end) => {
            let mut far_end = TcpStream::connect(far_end).await?;
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            tokio::io::copy_bidirectional(&mut stream, &mut far_end).await.map(drop)
        }
        ProxyRule::SignIn => {
            let fields = "Via: 1.1 proxy.contoso.com\r\nProxy-Authenticate: Negotiate\r\n\
                          Proxy-Authenticate: NTLM\r\n";
            say(stream, &page("407 Proxy Authentication Required", fields, "")).await
        }
        ProxyRule::Deny => {
            let fields = "Via: 1.1 proxy.contoso.com\r\nServer: squid\r\n\
                          X-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Type: text/html\r\n";
            let body = "<html><head><title>ERROR: The requested URL could not be retrieved</title>\
                        </head><body>Access Denied.</body></html>";
            say(stream, &page("403 Forbidden", fields, body)).await
        }
    }
}

async fn say(mut stream: TcpStream, words: &[u8]) -> io::Result<()> {
    stream.write_all(words).await?;
    stream.shutdown().await
}
