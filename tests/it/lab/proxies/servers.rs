//! The servers of the site: two unbounds with a view each, nginx for everything that is reached,
//! squid and tinyproxy.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::namespace::run;
use super::super::pki::{Leaf, Pki};
use super::super::situation::Answer;
use super::super::{Servers, web};
use super::names::{FORBIDDEN, Known, NAMES, Name};
use super::network::{INTRANET, Network, PROXIES_RESOLVER, RESOLVER, SQUID, TINYPROXY};
use super::scripts::SCRIPT;

/// The account that both proxies know.
pub(super) const USER: &str = "svc-shir";
/// squid's password for it: what must be encoded in a URL, and what looks as if it were encoded.
pub(super) const PASSWORD: &str = "Tr0ub4dor&3:@/%41";
/// The same in a URL.
pub(super) const PASSWORD_IN_URL: &str = "Tr0ub4dor%263%3A%40%2F%2541";
/// tinyproxy's, whose configuration takes less.
pub(super) const TINYPROXY_PASSWORD: &str = "Tr0ub4dor-3";
/// squid's password file: `openssl passwd -apr1 -salt contosol PASSWORD`.
const PASSWORD_HASH: &str = "$apr1$contosol$eROmdkGsJ.rISSPEYpWhr/";

/// The company's names of its parts.
pub(super) const SQUID_NAME: &str = "proxy.corp.contoso.example";
pub(super) const TINYPROXY_NAME: &str = "second-proxy.corp.contoso.example";
pub(super) const INTRANET_NAME: &str = "intranet.corp.contoso.example";

/// squid, where it asks nobody who they are.
pub(super) fn squid() -> String {
    format!("http://{SQUID_NAME}:3128")
}

/// squid, where it asks, without credentials.
pub(super) fn squid_asks() -> String {
    format!("http://{SQUID_NAME}:3129")
}

/// Another squid, which asks for NTLM.
pub(super) fn squid_asks_ntlm() -> String {
    format!("http://{SQUID_NAME}:3132")
}

/// The same with them.
pub(super) fn squid_authenticated() -> String {
    format!("http://{USER}:{PASSWORD_IN_URL}@{SQUID_NAME}:3129")
}

/// squid under TLS, by its address, with a certificate of the company's own.
pub(super) fn squid_tls() -> String {
    format!("https://{SQUID}:3130")
}

/// The same with a certificate of nobody's.
pub(super) fn squid_tls_untrusted() -> String {
    format!("https://{SQUID}:3131")
}

/// tinyproxy, by its name.
pub(super) fn tinyproxy() -> String {
    format!("http://{TINYPROXY_NAME}:8888")
}

/// tinyproxy where it asks who is there, by its address and without credentials.
pub(super) fn tinyproxy_asks() -> String {
    format!("http://{TINYPROXY}:8889")
}

/// What squid notes of every request.
pub(super) fn squid_log(folder: &Path) -> PathBuf {
    folder.join("squid/access.log")
}

/// The company's PAC, which nginx serves from here as `/proxy.pac`.
pub(super) fn script(folder: &Path) -> PathBuf {
    folder.join("proxy.pac")
}

