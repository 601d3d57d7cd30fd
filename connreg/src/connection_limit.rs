//! What a server says of how many connections it takes.

/// How many connections a server takes, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionLimit {
    /// From all programs together, those that it keeps back for others taken off.
    pub server: u64,
    /// From this connection's user, or to its database, where those have a limit of their own.
    pub own: Option<u64>,
    /// How many it has at the moment.
    pub in_use: Option<u64>,
    /// Where the figure comes from, in the server's words: `max_connections 100, 3 reserved`.
    pub source: String,
    /// What is the same for all who reach this server, by whatever name, and for no other server.
    pub identity: Option<String>,
}

impl ConnectionLimit {
    /// A limit of the whole server.
    ///
    /// # Examples
    ///
    /// ```
    /// let limit = connreg::ConnectionLimit::new(10_000, "maxclients 10000");
    /// assert_eq!(limit.own, None);
    /// ```
    pub fn new(server: u64, source: impl Into<String>) -> Self {
        Self {
            server,
            own: None,
            in_use: None,
            source: source.into(),
            identity: None,
        }
    }

    /// Adds the limit of this connection's own user or database.
    #[must_use]
    pub fn with_own(mut self, own: Option<u64>) -> Self {
        self.own = own;
        self
    }

    /// Adds how many connections there are.
    #[must_use]
    pub fn with_in_use(mut self, in_use: Option<u64>) -> Self {
        self.in_use = in_use;
        self
    }

    /// Adds what tells this server from all others.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<String>) -> Self {
        self.identity = identity;
        self
    }
}
