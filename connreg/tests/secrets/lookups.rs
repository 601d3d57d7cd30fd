//! What providers are asked, what comes of it, and what is said when nothing does.

use std::time::Duration;

use connreg::{SecretError, SecretProvider, SecretValue, async_trait};

use crate::folder::Folder;
use crate::providers::{SECRET, Vault, builder, folder, load, one, password, said, settings};

#[tokio::test]
async fn a_provider_gives_a_value() {
    let vault = Vault::holding(&[
        ("db/pw", "hunter2"),
        ("a|b", "bar"),
        ("of/prod", "prod"),
        ("pem", "line\nline\n"),
        ("a}b", "brace"),
    ]);
    for (text, expected) in [
        ("${vault:db/pw}", "hunter2"),
        ("${ vault:db/pw }", "hunter2"),
        ("<${vault:db/pw}|${vault:db/pw}>", "<hunter2|hunter2>"),
        ("#{vault:db/pw}#", "hunter2"),
        ("#{vault:a}b}#", "brace"),
        ("${vault:a||b}", "bar"),
        ("${vault:of/${STAGE}}", "prod"),
        ("${vault:none|dev}", "dev"),
        ("${vault:none|}", ""),
        ("${vault:none|${vault:db/pw}}", "hunter2"),
        ("${UNSET:${vault:db/pw}}", "hunter2"),
        ("${vault:pem}", "line\nline\n"),
        ("$${vault:db/pw}", "${vault:db/pw}"),
        ("${linked:x}", "hunter2-linked-x"),
        ("${env:STAGE}", "prod"),
        ("${env:UNSET|dev}", "dev"),
    ] {
        let folder = one(&format!("password: '{text}'")).env("STAGE", "prod");
        let connections = load(&folder, &vault).await.expect(text);
        assert_eq!(password(&connections), expected, "{text}");
    }
}

#[tokio::test]
async fn a_provider_of_the_program_goes_before_a_linked_one() {
    let folder = one("password: ${linked:x}");
    let own = Vault::holding(&[("x", "own")]);
    let connections = builder(&folder).secret_provider("linked", own).load().await;
    assert_eq!(password(&connections.expect("it is right")), "own");
}

#[tokio::test]
async fn each_secret_is_asked_for_once_and_all_side_by_side() {
    let folder = folder(
        "  a: {type: safe, password: '${vault:a}', token: '${vault:b}'}
  b: {type: safe, password: '${vault:b}', token: '${vault:c}-${vault:a}'}\n",
    );
    let vault = Vault::holding(&[("a", "1"), ("b", "2"), ("c", "3")]);
    // None of the three is answered before the others are asked for.
    vault.together(3);
    load(&folder, &vault).await.expect("it is right");
    assert_eq!(vault.asked(), ["a", "b", "c"]);
}

#[tokio::test]
async fn what_a_provider_can_not_give_is_told_where_it_is_wanted() {
    let vault = Vault::default();
    for (text, expected) in [
        (
            "${vault:db/pw}",
            "`vault:db/pw`: the provider `vault` has no such secret: nothing is kept there; \
             check the reference, or give a default: `${vault:db/pw|…}`",
        ),
        (
            "${vault:down|dev}",
            "`vault:down`: the provider `vault` could not give the secret: the vault is down: no route; \
             check the reference, and what the provider needs",
        ),
        (
            "${vault:sealed}",
            "`vault:sealed`: the provider `vault` could not give the secret: the vault is sealed; unseal it",
        ),
        (
            "${vault:panic}",
            "`vault:panic`: the provider `vault` panicked; \
             this is a bug in the provider; its panic message says where",
        ),
        // What a variable holds may be a secret.
        (
            "${vault:${HIDDEN}}",
            "`vault:${HIDDEN}`: the provider `vault` has no such secret: nothing is kept there; \
             check the reference, or give a default: `${vault:${HIDDEN}|…}`",
        ),
        (
            "${env:UNSET}",
            "the variable `UNSET` is not set; set it, or give a default: `${env:UNSET|…}`",
        ),
        (
            "${vualt:db/pw}",
            "there is no provider of secrets `vualt`; did you mean `${vault:…}`? if it is a variable, write `${vualt:-…}`",
        ),
        (
            "${Vault:db/pw}",
            "there is no provider of secrets `Vault`; did you mean `${vault:…}`? if it is a variable, write `${Vault:-…}`",
        ),
        (
            "${doppler:pw}",
            "there is no provider of secrets `doppler`; register one, or link the crate that has it; \
             there are command, env, file, linked, vault; if it is a variable, write `${doppler:-…}`",
        ),
    ] {
        let folder = one(&format!("password: {text}")).env("HIDDEN", SECRET);
        let builder = builder(&folder).secret_provider("vault", vault.clone());
        let said = said(&folder, builder).await;
        let expected = format!("4:15: `connections.s.password`: {expected}");
        assert_eq!(said, [expected], "{text}");
    }
}

