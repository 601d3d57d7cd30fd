//! Where a setting's value comes from, layer by layer.

use connreg::config::{Explanation, Layer};

use crate::folder::{Folder, on_runtime};

/// Where a setting comes from; or why that can't be told, without the folder's path.
pub(crate) fn explained(folder: &Folder, key: &str) -> Result<Explanation, String> {
    let explained = on_runtime(folder.builder(folder.path()).explain(key));
    explained.map_err(|error| folder.plain(&error.to_string()))
}

fn shop() -> Folder {
    Folder::new()
        .file(
            "application.yaml",
            r#"
db:
  shop:
    type: pg
    host: "${DB_HOST:db.internal}"
    port: 5433
    database: shop
    pool_size: 12
    password: "${DB_PASSWORD}"
    options: {search_path: app, api_token: abcdef}
"#,
        )
        .file(
            "application-prod.yaml",
            "connections: {Shop: {Pool: {MaxSize: 15}, Password_File: pw}}\n",
        )
        .profile("prod")
        .env("CONNREG__SHOP__POOL__MAX_SIZE", "18")
        .env("PGHOST", "elsewhere")
        .env("DB_PASSWORD", "hunter2")
        .set("shop.pool_size", "20")
}

/// Each layer, what it says and where, strongest first.
pub(crate) fn layers(folder: &Folder, explanation: &Explanation) -> Vec<String> {
    assert_eq!(explanation.settings.len(), 1);
    let layers = explanation.settings[0].layers.iter().rev();
    layers
        .map(|layered| {
            let won = if layered.won { "> " } else { "" };
            let (layer, value) = (&layered.layer, &layered.value);
            folder.plain(&format!("{won}{layer}: {value}, {}", layered.place()))
        })
        .collect()
}

#[test]
fn each_layer_that_sets_it_is_told_by_any_of_its_names() {
    let folder = shop();
    for key in [
        "shop.pool.max_size",
        "Shop.pool_size",
        "shop.connection-pool-size",
        "SHOP.Pool.MaximumSize",
    ] {
        let explanation = explained(&folder, key).expect(key);
        assert_eq!(explanation.key, "shop.pool.max_size");
        assert_eq!(
            layers(&folder, &explanation),
            [
                "> code: 20, code",
                "environment: 18, $CONNREG__SHOP__POOL__MAX_SIZE",
                "profile: 15, application-prod.yaml:1:38",
                "files: 12, application.yaml:8:16",
                "default: 10, default",
            ],
            "{key}"
        );
    }
}

#[test]
fn a_well_known_variable_shows_that_it_beats_the_files() {
    let folder = shop();
    let explanation = explained(&folder, "shop.host").expect("a setting");
    assert_eq!(
        layers(&folder, &explanation),
        [
            "> variable: elsewhere, $PGHOST",
            "files: db.internal, application.yaml:5:11 (from the default in ${DB_HOST:…})",
            "default: localhost, default",
        ]
    );
    assert_eq!(
        explanation.settings[0].winner().expect("one").layer,
        Layer::Variable
    );
}

#[test]
fn a_secret_is_told_as_set_or_not_and_its_file_is_not_opened() {
    let folder = shop();
    let explanation = explained(&folder, "shop.password").expect("a setting");
    assert_eq!(
        layers(&folder, &explanation),
        [
            "> profile: [set], application-prod.yaml:1:58 (from file pw)",
            "files: [set], application.yaml:9:15",
        ]
    );
    let explanation = explained(&folder, "shop.tls.passphrase").expect("a setting");
    assert_eq!(explanation.settings[0].value(), "[not set]");
    for key in ["shop", "shop.password", "shop.options"] {
        let explanation = explained(&folder, key).expect(key);
        let text = format!("{explanation} {explanation:?} {}", json(&explanation));
        assert!(
            !text.contains("hunter2") && !text.contains("abcdef"),
            "{text}"
        );
    }
}

