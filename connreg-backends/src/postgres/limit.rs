//! How many connections a server takes, asked of the server itself.

use connreg::{ConnectError, ConnectionLimit, ErrorKind};

use super::session::Session;

/// Everything in one row of text. `reserved_connections` is new in 16; a superuser may use what is reserved, and no limit
/// but the server's holds for one; a start has its moment, so that a standby is not taken for its primary.
const SQL: &str = "\
    SELECT current_setting('max_connections'), \
           current_setting('superuser_reserved_connections')::int \
             + coalesce(current_setting('reserved_connections', true)::int, 0), \
           role.rolsuper, \
           least(nullif(role.rolconnlimit, -1), nullif(database.datconnlimit, -1)), \
           (SELECT sum(numbackends) FROM pg_stat_database) - 1, \
           (SELECT system_identifier FROM pg_control_system()) || ' ' || pg_postmaster_start_time() \
      FROM pg_roles role, pg_database database \
     WHERE role.rolname = current_user AND database.datname = current_database()";

pub(super) async fn ask(session: &mut Session) -> Result<ConnectionLimit, ConnectError> {
    let row = session.first_row(SQL).await?;
    let column = |index: usize| row.as_ref()?.get(index);
    let number = |index: usize| column(index)?.parse::<u64>().ok();
    let (Some(all), Some(reserved)) = (number(0), number(1)) else {
        let message = "the server does not say how many connections it takes";
        return Err(ConnectError::new(ErrorKind::Protocol, message));
    };
    let is_superuser = column(2) == Some("t");
    let limit = if is_superuser {
        ConnectionLimit::new(all, format!("max_connections {all}"))
    } else {
        let source = format!("max_connections {all}, {reserved} reserved");
        ConnectionLimit::new(all.saturating_sub(reserved), source)
    };
    let identity = column(5).map(str::to_owned);
    Ok(limit
        .with_own(number(3).filter(|_| !is_superuser))
        .with_in_use(number(4))
        .with_identity(identity))
}
