//! Files as programs of Windows write them, which are the same files on every system.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Folder, rule, run, shown};

/// A text as Windows PowerShell, Notepad and other programs write it.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |mark: &[u16], bytes: fn(u16) -> [u8; 2]| {
        let units = mark.iter().copied().chain(text.encode_utf16());
        units.flat_map(bytes).collect::<Vec<u8>>()
    };
    let crlf = text.replace('\n', "\r\n");
    vec![
        ("CRLF", crlf.clone().into_bytes()),
        ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes()),
        ("UTF-8 with a mark and CRLF", format!("\u{feff}{crlf}").into_bytes()),
        ("UTF-16", utf16(&[0xfeff], u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(&[0xfeff], u16::to_be_bytes)),
        ("UTF-16 without a mark", utf16(&[], u16::to_le_bytes)),
        ("UTF-16 without a mark, big end first", utf16(&[], u16::to_be_bytes)),
    ]
}

fn repository(path: &str) -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).to_owned()
}

fn text_of(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap()
}

/// An option that takes a file of text.
struct TextOption {
    /// The command line, in which `@` is the file.
    line: Vec<String>,
    /// What the file is called, where its name counts.
    name: &'static str,
    text: String,
    /// The message names the file and the byte of what is no text; whoever reads line by line names
    /// the line.
    place: &'static str,
}

fn option(line: &str, text: impl Into<String>) -> TextOption {
    let line = line.split(' ').map(str::to_owned).collect();
    TextOption { line, name: "file", text: text.into(), place: "byte 0, in line 1" }
}

/// Reaches nothing: the name server's port on loopback is closed, so no name has an address.
fn check(options: &str, text: impl Into<String>) -> TextOption {
    let quiet = "--timeout 200ms --resolver 127.0.0.1:9 --no-gateways --discover no --format json";
    option(&format!("check {options} {quiet}"), text)
}

