//! What a router is told beside its connections.

use std::fmt;
use std::sync::Arc;

use axum::http::request::Parts;

/// Whether a request may see details.
type Authorize = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;

/// Renders the metrics of a recorder of the program's own.
type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// What a router is told beside its connections.
///
/// # Examples
///
/// ```
/// use connreg::http::Options;
///
/// let options = Options::new().details(|request| {
///     request.headers.get("x-forwarded-groups").is_some_and(|groups| groups == "operators")
/// });
/// # drop(options);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Options {
    details: Option<Authorize>,
    render: Option<Render>,
}

impl Options {
    /// No details for anybody.
    pub fn new() -> Self {
        Self {
            details: None,
            render: None,
        }
    }

    /// Who sees details: the texts of errors, which name hosts and users. Never a secret.
    ///
    /// Asked for each request; it must not block.
    pub fn details(mut self, allowed: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.details = Some(Arc::new(allowed));
        self
    }

    /// What `/metrics` answers, in the Prometheus text format, where the program has a recorder of its own.
    ///
    /// Without it, making the router installs a recorder if the program has none.
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.render = Some(Arc::new(render));
        self
    }

    pub(super) fn allows_details(&self, request: &Parts) -> bool {
        self.details
            .as_ref()
            .is_some_and(|allowed| allowed(request))
    }

    pub(super) fn render(&self) -> Option<String> {
        self.render.as_ref().map(|render| render())
    }

    pub(super) fn has_render(&self) -> bool {
        self.render.is_some()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("details", &self.details.is_some())
            .field("metrics", &self.render.is_some())
            .finish()
    }
}
