//! The table of metrics against the code that counts and against the documentation.

use super::table::{Kind, METRICS, Metric};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the names in the calls of `counter!`, `gauge!` and `histogram!` below a folder.
fn counted_in(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            counted_in(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for call in ["counter!(", "gauge!(", "histogram!("] {
                let arguments = text.split(call).skip(1).map(str::trim_start);
                let literals =
                    arguments.filter_map(|rest| rest.strip_prefix('"')?.split('"').next());
                names
                    .extend(literals.filter(|name| name.starts_with("kirana_")).map(str::to_owned));
            }
        }
    }
}

fn line_of(metric: &Metric) -> String {
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge | Kind::GaugeOfEngine(_) => "gauge",
        Kind::Histogram => "histogram",
    };
    format!("| `{}` | {kind} | {} | {} |", metric.name, metric.labels, metric.meaning)
}

#[test]
fn every_metric_that_is_counted_has_a_row_and_every_row_is_counted() {
    let mut counted = BTreeSet::new();
    for folder in ["api/src", "engine/src", "storage/src"] {
        counted_in(&top().join(folder), &mut counted);
    }
    let of_engine = |metric: &&Metric| matches!(metric.kind, Kind::GaugeOfEngine(_));
    counted.extend(METRICS.iter().filter(of_engine).map(|metric| metric.name.to_owned()));
    let rows: BTreeSet<String> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    assert_eq!(rows.len(), METRICS.len(), "each name once");
    assert_eq!(counted, rows, "the code that counts, and the table");
}

#[test]
fn the_architecture_lists_the_metrics_of_the_table() {
    let text = std::fs::read_to_string(top().join("engine/ARCHITECTURE.md")).unwrap();
    let listed: Vec<&str> = text.lines().filter(|line| line.starts_with("| `kirana_")).collect();
    let wanted: Vec<String> = METRICS.iter().map(line_of).collect();
    assert!(listed == wanted, "the table should be:\n{}", wanted.join("\n"));
}

#[test]
fn every_alert_of_the_architecture_is_over_metrics_and_buckets_that_there_are() {
    let text = std::fs::read_to_string(top().join("engine/ARCHITECTURE.md")).unwrap();
    let (_, alerts) = text.split_once("\n## Alerts\n").unwrap();
    let (alerts, _) = alerts.split_once("\n## ").unwrap();
    let word = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        rest[..end.unwrap_or(rest.len())].to_owned()
    };
    let named: Vec<_> =
        alerts.match_indices("kirana_").map(|(at, _)| word(&alerts[at..])).collect();
    assert!(named.len() >= 8, "{named:?}");
    for name in named {
        let is_it = |metric: &Metric| {
            let rest = name.strip_prefix(metric.name);
            rest.is_some_and(|rest| match metric.kind {
                Kind::Histogram => ["_bucket", "_count"].contains(&rest),
                _ => rest.is_empty(),
            })
        };
        assert!(METRICS.iter().any(is_it), "{name}");
    }
    for bucket in alerts.split("le=\"").skip(1) {
        let end: f64 = bucket.split('"').next().unwrap().parse().unwrap();
        assert!(super::BUCKETS_S.contains(&end), "no bucket ends at {end}");
    }
}
