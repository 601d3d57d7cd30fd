//! `/metrics` when something is over: recorders forget no series, so the last word on each must be right.

use std::fs;
use std::path::{Path, PathBuf};

use axum::Router;
use connreg::Connections;
use connreg::http::router;

use crate::scrape::parse;
use crate::scripted::{Behaviour, faults_of};
use crate::{get, open, two};

/// The values of a gauge of `connection`, by the value of `label`.
async fn gauge(router: &Router, name: &str, connection: &str, label: &str) -> Vec<(String, f64)> {
    let samples = parse(&get(router, "/metrics").await.body);
    let ours = samples.into_iter().filter(|sample| {
        sample.name == name.replace('.', "_") && sample.labels["connection"] == connection
    });
    let mut found: Vec<_> = ours
        .map(|sample| (sample.labels[label].clone(), sample.value))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn gone((_, value): &(String, f64)) -> bool {
    value.is_nan()
}

#[tokio::test]
async fn an_error_that_is_over_goes_to_zero() {
    let connections = two("mended", "mended-spare").await;
    let router = router(&connections);
    let errors = || {
        gauge(
            &router,
            "connreg.connection.last_error",
            "mended",
            "error_type",
        )
    };
    assert!(errors().await.is_empty(), "nothing has failed yet");
    faults_of("mended").set_all(Behaviour::refuse());
    assert!(!open(&connections, "mended").await);
    assert_eq!(errors().await, [("refused".to_owned(), 1.0)]);
    faults_of("mended").set_all(Behaviour::work());
    connections.get_any("mended").unwrap().open().await.unwrap();
    assert_eq!(errors().await, [("refused".to_owned(), 0.0)]);
}

/// A folder of its own, removed with its file.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("connreg-stale-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, content: &str) {
        fs::write(self.path().join("connections.yaml"), content).expect("a file");
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_connection_that_is_not_configured_any_more_is_not_down_for_ever() {
    let folder = Folder::new();
    let section = |name: &str, required| {
        format!("  {name}: {{ type: scripted, script: {name}, required: {required} }}\n")
    };
    let (leaving, turning) = (section("leaving", true), section("turning", true));
    folder.write(&format!("connections:\n{leaving}{turning}"));
    let connections = Connections::builder()
        .directory(folder.path())
        .environment([("", ""); 0])
        .load()
        .await
        .expect("the file is right");
    let router = router(&connections);
    let up = |name| gauge(&router, "connreg.connection.up", name, "required");
    for name in ["leaving", "turning"] {
        faults_of(name).set_all(Behaviour::refuse());
        assert!(!open(&connections, name).await);
        assert_eq!(up(name).await, [("true".to_owned(), 0.0)]);
    }

    let turned = section("turning", false);
    folder.write(&format!("connections:\n{turned}"));
    connections.reload().await.expect("the file is right");
    assert!(matches!(&*up("leaving").await, [one] if gone(one)));
    let [optional, required] = up("turning").await.try_into().unwrap();
    assert_eq!(optional, ("false".to_owned(), 0.0));
    assert!(gone(&required), "{required:?}");
    let states = gauge(&router, "connreg.connection.state", "leaving", "state").await;
    assert!(!states.is_empty() && states.iter().all(gone), "{states:?}");
}
