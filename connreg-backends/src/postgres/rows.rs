//! Running prepared statements, and rows: all at once.

use tokio_postgres::types::{BorrowToSql, ToSql};
use tokio_postgres::{Error, Row, RowStream as DriverStream};

use super::effect::Effect;
use super::session::Session;
use super::statements::is_out_of_date;

/// The rows of a statement, no more than `most`.
pub(super) async fn some(
    session: &mut Session,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    retry: bool,
    most: usize,
) -> Result<Vec<Row>, Error> {
    let mut stream = std::pin::pin!(start_again(session, sql, params, retry).await?);
    let mut rows = Vec::new();
    while rows.len() < most {
        match next(stream.as_mut()).await {
            Some(row) => rows.push(row?),
            None => break,
        }
    }
    Ok(rows)
}

/// How many rows a statement touched.
pub(super) async fn count(
    session: &mut Session,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    retry: bool,
) -> Result<u64, Error> {
    let mut stream = std::pin::pin!(start_again(session, sql, params, retry).await?);
    while let Some(row) = next(stream.as_mut()).await {
        row?;
    }
    Ok(stream.rows_affected().unwrap_or(0))
}

/// Starts a statement; one that the server refuses as out of date before running it is prepared anew, if `retry`.
async fn start_again(
    session: &mut Session,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    retry: bool,
) -> Result<DriverStream, Error> {
    let started = start(session, sql, plain(params)).await;
    match started {
        Err(error) if retry && is_out_of_date(&error) => start(session, sql, plain(params)).await,
        started => started,
    }
}

/// Starts a statement, from the session's cache if it is there.
pub(super) async fn start<P, I>(
    session: &mut Session,
    sql: &str,
    params: I,
) -> Result<DriverStream, Error>
where
    P: BorrowToSql,
    I: IntoIterator<Item = P>,
    I::IntoIter: ExactSizeIterator,
{
    let (statement, effect) = session.statements.get(&session.client, sql).await?;
    session.told(sql, effect);
    if effect == Effect::Lasting {
        // It may be the cached ones that go.
        session.statements.clear();
    }
    let started = session.client.query_raw(&statement, params).await;
    if started.as_ref().err().is_some_and(is_out_of_date) {
        // A type that it uses may have changed along with the table.
        session.statements.forget(sql);
        session.client.clear_type_cache();
    }
    started
}

/// Parameters as the driver's streaming calls take them.
fn plain<'a>(
    params: &'a [&'a (dyn ToSql + Sync)],
) -> impl ExactSizeIterator<Item = &'a dyn ToSql> + 'a {
    params.iter().map(|param| *param as &dyn ToSql)
}

async fn next(stream: std::pin::Pin<&mut DriverStream>) -> Option<Result<Row, Error>> {
    let mut stream = stream;
    std::future::poll_fn(|cx| futures_core::Stream::poll_next(stream.as_mut(), cx)).await
}
