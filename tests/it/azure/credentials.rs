//! Which credentials are used, in the contract's order.

use std::fs;

use super::arm::{Answer, Fault};
use super::tokens::{DIRECTORY_TOKEN, METADATA_TOKEN, PLATFORM_TOKEN};
use super::{Ended, Scene};
use pathproof::azure::{
    ArmClient, AzureEndpoint, Credential, CredentialEnvironment, CredentialSource, Pace,
};
use pathproof::model::Cloud;

/// A plan by whatever the environment gives.
fn plan(scene: &Scene, environment: &[(&str, &str)], more: &[&str]) -> Ended {
    let url = scene.manager.url();
    let arguments =
        ["rules", "plan", "--nsg", &scene.nsg, "--arm-endpoint", &url, "--from", "seen.json"];
    let mut command = scene.command(&[&arguments[..], more].concat());
    command.env_remove("PATHPROOF_ACCESS_TOKEN").envs(environment.iter().copied());
    Ended::of(&mut command)
}

#[test]
fn each_source_is_used_and_named() {
    let scene = Scene::new(&[]);
    let url = scene.manager.url();
    let federated = scene.at("federated");
    // As PowerShell writes a token that somebody keeps in a variable.
    fs::write(&federated, "\u{feff}federated-token\r\n").unwrap();
    let msi = format!("{url}/msi/token");
    let client = [
        ("AZURE_AUTHORITY_HOST", url.as_str()),
        ("AZURE_TENANT_ID", "tenant-1"),
        ("AZURE_CLIENT_ID", "client-1"),
    ];
    for (environment, token, words) in [
        (
            vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", url.as_str())],
            METADATA_TOKEN,
            "signed in by managed identity",
        ),
        (
            vec![("IDENTITY_ENDPOINT", msi.as_str()), ("IDENTITY_HEADER", "platform-secret")],
            PLATFORM_TOKEN,
            "signed in by managed identity",
        ),
        (
            [&client[..], &[("AZURE_FEDERATED_TOKEN_FILE", federated.to_str().unwrap())]].concat(),
            DIRECTORY_TOKEN,
            "signed in by workload identity",
        ),
        (
            [&client[..], &[("AZURE_CLIENT_SECRET", "client-secret+1")]].concat(),
            DIRECTORY_TOKEN,
            "signed in by client secret",
        ),
    ] {
        scene.manager.accept(&[token]);
        plan(&scene, &environment, &[]).ends(1, &[words]);
    }
}

#[test]
fn the_order_is_the_contracts() {
    let scene = Scene::new(&[]);
    let url = scene.manager.url();
    let all = [
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", url.as_str()),
        ("AZURE_AUTHORITY_HOST", url.as_str()),
        ("AZURE_TENANT_ID", "tenant-1"),
        ("AZURE_CLIENT_ID", "client-1"),
        ("AZURE_CLIENT_SECRET", "client-secret+1"),
    ];
    scene.manager.accept(&[METADATA_TOKEN, DIRECTORY_TOKEN]);
    plan(&scene, &all, &[]).ends(1, &["signed in by managed identity"]);
    plan(&scene, &all, &["--credential", "client-secret"]).ends(1, &["signed in by client secret"]);
    // A machine without this identity is no end.
    let mut unknown = all;
    unknown[3].1 = "unknown";
    plan(&scene, &unknown, &[]).ends(1, &["signed in by client secret"]);
}

#[test]
fn a_source_that_is_set_up_and_fails_is_not_passed_over() {
    let scene = Scene::new(&[]);
    let url = scene.manager.url();
    let wrong = [
        ("AZURE_AUTHORITY_HOST", url.as_str()),
        ("AZURE_TENANT_ID", "tenant-1"),
        ("AZURE_CLIENT_ID", "client-1"),
        ("AZURE_CLIENT_SECRET", "wrong-secret-1"),
    ];
    let ended = plan(&scene, &wrong, &[]).ends(2, &["client secret", "AADSTS7000215"]);
    assert!(!ended.stderr.contains("wrong-secret-1"), "{}", ended.stderr);
    plan(&scene, &[("AZURE_FEDERATED_TOKEN_FILE", "none")], &[])
        .ends(2, &["workload identity", "none"]);
    plan(&scene, &[("AZURE_CLIENT_SECRET", "x")], &[])
        .ends(2, &["AZURE_TENANT_ID and AZURE_CLIENT_ID"]);
    let clear = [
        ("AZURE_AUTHORITY_HOST", "http://login.microsoftonline.com"),
        wrong[1],
        wrong[2],
        wrong[3],
    ];
    plan(&scene, &clear, &[]).ends(2, &["over https only"]);
}

#[test]
fn without_any_each_is_named_with_its_reason() {
    let scene = Scene::new(&[]);
    plan(&scene, &[], &[]).ends(
        2,
        &[
            "no credentials for Azure",
            "PATHPROOF_ACCESS_TOKEN: not set",
            "no metadata service answers",
            "AZURE_FEDERATED_TOKEN_FILE is not set",
            "AZURE_CLIENT_SECRET is not set",
            "az is not on the PATH",
        ],
    );
}

