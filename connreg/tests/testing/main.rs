//! What users test their own services with: faults on command, connections without a server, others in their place.

mod faults;
mod given;
mod outage;
mod stand_in;

use std::fs;
use std::path::{Path, PathBuf};

use connreg::testing::{Faults, Scripted};
use connreg::{Builder, Connection, Connections};

fn builder() -> Builder {
    Connections::builder().environment([("", ""); 0])
}

/// One connection without a server.
async fn scripted(more: &[(&str, &str)]) -> (Connections, Connection<Scripted>, Faults) {
    let faults = Faults::new();
    let mut builder = builder().with_scripted("orders", &faults);
    for (key, value) in more {
        builder = builder.set(format!("orders.{key}"), *value);
    }
    let connections = builder.load().await.expect("the settings are right");
    let orders = connections.get::<Scripted>("orders").expect("it is there");
    (connections, orders, faults)
}

/// A directory with one file of configuration, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("connreg-testing-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).expect("a temporary folder");
        folder.write(text);
        folder
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn write(&self, text: &str) {
        fs::write(self.0.join("connections.yaml"), text).expect("a file");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
