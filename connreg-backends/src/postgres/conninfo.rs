//! libpq's two forms of connection string, taken apart into parameters.
//!
//! What the parameters mean is [`target`](super::target)'s. Values are never quoted in a mistake: any of them may be
//! a password in the wrong place.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

/// A parameter's name and value, in the order of writing.
pub(crate) type Parameters = Vec<(String, String)>;

/// Why a connection string can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake(pub(crate) String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mistake {}

impl From<&str> for Mistake {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Reads a URL (`postgres://…`, `postgresql://…`) or `key=value` pairs.
pub(crate) fn parse(text: &str) -> Result<Parameters, Mistake> {
    let text = text.trim();
    let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| {
        text.get(..scheme.len())
            .filter(|s| s.eq_ignore_ascii_case(scheme))
    });
    match rest {
        Some(scheme) => parse_url(&text[scheme.len()..]),
        None if text.contains("://") => {
            Err("the connection string is a URL of another kind; write `postgresql://…`".into())
        }
        None => parse_pairs(text),
    }
}

/// `[user[:password]@][host[:port],…][/database][?key=value&…]`
fn parse_url(text: &str) -> Result<Parameters, Mistake> {
    let mut parameters = Parameters::new();
    let (before_query, query) = match text.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (text, None),
    };
    // A password may hold a bare `/`, as long as there is an `@` behind it.
    let (credentials, places) = match before_query.rsplit_once('@') {
        Some((credentials, places)) => (Some(credentials), places),
        None => (None, before_query),
    };
    if let Some(credentials) = credentials {
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        push(&mut parameters, "user", user)?;
        if let Some(password) = password {
            push(&mut parameters, "password", password)?;
        }
    }
    let (hosts, database) = match places.split_once('/') {
        Some((hosts, database)) => (hosts, Some(database)),
        None => (places, None),
    };
    if !hosts.is_empty() {
        let (hosts, ports) = split_hosts(hosts)?;
        push(&mut parameters, "host", &hosts)?;
        push(&mut parameters, "port", &ports)?;
    }
    if let Some(database) = database {
        push(&mut parameters, "dbname", database)?;
    }
    for pair in query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|p| !p.is_empty())
    {
        let Some((key, value)) = pair.split_once('=') else {
            return Err("a parameter behind the `?` has no `=`".into());
        };
        let key = decode(key, "a parameter's name")?.into_owned();
        // As the server's own library reads it for the sake of JDBC's URLs.
        if key == "ssl" && value == "true" {
            parameters.push(("sslmode".into(), "require".into()));
            continue;
        }
        push(&mut parameters, &key, value)?;
    }
    Ok(parameters)
}

/// `a:1,b,[::1]:3` as the lists `a,b,::1` and `1,,3`, which is how pairs write them.
fn split_hosts(text: &str) -> Result<(String, String), Mistake> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for place in text.split(',') {
        let (host, port) = if let Some(rest) = place.strip_prefix('[') {
            let Some((host, rest)) = rest.split_once(']') else {
                return Err("an IPv6 address lacks its `]`".into());
            };
            match rest.strip_prefix(':') {
                Some(port) => (host, port),
                None if rest.is_empty() => (host, ""),
                None => return Err("only `:port` may follow an IPv6 address's `]`".into()),
            }
        } else {
            place.split_once(':').unwrap_or((place, ""))
        };
        hosts.push(host);
        ports.push(port);
    }
    let ports = if ports.iter().all(|port| port.is_empty()) {
        String::new()
    } else {
        ports.join(",")
    };
    Ok((hosts.join(","), ports))
}

/// Adds a percent-encoded value; an empty one is as good as none.
fn push(parameters: &mut Parameters, key: &str, value: &str) -> Result<(), Mistake> {
    let value = decode(value, key)?;
    if !value.is_empty() {
        parameters.push((key.to_owned(), value.into_owned()));
    }
    Ok(())
}

fn decode<'a>(text: &'a str, what: &str) -> Result<Cow<'a, str>, Mistake> {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let whole = bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte != b'%' || (is_hex(at + 1) && is_hex(at + 2)));
    if !whole {
        return Err(Mistake(format!(
            "{what}: a `%` must be written as `%25` in a URL"
        )));
    }
    percent_decode_str(text).decode_utf8().map_err(|_| {
        Mistake(format!(
            "{what}: not UTF-8 once its `%` escapes are decoded"
        ))
    })
}