#[cfg(unix)]
#[test]
fn the_azure_cli_is_the_last() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new(&[]);
    let az = scene.at("az");
    let script = "#!/bin/sh\n[ \"$*\" = \"account get-access-token --output json --resource https://management.azure.com/\" ] || exit 3\necho '{\"accessToken\": \"token-of-az\", \"expires_on\": 1}'\n";
    fs::write(&az, script).unwrap();
    fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
    scene.manager.accept(&["token-of-az"]);
    let path = scene.folder.path().to_str().unwrap();
    plan(&scene, &[("PATH", path)], &[]).ends(1, &["signed in by Azure CLI"]);
    fs::write(&az, "#!/bin/sh\necho 'ERROR: Please run az login' >&2\nexit 1\n").unwrap();
    plan(&scene, &[("PATH", path)], &[]).ends(2, &["Please run az login"]);
}

/// Azure Arc answers with a file to be read; only its own folder's files are.
#[test]
fn azure_arc_asks_for_a_file_of_its_own_folder() {
    let scene = Scene::new(&[]);
    let folder = scene.at("tokens");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("challenge.key"), "key-of-arc").unwrap();
    fs::write(scene.at("stolen.key"), "key-of-someone").unwrap();
    let sign_in = |realm: &str| {
        let challenge =
            Answer::empty(401).with("www-authenticate", &format!("Basic realm={realm}"));
        scene.manager.fault("GET", "/arc/token", 1, Fault::Say(challenge));
        let token = serde_json::json!({"access_token": "token-of-arc"});
        scene.manager.fault("GET", "/arc/token", 1, Fault::Say(Answer::json(200, &token)));
        let endpoint = format!("{}/arc/token", scene.manager.url());
        let mut environment = CredentialEnvironment::read(Cloud::Public, |name| {
            (name == "IDENTITY_ENDPOINT").then(|| endpoint.clone())
        });
        environment.arc_tokens.clone_from(&folder);
        let arm = AzureEndpoint::parse(&scene.manager.url()).unwrap();
        let pace = Pace::new(std::time::Duration::from_secs(20));
        let mut client = ArmClient::new(arm, Credential::new(environment, None), pace).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let signed = runtime.block_on(client.sign_in()).map_err(|error| error.to_string());
        signed.map(|()| client.credential().kind())
    };
    let own = folder.join("challenge.key");
    assert_eq!(sign_in(own.to_str().unwrap()), Ok(Some(CredentialSource::ManagedIdentity)));
    let log = scene.manager.log();
    assert_eq!(log.last().unwrap().header("authorization"), Some("Basic key-of-arc"));
    for stolen in ["stolen.key", "tokens/../stolen.key", "tokens/none.txt"] {
        let path = scene.at(stolen);
        let asked = scene.manager.log().len();
        let error = sign_in(path.to_str().unwrap()).unwrap_err();
        assert!(error.contains("outside"), "{error}");
        assert_eq!(scene.manager.log().len(), asked + 1, "no key is sent");
        // The answer that was not asked for.
        scene.manager.fault("GET", "/arc/token", 0, Fault::Cut);
        let _ = reqwest_like_get(&scene);
    }
}

/// Takes the answer that a refused challenge left behind.
fn reqwest_like_get(scene: &Scene) -> std::io::Result<()> {
    use std::io::{Read, Write};
    let address = scene.manager.url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(b"GET /arc/token HTTP/1.1\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

#[test]
fn whoever_gives_out_tokens_cannot_repeat_what_was_sent_or_go_on_for_ever() {
    use std::io::{Read, Write};

    /// Repeats the request as the error's words, or does not stop.
    fn serve(listener: &std::net::TcpListener, is_endless: bool) {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).unwrap_or(0);
            let mut request = String::from_utf8_lossy(&request[..length]).into_owned();
            // The head and the form may come apart.
            if request.starts_with("POST") && !request.contains("client_secret") {
                let mut form = vec![0; 8192];
                let length = stream.read(&mut form).unwrap_or(0);
                request.push_str(&String::from_utf8_lossy(&form[..length]));
            }
            if is_endless {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(&[b' '; 1 << 12]).is_ok() {}
                continue;
            }
            let words: String = request.chars().rev().take(250).collect();
            let words: String = words.chars().rev().collect();
            let body = serde_json::json!({"error": "invalid", "error_description": words});
            let body = body.to_string();
            let head = format!("HTTP/1.1 400 X\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    }
    let start = |is_endless| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || serve(&listener, is_endless));
        format!("http://{address}")
    };
    let scene = Scene::new(&[]);
    let (echo, endless) = (start(false), start(true));
    let platform = |url: &str| {
        vec![
            ("IDENTITY_ENDPOINT".to_owned(), format!("{url}/msi/token")),
            ("IDENTITY_HEADER".to_owned(), "CANARY+header".to_owned()),
        ]
    };
    let client = |url: &str| {
        vec![
            ("AZURE_AUTHORITY_HOST".to_owned(), url.to_owned()),
            ("AZURE_TENANT_ID".to_owned(), "tenant-1".to_owned()),
            ("AZURE_CLIENT_ID".to_owned(), "client-1".to_owned()),
            ("AZURE_CLIENT_SECRET".to_owned(), "CANARY+secret".to_owned()),
        ]
    };
    for (environment, words) in [
        (platform(&echo), "***"),
        (client(&echo), "client_secret=***"),
        (platform(&endless), "larger than 1 MiB"),
        (client(&endless), "larger than 1 MiB"),
    ] {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let begun = std::time::Instant::now();
        let ended = plan(&scene, &environment, &[]).ends(2, &[words]);
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains("CANARY"), "{text}");
        }
    }
}