/// Every option and argument that takes a file of text, of every command that needs no network.
fn options(folder: &Folder, runtime: &Folder) -> Vec<TextOption> {
    let report = text_of("tests/cases/located/report.json");
    let records = text_of("tests/cases/located/records.jsonl");
    let tags = text_of("tests/data/service-tags/china-2026-07-20.json");
    let nsg = json!({"name": "nsg", "properties": {"securityRules": [
        rule("relay", 100, "Allow", "40.112.72.101", "443"),
        rule("deny", 4000, "Deny", "Internet", "*"),
    ]}});
    let nsg = serde_json::to_string_pretty(&nsg).unwrap();
    let flows = "destination,port,protocol\n40.112.72.101,443,tcp\n8.8.8.8,443,tcp\n";
    let kept_nsg = folder.put("kept-nsg.json", &nsg);
    let kept_flows = folder.put("kept-flows.csv", flows);
    let kept_report = folder.put("kept-report.json", &report);
    let kept_records = folder.put("kept-records.jsonl", &records);
    let kept_tags = folder.put("kept-tags.json", &tags);
    let key = "IR@0d2a@contoso-adf@ServiceEndpoint=contoso-adf.westeurope.datafactory.azure.net@\
               q7Zk1+WmT0r/9aXcV3bN5sLpY8eHdUgJfQ2iOtR4xE6=\n";
    let pac =
        "function FindProxyForURL(url, host) {\n  return \"PROXY pac.contoso.com:3128\";\n}\n";
    let agent = "<?xml version=\"1.0\"?>\n<configuration><system.net><defaultProxy>\n\
                 <proxy proxyaddress=\"http://agent.contoso.com:3128\"/>\n\
                 </defaultProxy></system.net></configuration>\n";
    let list = "id = \"own\"\ntitle = \"Our own\"\n\n[[entry]]\nid = \"api\"\n\
                host = \"api.contoso.com\"\nports = [443]\nkind = \"https\"\n\
                purpose = \"an API\"\nsource = \"us\"\n";
    let roots = text_of("src/probe/trust/roots/digicert_global_root_ca.pem");
    let both = ["diahost.exe.config", "diawp.exe.config"].map(|file| runtime.put(file, agent));
    let installed = shown(Path::new(&both[0]).parent().unwrap()).to_owned();
    folder.put("diawp.exe.config", agent);
    let by_line = |option: TextOption| TextOption { place: ":1", ..option };
    let named = |name, option: TextOption| TextOption { name, ..option };
    vec![
        by_line(option("replay @ --format json", &records)),
        option(&format!("replay {kept_records} --format json --baseline @"), &report),
        option(&format!("replay {kept_records} --format json --service-tags @"), &tags),
        option(
            &format!("report render {kept_report} --format json --redact --redact-key @"),
            "0123456789abcdef0123456789abcdef\n",
        ),
        option("report render @ --format csv", &report),
        option("report merge @ --format json", &report),
        option(&format!("report diff @ {kept_report} --format json"), &report),
        option(&format!("report diff {kept_report} @ --format json"), &report),
        option("lists lint @", list),
        option("lists new --from @", &report),
        named("own.toml", check("--list @", list)),
        check("--service-urls @", "wu-relay-01.servicebus.windows.net\nb.servicebus.windows.net\n"),
        check("--auth-key @", key),
        check("--endpoint a.contoso.com --proxy http://p:1 --proxy-credentials @", "me:geheim\n"),
        check("--endpoint a.contoso.com --proxy pac:@", pac),
        check("--endpoint a.contoso.com --proxy agent --agent-config @", agent),
        check("--endpoint a.contoso.com --ca-file @", &roots),
        check("--endpoint a.contoso.com --public-roots @", &roots),
        check("--config @", "endpoint = [\"a.contoso.com\"]\nproxy = \"none\"\n"),
        check("--events @", text_of("tests/data/event-log/offline.xml")),
        option(
            "agent status --events @ --format json",
            text_of("tests/data/event-log/offline.txt"),
        ),
        named("diahost.exe.config", option("agent lint @", agent)),
        option(
            &format!("agent lint {installed} --service-urls @"),
            "wu-relay-01.servicebus.windows.net\n",
        ),
        option(&format!("rules decide @ --flows {kept_flows} --format jsonl"), &nsg),
        option(&format!("rules decide {kept_nsg} --flows @ --format jsonl"), flows),
        option(&format!("rules verify @ --flows {kept_flows} --format json"), &nsg),
        option(&format!("rules verify {kept_nsg} --flows @ --format json"), flows),
        option(&format!("rules verify {kept_nsg} --from @ --format json"), &report),
        option(&format!("rules verify {kept_nsg} --from @ --format json"), &records),
        option(&format!("rules diff @ {kept_nsg} --flows {kept_flows}"), &nsg),
        option("rules emit --format edl-ip --from @", "40.112.72.101:443\n40.112.72.102:443\n"),
        option(&format!("rules plan --from {kept_report} --current @"), nsg_of_azure()),
        option("rules apply @", "{}\n"),
        option("rules rollback @", "{}\n"),
        option(&format!("tags diff @ {kept_tags}"), &tags),
        option(&format!("tags diff {kept_tags} @"), &tags),
        option("tags lookup 40.112.72.101 --service-tags @", &tags),
    ]
}

fn nsg_of_azure() -> String {
    let id = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/g/providers/\
              Microsoft.Network/networkSecurityGroups/nsg";
    let group = json!({"id": id, "name": "nsg", "etag": "W/\"1\"", "location": "westeurope",
        "properties": {"securityRules": [], "defaultSecurityRules": []}});
    serde_json::to_string_pretty(&group).unwrap()
}

/// What a command said, without what differs from run to run.
fn said(line: &[String], file: &str) -> (Option<i32>, String, String) {
    let line: Vec<String> = line.iter().map(|word| word.replace('@', file)).collect();
    let ended = run(&line.iter().map(String::as_str).collect::<Vec<_>>());
    let out = match serde_json::from_str::<Value>(&ended.stdout) {
        Ok(report) if line[0] == "check" => {
            let endpoints = report["endpoints"].as_array().unwrap().iter();
            let known = endpoints.map(|one| {
                let route = &one["route"];
                format!(
                    "{} {} {} {}",
                    one["host"], one["origin"], route["configured"], route["why"]
                )
            });
            known.collect::<Vec<_>>().join("\n")
        }
        _ => {
            let is_timed = |line: &&str| line.contains("created") || line.contains("\"at\"");
            ended.stdout.lines().filter(|line| !is_timed(line)).collect::<Vec<_>>().join("\n")
        }
    };
    (ended.code, out, ended.stderr)
}

