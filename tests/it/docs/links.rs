//! Links between pages lead somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{pages, repository};

/// What a page links to, and the anchors of its headings as GitHub makes them.
struct Page {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

fn read(text: &str) -> Page {
    let mut page = Page { links: Vec::new(), anchors: BTreeSet::new() };
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(words) | Event::Code(words) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&words);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                let again = (1..).map(|n| format!("{anchor}-{n}"));
                let mut names = std::iter::once(anchor.clone()).chain(again);
                page.anchors.extend(names.find(|name| !page.anchors.contains(name)));
            }
            _ => {}
        }
    }
    page
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The file that a link of `from` names, and the place in it.
fn target<'a>(from: &Path, link: &'a str) -> (PathBuf, Option<&'a str>) {
    let (file, place) = link.split_once('#').map_or((link, None), |(file, at)| (file, Some(at)));
    if file.is_empty() {
        return (from.to_owned(), place);
    }
    let mut path = PathBuf::new();
    for part in from.parent().unwrap_or(Path::new("")).join(file).components() {
        match part {
            std::path::Component::ParentDir => assert!(path.pop(), "{link} leaves the repository"),
            part => path.push(part),
        }
    }
    (path, place)
}

#[test]
fn no_link_is_dead() {
    let mut dead = Vec::new();
    let mut n_links = 0;
    for (path, text) in pages() {
        for link in read(&text).links {
            if link.contains("://") {
                continue;
            }
            n_links += 1;
            let (file, place) = target(&path, &link);
            let whole = repository().join(&file);
            let is_there = whole.exists()
                && place.is_none_or(|place| {
                    std::fs::read_to_string(&whole)
                        .is_ok_and(|text| read(&text).anchors.contains(place))
                });
            if !is_there {
                dead.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(n_links > 30, "{n_links} links are not all of them");
    assert!(dead.is_empty(), "{dead:#?}");
}

/// Whoever starts at the README or at the index comes to every page.
#[test]
fn every_page_is_linked_from_the_index() {
    let index = PathBuf::from("docs/README.md");
    let pages = pages();
    let linked = |from: &Path| -> BTreeSet<PathBuf> {
        let (_, text) = pages.iter().find(|(path, _)| path == from).expect("the page");
        let links = read(text).links.into_iter().filter(|link| !link.contains("://"));
        links.map(|link| target(from, &link).0).collect()
    };
    assert!(linked(Path::new("README.md")).contains(&index));
    let found = linked(&index);
    for (path, _) in &pages {
        if path.starts_with("docs") && *path != index {
            assert!(found.contains(path), "{} stands in no index", path.display());
        }
    }
}

#[test]
fn anchors_are_those_of_github() {
    for (heading, expected) in [
        ("Exit codes", "exit-codes"),
        ("What it asks of the network", "what-it-asks-of-the-network"),
        ("`rules plan`, and then?", "rules-plan-and-then"),
    ] {
        assert_eq!(anchor(heading), expected);
    }
}
