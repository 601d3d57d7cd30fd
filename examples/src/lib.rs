//! Programs a user would copy: each is a folder with its `main.rs` and its configuration, named in `Cargo.toml`.
//! What they need around them, and nobody would copy, is here.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// Starts a server that tells the time of day (RFC 867), on a free port of this machine.
///
/// # Errors
///
/// No port could be had.
pub async fn serve_daytime() -> std::io::Result<u16> {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let port = server.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = server.accept().await {
            let answer = b"Monday, February 22, 1982 17:37:43-PST\r\n";
            // Who has hung up needs no answer.
            let _ = caller.write_all(answer).await;
        }
    });
    Ok(port)
}

/// Starts a server that keeps secrets, on a free port of this machine: it is sent `token name` and a line break, and answers
/// with the secret, or with nothing.
///
/// # Errors
///
/// No port could be had.
pub async fn serve_secrets(token: &'static str) -> std::io::Result<u16> {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let port = server.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = server.accept().await {
            let mut question = String::new();
            let asked = BufReader::new(&mut caller).read_line(&mut question).await;
            let is_known = question.trim_end() == format!("{token} mail/password");
            if asked.is_ok() && is_known {
                // Who has hung up needs no answer.
                let _ = caller.write_all(b"correct horse battery staple").await;
            }
        }
    });
    Ok(port)
}

/// Starts a server that adds, on a free port of this machine, and gives its address. It is sent `2 3` and a line break, and
/// answers with `5` and one; to `wait` it never answers, with `bye` it hangs up.
///
/// # Errors
///
/// No port could be had.
pub async fn serve_sums() -> std::io::Result<String> {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = server.accept().await {
            tokio::spawn(async move {
                let (questions, mut answers) = caller.split();
                let mut questions = BufReader::new(questions).lines();
                while let Ok(Some(question)) = questions.next_line().await {
                    match question.as_str() {
                        "bye" => return,
                        "wait" => std::future::pending().await,
                        numbers => {
                            let sum: u64 = numbers.split(' ').flat_map(str::parse::<u64>).sum();
                            // Who has hung up asks nothing more either.
                            let _ = answers.write_all(format!("{sum}\n").as_bytes()).await;
                        }
                    }
                }
            });
        }
    });
    Ok(address)
}
