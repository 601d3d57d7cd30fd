//! `budget`: how many connections all replicas of a program open, against what the servers take.

use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::arguments::{Common, Format};
use super::console::{Console, Tone};
use super::grid::{Cell, Grid, cell};
use super::list;
use super::outcome::{Answer, Failure, Verdict};
use super::ping;
use crate::connection::AnyConnection;
use crate::connection_limit::ConnectionLimit;
use crate::error::Error;

/// Add up the connections that all replicas open at the most, and compare with what the servers take.
///
/// Count the replicas of a rolling deployment that run side by side. The servers are asked, so this connects. Fails
/// (exit code 1) if a server takes too few connections, or can't be asked.
#[derive(Args, Debug)]
pub(super) struct Budget {
    /// How many processes with this configuration run at a time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    replicas: u32,
    /// Add up only; connect to nothing.
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(
    command: Budget,
    common: &Common,
    console: &Console,
) -> Result<Answer, Failure> {
    let Some(connections) = list::read(common, console).await? else {
        return Ok(Answer::good(""));
    };
    let mut shares = Vec::new();
    for connection in connections.iter() {
        if let Some(server) = connection.server() {
            shares.push(Share::new(connection, server, command.replicas));
        }
    }
    if !command.offline {
        ask(&mut shares).await;
        ping::close(&connections).await;
    }
    let servers = by_server(shares);
    let verdict = if servers.iter().all(Server::is_fine) {
        Verdict::Good
    } else {
        Verdict::Unhealthy
    };
    if console.format == Format::Json {
        let servers: Vec<Value> = servers.iter().map(Server::json).collect();
        let told = json!({ "replicas": command.replicas, "servers": servers });
        return Ok(Answer::json(&told, verdict));
    }
    if servers.is_empty() {
        console.tell("no connection goes to a server\n");
        return Ok(Answer::good(""));
    }
    let mut grid = Grid::new(&[
        "server",
        "connection",
        "each",
        "all",
        "allowed",
        "in use",
        "verdict",
        "source",
    ]);
    for server in &servers {
        server.rows(&mut grid);
    }
    let mut text = console.grid(&grid.without_empty_columns());
    if console.format == Format::Table {
        let errors = servers.iter().flat_map(Server::errors);
        for (_, error) in errors {
            text += &ping::explained(error, Tone::Bad, console);
        }
    }
    Ok(Answer {
        text,
        verdict,
        ..Answer::good("")
    })
}

/// What one connection takes of its server.
struct Share {
    connection: AnyConnection,
    /// As it is configured.
    place: String,
    each: u64,
    all: u64,
    limit: Limit,
}

/// What the server said.
enum Limit {
    NotAsked,
    Untold,
    Told(ConnectionLimit),
    Failed(Error),
}

impl Share {
    fn new(connection: AnyConnection, place: String, replicas: u32) -> Self {
        let each = u64::from(connection.most_connections());
        Self {
            connection,
            place,
            each,
            all: each * u64::from(replicas),
            limit: Limit::NotAsked,
        }
    }

    fn told(&self) -> Option<&ConnectionLimit> {
        match &self.limit {
            Limit::Told(limit) => Some(limit),
            _ => None,
        }
    }

    fn error(&self) -> Option<&Error> {
        match &self.limit {
            Limit::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The limit of its own user or database, if it is too low.
    fn exceeds_own(&self) -> Option<u64> {
        self.told()?.own.filter(|own| *own < self.all)
    }
}

/// Asks all servers side by side.
async fn ask(shares: &mut [Share]) {
    let mut asking = JoinSet::new();
    for (index, share) in shares.iter().enumerate() {
        let connection = share.connection.clone();
        asking.spawn(async move { (index, connection.connection_limit().await) });
    }
    for (index, limit) in asking.join_all().await {
        shares[index].limit = match limit {
            Ok(Some(limit)) => Limit::Told(limit),
            Ok(None) => Limit::Untold,
            Err(error) => Limit::Failed(error),
        };
    }
}

/// What all connections take of one server.
struct Server {
    shares: Vec<Share>,
}

/// Puts together what goes to one server: the server's own word on who it is, else how it is written.
fn by_server(shares: Vec<Share>) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    for share in shares {
        let is_same = |server: &Server| {
            server.shares.iter().any(|other| {
                let identity = |share: &Share| share.told().and_then(|told| told.identity.clone());
                match (identity(other), identity(&share)) {
                    (Some(one), Some(other)) => one == other,
                    _ => other.place.eq_ignore_ascii_case(&share.place),
                }
            })
        };
        match servers.iter_mut().find(|server| is_same(server)) {
            Some(server) => server.shares.push(share),
            None => servers.push(Server {
                shares: vec![share],
            }),
        }
    }
    servers
}

impl Server {
    fn place(&self) -> &str {
        &self.shares[0].place
    }

