//! Every way a name fails through a proxy, a run for each proxy.

use super::{Site, conclude, names, servers};

#[test]
#[ignore = "for people: builds the site and waits"]
fn stay() {
    let Some(site) = Site::shared() else { return };
    println!("ip netns exec {} bash", site.network.client.name());
    println!("servers, logs and zones: {}", site.folder.path().display());
    println!("{:?}", site.check(names::NAMES.iter(), &["--proxy", &servers::squid()]));
    let _end = std::io::stdin().read_line(&mut String::new());
}
