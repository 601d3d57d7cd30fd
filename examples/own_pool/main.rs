//! A pool for a protocol of one's own: `cargo run --example own_pool --features pool`
use std::error::Error;
use std::io;
use std::time::Duration;

use connreg::pool::{CloseReason, Manage, Pool};
use connreg::{ConnectError, ErrorKind};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A server that adds numbers: a line for each question, a line for each answer.
struct Adder {
    address: String,
}

/// A connection to it, for one question at a time.
struct Session {
    stream: BufReader<TcpStream>,
    has_failed: bool,
}

impl Session {
    async fn ask(&mut self, question: &str) -> io::Result<String> {
        let answer = self.exchange(question).await;
        self.has_failed |= answer.is_err();
        answer
    }

    async fn exchange(&mut self, question: &str) -> io::Result<String> {
        let line = format!("{question}\n");
        self.stream.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        if self.stream.read_line(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Manage for Adder {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, ConnectError> {
        let stream = TcpStream::connect(&self.address).await;
        let stream = stream.map_err(|error| ConnectError::from_io("connecting", error))?;
        Ok(Session {
            stream: BufReader::new(stream),
            has_failed: false,
        })
    }

    async fn test(&self, session: &mut Session) -> Result<(), ConnectError> {
        match session.ask("0 0").await {
            Ok(zero) if zero == "0" => Ok(()),
            Ok(other) => {
                let message = format!("0 and 0 made {other:?}");
                Err(ConnectError::new(ErrorKind::Protocol, message))
            }
            Err(error) => Err(ConnectError::from_io("asking for a sum", error)),
        }
    }

    fn is_broken(&self, session: &mut Session) -> bool {
        session.has_failed
    }

    async fn close(&self, mut session: Session) {
        // A server that has gone needs no good-bye.
        let _ = session.stream.write_all(b"bye\n").await;
    }
}

async fn sum(pool: &Pool<Adder>, question: &str) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let mut session = pool.acquire().await?;
    // From here to `done` the answer is under way: whoever is dropped meanwhile takes the connection with him.
    session.begin();
    let answer = session.ask(question).await?;
    session.done();
    Ok(answer.parse()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let address = connreg_examples::serve_sums().await?;
    let pool = Pool::builder("adder", Adder { address })
        .max_size(3)
        .min_size(1)
        .acquire_timeout(Duration::from_secs(2))
        .build();
    pool.warm_up().await?;
    println!("{} open before anybody asked", pool.statistics().total);

    let mut callers = JoinSet::new();
    for number in 1..=20_u64 {
        let pool = pool.clone();
        callers.spawn(async move { sum(&pool, &format!("{number} {number}")).await });
    }
    let mut total = 0;
    while let Some(answer) = callers.join_next().await {
        total += answer??;
    }
    let statistics = pool.statistics();
    println!(
        "20 sums make {total}, on {} connections at the most",
        statistics.max_size
    );

    // To this question there is no answer: the caller gives up, and nobody reads what may come yet.
    let given_up = timeout(Duration::from_millis(50), sum(&pool, "wait")).await;
    let abandoned = pool.statistics().closed_by.of(CloseReason::Abandoned);
    println!(
        "given up: {}, closed for that: {abandoned}",
        given_up.is_err()
    );

    let leases = [
        pool.acquire().await?,
        pool.acquire().await?,
        pool.acquire().await?,
    ];
    println!("{} on lease", pool.statistics().active);
    drop(leases);
    // The server has moved, say: none of the old connections is used again.
    pool.retire();
    println!("and still 2 and 2 make {}", sum(&pool, "2 2").await?);
    let retired = pool.statistics().closed_by.of(CloseReason::Retired);
    println!("{retired} retired");

    pool.close().await;
    println!("{} open at the end", pool.statistics().total);
    Ok(())
}
