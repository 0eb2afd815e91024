//! Imports point one way: `domain` and `storage` know nothing of ours, `engine` knows both, `api`
//! knows them all.

use std::path::Path;

/// Which of our crates each of our crates may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("engine/domain", &[]),
    ("storage", &[]),
    ("engine", &["kirana-domain", "kirana-storage"]),
    ("api", &["kirana-domain", "kirana-engine", "kirana-storage"]),
];

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

#[test]
fn imports_point_one_way() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (folder, allowed) in ALLOWED {
        let manifest = std::fs::read_to_string(top.join(folder).join("Cargo.toml")).unwrap();
        for used in ours_in(&manifest) {
            assert!(allowed.contains(&used.as_str()), "{folder} must not import {used}");
        }
    }
}

#[test]
fn the_check_sees_an_import_that_points_back() {
    let manifest =
        "[package]\nname = \"kirana-domain\"\n[dependencies]\nkirana-engine.workspace = true\n";
    assert_eq!(ours_in(manifest), ["kirana-engine"]);
}
