//! Imports point one way: between our crates, and between the folders of a crate.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Crates of ours that each of our crates may use.
const CRATES: &[(&str, &[&str])] = &[
    ("engine/domain", &[]),
    ("storage", &[]),
    ("engine", &["kirana-domain", "kirana-storage"]),
    ("api", &["kirana-domain", "kirana-engine", "kirana-storage"]),
];

/// Folders and files of a crate from the top down: each may use those below it only. In the engine
/// this is the walk of one checkout, read from below.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "engine/src",
        &[
            "engine",
            "tools",
            "outside",
            "catalogue",
            "checkpoints",
            "log",
            "orders",
            "stock",
            "state",
            "admission",
            "codec",
            "config",
            "failure",
            "clock",
        ],
    ),
    (
        "api/src",
        &[
            "kirana_proof",
            "cli",
            "serve",
            "config",
            "webhook_endpoints",
            "http",
            "invoice",
            "razorpay",
            "outbound",
            "output",
            "percent",
            "rfc3339",
            "secret",
        ],
    ),
];

pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

fn ours_in(manifest: &str) -> Vec<String> {
    let in_dependencies = manifest.lines().scan("", |section, line| {
        if line.starts_with('[') {
            *section = line;
        }
        Some((*section, line))
    });
    in_dependencies
        .filter(|(section, _)| section.contains("dependencies"))
        .filter_map(|(_, line)| line.split(['.', ' ', '=']).next())
        .filter(|name| name.starts_with("kirana"))
        .map(str::to_owned)
        .collect()
}

/// Returns the sources of a folder that are no tests, with their paths below it.
pub(crate) fn sources(src: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![src.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if matches!(name.as_str(), "tests" | "samples" | "main") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(src).unwrap().to_owned(), text));
            }
        }
    }
    found
}

/// Returns the names that follow `crate::` in a source.
fn names_of_crate(text: &str) -> BTreeSet<&str> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
        })
        .collect()
}

/// Returns what is wrong with the imports of one source: an arrow that points up, or a name that
/// stands in none of the rooms.
fn wrong_in(rooms: &[&str], file: &Path, text: &str) -> Vec<String> {
    let place = |name: &str| rooms.iter().position(|room| *room == name);
    let first = file.iter().next().unwrap().to_string_lossy();
    let room = first.trim_end_matches(".rs");
    if room == "lib" {
        return Vec::new(); // It names all rooms, that is its purpose.
    }
    let Some(own) = place(room) else {
        return vec![format!("{}: no place in the order of the rooms", file.display())];
    };
    let wrong = |name: &&str| place(name).is_none_or(|used| used < own);
    let names = names_of_crate(text).into_iter().filter(wrong);
    names.map(|name| format!("{}: crate::{name} does not stand below", file.display())).collect()
}

#[test]
fn imports_between_crates_point_one_way() {
    for (folder, allowed) in CRATES {
        let manifest = std::fs::read_to_string(top().join(folder).join("Cargo.toml")).unwrap();
        for used in ours_in(&manifest) {
            assert!(allowed.contains(&used.as_str()), "{folder} must not import {used}");
        }
    }
}

#[test]
fn imports_between_folders_point_one_way() {
    for (src, rooms) in ROOMS {
        let sources = sources(&top().join(src));
        assert!(sources.len() >= rooms.len(), "{src} has a source for each room");
        let wrong: Vec<String> =
            sources.iter().flat_map(|(file, text)| wrong_in(rooms, file, text)).collect();
        assert!(wrong.is_empty(), "in {src}:\n{}", wrong.join("\n"));
    }
}

#[test]
fn the_check_sees_a_crate_that_points_back() {
    let manifest =
        "[package]\nname = \"kirana-domain\"\n[dependencies]\nkirana-engine.workspace = true\n";
    assert_eq!(ours_in(manifest), ["kirana-engine"]);
}

#[test]
fn the_check_sees_a_folder_that_points_back() {
    let rooms = ["log", "stock"];
    let wrong = |text| wrong_in(&rooms, Path::new("stock/hold.rs"), text);
    assert_eq!(wrong("use crate::stock::Gone; // as in crate::stock"), [""; 0]);
    assert_eq!(wrong("use crate::log::Append;").len(), 1, "the log stands above the stock");
    assert_eq!(wrong("let gone = crate::Gone;").len(), 1, "a name of lib.rs hides its folder");
    assert_eq!(wrong_in(&rooms, Path::new("new.rs"), "").len(), 1, "a new room needs a place");
}
