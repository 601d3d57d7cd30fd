//! Which known name a misspelt one was meant to be.

use strsim::damerau_levenshtein;

use crate::config::tree::canonical;

/// The known name nearest to `wrong`, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = canonical(wrong);
    let length = wrong.chars().count();
    known
        .into_iter()
        .filter_map(|name| {
            let known = canonical(name);
            let other = known.chars().count();
            let most = (length.min(other) / 3).max(1);
            // Their lengths alone tell most names apart.
            let distance =
                (length.abs_diff(other) <= most).then(|| damerau_levenshtein(&wrong, &known))?;
            (distance <= most).then_some((distance, name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_may_have_been_meant_is_near() {
        let known = ["host", "port", "pool_size", "password", "db"];
        for (wrong, expected) in [
            ("hots", Some("host")),
            ("PoolSiz", Some("pool_size")),
            ("passwrod", Some("password")),
            ("pasword", Some("password")),
            ("prot", Some("port")),
            ("d", Some("db")),
            ("username", None),
            ("h", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, known), expected, "{wrong}");
        }
    }
}
