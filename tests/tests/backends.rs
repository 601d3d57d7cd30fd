//! The back ends as a set: what is linked, under which names, and the enum of them.

use std::collections::BTreeSet;

use connreg::ConnectionType;
use connreg_backends::{BackendType, Memory, Sqlite};

#[test]
fn each_feature_brings_a_type_and_a_variant() {
    let linked: BTreeSet<_> = ConnectionType::all().map(ConnectionType::name).collect();
    let listed = BackendType::ALL
        .iter()
        .map(|backend| backend.connection_type().name());
    assert_eq!(linked, listed.collect::<BTreeSet<_>>());
    assert_eq!(
        linked,
        BTreeSet::from(["memory", "postgres", "redis", "sqlite"])
    );
    for kind in ConnectionType::all() {
        assert_eq!(kind.category(), "db");
        assert!(!kind.doc().is_empty(), "{kind} has no documentation");
        assert!(
            kind.settings()
                .iter()
                .all(|setting| !setting.doc.is_empty()),
            "{kind}"
        );
    }
}

#[test]
fn a_match_names_all_of_them() {
    let embedded = |backend| match backend {
        BackendType::Memory | BackendType::Sqlite => true,
        BackendType::Postgres | BackendType::Redis => false,
    };
    assert!(embedded("sqlite3".parse().unwrap()));
    assert!(!embedded("Valkey".parse().unwrap()));
    assert_eq!(
        BackendType::try_from(Sqlite::TYPE).unwrap(),
        BackendType::Sqlite
    );
    assert_eq!(BackendType::Memory.connection_type(), Memory::TYPE);
}
