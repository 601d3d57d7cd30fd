//! What Prometheus itself says of the alerts, the dashboard and a scrape.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use connreg::Connections;
use connreg_backends::{Memory, Sqlite};
use connreg_tests::{check_with_promtool, suite};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

suite! {
    Promtool:
        the_alerts_are_rules_and_fire_when_they_should_alone,
        the_dashboard_asks_what_can_be_answered,
        a_scrape_is_what_prometheus_reads;
}

const ALERTS: &str = include_str!("../../../docs/prometheus/alerts.yml");
const CASES: &str = include_str!("alerts_test.yml");
const DASHBOARD: &str = include_str!("../../../docs/grafana/connreg.json");

async fn the_alerts_are_rules_and_fire_when_they_should_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alerts.yml"), ALERTS).unwrap();
    fs::write(folder.path().join("alerts_test.yml"), CASES).unwrap();
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ] {
        let verdict = check_with_promtool(&arguments, folder.path(), "");
        assert!(verdict.passed, "{}", verdict.said);
    }
    for line in ALERTS.lines() {
        if let Some(alert) = line.trim().strip_prefix("- alert: ") {
            let case = format!("- alertname: {alert}\n");
            assert!(CASES.contains(&case), "{alert} has no test");
        }
    }
}

async fn the_dashboard_asks_what_can_be_answered() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut rules = "groups:\n  - name: panels\n    rules:\n".to_owned();
    let mut count = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let mut expression = target["expr"].as_str().unwrap().to_owned();
            for (variable, value) in [
                ("$__rate_interval", "5m"),
                ("$connection", ".*"),
                ("$category", ".*"),
            ] {
                expression = expression.replace(variable, value);
            }
            assert!(!expression.contains('$'), "{expression}");
            let quoted = Value::String(expression);
            write!(
                rules,
                "      - record: panel_{count}\n        expr: {quoted}\n"
            )
            .unwrap();
            count += 1;
        }
    }
    assert!(count >= 10, "{rules}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("panels.yml"), rules).unwrap();
    let verdict = check_with_promtool(&["check", "rules", "panels.yml"], folder.path(), "");
    assert!(verdict.passed, "{}", verdict.said);
    assert!(
        verdict.said.contains(&format!("{count} rules found")),
        "{}",
        verdict.said
    );
}

/// One that works, one that fails, one that nobody has opened.
async fn connections() -> Connections {
    let none: [(&str, &str); 0] = [];
    let connections = Connections::builder()
        .environment(none)
        .set("files.type", "sqlite")
        .set("files.path", ":memory:")
        .set("broken.type", "sqlite")
        .set("broken.path", "/no/such/folder/at/all.db")
        .set("unused.type", "memory")
        .load()
        .await
        .unwrap();
    let files = connections.get::<Sqlite>("files").unwrap();
    files
        .run(async |client| client.execute("CREATE TABLE t (n INTEGER)", ()).await)
        .await
        .unwrap();
    let broken = connections.get::<Sqlite>("broken").unwrap();
    let refused = broken.run(async |client| client.execute("SELECT 1", ()).await);
    refused.await.unwrap_err();
    connections.get::<Memory>("unused").unwrap();
    connections
}

async fn a_scrape_is_what_prometheus_reads() {
    let connections = connections().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = connreg::http::router(&connections);
    // With the recorder that the router installs: what is done from here on is recorded.
    let again = connections.get::<Sqlite>("files").unwrap();
    let count = again.run(async |client| client.execute("INSERT INTO t VALUES (1)", ()).await);
    assert_eq!(count.await.unwrap(), 1);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /metrics HTTP/1.0\r\nHost: test\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, metrics) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{head}");
    assert!(metrics.contains("db_client_operation_duration_count{"));

    let verdict = check_with_promtool(&["check", "metrics"], Path::new("/"), metrics);
    // The names are what the `metrics` crate makes of ours, whoever renders them: no suffix for counters. One is
    // OpenTelemetry's, and one counts milliseconds, since counters are whole numbers.
    let known = |line: &&str| {
        line.ends_with(" counter metrics should have \"_total\" suffix")
            || [
                "db_client_connection_count non-histogram and non-summary metrics should not have \"_count\" suffix",
                "connreg_pool_wait_time_ms metric names should not contain abbreviated units",
            ]
            .contains(line)
    };
    let said = verdict.said.lines().filter(|line| !line.is_empty());
    let against: Vec<_> = said.filter(|line| !known(line)).collect();
    assert!(against.is_empty(), "{against:?} of\n{metrics}");
}
