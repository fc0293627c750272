//! `snnc web`: the page, and what it does in a browser.

use serde_json::json;

use crate::browser::Browser;
use crate::program::Folder;
use crate::run::numbers;

const LIF: &str = include_str!("../../../../stdlib/neurons/lif.snn");

/// Steps that are compared.
const STEPS: usize = 90;

#[test]
fn the_page_is_one_file_that_asks_for_no_other() {
    let folder = Folder::new("web_page");
    folder.write("lif.snn", LIF);
    let said = folder.snnc("web lif.snn -o page").right();
    assert_eq!(said, "page/index.html: open it in a browser\n");
    let page = std::fs::read_to_string(folder.path("page/index.html")).expect("the page");
    for mark in ["{{", "}}\n</", "src=", "href=", "http:", "https:", "import ", "fetch("] {
        assert!(!page.replace("through https or", "").contains(mark), "{mark}");
    }
    // What a program says in a comment does not end the script that holds it.
    folder.write("evil.snn", LIF.replace("///", "/// </script><script>alert(1)</script>"));
    folder.snnc("web evil.snn -o evil").right();
    let page = std::fs::read_to_string(folder.path("evil/index.html")).expect("the page");
    assert_eq!(page.matches("</script>").count(), 3);
}

#[test]
fn what_a_page_cannot_do_is_refused() {
    let folder = Folder::new("web_refused");
    folder.write("lif.snn", LIF);
    for options in ["--line-info", "--schedule tune", "--dtype bf16", "--pack s"] {
        let error = folder.snnc(&format!("web lif.snn -o page {options}")).wrong();
        assert!(error.contains("`snnc web` has no `"), "{error}");
    }
    assert_eq!(folder.names(), ["lif.snn"]);
}

/// The page in Chromium: it begins by itself, stops at a click, and its kernel gives, for the param that
/// was moved, the spikes of `snnc run`, which are the ones that the raster shows.
#[test]
fn a_browser_draws_the_raster_of_run() {
    let folder = Folder::new("web_browser");
    folder.write("lif.snn", LIF);
    folder.snnc("web lif.snn -o page").right();
    let Some(mut browser) = Browser::start(&folder.path("profile")) else { return };
    browser.resize(1200, 900, false);
    browser.open(&folder.path("page/index.html"));
    browser.evaluate("snn.then(() => true)");
    browser.click("run");
    assert_eq!(browser.evaluate("document.getElementById('run').textContent"), "Run");
    browser.evaluate(
        "(() => { const box = document.querySelector('[aria-label^=\"tau,\"]'); \
          box.value = 3.5; box.dispatchEvent(new Event('input')); })()",
    );
    let recorded = browser.evaluate(&format!("snn.then(({{ record }}) => record({STEPS}))"));
    let row = |value: &serde_json::Value| -> Vec<f32> {
        let list = value.as_array().expect("an array").iter();
        list.map(|number| number.as_f64().expect("a number") as f32).collect()
    };
    let (x, s) = (row(&recorded["inputs"]["x"]), row(&recorded["outputs"]["s"]));
    let neurons = recorded["neurons"].as_u64().expect("a number") as usize;
    folder.write("x.npy", npy(&x, STEPS, neurons));
    folder.snnc("run lif.snn --input x=x.npy --param tau=3.5 --out run.npz").right();
    let expected = numbers(&folder, "run.npz", "s");
    assert_eq!(s.len(), STEPS * neurons);
    assert!(s == expected, "the page's spikes are not those of `snnc run`");
    let rate = s.iter().sum::<f32>() / s.len() as f32;
    assert!((0.05..0.6).contains(&rate), "{rate}");

    let drawn = browser.evaluate(DRAWN);
    let cell =
        |step: usize, neuron: usize| if s[step * neurons + neuron] != 0.0 { '1' } else { '0' };
    let cells: String =
        (0..STEPS).flat_map(|step| (0..neurons).map(move |neuron| cell(step, neuron))).collect();
    assert!(drawn == cells, "the raster does not show these spikes");
    picture(&mut browser, &folder, "page.png");

    browser.resize(375, 800, true);
    browser.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
    );
    let width = browser.evaluate("document.documentElement.scrollWidth");
    assert_eq!(width, 375, "a phone has to scroll sideways");
    picture(&mut browser, &folder, "phone.png");

    let without = "Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined })";
    browser.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": without }));
    browser.open(&folder.path("page/index.html"));
    browser.evaluate("snn.catch(() => true)");
    let message = browser.evaluate("document.getElementById('message').innerText");
    assert!(message.as_str().is_some_and(|m| m.contains("has no WebGPU")), "{message}");
}

/// Of each step that was run and each neuron, whether the middle of its place in the raster has ink.
const DRAWN: &str = "(() => {
    const canvas = document.getElementById('raster');
    const { width, height } = canvas.getBoundingClientRect();
    const [left, top, right, bottom] = [44, 8, 6, 18];
    const [cell, row] = [(width - left - right) / 200, (height - top - bottom) / 64];
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let drawn = '';
    for (let step = 200 - 90; step < 200; step++) {
        for (let neuron = 0; neuron < 64; neuron++) {
            const x = Math.floor(left + (step + 0.5) * cell);
            const y = Math.floor(top + (63 - neuron + 0.5) * row);
            const [red, , , alpha] = pixels.data.slice(4 * (y * canvas.width + x));
            drawn += alpha > 128 && red < 100 ? '1' : '0';
        }
    }
    return drawn;
})()";

/// Keeps what the page looks like.
fn picture(browser: &mut Browser, folder: &Folder, name: &str) {
    let shot = browser.call("Page.captureScreenshot", json!({ "format": "png" }));
    folder.write(name, base64(shot["data"].as_str().expect("a picture")));
}

/// Bytes from their text in base64.
fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|c| DIGITS.iter().position(|digit| *digit == c));
    let (mut bits, mut n, mut bytes) = (0_u32, 0, Vec::new());
    for digit in digits {
        (bits, n) = (bits << 6 | digit as u32, n + 6);
        if n >= 8 {
            n -= 8;
            bytes.push((bits >> n) as u8);
        }
    }
    bytes
}

/// Numbers as a file of NumPy's.
fn npy(numbers: &[f32], steps: usize, neurons: usize) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({steps}, {neurons}), }}");
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}
