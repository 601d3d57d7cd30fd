//! Secrets in files: where they are looked for, and which files are none.

use std::fs;

use crate::providers::{builder, one, password, said};

#[tokio::test]
async fn a_name_is_looked_for_beside_the_configuration_and_then_where_secrets_are() {
    let folder = one("password: ${file:pw}");
    let secrets = folder.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    fs::write(secrets.join("pw"), "of the directory\n").unwrap();
    let directory = secrets.display().to_string();

    let said = said(&folder, builder(&folder)).await;
    assert!(said[0].contains("No such file"), "{said:?}");
    let connections = builder(&folder).secrets_directory(&secrets).load().await;
    assert_eq!(
        password(&connections.expect("it is right")),
        "of the directory"
    );
    for variable in ["CONNREG_SECRETS_DIRECTORY", "CREDENTIALS_DIRECTORY"] {
        let folder = one("password: ${file:pw}").env(variable, &directory);
        let connections = builder(&folder).load().await;
        assert_eq!(password(&connections.expect(variable)), "of the directory");
    }
    // For a setting that names a file, too.
    let named = one("password_file: pw").env("CONNREG_SECRETS_DIRECTORY", &directory);
    let connections = builder(&named).load().await.expect("it is right");
    assert_eq!(password(&connections), "of the directory");

    let folder = folder.file("pw", "beside");
    let connections = builder(&folder).secrets_directory(&secrets).load().await;
    assert_eq!(password(&connections.expect("it is right")), "beside");
}

#[tokio::test]
async fn a_file_that_is_not_there_may_have_a_default() {
    let connections = builder(&one("password: ${file:none|dev}")).load().await;
    assert_eq!(password(&connections.expect("it is right")), "dev");
    // What is there and can't be read is a mistake all the same.
    let folder = one("password: ${file:.|dev}");
    let said = said(&folder, builder(&folder)).await;
    assert!(
        said[0].contains("can't be read: it is a directory"),
        "{said:?}"
    );
}

#[tokio::test]
async fn what_is_no_file_or_too_large_is_refused() {
    let folder = one("password: ${file:large}").file("large", vec![b'x'; 1024 * 1024 + 1]);
    let said_of_large = said(&folder, builder(&folder)).await;
    assert!(
        said_of_large[0].contains("it is larger than 1 MiB"),
        "{said_of_large:?}"
    );

    // Nobody writes to the pipe: reading it would never end.
    let folder = one("password: ${file:pipe}");
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("pipe"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        let said = said(&folder, builder(&folder)).await;
        assert!(
            said[0].contains("it is a pipe, a socket or a device, not a file"),
            "{said:?}"
        );
    }
}