    fn all(&self) -> u64 {
        self.shares.iter().map(|share| share.all).sum()
    }

    /// What the server takes; of those that its users were told, the least.
    fn limit(&self) -> Option<&ConnectionLimit> {
        let told = self.shares.iter().filter_map(Share::told);
        told.min_by_key(|limit| limit.server)
    }

    fn errors(&self) -> impl Iterator<Item = (&Share, &Error)> {
        let failed = |share| Some((share, Share::error(share)?));
        self.shares.iter().filter_map(failed)
    }

    fn fits(&self) -> Option<bool> {
        self.limit().map(|limit| self.all() <= limit.server)
    }

    fn is_fine(&self) -> bool {
        let within = self
            .shares
            .iter()
            .all(|share| share.exceeds_own().is_none());
        self.fits() != Some(false) && within && self.errors().next().is_none()
    }

    fn rows(&self, grid: &mut Grid) {
        let single = self.shares.len() == 1;
        for (index, share) in self.shares.iter().enumerate() {
            let place = if index == 0 { self.place() } else { "" };
            let mut row = [
                cell(Tone::Name, place),
                share.connection.name().into(),
                share.each.to_string().into(),
                share.all.to_string().into(),
                "".into(),
                "".into(),
                share.verdict(),
                "".into(),
            ];
            if single {
                self.total(&mut row);
            }
            grid.push(row);
        }
        if !single {
            let each: u64 = self.shares.iter().map(|share| share.each).sum();
            let mut row = [
                "".into(),
                cell(Tone::Quiet, "together"),
                each.to_string().into(),
                self.all().to_string().into(),
                "".into(),
                "".into(),
                "".into(),
                "".into(),
            ];
            self.total(&mut row);
            grid.push(row);
        }
    }

    /// Fills in what is known of the server as a whole.
    fn total(&self, [_, _, _, _, allowed, in_use, verdict, source]: &mut [Cell; 8]) {
        let Some(limit) = self.limit() else { return };
        *allowed = limit.server.to_string().into();
        *source = cell(Tone::Quiet, &limit.source);
        *in_use = limit
            .in_use
            .map_or_else(String::new, |n| n.to_string())
            .into();
        let all = self.all();
        if all > limit.server {
            *verdict = cell(Tone::Bad, format!("{} too many", all - limit.server));
        } else if verdict.is_empty() {
            *verdict = cell(Tone::Good, "fits");
        }
    }

    fn json(&self) -> Value {
        let limit = self.limit();
        let shares: Vec<Value> = self.shares.iter().map(Share::json).collect();
        json!({
            "server": self.place(),
            "connections": shares,
            "needed": self.all(),
            "allowed": limit.map(|limit| limit.server),
            "source": limit.map(|limit| &limit.source),
            "in_use": limit.and_then(|limit| limit.in_use),
            "fits": self.fits(),
        })
    }
}

impl Share {
    fn verdict(&self) -> Cell {
        match &self.limit {
            Limit::Failed(error) => cell(Tone::Bad, error.kind().as_str()),
            Limit::Untold => cell(Tone::Quiet, "limit not known"),
            Limit::NotAsked => "".into(),
            Limit::Told(_) => self.exceeds_own().map_or_else(
                || "".into(),
                |own| cell(Tone::Bad, format!("own limit: {own}")),
            ),
        }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.connection.name(),
            "each": self.each,
            "needed": self.all,
            "own_limit": self.told().and_then(|limit| limit.own),
            "error": self.error().map(ping::error_json),
        })
    }
}
