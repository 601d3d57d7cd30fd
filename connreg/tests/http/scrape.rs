//! `/metrics`: the text format, every name, and what dashboards and alerts ask for.

use std::collections::{BTreeMap, BTreeSet};

use connreg::http::{Options, router, router_with};
use connreg::observe::names::{METRICS, MetricKind};

use crate::scripted::{Behaviour, faults_of};
use crate::{get, open, two};

/// One line of a scrape.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// Reads the Prometheus text format strictly.
pub(crate) fn parse(text: &str) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    assert!(text.ends_with('\n'), "the last line is not ended");
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (keyword, name) = (words.next().unwrap(), words.next().unwrap());
            match keyword {
                "HELP" => assert!(words.next().is_some(), "{line}"),
                "TYPE" => {
                    let before = types.insert(name, words.next().unwrap());
                    assert_eq!(before, None, "a second type: {line}");
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
            None => (series, ""),
        };
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        assert!(name.chars().all(valid), "{line}");
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| {
                name.strip_suffix(end)
                    .filter(|base| types.contains_key(base))
            })
            .unwrap_or(name);
        assert!(types.contains_key(base), "no type: {line}");
        let labels = labels
            .split("\",")
            .filter(|label| !label.is_empty())
            .map(|label| {
                let (key, value) = label.split_once("=\"").unwrap();
                (key.to_owned(), value.trim_end_matches('"').to_owned())
            })
            .collect();
        samples.push(Sample {
            name: name.to_owned(),
            labels,
            value: value.parse().unwrap(),
        });
    }
    samples
}

/// A metric's name as Prometheus shows it.
fn prometheus(name: &str) -> String {
    name.replace('.', "_")
}

async fn scraped(name: &str) -> Vec<Sample> {
    let spare = format!("{name}-spare");
    let connections = two(name, &spare).await;
    let router = router(&connections);
    assert!(open(&connections, name).await);
    faults_of(&spare).set_all(Behaviour::refuse());
    assert!(!open(&connections, &spare).await);
    connections.get_any(name).unwrap().check().await.unwrap();
    let answer = get(&router, "/metrics").await;
    assert_eq!(
        answer.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    parse(&answer.body)
}

#[tokio::test]
async fn the_scrape_tells_what_happened() {
    let samples = scraped("measured").await;
    let value = |name: &str, connection: &str, label: Option<(&str, &str)>| {
        let found = samples.iter().find(|sample| {
            sample.name == prometheus(name)
                && sample.labels["connection"] == connection
                && label
                    .is_none_or(|(key, value)| sample.labels.get(key).is_some_and(|v| v == value))
        });
        found.map(|sample| sample.value)
    };
    assert_eq!(value("connreg.connection.up", "measured", None), Some(1.0));
    assert_eq!(
        value(
            "connreg.connection.up",
            "measured-spare",
            Some(("required", "false"))
        ),
        Some(0.0)
    );
    assert_eq!(
        value("connreg.connection.opened", "measured", None),
        Some(1.0)
    );
    assert_eq!(
        value("connreg.connection.failures", "measured-spare", None),
        Some(1.0)
    );
    let refused = Some(("error_type", "refused"));
    assert_eq!(
        value("connreg.connection.last_error", "measured-spare", refused),
        Some(1.0)
    );
    let connected = Some(("state", "connected"));
    assert_eq!(
        value("connreg.connection.state", "measured", connected),
        Some(1.0)
    );
    let count = "connreg.connection.connect.duration_count";
    assert_eq!(value(count, "measured", None), Some(1.0));
    for sample in &samples {
        if sample.name.starts_with("connreg") {
            assert_eq!(sample.labels["type"], "scripted", "{}", sample.name);
            assert_eq!(sample.labels["category"], "test", "{}", sample.name);
        }
    }
}

#[tokio::test]
async fn a_recorder_of_the_programs_own_is_asked() {
    let connections = two("foreign", "foreign-spare").await;
    let options = Options::new().metrics(|| "my_own 1\n".to_owned());
    let answer = get(&router_with(&connections, options), "/metrics").await;
    assert_eq!(answer.body, "my_own 1\n");
}

/// Every name that a text uses as a metric.
fn used(text: &str) -> BTreeSet<String> {
    let known: BTreeSet<String> = METRICS
        .iter()
        .map(|metric| prometheus(metric.name))
        .collect();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("connreg_") || word.starts_with("db_client_"))
        .filter(|word| !is_label(word))
        .map(|word| {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end))
                .filter(|base| known.contains(*base));
            base.unwrap_or(word).to_owned()
        })
        .collect()
}

fn is_label(word: &str) -> bool {
    word == prometheus(connreg::observe::names::POOL_STATE)
}

#[test]
fn dashboard_and_alerts_ask_for_metrics_that_exist() {
    let dashboard = include_str!("../../../docs/grafana/connreg.json");
    let alerts = include_str!("../../../docs/prometheus/alerts.yml");
    let json: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    assert!(json["panels"].as_array().unwrap().len() >= 8);
    let known: BTreeSet<String> = METRICS
        .iter()
        .map(|metric| prometheus(metric.name))
        .collect();
    for (page, text) in [("dashboard", dashboard), ("alerts", alerts)] {
        let used = used(text);
        assert!(used.len() >= 5, "{page}: {used:?}");
        for name in used {
            assert!(known.contains(&name), "{page}: {name} is no metric of ours");
        }
    }
    let page = include_str!("../../../docs/metrics.md");
    for metric in METRICS {
        assert!(
            page.contains(&format!("`{}`", metric.name)),
            "docs/metrics.md lacks {}",
            metric.name
        );
    }
    let histograms = METRICS
        .iter()
        .filter(|metric| metric.kind == MetricKind::Histogram);
    for metric in histograms {
        let buckets = format!("{}_bucket", prometheus(metric.name));
        let bare = format!("{}{{", prometheus(metric.name));
        assert!(
            !dashboard.contains(&bare),
            "a histogram has no series of its own: {bare}"
        );
        assert!(
            dashboard.contains(&buckets) || alerts.contains(&buckets),
            "nobody asks for {buckets}"
        );
    }
}