#[tokio::test]
async fn a_variable_may_have_a_providers_name() {
    let folder = one("password: ${vualt:-dev}").env("vault", "variable");
    let connections = load(&folder, &Vault::default()).await.expect("it is right");
    assert_eq!(password(&connections), "dev");
    let folder = one("password: ${vualt:dev}").env("vualt", "set");
    let connections = load(&folder, &Vault::default()).await.expect("it is right");
    assert_eq!(password(&connections), "set");
    let folder = one("password: ${env:vault}").env("vault", "variable");
    let connections = load(&folder, &Vault::default()).await.expect("it is right");
    assert_eq!(password(&connections), "variable");
}

#[tokio::test]
async fn a_provider_that_hides_a_variable_is_told() {
    let folder = one("password: ${vault:pw}").env("vault", "x");
    let vault = Vault::holding(&[("pw", "hunter2")]);
    let connections = load(&folder, &vault).await.expect("it is right");
    assert_eq!(password(&connections), "hunter2");
    let warning = connections.warnings().mistakes()[0].to_string();
    assert!(
        warning.ends_with(
            "4:15: `connections.s.password`: `vault` is a provider of secrets; the variable `vault` is not read; \
             write `${env:vault}` for the variable"
        ),
        "{warning}"
    );
}

#[tokio::test]
async fn every_mistake_is_told_at_once_whatever_providers_do() {
    let folder = folder(
        "  a: {type: safe, password: '${vault:down}', prot: 1}
  b: {type: safe, password: '${vault:none}', port: 10}
  c: {type: safe, password: '${NONE}', token: '${vault:${NONE}}'}\n",
    );
    let builder = builder(&folder).secret_provider("vault", Vault::default());
    let said = said(&folder, builder).await;
    let places: Vec<&str> = said
        .iter()
        .map(|line| line.split(": ").next().expect("a place"))
        .collect();
    assert_eq!(
        places,
        ["2:29", "2:46", "3:29", "3:52", "4:29", "4:47"],
        "{said:#?}"
    );
}

/// Lets every deadline pass.
struct Silent;

#[async_trait]
impl SecretProvider for Silent {
    async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
        std::future::pending().await
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(3)
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_given_up_and_holds_up_no_other() {
    let line = |number: u32| {
        let (silent, given) = (format!("${{silent:{number}}}"), "${vault:t}");
        format!("  s{number}: {{type: safe, password: '{silent}', token: '{given}'}}\n")
    };
    let yaml: String = (0..100).map(line).collect();
    let folder = folder(&yaml);
    let started = tokio::time::Instant::now();
    let builder = builder(&folder)
        .secret_provider("silent", Silent)
        .secret_provider("vault", Vault::holding(&[("t", "t")]));
    let said = said(&folder, builder).await;
    // The whole queue does not wait as often as it is long.
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(said.len(), 100);
    let count = |text: &str| said.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        count("the provider `silent` did not answer within 3s; see whether"),
        16
    );
    assert_eq!(
        count("the provider `silent` was not asked: it did not answer before"),
        84
    );
}

#[tokio::test]
async fn a_load_that_is_dropped_ends_its_lookups() {
    let folder = one("password: ${vault:hang}");
    let vault = Vault::default();
    let load = tokio::spawn({
        let (folder, vault) = (folder, vault.clone());
        async move { load(&folder, &vault).await.map(drop) }
    });
    until(|| vault.asked() == ["hang"]).await;
    assert_eq!(vault.dropped(), 0);
    load.abort();
    until(|| vault.dropped() == 1).await;
}

/// Waits for what another task does.
async fn until(done: impl Fn() -> bool) {
    let done = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), done)
        .await
        .expect("it happens");
}