/// Writes their configurations and starts them.
pub(super) fn start(network: &Network, folder: &Path, pki: &Pki) -> Result<Servers, String> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<_, String>(path)
    };
    // squid serves as an account of its own, which must get to its files.
    let squid_folder = folder.join("squid");
    fs::create_dir(&squid_folder).map_err(|error| error.to_string())?;
    run(std::process::Command::new("chown").arg("proxy").arg(&squid_folder))?;
    run(std::process::Command::new("chmod").arg("755").arg(folder))?;
    write("squid.passwords", &format!("{USER}:{PASSWORD_HASH}\n"))?;
    write("tinyproxy.filter", &tinyproxy_filter())?;
    write("proxy.pac", SCRIPT)?;

    let mut servers = Servers(Vec::new());
    for (view, address, known) in [
        ("client-view", RESOLVER, (|name: &Name| name.here) as fn(&Name) -> Known),
        ("proxies-view", PROXIES_RESOLVER, |name| name.beyond),
    ] {
        let zone = write(&format!("{view}.zone"), &zone(known))?;
        let configuration =
            write(&format!("{view}.conf"), &unbound(folder, view, address, &zone, known))?;
        servers.spawn(
            folder,
            network.server.command("unbound").arg("-d").arg("-c").arg(configuration),
        )?;
    }
    let nginx = write("nginx.conf", &nginx(folder, pki))?;
    servers.spawn(
        folder,
        network.server.command("nginx").args(["-g", "daemon off;", "-c"]).arg(nginx),
    )?;
    let squid = write("squid.conf", &squid_configuration(folder, pki))?;
    // Its shared memory has fixed names. A /dev/shm of its own lets two labs run, and goes with it.
    let script = "mount -t tmpfs none /dev/shm && exec squid -N -f \"$0\"";
    servers.spawn(folder, network.proxies.command("sh").args(["-c", script]).arg(squid))?;
    let squid = write("squid-ntlm.conf", &squid_ntlm_configuration(folder))?;
    servers.spawn(folder, network.proxies.command("sh").args(["-c", script]).arg(squid))?;
    for (port, more) in
        [(8888, String::new()), (8889, format!("BasicAuth {USER} {TINYPROXY_PASSWORD}\n"))]
    {
        let text = tinyproxy_configuration(folder, port) + &more;
        let configuration = write(&format!("tinyproxy-{port}.conf"), &text)?;
        servers.spawn(
            folder,
            network.proxies.command("tinyproxy").arg("-d").arg("-c").arg(configuration),
        )?;
    }
    servers.wait_for_files(folder, &[web::pid_file(folder)])?;
    Ok(servers)
}

/// The whole of what a view knows, as one zone: the root's.
fn zone(known: fn(&Name) -> Known) -> String {
    let mut text = "$TTL 30\n@ SOA ns.lab. hostmaster.lab. 1 3600 600 86400 30\n@ NS ns.lab.\n\
                    ns.lab. A 10.50.2.53\n"
        .to_owned();
    for (name, address) in
        [(SQUID_NAME, SQUID), (TINYPROXY_NAME, TINYPROXY), (INTRANET_NAME, INTRANET)]
    {
        let _infallible = writeln!(text, "{name}. A {address}");
    }
    for name in NAMES.iter() {
        let host = &name.host;
        let _infallible = match known(name) {
            Known::At(address) => writeln!(text, "{host}. A {address}"),
            Known::Link(link, address) => {
                writeln!(text, "{host}. CNAME {link}.\n{link}. A {address}")
            }
            Known::Missing | Known::Refused | Known::Silence => Ok(()),
        };
    }
    text
}

fn unbound(
    folder: &Path,
    view: &str,
    address: &str,
    zone: &Path,
    known: fn(&Name) -> Known,
) -> String {
    let here = folder.display();
    let mut text = format!(
        "server:\n  interface: {address}\n  access-control: 0.0.0.0/0 allow\n  username: \"\"\n  \
         chroot: \"\"\n  directory: \"{here}\"\n  pidfile: \"\"\n  use-syslog: no\n  \
         logfile: \"{here}/{view}.log\"\n  module-config: \"iterator\"\n  do-ip6: no\n  \
         num-threads: 1\n"
    );
    for name in NAMES.iter() {
        let kind = match known(name) {
            Known::Refused => "always_refuse",
            Known::Silence => "always_deny",
            _ => continue,
        };
        let _infallible = writeln!(text, "  local-zone: \"{}.\" {kind}", name.host);
    }
    text + &format!(
        "remote-control:\n  control-enable: no\n\
         auth-zone:\n  name: \".\"\n  zonefile: \"{}\"\n  for-downstream: yes\n  for-upstream: no\n",
        zone.display()
    )
}

fn nginx(folder: &Path, pki: &Pki) -> String {
    let mut text = web::preamble(folder);
    for name in NAMES.iter() {
        let (tls, certificate) = if name.port == 80 {
            ("", String::new())
        } else {
            (" ssl", web::certificate(pki, name.leaf))
        };
        let _infallible = writeln!(
            text,
            "server {{\nlisten {}{tls};\nserver_name {};\n{certificate}{}}}",
            name.port,
            name.host,
            web::location(&name.host, name.answer)
        );
    }
    // A web server that somebody takes for the proxy, and the company's script.
    text + &format!(
        "server {{\nlisten {INTRANET}:8080;\n{}}}\n\
         server {{\nlisten {INTRANET}:80;\n\
         location = /proxy.pac {{\ndefault_type application/x-ns-proxy-autoconfig;\nalias {};\n}}\n\
         location / {{\nreturn 404;\n}}\n}}\n}}\n",
        web::location(INTRANET_NAME, Answer::Welcome),
        script(folder).display()
    )
}

