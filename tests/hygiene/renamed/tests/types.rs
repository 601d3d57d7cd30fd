//! The types of this crate are registered, readable and safe to print.

use std::time::Duration;

use hygiene_renamed::closed::Closed;
use hygiene_renamed::conditional::Conditional;
use hygiene_renamed::every_word::{EveryWord, Mode, Named};
use hygiene_renamed::from_macro::{First, Second, Table};
use hygiene_renamed::in_function;
use hygiene_renamed::renamed::{ByteSize, ConnectionType, Connections};
use hygiene_renamed::shadowed::Shadowed;

async fn load(settings: &[(&str, &str)]) -> Connections {
    let mut builder = Connections::builder().environment(Vec::<(String, String)>::new());
    for (key, value) in settings {
        builder = builder.set(*key, *value);
    }
    builder.load().await.unwrap()
}

#[test]
fn every_type_is_registered() {
    let names: Vec<_> = ConnectionType::by_category("hygiene")
        .map(ConnectionType::name)
        .collect();
    let expected = [
        "conditional",
        "every-word",
        "half_private",
        "in_function",
        "macro_first",
        "macro_second",
        "shadowed",
    ];
    assert_eq!(names, expected);
    assert_eq!(in_function::kind().name(), "in_function");
    assert_eq!(in_function::half_private().package(), "hygiene-renamed");
    assert_eq!(
        ConnectionType::by_name("EveryWord2").unwrap(),
        EveryWord::TYPE
    );
    assert_eq!(EveryWord::TYPE.doc(), "A type with every word.");
    assert_eq!(EveryWord::TYPE.sections(), ["hygiene.words", "words"]);
    let (file, line) = First::TYPE.defined_at();
    assert!(file.ends_with("from_macro.rs"), "{file}");
    assert_ne!(line, 0);
}

