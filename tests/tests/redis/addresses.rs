//! The ways to write where a server is.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use connreg_backends::redis::driver::AsyncCommands as _;
use connreg_tests::{Redis, RedisOptions};

use super::open;

pub(crate) async fn every_way_to_write_the_address_works() {
    let folder = tempfile::tempdir().unwrap();
    // The server may run as another user.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let socket = folder.path().join("redis.sock");
    let server = RedisOptions::default()
        .password("s3cret")
        .setting("unixsocket", socket.to_str().unwrap())
        .setting("unixsocketperm", "777")
        .start();
    let port = server.port().to_string();
    let ways: [&[(&str, &str)]; 6] = [
        &[
            ("host", "127.0.0.1"),
            ("port", &port),
            ("password", "s3cret"),
        ],
        &[("url", &format!("redis://:s3cret@127.0.0.1:{port}/1"))],
        &[
            ("connection_string", &format!("127.0.0.1:{port}")),
            ("password", "s3cret"),
        ],
        &[(
            "ConnectionString",
            &format!("127.0.0.1:{port},password=s3cret,defaultDatabase=1"),
        )],
        &[
            ("url", &format!("redis://default@127.0.0.1:{port}")),
            ("password", "s3cret"),
            ("database", "1"),
        ],
        &[(
            "url",
            &format!("unix://{}?pass=s3cret&db=1", socket.display()),
        )],
    ];
    for (number, settings) in ways.into_iter().enumerate() {
        let connection = open(settings).await;
        let client = connection
            .client()
            .await
            .unwrap_or_else(|error| panic!("{settings:?}: {error:?}"));
        let mut commands = client.commands();
        let key = format!("way {number}");
        let () = commands.set(&key, number).await.unwrap();
        let database = usize::from(![0, 2].contains(&number));
        let mut lease = client.acquire().await.unwrap();
        let info: String = connreg_backends::redis::driver::cmd("CLIENT")
            .arg("INFO")
            .query_async(&mut lease)
            .await
            .unwrap();
        assert!(
            info.contains(&format!(" db={database} ")),
            "{settings:?}: {info}"
        );
        assert_eq!(commands.get::<_, usize>(&key).await.unwrap(), number);
    }
    drop::<Redis>(server);
}
