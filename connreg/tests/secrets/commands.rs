//! `${command:…}`: what is run, and what is said when it fails.

use std::time::Duration;

use crate::providers::{SECRET, builder, one, password, said};

/// What is said of one command.
async fn refused(command: &str) -> String {
    let folder = one(&format!("password: \"${{command:{command}}}\""));
    let said = said(&folder, builder(&folder).allow_commands()).await;
    let begin = format!(
        "4:15: `connections.s.password`: `command:{}`: ",
        command.replace("\\\\", "\\")
    );
    let line = said[0]
        .strip_prefix(&begin)
        .unwrap_or_else(|| panic!("{said:?}"));
    line.replace("the provider `command` could not give the secret: ", "")
}

#[tokio::test]
async fn a_command_is_run_only_where_that_is_allowed() {
    let folder = one("password: ${command:echo hunter2}");
    let said = said(&folder, builder(&folder)).await;
    assert!(
        said[0]
            .contains("commands are switched off; switch them on by `Builder::allow_commands()`"),
        "{said:?}"
    );
    let connections = builder(&folder).allow_commands().load().await;
    assert_eq!(password(&connections.expect("it is right")), "hunter2");
    for (value, allowed) in [("1", true), ("true", true), ("0", false), ("", false)] {
        let folder = one("password: ${command:echo hunter2}").env("CONNREG_ALLOW_COMMANDS", value);
        assert_eq!(builder(&folder).load().await.is_ok(), allowed, "{value}");
    }
}

#[tokio::test]
async fn a_command_gets_its_words_and_no_shell() {
    let folder = one(r#"password: '${command:printf "%s," a "b c" $HOME * || x | dev}'"#);
    let connections = builder(&folder).allow_commands().load().await;
    assert_eq!(
        password(&connections.expect("it is right")),
        "a,b c,$HOME,*,|,x,"
    );
}

#[tokio::test]
async fn a_command_that_fails_is_told_without_what_it_says() {
    let sh = |script: &str| format!("sh -c '{script}'");
    let said = refused(
        &sh(&format!("echo {SECRET}; echo {SECRET} >&2; exit 3")).replace(SECRET, "hunter"),
    )
    .await;
    assert!(
        !said.contains("hunter;")
            && said.starts_with("the program failed: exit status: 3; run it by hand"),
        "{said}"
    );
    let said = refused(&sh("kill -9 $$$$")).await;
    assert!(
        said.starts_with("the program failed: signal: 9 (SIGKILL); run it by hand"),
        "{said}"
    );
    let said = refused(&sh("head -c 100000 /dev/zero")).await;
    assert!(said.starts_with("it prints more than 64 KiB; "), "{said}");
    let said = refused(&sh("yes")).await;
    assert!(said.starts_with("it prints more than 64 KiB; "), "{said}");
    assert!(
        refused("true")
            .await
            .starts_with("the program printed nothing; ")
    );
    let said = refused("printf '\\\\377'").await;
    assert!(
        said.starts_with("of what it printed, it is not UTF-8; "),
        "{said}"
    );
    let said = refused("connreg-no-such-program").await;
    assert!(
        said.starts_with("the program `connreg-no-such-program` can't be started: No such file or directory (os error 2); give its whole path"),
        "{said}"
    );
    assert!(
        refused("'")
            .await
            .starts_with("a quote (') is not closed in the command; ")
    );
}

#[tokio::test]
async fn what_is_run_stands_in_the_file() {
    let folder = one("password: '${command:echo ${NAME}}'").env("NAME", "x; rm");
    let said = said(&folder, builder(&folder).allow_commands()).await;
    assert!(
        said[0].contains("a command takes no placeholders; write it out"),
        "{said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_hangs_is_given_up() {
    let said = refused("sleep 1000").await;
    assert!(
        said.starts_with("the provider `command` did not answer within 10s; "),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_command_is_ended_with_the_load_that_runs_it() {
    use std::path::Path;

    let folder = one("password: ${command:sh -c 'echo $$$$ > \"$PID_FILE\"; exec sleep 1000'}");
    let file = folder.path().join("pid");
    // The command inherits this process's variables, which a test can't set: so the path is written out.
    let yaml = std::fs::read_to_string(folder.path().join("connections.yaml")).unwrap();
    let folder = folder.file(
        "connections.yaml",
        yaml.replace("\"$PID_FILE\"", &file.display().to_string()),
    );
    let load = tokio::spawn(builder(&folder).allow_commands().load());
    let pid = wait(|| {
        let text = std::fs::read_to_string(&file).ok()?;
        text.ends_with('\n').then(|| text.trim().to_owned())
    })
    .await;
    let process = format!("/proc/{pid}");
    assert!(Path::new(&process).exists());
    load.abort();
    wait(|| (!Path::new(&process).exists()).then_some(())).await;
}

/// What `look` gives as soon as it gives anything.
#[cfg(target_os = "linux")]
async fn wait<T>(look: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), found)
        .await
        .expect("it happens")
}