/// `key=value key = 'quoted \' value' …`
fn parse_pairs(text: &str) -> Result<Parameters, Mistake> {
    let mut parameters = Parameters::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (key, behind) = rest.split_at(end);
        let Some(behind) = behind.trim_start().strip_prefix('=') else {
            return Err(missing_equals(text));
        };
        if key.is_empty() {
            return Err("a `=` has no parameter's name before it".into());
        }
        let (value, behind) = value(behind.trim_start())
            .ok_or_else(|| Mistake(format!("{key}: the closing `'` is missing")))?;
        // No host has a `;` in its name; in ADO.NET's form it comes first, and swallows all the rest.
        if key.eq_ignore_ascii_case("host") && value.contains(';') {
            return Err(missing_equals(text));
        }
        if !value.is_empty() {
            parameters.push((key.to_owned(), value));
        }
        rest = behind.trim_start();
    }
    Ok(parameters)
}

fn missing_equals(text: &str) -> Mistake {
    if text.contains(';') {
        "the connection string has `;` between its parameters, as ADO.NET writes; write `key=value` pairs with \
         spaces between, or a URL"
            .into()
    } else {
        "the connection string is neither a URL (`postgresql://…`) nor `key=value` pairs".into()
    }
}

/// A value, quoted or up to the next blank, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let (mut chars, quoted) = match text.strip_prefix('\'') {
        Some(inner) => (inner.chars(), true),
        None => (text.chars(), false),
    };
    let mut value = String::new();
    loop {
        let rest = chars.as_str();
        match chars.next() {
            None if quoted => return None,
            None => return Some((value, rest)),
            Some('\'') if quoted => return Some((value, chars.as_str())),
            Some(c) if !quoted && c.is_whitespace() => return Some((value, rest)),
            Some('\\') => value.extend(chars.next()),
            Some(c) => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"))
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn urls() {
        assert_eq!(
            parsed(
                "postgresql://ann:p%40ss@db.example:6432/shop?sslmode=verify-full&options=-c%20a%3Db"
            ),
            pairs(&[
                ("user", "ann"),
                ("password", "p@ss"),
                ("host", "db.example"),
                ("port", "6432"),
                ("dbname", "shop"),
                ("sslmode", "verify-full"),
                ("options", "-c a=b"),
            ])
        );
        assert_eq!(
            parsed("postgres://a:1,[::1]:2,c/x"),
            pairs(&[("host", "a,::1,c"), ("port", "1,2,"), ("dbname", "x")])
        );
        assert_eq!(
            parsed("postgresql://%2Fvar%2Frun/x"),
            pairs(&[("host", "/var/run"), ("dbname", "x")])
        );
        assert_eq!(
            parsed("postgresql:///x?host=/tmp&ssl=true"),
            pairs(&[("dbname", "x"), ("host", "/tmp"), ("sslmode", "require")])
        );
        assert_eq!(
            parsed("postgresql://ann:a/b@h/x"),
            pairs(&[
                ("user", "ann"),
                ("password", "a/b"),
                ("host", "h"),
                ("dbname", "x")
            ])
        );
        assert_eq!(parsed("postgresql://"), pairs(&[]));
    }

    #[test]
    fn key_value_pairs() {
        assert_eq!(
            parsed(r"host = a,b port=1,2 password='it\'s \\ here' user=x\ y dbname=''"),
            pairs(&[
                ("host", "a,b"),
                ("port", "1,2"),
                ("password", r"it's \ here"),
                ("user", "x y"),
            ])
        );
        assert_eq!(parsed("  "), pairs(&[]));
    }

    #[test]
    fn mistakes_name_the_place_and_never_a_value() {
        for text in [
            "hunter2",
            "host=a hunter2",
            "password='hunter2",
            "=hunter2",
            "postgresql://ann:hunter2%@h/x",
            "postgresql://ann:%ffhunter2@h/x",
            "postgresql://ann:hunter2@[::1/x",
            "postgresql://ann@[::1]hunter2/x",
            "postgresql://h/x?hunter2",
            "mysql://ann:hunter2@h/x",
            "Host=a;Password=hunter2;X",
        ] {
            let mistake = parse(text)
                .err()
                .unwrap_or_else(|| panic!("{text} was accepted"));
            assert!(
                !mistake.to_string().contains("hunter2"),
                "{text}: {mistake}"
            );
        }
        assert!(parse("Host a;Password=x").is_err_and(|m| m.0.contains("ADO.NET")));
    }
}