fn squid_configuration(folder: &Path, pki: &Pki) -> String {
    let here = folder.display();
    format!(
        "visible_hostname {SQUID_NAME}\n\
         http_port {SQUID}:3128\n\
         http_port {SQUID}:3129\n\
         https_port {SQUID}:3130 tls-cert={} tls-key={}\n\
         https_port {SQUID}:3131 tls-cert={} tls-key={}\n\
         auth_param basic program /usr/lib/squid/basic_ncsa_auth {here}/squid.passwords\n\
         auth_param basic realm Contoso\n\
         auth_param basic children 1 startup=1 concurrency=0\n\
         acl asks localport 3129\n\
         acl known proxy_auth REQUIRED\n\
         acl SSL_ports port 443\n\
         acl CONNECT method CONNECT\n\
         acl forbidden dstdomain {}\n\
         http_access deny CONNECT !SSL_ports\n\
         http_access deny asks !known\n\
         http_access deny forbidden\n\
         http_access allow all\n\
         access_log stdio:{}\n\
         cache_log {here}/squid/cache.log\n\
         coredump_dir {here}/squid\n\
         dns_nameservers {PROXIES_RESOLVER}\n\
         {SQUID_COMMON}",
        pki.chain(Leaf::Corporate).display(),
        pki.key(Leaf::Corporate).display(),
        pki.chain(Leaf::Unknown).display(),
        pki.key(Leaf::Unknown).display(),
        FORBIDDEN.join(" "),
        squid_log(folder).display(),
    )
}

/// squid, for whoever is signed in by NTLM, but for one account. Its helper believes everybody.
fn squid_ntlm_configuration(folder: &Path) -> String {
    let here = folder.display();
    format!(
        "visible_hostname {SQUID_NAME}\n\
         http_port {SQUID}:3132\n\
         auth_param ntlm program /usr/lib/squid/ntlm_fake_auth\n\
         auth_param ntlm children 2 startup=2\n\
         acl known proxy_auth REQUIRED\n\
         acl locked proxy_auth_regex -i locked\n\
         http_access deny !known\n\
         http_access deny locked\n\
         http_access allow all\n\
         access_log stdio:{here}/squid/ntlm.log\n\
         cache_log {here}/squid/ntlm-cache.log\n\
         coredump_dir {here}/squid\n\
         dns_nameservers {PROXIES_RESOLVER}\n\
         {SQUID_COMMON}"
    )
}

/// What both squids are told: they ask their own resolver, keep nothing, and do not wait long.
const SQUID_COMMON: &str = "dns_timeout 1 second\n\
                            dns_retransmit_interval 500 milliseconds\n\
                            connect_timeout 1 second\n\
                            forward_timeout 2 seconds\n\
                            hosts_file none\n\
                            cache deny all\n\
                            cache_mem 8 MB\n\
                            memory_cache_shared off\n\
                            buffered_logs off\n\
                            pid_filename none\n\
                            pinger_enable off\n\
                            max_filedescriptors 4096\n";

fn tinyproxy_configuration(folder: &Path, port: u16) -> String {
    let here = folder.display();
    format!(
        "Listen {TINYPROXY}\nPort {port}\nTimeout 10\nMaxClients 300\nConnectPort 443\n\
         Filter \"{here}/tinyproxy.filter\"\nFilterExtended On\n\
         LogFile \"{here}/tinyproxy-{port}.log\"\nLogLevel Connect\n"
    )
}

/// The same names as squid refuses, as regular expressions.
fn tinyproxy_filter() -> String {
    FORBIDDEN
        .iter()
        .map(|name| {
            let anchor = if name.starts_with('.') { "" } else { "^" };
            format!("{anchor}{}$\n", name.replace('.', "\\."))
        })
        .collect::<Vec<_>>()
        .concat()
}