fn json(explanation: &Explanation) -> String {
    serde_json::to_string_pretty(explanation).expect("it has no map with odd keys")
}

#[test]
fn one_setting_is_shown_with_all_that_is_known_of_it() {
    let folder = shop();
    let explanation = explained(&folder, "shop.pool_size").expect("a setting");
    let shown = folder.plain(&explanation.to_string());
    assert_eq!(
        shown,
        "shop.pool.max_size = 20
  The most connections at a time.
  Takes a whole number; in 1..=10_000.
  Also called pool_size, connection_pool_size, max_pool_size, maximum_size.

  > code         20  code
    environment  18  $CONNREG__SHOP__POOL__MAX_SIZE
    profile      15  application-prod.yaml:1:38
    files        12  application.yaml:8:16
    default      10"
    );
}

#[test]
fn a_whole_connection_is_shown_setting_by_setting() {
    let folder = shop();
    let explanation = explained(&folder, "shop").expect("a connection");
    let shown = folder.plain(&explanation.to_string());
    for line in [
        "shop: pg, application.yaml:3:3",
        "$PGHOST, over application.yaml:5:11",
        "code, over $CONNREG__SHOP__POOL__MAX_SIZE, application-prod.yaml:1:38, application.yaml:8:16",
        "{search_path: app, api_token: [set]}",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let table = explained(&folder, "shop.tls").expect("a table");
    let paths: Vec<&str> = table.settings.iter().map(|s| s.path.as_str()).collect();
    assert_eq!(paths, ["tls.mode", "tls.ca", "tls.passphrase"]);
}

#[test]
fn mistakes_elsewhere_and_in_the_value_itself_don_t_matter() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db: {pg: {port: many, hots: 1}}\nsearch: [\n",
        )
        .file(
            "application-db.yaml",
            "db: {pg: {port: many, hots: 1}, mem: {limit: -1}}\n",
        );
    let explanation = explained(&folder, "pg.port").expect("a setting");
    assert_eq!(
        layers(&folder, &explanation),
        [
            "> files: many, application.yaml:1:17",
            "default: 5432, default"
        ]
    );
}

#[test]
fn what_is_loaded_explains_itself() {
    let folder = Folder::new().file("application.yaml", "db: {pg: {database: d}}\n");
    let explanation = on_runtime(async {
        let connections = folder.builder(folder.path()).load().await.expect("right");
        connections.explain("pg.database").await.expect("a setting")
    });
    assert_eq!(
        layers(&folder, &explanation),
        ["> files: d, application.yaml:1:21"]
    );
}

#[test]
fn an_unknown_key_is_told_with_the_nearest() {
    let folder = shop();
    for (key, expected) in [
        (
            "shpo.port",
            "there is no connection `shpo`; did you mean `shop`?",
        ),
        (
            "nothing",
            "there is no connection `nothing`; configured: shop",
        ),
        (
            "shop.prot",
            "`prot` is no setting of `shop`, which is of type `pg`; did you mean `port`?",
        ),
        (
            "shop.pool.max_sise",
            "`pool.max_sise` is no setting of `shop`, which is of type `pg`; did you mean `max_size`?",
        ),
        (
            "shop.type",
            "`type` is no setting of `shop`, which is of type `pg`; `shop` alone has all of its settings explained",
        ),
        (
            "shop.port.x",
            "`port.x` is no setting of `shop`, which is of type `pg`; `port` has no keys",
        ),
    ] {
        assert_eq!(explained(&folder, key).expect_err(key), expected);
    }
}

#[test]
fn a_connection_that_may_stand_in_an_unreadable_file_is_said_to() {
    let folder = Folder::new()
        .file("application.yaml", "db: [\n")
        .file("connections.yaml", "{}\n");
    let error = explained(&folder, "cache").expect_err("unknown");
    assert!(
        error.starts_with("there is no connection `cache`; it may stand in a file that can't be read: error: application.yaml:1:5"),
        "{error}"
    );
}