#[test]
fn every_option_takes_a_text_in_every_form() {
    let (folder, runtime) = (Folder::new(), Folder::new());
    for TextOption { line, name, text, place: _ } in options(&folder, &runtime) {
        let (code, out, stderr) = said(&line, &folder.put(name, &text));
        let is_used = code != Some(2) && !out.is_empty();
        // These need a plan of a whole run: that they see what it is suffices.
        let is_refused = line[1] == "apply" || line[1] == "rollback";
        assert!(is_used || is_refused, "{line:?}: {code:?} {stderr}");
        for (form, bytes) in forms(&text) {
            let (same_code, same, same_stderr) = said(&line, &folder.put(name, bytes));
            assert!(
                (same_code, &same) == (code, &out),
                "{line:?} as {form}: {same_code:?} {same}\n{same_stderr}\nand not {code:?} {out}"
            );
            if is_refused {
                assert_eq!(same_stderr, stderr, "{line:?} as {form}");
            }
        }
    }
}

/// The message names the file and the place.
#[test]
fn what_is_no_text_is_refused_with_its_place() {
    let (folder, runtime) = (Folder::new(), Folder::new());
    for TextOption { line, name, text, place } in options(&folder, &runtime) {
        // Older scripts, logs of the console's code page and secrets of any bytes are read too.
        let takes_bytes = ["--redact-key", "pac:@", "--events"];
        if takes_bytes.iter().any(|option| line.iter().any(|word| word.contains(option))) {
            continue;
        }
        let latin = folder.put(name, [b"\xe9", text.as_bytes()].concat());
        let (code, out, stderr) = said(&line, &latin);
        let is_lint = line[1] == "lint" && line[0] == "agent";
        assert!(code == Some(2) || is_lint, "{line:?}: {code:?} {out} {stderr}");
        let all = format!("{stderr}{out}");
        let place = if line.iter().any(|word| word.contains("agent")) { "byte 0" } else { place };
        for words in [name, place] {
            assert!(all.contains(words), "{line:?}: no {words:?} in {all}");
        }
        super::says_nothing_twice(&stderr);
    }
}

/// Broken UTF-16 is no older encoding: a script of it is refused too.
#[test]
fn a_broken_script_is_refused() {
    let folder = Folder::new();
    let script = folder.put("p.pac", b"\xff\xfef\0\0\xd8x\0");
    let pac = format!("pac:{script}");
    run(&["check", "--endpoint", "a.contoso.com", "--proxy", &pac]).refuses(&[
        "--proxy pac: cannot read",
        "p.pac",
        "byte 4, in line 1",
        "UTF-16",
    ]);
}

/// certmgr exports DER, and a certificate is one in either form.
#[test]
fn certificates_are_read_as_pem_and_as_der() {
    let folder = Folder::new();
    let pem = text_of("src/probe/trust/roots/digicert_global_root_ca.pem");
    let base64: String = pem.split("-----").nth(2).unwrap().split_whitespace().collect();
    let der = BASE64.decode(base64.as_bytes()).unwrap();
    let line = |file: &str| check(&format!("--endpoint a.contoso.com --ca-file {file}"), "");
    let file = folder.put("root.cer", &der);
    let (code, out, stderr) = said(&line(&file).line, "");
    assert!(code != Some(2) && out.contains("a.contoso.com"), "{stderr}");
    let cut = folder.put("cut.cer", &der[..200]);
    let (code, _, stderr) = said(&line(&cut).line, "");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("cut.cer: certificate 1 is no X.509 certificate"), "{stderr}");
}

/// Two hosts that share a key give a name one placeholder, however each of them wrote the file.
#[test]
fn a_key_is_one_secret_in_every_form() {
    let folder = Folder::new();
    let report = repository("tests/cases/located/report.json");
    let with = |key: &[u8]| {
        let key = folder.put("key", key);
        let line = ["report", "render", &report, "-f", "csv", "--redact", "--redact-key", &key];
        run(&line).stdout
    };
    let text = with(b"0123456789abcdef\n");
    assert!(!text.is_empty());
    assert_eq!(with(b"\xef\xbb\xbf0123456789abcdef\r\n"), text);
    assert_ne!(with(b"0123456789abcdeg\n"), text);
    // Random bytes are no text, and are a secret as they are.
    assert!(!with(&[0xff; 32]).is_empty());
}
