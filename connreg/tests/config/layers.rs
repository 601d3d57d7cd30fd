//! Which files are read, and what wins.

use crate::folder::Folder;
use crate::types::{Mem, Pg};

const BASE: &str = "db:\n  pg: {host: base, database: shop}\n";

fn host(folder: &Folder) -> String {
    folder
        .loaded()
        .get::<Pg>("pg")
        .expect("pg")
        .settings()
        .host
        .clone()
}

#[test]
fn every_profile_form_goes_before_the_files_without_profile() {
    for file in [
        "application-dev.yaml",
        "application-db-dev.yml",
        "dev-application-db.yaml",
        "connections-dev.yaml",
        "appsettings.Dev.yaml",
    ] {
        let profile = "connections: {PG: {Host: profile}}\n";
        let folder = Folder::new()
            .file("application-db.yaml", BASE)
            .file(file, profile);
        assert_eq!(host(&folder), "base", "{file}");
        assert_eq!(host(&folder.profile("dev")), "profile", "{file}");
        let folder = Folder::new()
            .file("application-db.yaml", BASE)
            .file(file, profile);
        assert_eq!(
            host(&folder.env("CONNREG_PROFILE", "dev")),
            "profile",
            "{file}"
        );
    }
}

#[test]
fn the_profile_of_code_goes_before_that_of_the_environment() {
    let folder = Folder::new()
        .file("application.yaml", BASE)
        .file("application-a.yaml", "db: {pg: {host: a}}")
        .file("application-b.yaml", "db: {pg: {host: b}}");
    assert_eq!(host(&folder.env("CONNREG_PROFILE", "a").profile("b")), "b");
}

#[test]
fn layers_are_merged_key_by_key_whatever_the_spelling_and_the_shape() {
    let folder = Folder::new()
        .file("application.yaml", "db:\n  pg:\n    database: shop\n    tls: {mode: verify_full, ca: /ca}\n    options: {Search_Path: a, b: c}\n    replicas: [x, y]\n")
        .file("appsettings.prod.json", r#"{"Connections": {"Pg": {"TLS": {"Ca": "/other"}, "Options": {"Search_Path": "z", "searchpath": "kept"}, "Replicas": ["w"]}}}"#)
        .profile("prod");
    let connections = folder.loaded();
    let pg = connections.get::<Pg>("pg").expect("pg");
    let settings = pg.settings();
    assert_eq!(settings.tls.mode, crate::types::Mode::VerifyFull);
    assert_eq!(settings.tls.ca.as_deref(), Some("/other".as_ref()));
    assert_eq!(settings.replicas, ["w"]);
    let options: Vec<_> = settings
        .options
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        options,
        [("Search_Path", "z"), ("b", "c"), ("searchpath", "kept")]
    );
}

#[test]
fn outside_values_go_before_files_in_their_order() {
    let base = || {
        Folder::new()
            .file("application.yaml", "db: {pg: {host: file, database: d}}")
            .file("application-prod.yaml", "db: {pg: {host: profile}}")
    };
    assert_eq!(host(&base().profile("prod")), "profile");
    assert_eq!(host(&base().profile("prod").env("PGHOST", "")), "profile");
    assert_eq!(
        host(&base().profile("prod").env("PGHOST", "known")),
        "known"
    );
    assert_eq!(
        host(
            &base()
                .env("PGHOST", "known")
                .env("CONNREG__PG__HOST", "exact")
        ),
        "exact"
    );
    assert_eq!(
        host(
            &base()
                .env("CONNREG__PG__HOST", "exact")
                .set("pg.host", "code")
        ),
        "code"
    );
    assert_eq!(
        host(&base().set("pg.host", "first").set("PG.Host", "last")),
        "last"
    );
}

#[test]
fn the_environment_overrides_any_key_of_either_shape() {
    let folder = Folder::new()
        .file("application.yaml", "connections:\n  my_customer_db: {type: pg, database: d, options: {Search_Path: a}}\n  plain: {type: mem}\n")
        .env("CONNREG__MY_CUSTOMER_DB__TLS__MODE", "verify-full")
        .env("CONNREG__MyCustomerDb__POOL__MAX_SIZE", "7")
        .env("CONNREG__MY_CUSTOMER_DB__OPTIONS__SEARCH_PATH", "b")
        .env("CONNREG__MY_CUSTOMER_DB__OPTIONS__NEW", "c")
        .env("CONNREG__MY_CUSTOMER_DB__REPLICAS", "one, two")
        .env("CONNREG__PLAIN__PIN", "$${x}")
        .env("CONNREG__PLAIN__DURABLE", "yes");
    folder.says(&[]);
    let connections = folder.loaded();
    let pg = connections.get::<Pg>("my_customer_db").expect("it");
    assert_eq!(pg.settings().tls.mode, crate::types::Mode::VerifyFull);
    assert_eq!(pg.settings().replicas, ["one", "two"]);
    let settings = pg.settings();
    let options: Vec<_> = settings
        .options
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(options, [("NEW", "c"), ("Search_Path", "b")]);
    let plain = connections.get::<Mem>("plain").expect("plain");
    // Values from outside are meant as they are.
    assert_eq!(
        plain.settings().pin.as_ref().expect("a pin").expose(),
        "$${x}"
    );
    assert!(plain.settings().durable);
}

