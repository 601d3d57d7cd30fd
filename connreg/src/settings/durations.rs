//! Durations as settings, in each way that people write them.

use std::fmt::{self, Formatter};
use std::time::Duration;

use super::context::Context;
use super::limits::Ranged;
use super::value::{below_zero, shown_by_debug};
use super::{SettingValue, Shape};
use crate::config::tree::{Node, Value};

impl SettingValue for Duration {
    const SHAPE: Shape = Shape::Duration;

    shown_by_debug!("0s");

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let duration = match &node.value {
            Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Self::from_secs),
            Value::Float(seconds) => Self::try_from_secs_f64(*seconds).ok(),
            Value::Text(text) => parse_duration(text),
            _ => None,
        };
        match duration {
            Some(duration) => Some(duration),
            None => below_zero(node, context, &Self::SHAPE),
        }
    }
}

/// Reads `30` and `2.5` (seconds), `30s`, `1h 30m`, `00:00:30` and `1.02:03:04.5` (days before the dot, as .NET writes).
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.contains(':') {
        return parse_clock(text);
    }
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

fn parse_clock(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (head, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = match head.split_once('.') {
        Some((days, hours)) => (days.parse::<u64>().ok()?, hours),
        None => (0, head),
    };
    let hours = hours.parse::<u64>().ok()?;
    let minutes = minutes
        .parse::<u64>()
        .ok()
        .filter(|minutes| *minutes < 60)?;
    let seconds = seconds
        .parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..60.0).contains(seconds))?;
    let whole = days
        .checked_mul(24)?
        .checked_add(hours)?
        .checked_mul(60)?
        .checked_add(minutes)?;
    Duration::from_secs(whole.checked_mul(60)?)
        .checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

impl Ranged for Duration {
    type Value = Self;
    fn ranged(&self) -> Option<&Self> {
        Some(self)
    }
    fn text(value: &Self) -> String {
        humantime::format_duration(*value).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, expected) in [
            ("30", Some(30_000)),
            ("2.5", Some(2_500)),
            (" 30s ", Some(30_000)),
            ("1h 30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("00:00:30", Some(30_000)),
            ("1.02:03:04.5", Some(93_784_500)),
            ("00:60:00", None),
            ("00:00:60", None),
            ("1:2", None),
            ("1:2:3:4", None),
            ("-5", None),
            ("NaN", None),
            ("", None),
            ("soon", None),
            ("99999999999999999999", None),
            ("999999999999999.00:00:00", None),
        ] {
            assert_eq!(
                parse_duration(text),
                expected.map(Duration::from_millis),
                "{text}"
            );
        }
    }
}
