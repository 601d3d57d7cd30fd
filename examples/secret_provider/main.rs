//! Secrets from a service of one's own: `cargo run --example secret_provider`
use std::time::Duration;

use connreg::{Backend, ConnectError, Connections, Context, Secret, connection};
use connreg::{SecretError, SecretProvider, SecretValue, async_trait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server that is sent a token and a name, and answers with the secret of that name, or with nothing.
struct Keeper {
    address: String,
    token: Secret,
}

#[async_trait]
impl SecretProvider for Keeper {
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
        let failed = |error| SecretError::new("the keeper does not answer").with_source(error);
        let mut stream = TcpStream::connect(&self.address).await.map_err(failed)?;
        let question = format!("{} {reference}\n", self.token.expose());
        let asked = stream.write_all(question.as_bytes()).await;
        asked.map_err(failed)?;
        let mut answer = String::new();
        let answered = stream.read_to_string(&mut answer).await;
        answered.map_err(failed)?;
        if answer.is_empty() {
            return Err(SecretError::not_found("the keeper has no such secret"));
        }
        // It is good for an hour; before that, `secret_changed` tells that it has to be looked up anew.
        Ok(SecretValue::new(answer).expires_in(Duration::from_hours(1)))
    }
}

/// A server that sends letters.
#[connection(type = "mail", category = "mail")]
pub struct Mail {
    /// Who sends.
    pub username: String,
    /// What lets them in.
    pub password: Secret,
    /// What letters are signed with.
    pub signature: Option<Secret>,
}

impl Backend for Mail {
    type Client = usize;

    async fn connect(&self, _context: &Context) -> Result<usize, ConnectError> {
        Ok(self.password.expose().len()) // here the server would be told the password
    }

    async fn check(_client: &usize) -> Result<(), ConnectError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = connreg_examples::serve_secrets("token-of-the-shop").await?;
    let keeper = Keeper {
        address: format!("127.0.0.1:{port}"),
        token: "token-of-the-shop".into(),
    };
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/secret_provider/config");
    let builder = Connections::builder().directory(files);
    let connections = builder.secret_provider("keeper", keeper).load().await?;
    let mail = connections.get::<Mail>("mail")?;
    println!("{:?}", mail.settings());
    let letters = mail.client().await?;
    println!("the password has {} letters", *letters);
    Ok(())
}
