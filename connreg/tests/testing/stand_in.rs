//! Connections of another type than the configuration says.

use std::time::Duration;

use connreg::testing::{Behaviour, Call, Faults, Scripted};
use connreg::{
    Backend, ConnectError, ConnectionType, Connections, Context, Error, ErrorKind, Secret,
    connection,
};

use crate::{Folder, builder};

/// What a connection can be used for.
trait Greets: Send + Sync {
    fn greet(&self) -> String;
}

impl Greets for String {
    fn greet(&self) -> String {
        format!("hello from {self}")
    }
}

/// A server that is not there.
#[connection(type = "far", category = "test", provides(Greets))]
struct Far {
    /// Where it is not.
    host: String,
    /// Known to the server alone.
    #[setting(env = "FAR_PASSWORD")]
    password: Secret,
}

impl Backend for Far {
    type Client = String;

    async fn connect(&self, _context: &Context) -> Result<String, ConnectError> {
        let length = self.password.expose().len();
        let message = format!("nobody at {} wants {length} letters", self.host);
        Err(ConnectError::new(ErrorKind::Refused, message))
    }

    async fn check(_client: &String) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// One within the process.
#[connection(type = "near", category = "test", provides(Greets))]
struct Near {
    /// Who answers.
    name: String,
}

impl Backend for Near {
    type Client = String;

    async fn connect(&self, _context: &Context) -> Result<String, ConnectError> {
        Ok(self.name.clone())
    }

    async fn check(_client: &String) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// The greeter as it is configured.
fn configured(limit: &str) -> String {
    format!(
        "connections:\n  greeter:\n    type: far\n    host: far.example\n    \
         password: ${{file:no/such/file}}\n    operation_timeout: {limit}\n"
    )
}

fn near(name: &str) -> Near {
    Near { name: name.into() }
}

async fn greeting(connections: &Connections) -> Result<String, Error> {
    let greeter = connections.get_as::<dyn Greets>("greeter")?;
    greeter.run(async |client| Ok(client.greet())).await
}

#[tokio::test]
async fn it_takes_the_place_of_what_is_configured_and_keeps_its_policy() {
    let folder = Folder::new("place", &configured("1s"));
    let loaded = builder()
        .directory(folder.path())
        .environment([("FAR_PASSWORD", "x")])
        .with_backend("greeter", near("the test"))
        .load()
        .await;
    // The secret that is not to be had here is not asked for.
    let connections = loaded.unwrap();
    assert_eq!(greeting(&connections).await.unwrap(), "hello from the test");
    let greeter = connections.get::<Near>("greeter").unwrap();
    let limit = || greeter.as_any().context().operation_timeout();
    assert_eq!(limit(), Some(Duration::from_secs(1)));
    folder.write(&configured("2s"));
    connections.reload().await.unwrap();
    assert_eq!(limit(), Some(Duration::from_secs(2)));
    assert_eq!(greeting(&connections).await.unwrap(), "hello from the test");
    let error = connections.get::<Far>("greeter").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongType);
}

#[tokio::test]
async fn it_need_not_be_configured_and_its_policy_can_be_set() {
    let connections = builder()
        .with_backend("greeter", near("nobody"))
        .with_backend("Greeter", near("somebody"))
        .set("greeter.required", "false")
        .load()
        .await
        .unwrap();
    assert_eq!(connections.list(), ["Greeter"]);
    assert_eq!(greeting(&connections).await.unwrap(), "hello from somebody");
    // Its own settings are what was handed in.
    let set = builder()
        .with_backend("greeter", near("somebody"))
        .set("greeter.name", "another");
    let error = set.load().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn faults_act_on_what_is_configured_and_outlive_a_reload() {
    let folder = Folder::new("faults", &configured("1s"));
    let faults = Faults::new();
    let connections = builder()
        .directory(folder.path())
        .with_backend("greeter", near("the test"))
        .with_faults("greeter", &faults)
        .load()
        .await
        .unwrap();
    greeting(&connections).await.unwrap();
    folder.write(&configured("3s"));
    connections.reload().await.unwrap();
    faults.next(Call::Run, [Behaviour::fail(ErrorKind::Overloaded)]);
    let error = greeting(&connections).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    let greeter = connections.get::<Near>("greeter").unwrap();
    faults.next(Call::Open, [Behaviour::refuse()]);
    assert_eq!(
        greeter.reconnect().await.unwrap_err().kind(),
        ErrorKind::Refused
    );
    greeter.reconnect().await.unwrap();
    faults.settle(1).await;
    assert_eq!(
        faults.calls(Call::Open),
        4,
        "at first, by the reload, twice now"
    );
    assert_eq!(faults.calls(Call::Close), 2, "the clients before");
}

#[tokio::test]
async fn a_real_connection_fails_without_its_server_being_asked() {
    let faults = Faults::new();
    let connections = builder()
        .set("greeter.type", "far")
        .set("greeter.host", "far.example")
        .set("greeter.password", "x")
        .with_faults("greeter", &faults)
        .load()
        .await
        .unwrap();
    let error = greeting(&connections).await.unwrap_err();
    assert!(error.to_string().contains("far.example"), "{error}");
    faults.set(Call::Open, Behaviour::reject());
    let error = connections
        .get_any("greeter")
        .unwrap()
        .open()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
}

#[tokio::test]
async fn it_can_be_checked_and_explained() {
    let folder = Folder::new("explained", &configured("4s"));
    let given = builder()
        .directory(folder.path())
        .with_backend("greeter", near("the test"));
    let report = given.clone().check().await.unwrap();
    assert!(report.mistakes().is_empty(), "{report}");
    let explanation = given.explain("greeter.operation_timeout").await.unwrap();
    assert!(explanation.to_string().contains("4s"), "{explanation}");
}

#[tokio::test]
async fn work_on_a_capability_can_be_spawned() {
    let loaded = builder().with_backend("greeter", near("a task")).load();
    let connections = loaded.await.unwrap();
    let spawned = tokio::spawn(async move { greeting(&connections).await });
    assert_eq!(spawned.await.unwrap().unwrap(), "hello from a task");
}

#[test]
fn a_type_for_tests_is_known_to_no_program() {
    assert!(ConnectionType::by_name("scripted").is_err());
    assert!(ConnectionType::all().all(|kind| kind != Scripted::TYPE));
    assert_eq!(Scripted::TYPE.name(), "scripted");
}
