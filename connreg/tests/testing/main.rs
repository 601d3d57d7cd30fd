//! What users test their own services with: faults on command, connections without a server, others in their place.

mod faults;
mod outage;
mod stand_in;

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
