//! Which commands can't share a connection, and how long a blocking one may take.

use std::time::Duration;

use ::redis::{Arg, Cmd};

/// What a command does to the connection that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing that the next one would notice.
    None,
    /// Holds the connection until something happens; `None`: without end.
    Blocks(Option<Duration>),
    /// Begins to watch keys.
    Watches,
    /// Ends watching.
    Unwatches,
    /// Leaves the connection in another state than a new one.
    ChangesState,
}

/// What `command` does, by its name and, where that does not tell, its arguments.
pub(super) fn effect(command: &Cmd) -> Effect {
    let mut arguments = command.args_iter().map(|argument| match argument {
        Arg::Simple(bytes) => bytes,
        _ => &[],
    });
    let Some(name) = arguments.next() else {
        return Effect::None;
    };
    let mut upper = [0; 16];
    let Some(upper) = upper.get_mut(..name.len()) else {
        return Effect::None;
    };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    match &*upper {
        b"BLPOP" | b"BRPOP" | b"BLMOVE" | b"BRPOPLPUSH" | b"BZPOPMIN" | b"BZPOPMAX" => {
            Effect::Blocks(arguments.last().and_then(seconds))
        }
        b"BLMPOP" | b"BZMPOP" => Effect::Blocks(arguments.next().and_then(seconds)),
        b"WAIT" | b"WAITAOF" => Effect::Blocks(arguments.last().and_then(millis)),
        b"XREAD" | b"XREADGROUP" => {
            // What comes after STREAMS is keys, one of which may be called so.
            let mut options =
                arguments.take_while(|argument| !argument.eq_ignore_ascii_case(b"STREAMS"));
            match options.find(|argument| argument.eq_ignore_ascii_case(b"BLOCK")) {
                Some(_) => Effect::Blocks(options.next().and_then(millis)),
                None => Effect::None,
            }
        }
        b"WATCH" => Effect::Watches,
        b"UNWATCH" | b"EXEC" | b"DISCARD" => Effect::Unwatches,
        b"CLIENT" => {
            let sub = arguments.next().unwrap_or_default().to_ascii_uppercase();
            match &*sub {
                b"REPLY" | b"TRACKING" | b"NO-EVICT" | b"NO-TOUCH" | b"CACHING" => {
                    Effect::ChangesState
                }
                _ => Effect::None,
            }
        }
        b"MULTI" | b"SELECT" | b"AUTH" | b"HELLO" | b"RESET" | b"QUIT" | b"MONITOR"
        | b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE"
        | b"SUNSUBSCRIBE" | b"ASKING" | b"READONLY" | b"READWRITE" | b"PSYNC" | b"SYNC" => {
            Effect::ChangesState
        }
        _ => Effect::None,
    }
}

/// The command's name, for messages.
pub(super) fn name(command: &Cmd) -> String {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) => String::from_utf8_lossy(name).to_ascii_uppercase(),
        _ => "command".into(),
    }
}

fn seconds(argument: &[u8]) -> Option<Duration> {
    let seconds: f64 = str::from_utf8(argument).ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|limit| !limit.is_zero())
}

fn millis(argument: &[u8]) -> Option<Duration> {
    let millis: u64 = str::from_utf8(argument).ok()?.parse().ok()?;
    (millis != 0).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use ::redis::cmd;

    use super::*;

    #[test]
    fn blocking_commands_tell_how_long() {
        let blocks = |limit| Effect::Blocks(limit);
        let second = Duration::from_secs(1);
        assert_eq!(
            effect(cmd("BLPOP").arg("a").arg("b").arg(1)),
            blocks(Some(second))
        );
        assert_eq!(effect(cmd("blpop").arg("a").arg(0)), blocks(None));
        assert_eq!(
            effect(cmd("BLMPOP").arg(1.0).arg(2).arg("k").arg("l").arg("LEFT")),
            blocks(Some(second))
        );
        let mut read = cmd("XREAD");
        read.arg("COUNT")
            .arg(5)
            .arg("BLOCK")
            .arg(1000)
            .arg("STREAMS")
            .arg("s")
            .arg("$");
        assert_eq!(effect(&read), blocks(Some(second)));
        assert_eq!(
            effect(cmd("XREAD").arg("STREAMS").arg("BLOCK").arg("0")),
            Effect::None
        );
    }

    #[test]
    fn ordinary_commands_leave_no_trace() {
        for ordinary in [
            "GET", "SET", "HGETALL", "CLUSTER", "EVALSHA", "SETEX", "DEL", "ZADD",
        ] {
            assert_eq!(effect(cmd(ordinary).arg("key")), Effect::None, "{ordinary}");
        }
        assert_eq!(effect(cmd("CLIENT").arg("ID")), Effect::None);
        assert_eq!(
            effect(cmd("CLIENT").arg("reply").arg("off")),
            Effect::ChangesState
        );
        assert_eq!(effect(cmd("multi").arg("")), Effect::ChangesState);
    }
}
