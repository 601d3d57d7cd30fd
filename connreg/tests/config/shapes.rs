//! The two shapes, the three formats, and the names that connections get.

use crate::folder::Folder;
use crate::types::{Archive, Confluence, Jira, Mem, Mode, Pg, Pgvector, Search};

#[test]
fn by_category_the_name_is_the_type() {
    let folder = Folder::new().file(
        "application-db.yaml",
        "db:\n  pg:\n    host: db1\n    port: \"5433\"\n    database: shop\n    tls:\n      mode: verify-full\n",
    );
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["pg"]);
    let pg = connections.get::<Pg>("pg").expect("pg");
    let settings = pg.settings();
    assert_eq!(
        (
            settings.host.as_str(),
            settings.port,
            settings.database.as_str()
        ),
        ("db1", 5433, "shop")
    );
    assert_eq!(settings.tls.mode, Mode::VerifyFull);
}

#[test]
fn by_category_with_a_type_any_name() {
    let folder = Folder::new().file(
        "application.toml",
        "[db.reporting]\ntype = 'pg'\ndatabase = 'r'\n\n[vector.docs]\nType = \"pgvector\"\nbase = 'Reporting'\n",
    );
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["reporting", "docs"]);
    assert_eq!(
        connections
            .get::<Pgvector>("docs")
            .expect("docs")
            .settings()
            .base
            .name(),
        "Reporting"
    );
}

#[test]
fn by_name_as_dot_net_writes_it() {
    let folder = Folder::new().file(
        "appsettings.json",
        r#"{
  // what others read is ignored
  "Logging": {"LogLevel": {"Default": "Information"}},
  "AllowedHosts": "*",
  "Connections": {
    "CustomerDB": {"ConnectionType": "PostgreSql", "Host": "h", "Database": "customers", "PoolSize": 20,
      "StatementTimeout": "00:00:30",},
    "Cache": {"ConnectionType": "Mem", "ConnectionString": "localhost:6379"},
  },
}"#,
    );
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["CustomerDB", "Cache"]);
    let pg = connections.get::<Pg>("customer_db").expect("customer_db");
    assert_eq!(
        pg.settings().statement_timeout,
        Some(std::time::Duration::from_secs(30))
    );
    let cache = connections.get::<Mem>("cache").expect("cache");
    let settings = cache.settings();
    let text = settings
        .connection_string
        .as_ref()
        .expect("a connection string");
    assert_eq!(text.expose(), "localhost:6379");
    folder.says(&[]);
}

#[test]
fn types_share_a_section_and_stand_under_two_categories() {
    let folder = Folder::new()
        .file(
            "application-external.yml",
            "external:\n  atlassian:\n    url: https://a.example\n    token: t\n    space: S\n    project: P\n",
        )
        .file("application-search.yaml", "db:\n  finder:\n    hosts: [http://a, http://b]\n");
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["confluence", "jira", "finder"]);
    assert_eq!(
        connections
            .get::<Jira>("jira")
            .expect("jira")
            .settings()
            .project
            .as_deref(),
        Some("P")
    );
    let confluence = connections
        .get::<Confluence>("confluence")
        .expect("confluence");
    assert_eq!(
        confluence
            .settings()
            .token
            .as_ref()
            .expect("a token")
            .expose(),
        "t"
    );
    assert_eq!(
        connections
            .get::<Search>("finder")
            .expect("finder")
            .settings()
            .hosts
            .len(),
        2
    );
}

#[test]
fn a_type_that_shares_a_section_is_there_only_if_a_key_of_its_own_is() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "external:\n  atlassian: {url: 'https://a.example', project: P}\n",
        )
        .file(
            "application-prod.yaml",
            "external:\n  atlassian: {url: 'https://b.example'}\n",
        )
        .profile("prod");
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["jira"]);
    assert_eq!(
        connections
            .get::<Jira>("jira")
            .expect("jira")
            .settings()
            .url
            .as_str(),
        "https://b.example/"
    );

    let folder = Folder::new().file(
        "application.yaml",
        "external:\n  atlassian: {url: 'https://a.example', tokn: x}\n",
    );
    folder.says(&["error: application.yaml:2:3: `external.atlassian`: this table is shared by `confluence`, `jira`, \
         and no key says which is meant; set a key that only one has: `confluence` by space, `jira` by project"]);
    let folder = Folder::new().file(
        "application.yaml",
        "external:\n  atlassian: {url: 'https://a.example', space: s, tokn: x}\n",
    );
    folder.says(&[
        "error: application.yaml:2:51: `external.atlassian.tokn`: unknown key; did you mean `token`?",
    ]);
}

#[test]
fn a_table_without_keys_is_an_empty_one() {
    let folder = Folder::new().file(
        "application.yaml",
        "db:\n  mem:\n  pg:\n    database: d\n    tls:\n    pool:\n    password:\n    options:\n",
    );
    folder.says(&[]);
}

#[test]
fn a_section_may_stand_within_another_and_without_a_category() {
    let folder = Folder::new().file(
        "application.toml",
        "[cloud]\nregion = 'r'\n[cloud.store]\nbucket = 'b'\n[cloud.store.archive]\ntier = 't'\n",
    );
    folder.says(&[]);
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["cloud", "store", "archiver"]);
    assert_eq!(
        connections
            .get::<Archive>("archiver")
            .expect("it")
            .settings()
            .tier,
        "t"
    );
    let folder = Folder::new().file(
        "application.toml",
        "[cloud]\nregion = 'r'\n[cloud.stor]\nbucket = 'b'\n",
    );
    folder.says(&["error: application.toml:3:8: `cloud.stor`: unknown key; known keys: region"]);
}
