//! A Chromium without a window, over the pipe of its DevTools protocol.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// What Chromium may be called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Set to another program of the kind.
const PROGRAM: &str = "SNNC_CHROMIUM";
/// Set to 1 where the tests must not go without.
const REQUIRED: &str = "SNNC_REQUIRE_CHROMIUM";

/// The protocol comes in as file 3 and goes out as file 4. SwiftShader is a WebGPU that needs no GPU, and a
/// container has no rights to give to a sandbox.
const START: &str = "\
exec 3<&0 4>&1 </dev/null >/dev/null 2>&1
exec \"$0\" --headless=new --no-sandbox --remote-debugging-pipe --no-first-run --disable-dev-shm-usage \
--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader --user-data-dir=\"$1\" about:blank";

/// The browser with one page.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    /// Dropped with it, which tells the watch that it is no longer needed.
    _watched: Sender<()>,
}

/// After so long a browser that does not answer is ended, so that a test fails instead of waiting.
const PATIENCE: Duration = Duration::from_secs(180);

/// Ends a process that is still there when patience is over.
fn watch(process: u32) -> Sender<()> {
    let (watched, ended) = channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-9", &process.to_string()]).status();
        }
    });
    watched
}

impl Browser {
    /// Starts it with an empty page; none, with the reason said, where there is no such browser.
    pub fn start(profile: &Path) -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var(REQUIRED).as_deref() != Ok("1"), "there is no Chromium");
            println!("skipped: there is no Chromium; {PROGRAM} may name one");
            return None;
        };
        let mut child = Command::new("sh")
            .args(["-c", START, &program])
            .arg(profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let _watched = watch(child.id());
        let mut browser = Self { child, input, output, session: None, calls: 0, _watched };
        let made = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().map(String::from);
        browser.call("Page.enable", json!({}));
        Some(browser)
    }

    /// Calls a method and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let bytes = [message.to_string().as_bytes(), b"\0"].concat();
        self.input.write_all(&bytes).expect("the browser listens");
        loop {
            let mut answer = self.next();
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.output.read_until(0, &mut bytes).expect("the browser answers");
        assert_eq!(bytes.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, file: &Path) {
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", json!({ "url": url }));
        self.evaluate(
            "new Promise((done) => document.readyState === 'complete' ? done() \
             : addEventListener('load', () => done()))",
        );
    }

    /// What an expression is; of a promise, what becomes of it.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.call("Runtime.evaluate", params);
        let failed = &result["exceptionDetails"];
        assert!(failed.is_null(), "{expression}: {failed}");
        result["result"]["value"].take()
    }

    /// Clicks into the middle of an element.
    pub fn click(&mut self, id: &str) {
        let place = self.evaluate(&format!(
            "(({{ left, top, width, height }}) => ({{ x: left + width / 2, y: top + height / 2 }}))\
             (document.getElementById('{id}').getBoundingClientRect())"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let (x, y) = (&place["x"], &place["y"]);
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Makes the page so large.
    pub fn resize(&mut self, width: u32, height: u32, mobile: bool) {
        let scale = if mobile { 2 } else { 1 };
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile,
        });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The shell became the browser; its helpers end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Option<String> {
    let named = std::env::var(PROGRAM).ok();
    let runs = |name: &&&str| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    named.or_else(|| NAMES.iter().find(runs).map(|name| (*name).to_string()))
}
