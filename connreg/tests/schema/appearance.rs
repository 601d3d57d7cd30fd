//! What the schema is: valid, stable, small, and telling.

use connreg::{Registry, schema};
use serde_json::{Value, json};

use crate::folder::{ANY, accepts, registry, validator};

#[test]
fn the_meta_schema_accepts_it() {
    let empty = Registry::from_types([]).expect("no types");
    for schema in [
        schema::json_schema(registry()),
        schema::Schema::new(registry())
            .whole()
            .connections_only()
            .to_json(),
        schema::json_schema(&empty),
        schema::Schema::new(&empty).whole().to_json(),
    ] {
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
        validator(&schema);
    }
}

#[test]
fn without_types_it_accepts_no_connection() {
    let validator = validator(&schema::json_schema(
        &Registry::from_types([]).expect("no types"),
    ));
    accepts(
        &validator,
        &json!({ "db": null, "connections": {}, "Logging": {} }),
    );
    for wrong in [
        json!({ "db": { "pg": {} } }),
        json!({ "connections": { "a": {} } }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn it_is_the_same_each_time() {
    let text = || serde_json::to_string(&schema::linked().expect("no clash")).expect("JSON");
    assert_eq!(text(), text());
}

/// Descends to `path`, through `$ref`s.
fn at<'s>(schema: &'s Value, path: &[&str]) -> &'s Value {
    let mut value = schema;
    for part in path {
        value = &value[*part];
        while let Some(place) = value["$ref"]
            .as_str()
            .filter(|_| value.get("description").is_none())
        {
            let pointer = place
                .strip_prefix('#')
                .expect("a place in the same document");
            value = schema
                .pointer(pointer)
                .unwrap_or_else(|| panic!("nothing at {place}"));
        }
    }
    value
}

#[test]
fn settings_tell_what_is_known_of_them() {
    let schema = schema::linked().expect("no clash");
    let sink =
        |name: &str| at(&schema, &["$defs", "type.kitchen-sink", "properties", name]).clone();
    let patience = sink("patience");
    assert_eq!(patience["default"], "30s");
    assert_eq!(
        patience["description"],
        "How long it waits.\n\nDefault: `30s`. Range: `1ms..=10min`."
    );
    assert_eq!(
        (&patience["minimum"], &patience["maximum"]),
        (&json!(0.001), &json!(600))
    );
    assert_eq!(sink("share")["exclusiveMaximum"], 1);
    assert_eq!(sink("temperature")["default"], -5);
    assert_eq!(sink("ports")["default"], json!([80, 443]));
    assert_eq!(sink("ports")["items"]["maximum"], 65535);
    assert_eq!(sink("weights")["maxProperties"], 2);
    assert_eq!(sink("pair")["minItems"], 2);
    assert_eq!(sink("site")["examples"], json!(["https://example.com/"]));
    assert_eq!(sink("site")["description"], "The site.\n\nRequired.");
    assert_eq!(sink("path")["deprecated"], true);
    assert_eq!(sink("api_key")["writeOnly"], true);
    assert_eq!(sink("headers")["writeOnly"], true);
    assert_eq!(sink("headers").get("default"), None);
    assert_eq!(sink("drain_width")["default"], 40);
    assert_eq!(sink("pool")["properties"]["max_size"]["default"], 10);
    let mode = at(
        &schema,
        &[
            "$defs",
            "type.pg",
            "properties",
            "tls",
            "properties",
            "mode",
        ],
    );
    assert_eq!(
        mode["description"],
        "How strict.\n\n- `off`: Not at all.\n- `verify_full`: Very.\n\nDefault: `off`."
    );
    assert_eq!(mode["anyOf"][0]["enum"], json!(["off", "verify_full"]));
    let host = at(&schema, &["$defs", "type.pg", "properties", "host"]);
    assert_eq!(
        host["description"],
        "Where it listens.\n\nDefault: `localhost`. Also taken from `$PGHOST`."
    );
}

#[test]
fn what_it_shows_is_right_in_its_own_eyes() {
    let schema = schema::linked().expect("no clash");
    let mut seen = 0;
    for (kind, table) in registry()
        .types()
        .iter()
        .map(|kind| (kind, &schema["$defs"][format!("type.{kind}")]))
    {
        for (name, _) in table["properties"].as_object().expect("properties") {
            let setting = at(
                &schema,
                &["$defs", &format!("type.{kind}"), "properties", name],
            );
            let examples = setting["examples"].as_array().into_iter().flatten();
            for value in setting.get("default").into_iter().chain(examples) {
                seen += 1;
                accepts(
                    &ANY,
                    &json!({ "connections": { "a": { "type": kind.name(), name.as_str(): value } } }),
                );
            }
        }
    }
    assert!(seen > 50, "{seen} defaults and examples");
}

#[test]
fn a_type_takes_little_room() {
    let schema = schema::linked().expect("no clash").to_string();
    let each = schema.len() / registry().len();
    assert!(each < 16 * 1024, "{each} bytes a type");
}