#[test]
fn a_value_from_outside_that_nothing_takes_is_told() {
    let folder = Folder::new()
        .file("application.yaml", BASE)
        .env("CONNREG__PGG__HOST", "x")
        .env("CONNREG__PG__HOTS", "secret")
        .env("CONNREG__PG__TLS", "x")
        .env("CONNREG__PG__HOST__NAME", "x")
        .env("CONNREG__PG", "x")
        .env("CONNREG__", "x")
        .env("CONNREG__PG__PORT", "0");
    folder.says(&[
        "warning: $CONNREG__: `CONNREG__`: there is no connection ``; write a name and a key",
        "warning: $CONNREG__PG: `CONNREG__PG`: a key is missing behind `pg`; write `CONNREG__PG__KEY`",
        "warning: $CONNREG__PGG__HOST: `CONNREG__PGG__HOST`: there is no connection `pgg`; did you mean `pg`?",
        "warning: $CONNREG__PG__HOST__NAME: `CONNREG__PG__HOST__NAME`: `host__name` is no setting of `pg`, which is of type `pg`; `HOST` takes text, it has no keys",
        "warning: $CONNREG__PG__HOTS: `CONNREG__PG__HOTS`: `hots` is no setting of `pg`, which is of type `pg`; did you mean `host`?",
        "warning: $CONNREG__PG__TLS: `CONNREG__PG__TLS`: `tls` is no setting of `pg`, which is of type `pg`; `TLS` is a table: name a key in it",
        "error: $CONNREG__PG__PORT: `db.pg.port`: the value is too small; write a value in 1..=65535",
    ]);
    let folder = Folder::new()
        .file("application.yaml", BASE)
        .set("pg.hots", "x")
        .set("pgg.host", "x");
    folder.says(&[
        "error: code: `pg.hots`: `hots` is no setting of `pg`, which is of type `pg`; did you mean `host`?",
        "error: code: `pgg.host`: there is no connection `pgg`; did you mean `pg`?",
    ]);
}

#[test]
fn another_type_in_a_later_layer_begins_afresh() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "connections: {main: {type: pg, database: d, port: 1}}",
        )
        .file(
            "application-dev.yaml",
            "connections: {main: {type: mem, durable: true}}",
        )
        .profile("dev");
    assert!(
        folder
            .loaded()
            .get::<Mem>("main")
            .expect("main")
            .settings()
            .durable
    );
}

#[test]
fn code_alone_makes_connections() {
    let folder = Folder::new()
        .file("application.yaml", "")
        .set("a.b.type", "mem")
        .set("a.b.durable", "true");
    let connections = folder.loaded();
    assert_eq!(connections.list(), ["a.b"]);
    assert!(
        connections
            .get::<Mem>("a.b")
            .expect("a.b")
            .settings()
            .durable
    );
}

#[test]
fn files_that_are_passed_over_are_told() {
    let folder = Folder::new()
        .file("application.yaml", BASE)
        .file("application-prod.yaml", "}{")
        .file("application.yaml.bak", "}{")
        .file("notes.yaml", "}{")
        .file("connections-prod.json", "}{");
    folder.says(&[
        "warning: application-prod.yaml: this file was not read: `prod` is neither a category nor the active profile; no profile is active; it is chosen by CONNREG_PROFILE or in code",
        "warning: application.yaml.bak: this file was not read; looked for application, application-{category}, connections and appsettings, each as .yaml, .yml, .toml or .json",
    ]);
    let folder = Folder::new()
        .file("application.yaml", BASE)
        .file("application-prod.yaml", "}{")
        .profile("prd");
    folder.says(&[
        "warning: application-prod.yaml: this file was not read: `prod` is neither a category nor the active profile; the active profile is `prd`; it is chosen by CONNREG_PROFILE or in code",
        "warning: code: `profile`: no file belongs to the profile `prd`; did you mean `prod`?",
    ]);
}

#[test]
fn what_can_not_be_found_is_told_with_what_was_looked_for() {
    let folder = Folder::new();
    folder.says(&["error: <folder>: there is no configuration file in this directory; looked for application, \
         application-{category}, connections and appsettings, each as .yaml, .yml, .toml or .json"]);
    let error = folder
        .load_directory(&folder.path().join("none"))
        .expect_err("there is none")
        .to_string();
    for part in [
        "there is no such directory\n",
        "/none\n",
        "help: give the directory that holds",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let folder = folder.file("application.yaml", BASE);
    let error = folder
        .load_directory(&folder.path().join("application.yaml"))
        .expect_err("a file")
        .to_string();
    for part in ["this is a file, not a directory\n", "/application.yaml\n"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_profile_must_not_bear_a_categorys_name() {
    let folder = Folder::new()
        .file("application.yaml", BASE)
        .env("CONNREG_PROFILE", "Queue");
    assert_eq!(
        folder.errors(),
        [
            "error: $CONNREG_PROFILE: `profile`: the profile `Queue` bears the name of the category `queue`; \
          call it otherwise: `application-queue` is the category's file"
        ]
    );
}

#[test]
fn switched_off_connections_are_checked_and_left_out() {
    let folder = Folder::new().file(
        "application.yaml",
        "db:\n  pg: {database: '${NOT_SET}', enabled: '${ON:no}'}\n  mem: {enabled: false}\n",
    );
    assert_eq!(folder.loaded().list(), [""; 0]);
    let folder = folder.env("ON", "true");
    assert_eq!(folder.errors().len(), 1);
    let folder = Folder::new().file(
        "application.yaml",
        "db: {mem: {enabled: false, durabel: true}}",
    );
    assert_eq!(
        folder.errors(),
        ["error: application.yaml:1:28: `db.mem.durabel`: unknown key; did you mean `durable`?"]
    );
}
