//! A real browser without a window, led over its `DevTools` protocol.

use std::ffi::OsString;
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::error::{HarnessError, or_panic};
use crate::guard::EndBy;
use crate::place::Folder;
use crate::process::{KEPT_LINES, Launch, poll};
use crate::server::Server;
use crate::source::{CHROMIUM, Source, chromium};

const READY: &str = "DevTools listening on ";
/// How long the browser may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A browser of the test's own, stopped when dropped.
///
/// Every method blocks: start it, and lead it, where a test may.
#[derive(Debug)]
pub struct Browser {
    socket: Mutex<Socket>,
    _server: Server,
    _folder: Folder,
}

#[derive(Debug)]
struct Socket {
    stream: WebSocket<TcpStream>,
    asked: u64,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn start() -> Self {
        or_panic(Self::try_start())
    }

    fn try_start() -> Result<Self, HarnessError> {
        let source = chromium()?;
        let folder = Folder::new("chromium")?;
        let mut invocation = source.invocation(program(&source), folder.path());
        let home = folder.path().as_os_str().to_owned();
        invocation.environment.push(("HOME", home));
        let profile = folder.path().join("profile").display().to_string();
        let arguments = [
            "--headless=shell",
            "--no-zygote",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
            &format!("--user-data-dir={profile}"),
            "about:blank",
        ]
        .map(OsString::from)
        .to_vec();
        let launch = Launch {
            name: "chromium",
            invocation,
            ports: Vec::new(),
            arguments,
            folder: folder.path().to_path_buf(),
            end_by: EndBy::Term,
            kept_lines: KEPT_LINES,
        };
        let server = Server::start(launch, READY)?;
        let url = server
            .log()
            .iter()
            .find_map(|line| line.split_once(READY))
            .map(|(_, url)| url.trim().to_owned())
            .ok_or_else(|| HarnessError::Failed("the browser tells no address".to_owned()))?;
        let failed = |error: &dyn std::fmt::Display| {
            HarnessError::Failed(format!("can't talk to the browser: {error}"))
        };
        let address = url
            .trim_start_matches("ws://")
            .split('/')
            .next()
            .unwrap_or_default();
        let stream = TcpStream::connect(address).map_err(|error| failed(&error))?;
        stream
            .set_read_timeout(Some(ANSWER_WITHIN))
            .map_err(|error| failed(&error))?;
        let (stream, _) =
            tungstenite::client(url.as_str(), stream).map_err(|error| failed(&error))?;
        Ok(Self {
            socket: Mutex::new(Socket { stream, asked: 0 }),
            _server: server,
            _folder: folder,
        })
    }

    /// An empty page of its own.
    ///
    /// # Panics
    ///
    /// When the browser does not obey.
    pub fn page(&self) -> Page<'_> {
        let target = self.ask(
            "Target.createTarget",
            &json!({ "url": "about:blank" }),
            None,
        );
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.ask("Target.attachToTarget", &attach, None);
        let page = Page {
            browser: self,
            session: session["sessionId"].as_str().unwrap_or_default().to_owned(),
        };
        page.ask("Page.enable", &json!({}));
        page
    }

    fn ask(&self, method: &str, parameters: &Value, session: Option<&str>) -> Value {
        or_panic(self.try_ask(method, parameters, session))
    }

    fn try_ask(
        &self,
        method: &str,
        parameters: &Value,
        session: Option<&str>,
    ) -> Result<Value, HarnessError> {
        let failed = |error: &dyn std::fmt::Display| {
            HarnessError::Failed(format!("the browser, {method}: {error}"))
        };
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        socket.asked += 1;
        let id = socket.asked;
        let mut request = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            request["sessionId"] = json!(session);
        }
        socket
            .stream
            .send(Message::text(request.to_string()))
            .map_err(|error| failed(&error))?;
        loop {
            // What it tells unasked comes in between.
            let message = socket.stream.read().map_err(|error| failed(&error))?;
            let Ok(text) = message.to_text() else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(text).map_err(|error| failed(&error))?;
            if answer["id"] == json!(id) {
                return match answer.get("error") {
                    Some(error) => Err(failed(error)),
                    None => Ok(answer["result"].take()),
                };
            }
        }
    }
}

fn program(source: &Source) -> &'static str {
    let Source::Programs(programs) = source else {
        return CHROMIUM[0];
    };
    let there = |name: &&&str| Path::new(programs.folder()).join(name).is_file();
    CHROMIUM.iter().find(there).copied().unwrap_or(CHROMIUM[0])
}

/// One page of a browser.
#[derive(Debug)]
pub struct Page<'a> {
    browser: &'a Browser,
    session: String,
}

impl Page<'_> {
    /// Goes to `url` and waits until all of it is there.
    ///
    /// # Panics
    ///
    /// When the browser does not obey.
    pub fn open(&self, url: &str) {
        self.ask("Page.navigate", &json!({ "url": url }));
        // Asked from here: with the page's script switched off, nothing waits in there. While the old page goes
        // away, the browser refuses to answer.
        let look = json!({
            "expression": "location.href !== 'about:blank' && document.readyState === 'complete'",
            "returnByValue": true,
        });
        let there = poll("the page is there", ANSWER_WITHIN, || {
            let session = Some(self.session.as_str());
            let state = self
                .browser
                .try_ask("Runtime.evaluate", &look, session)
                .ok()?;
            (state["result"]["value"] == json!(true)).then_some(())
        });
        or_panic(there);
    }

    /// The value of an expression in JavaScript.
    ///
    /// # Panics
    ///
    /// When it throws.
    pub fn evaluate(&self, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut result = self.ask("Runtime.evaluate", &parameters);
        if let Some(thrown) = result.get("exceptionDetails") {
            panic!("the page, {expression}: {thrown}");
        }
        result["result"]["value"].take()
    }

    /// Waits until an expression is true, for ten seconds at the most.
    ///
    /// # Panics
    ///
    /// When it does not become true.
    pub fn wait_for(&self, condition: &str) {
        let script = format!(
            "new Promise(done => {{ const until = Date.now() + 10000; const look = () => \
             ({condition}) ? done(true) : Date.now() > until ? done(false) : setTimeout(look, 20); look(); }})"
        );
        assert_eq!(
            self.evaluate(&script),
            json!(true),
            "not within ten seconds: {condition}; the page says:\n{}",
            self.evaluate("document.body.innerText")
        );
    }

    /// Makes the page so many pixels wide and high.
    ///
    /// # Panics
    ///
    /// When the browser does not obey.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.ask("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// What the person prefers: `dark` or `light`.
    ///
    /// # Panics
    ///
    /// When the browser does not obey.
    pub fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", &features);
    }

    /// Switches the page's own script off or on, from the next page on.
    ///
    /// # Panics
    ///
    /// When the browser does not obey.
    pub fn allow_script(&self, allowed: bool) {
        self.ask(
            "Emulation.setScriptExecutionDisabled",
            &json!({ "value": !allowed }),
        );
    }

    /// Presses a key: `Tab`.
    ///
    /// # Panics
    ///
    /// When the browser does not obey.
    pub fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let code = if key == "Tab" { 9 } else { 0 };
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            self.ask("Input.dispatchKeyEvent", &event);
        }
    }

    fn ask(&self, method: &str, parameters: &Value) -> Value {
        self.browser.ask(method, parameters, Some(&self.session))
    }
}