#[tokio::test]
async fn every_default_is_read() {
    let connections = load(&[("all.type", "every-word")]).await;
    let connection = connections.get::<EveryWord>("all").unwrap();
    let settings = connection.settings();
    assert_eq!(settings.host, "localhost");
    assert_eq!(
        (settings.port, settings.min, settings.max, settings.offset),
        (5432, 1, 10, -5)
    );
    assert_eq!(settings.timeout, Duration::from_secs(90));
    assert_eq!(settings.patience, Some(Duration::from_secs(2)));
    assert_eq!(settings.buffer, ByteSize::mib(64));
    assert_eq!(settings.names, ["a", "b"]);
    assert_eq!(
        (settings.mode, settings.other_mode),
        (Mode::Little, Mode::Much)
    );
    assert_eq!(settings.token.expose(), "hidden word");
    assert_eq!(
        (settings.login.user.as_str(), settings.tuning.depth),
        ("nobody", 3)
    );
    assert_eq!(settings.r#ref, "r");
    let default = EveryWord::default();
    assert_eq!(format!("{default:?}"), format!("{settings:?}"));
    let named = connections.get_as::<dyn Named + Send + Sync>("all");
    assert!(named.is_err(), "only the trait itself is provided");
}

#[tokio::test]
async fn every_setting_is_read() {
    let connections = load(&[
        ("all.type", "everything"),
        ("all.Server", "db.example.org"),
        ("all.port", "5433"),
        ("all.login.user", "me"),
        ("all.depth", "7"),
        ("all.mode", "LOTS"),
        ("all.otherMode", "false"),
        ("all.ref", "main"),
    ])
    .await;
    let connection = connections.get::<EveryWord>("all").unwrap();
    let settings = connection.settings();
    assert_eq!(
        (settings.host.as_str(), settings.port),
        ("db.example.org", 5433)
    );
    assert_eq!(
        (settings.login.user.as_str(), settings.tuning.depth),
        ("me", 7)
    );
    assert_eq!(
        (settings.mode, settings.other_mode),
        (Mode::Much, Mode::Little)
    );
    assert_eq!(settings.r#ref, "main");
}

#[tokio::test]
async fn every_mistake_is_told_at_once() {
    let mut builder = Connections::builder().environment(Vec::<(String, String)>::new());
    for (key, value) in [
        ("all.type", "every-word"),
        ("all.port", "0"),
        ("all.host", "1st"),
        ("all.share", "1.0"),
        ("all.speed", "fats"),
        ("all.mode", "littel"),
        ("all.token", "ab"),
        ("all.login.user", "root"),
        ("all.buffer", "2 GiB"),
        ("all.timeout", "11min"),
        ("all.prot", "1"),
    ] {
        builder = builder.set(key, value);
    }
    let message = builder.load().await.unwrap_err().to_string();
    for part in [
        "0 is too small",
        "`1st` begins with a digit",
        "1 is too large",
        "did you mean `fast`",
        "did you mean `little`",
        "has 2 characters, too few",
        "root may not log in",
        "too large",
        "did you mean `port`",
    ] {
        assert!(message.contains(part), "no `{part}` in:\n{message}");
    }
    assert!(!message.contains("`ab`"), "{message}");
}

#[tokio::test]
async fn what_holds_across_settings_is_checked() {
    let builder = Connections::builder().environment(Vec::<(String, String)>::new());
    let builder = builder
        .set("all.type", "every-word")
        .set("all.min", "9")
        .set("all.max", "8");
    let message = builder.load().await.unwrap_err().to_string();
    assert!(message.contains("`min` is above `max`"), "{message}");
}

#[test]
fn defaults_are_told_as_they_would_be_written() {
    let default = |name| {
        let field = EveryWord::TYPE
            .settings()
            .iter()
            .find(|field| field.name == name);
        field.and_then(|field| field.default)
    };
    assert_eq!(default("timeout"), Some("1m 30s"));
    assert_eq!(default("mode"), Some("little"));
    assert_eq!(default("other_mode"), Some("very-much"));
    assert_eq!(default("quiet"), Some("false"));
    assert_eq!(default("max"), None);
    assert_eq!(default("token"), None);
}

#[test]
fn nothing_secret_is_printed() {
    let mut settings = EveryWord::default();
    settings
        .headers
        .insert("authorization".into(), "hidden header".into());
    let printed = format!("{settings:?} {settings:#?}");
    assert!(!printed.contains("hidden"), "{printed}");
    assert!(!printed.contains("word@"), "{printed}");
    assert!(printed.contains("5432"), "{printed}");
}

#[tokio::test]
async fn the_types_of_macros_are_read() {
    let connections = load(&[
        ("a.type", "macro_first"),
        ("b.type", "macro_second"),
        ("b.number", "1"),
    ])
    .await;
    assert_eq!(connections.get::<First>("a").unwrap().settings().number, 80);
    let second = connections.get::<Second>("b").unwrap();
    assert!((second.settings().number - 1.0).abs() < f64::EPSILON);
    assert!(second.settings().perhaps.is_none());
    let table = Table { word: "w".into() };
    assert_eq!(format!("{table:?}"), r#"Table { word: "w" }"#);
}

#[tokio::test]
async fn shadowing_items_are_not_met() {
    let connections = load(&[("a.type", "shadowed")]).await;
    let connection = connections.get::<Shadowed>("a").unwrap();
    assert_eq!(connection.settings().nested.number, 1);
    assert_eq!(connection.settings().time, Duration::from_secs(1));
}

#[tokio::test]
async fn conditions_are_heeded() {
    let connections = load(&[("a.type", "conditional")]).await;
    let connection = connections.get::<Conditional>("a").unwrap();
    let names: Vec<_> = Conditional::TYPE
        .settings()
        .iter()
        .map(|field| field.name)
        .collect();
    #[cfg(feature = "extra")]
    {
        assert_eq!(
            (
                connection.settings().always.as_str(),
                connection.settings().extra.number
            ),
            ("extra", 2)
        );
        assert_eq!(names, ["always", "extra"]);
    }
    #[cfg(not(feature = "extra"))]
    {
        assert_eq!(
            (
                connection.settings().always.as_str(),
                connection.settings().plain
            ),
            ("plain", 1)
        );
        assert_eq!(names, ["always", "plain"]);
    }
}

#[test]
fn a_closed_set_needs_no_prelude() {
    assert_eq!("every_word".parse::<Closed>().unwrap(), Closed::EveryWord);
    assert_eq!(Closed::Shadowed.connection_type(), Shadowed::TYPE);
}

#[tokio::test]
async fn a_provider_of_secrets_is_there_with_its_crate() {
    let folder = std::env::temp_dir().join(format!("connreg-hygiene-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = "connections: {a: {type: conditional, always: '${hygienic:x}'}}";
    std::fs::write(folder.join("connections.yaml"), text).unwrap();
    let connections = Connections::load(&folder).await.unwrap();
    let settings = connections.get::<Conditional>("a").unwrap().settings();
    assert_eq!(settings.always, "x");
    std::fs::remove_dir_all(&folder).unwrap();
}
