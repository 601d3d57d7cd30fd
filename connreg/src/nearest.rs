//! Which known name a misspelt one was meant to be.

use strsim::damerau_levenshtein;

use crate::config::tree::canonical;

/// The known name nearest to `wrong`, if it is near enough to have been meant.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = canonical(wrong);
    known
        .into_iter()
        .map(|name| (damerau_levenshtein(&wrong, &canonical(name)), name))
        .filter(|(distance, name)| *distance <= (name.len().min(wrong.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
