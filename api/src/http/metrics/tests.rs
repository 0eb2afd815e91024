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