#[tokio::test]
async fn what_is_switched_off_asks_for_nothing() {
    let folder = one("password: ${vault:down}\n    enabled: false");
    let vault = Vault::default();
    load(&folder, &vault).await.expect("it is right");
    assert!(vault.asked().is_empty());

    // Unless a provider has to say whether it is.
    let folder = one("password: ${vault:pw}\n    enabled: ${vault:on}");
    let vault = Vault::holding(&[("on", "false")]);
    load(&folder, &vault).await.expect("it is right");
    assert_eq!(vault.asked(), ["on"]);
}

#[tokio::test]
async fn only_the_value_that_wins_is_asked_for() {
    let folder = one("password: ${vault:down}").env("CONNREG__S__PASSWORD", "outside");
    let vault = Vault::default();
    let connections = load(&folder, &vault).await.expect("it is right");
    assert_eq!(password(&connections), "outside");
    assert!(vault.asked().is_empty());
}

#[tokio::test]
async fn a_type_may_come_from_a_provider() {
    let folder = Folder::new().file(
        "connections.yaml",
        "connections: {s: {type: '${vault:type}', password: '${vault:pw}'}}",
    );
    let vault = Vault::holding(&[("type", "safe"), ("pw", "p")]);
    let connections = load(&folder, &vault).await.expect("it is right");
    assert_eq!(password(&connections), "p");
}

#[tokio::test]
async fn names_that_can_not_be_a_providers_are_refused() {
    let folder = one("password: x");
    for name in [
        "file", "env", "command", "Vault", "a:b", "a b", "", "-a", "ü",
    ] {
        let builder = builder(&folder).secret_provider(name, Vault::default());
        let error = builder.load().await.expect_err(name).to_string();
        assert!(
            error.starts_with(&format!("the provider of secrets `{name}` is ")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_secret_is_not_quoted_wherever_it_is_used() {
    let secret = format!("{SECRET}-x");
    let vault = Vault::holding(&[("pw", &secret)]);
    for settings in [
        "port: ${vault:pw}",
        "enabled: ${vault:pw}",
        "tags: [1, '${vault:pw}']\n    port: '${vault:pw}'",
        "connect_timeout: ${vault:pw}",
    ] {
        let folder = one(settings);
        let builder = builder(&folder).secret_provider("vault", vault.clone());
        let said = said(&folder, builder).await;
        assert!(said[0].contains("from vault pw"), "{said:?}");
    }
    let folder = folder("  s: {type: '${vault:pw}'}\n");
    let builder = builder(&folder).secret_provider("vault", vault.clone());
    let error = builder.load().await.expect_err("it is no type").to_string();
    assert!(!error.contains(SECRET), "{error}");
}

#[tokio::test]
async fn what_is_loaded_shows_no_secret() {
    let secret = format!("{SECRET}-x");
    let vault = Vault::holding(&[("pw", &secret)]);
    let folder = one("password: ${vault:pw}\n    token: ${linked:t}");
    let builder = builder(&folder).secret_provider("vault", vault);
    let before = format!("{builder:?}");
    let connections = builder.load().await.expect("it is right");
    let settings = settings(&connections);
    let shown = format!(
        "{before} {connections:?} {:?} {:?} {:?} {settings:?}",
        connections.status(),
        connections.info("s"),
        connections.warnings()
    );
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(shown.contains("[redacted]"), "{shown}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        cases: 400,
        failure_persistence: None,
        ..Default::default()
    })]

    /// Whatever is written, reading it ends, and says no secret.
    #[test]
    fn no_text_makes_a_load_hang_panic_or_tell_a_secret(
        parts in proptest::collection::vec(
            proptest::sample::select(&[
                "${", "}", "#{", "}#", "$", "$$", ":", "|", "||", ":-", "vault", "linked", "env", "file", "command",
                "pw", "down", "none", "S", "ü", " ", "'", "vualt", "a/b", ".", "port",
            ][..]),
            0..24,
        )
    ) {
        let text = parts.concat().replace('\'', "''");
        let folder = one(&format!("password: '{text}'\n    port: '{text}'")).env("S", SECRET);
        let secret = format!("{SECRET}-x");
        let vault = Vault::holding(&[("pw", &secret), ("S", &secret)]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let result = runtime.expect("a runtime").block_on(async {
            let load = load(&folder, &vault);
            tokio::time::timeout(Duration::from_mins(1), load).await.expect("it ends")
        });
        let told = match result {
            Ok(connections) => format!("{connections:?} {:?}", connections.warnings()),
            Err(error) => format!("{error} {error:?}"),
        };
        proptest::prop_assert!(!told.contains(SECRET), "{}: {}", text, told);
    }
}
