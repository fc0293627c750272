//! Our times beside those of SpikingJelly: two files of JSON lines in, a table in Markdown out. Both have
//! to be of one run on one GPU, since times differ from machine to machine.

use serde_json::Value;

/// Ours, and what of SpikingJelly is the same neuron.
const PAIRS: [(&str, &str); 4] = [
    ("LIF", "LIFNode"),
    ("LIF", "FlexSN LIF"),
    ("PLIF", "ParametricLIFNode"),
    ("PLIF", "FlexSN PLIF"),
];

/// Sizes that are compared.
const SIZES: [Size; 2] = [("f32", 8, 8 << 20), ("bf16", 16, 8 << 20)];

/// The table, and which of its lines could not be filled in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// In Markdown, with what SpikingJelly refused below it.
    pub table: String,
    /// What neither has a time nor was refused.
    pub missing: Vec<String>,
}

/// The lines of a file. One that is not JSON is an error: it may be half of a run.
fn lines(name: &str, text: &str) -> Result<Vec<Value>, String> {
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(i, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|why| format!("{name}, line {}: {why}", i + 1))
    };
    numbered.map(read).collect()
}

/// How numbers are stored, steps, neurons.
type Size = (&'static str, u64, u64);

/// The line of a neuron at a size.
fn find<'a>(lines: &'a [Value], neuron: &str, (dtype, steps, lanes): Size) -> Option<&'a Value> {
    lines.iter().find(|line| {
        let is_it = line["neuron"] == neuron && line["dtype"] == dtype;
        is_it && line["T"] == steps && line["N"] == lanes
    })
}

/// Forward and backward in milliseconds.
fn both(line: Option<&Value>) -> Option<f64> {
    line?["both_ms"].as_f64().filter(|ms| *ms > 0.0)
}

/// Makes the table of two files, given by their texts.
pub fn beside(ours: &str, peers: &str) -> Result<Beside, String> {
    let (ours, peers) = (lines("our times", ours)?, lines("the peers' times", peers)?);
    let mut found = Beside::default();
    for line in peers.iter().filter(|line| line["gpu"].is_string()) {
        found.table += &about(line);
    }
    found.table += "| Neuron | Stored as | T | N | snnc, ms | SpikingJelly, ms | Times as fast |\n";
    found.table += "| --- | --- | --- | --- | --- | --- | --- |\n";
    let mut refused = String::new();
    for size in SIZES {
        for pair in PAIRS {
            found.row(pair, size, both(find(&ours, pair.0, size)), find(&peers, pair.1, size));
            let why = find(&peers, pair.1, size).and_then(|line| line["refused"].as_str());
            if let Some(why) = why {
                refused += &format!("\n`{}` in {} was refused: {why}\n", pair.1, size.0);
            }
        }
    }
    found.table += &refused;
    Ok(found)
}

impl Beside {
    /// Adds a row of our time and of the peer's line.
    fn row(
        &mut self,
        (our, their): (&str, &str),
        size: Size,
        us: Option<f64>,
        line: Option<&Value>,
    ) {
        let (dtype, steps, lanes) = size;
        let word = |key: &str| line.and_then(|line| line[key].as_str());
        let (them, is_refused) = (both(line), word("refused").is_some());
        let is_missing = [(our, us.is_none()), (their, them.is_none() && !is_refused)];
        for (name, _) in is_missing.into_iter().filter(|(_, is_missing)| *is_missing) {
            self.missing.push(format!("{name} in {dtype} at T = {steps}, N = {lanes}"));
        }
        let by = word("by").map_or_else(String::new, |by| format!(" ({by})"));
        let without = if is_refused { "refused" } else { "not measured" };
        let cell = |ms: Option<f64>, or: &str| ms.map_or(or.into(), |ms| format!("{ms:.3}"));
        let times = us.zip(them).map_or("–".into(), |(us, them)| format!("{:.2}", them / us));
        let (us, them) = (cell(us, "not measured"), cell(them, without));
        let name = format!("{our} beside `{their}`{by}");
        self.table +=
            &format!("| {name} | {dtype} | {steps} | {lanes} | {us} | {them} | {times} |\n");
    }
}

/// What the peers ran on.
fn about(line: &Value) -> String {
    let word = |key: &str| line[key].as_str().unwrap_or("unknown").to_string();
    let (peer, torch, triton) = (word("spikingjelly"), word("torch"), word("triton"));
    let copy = line["copy_gb_s"].as_f64().unwrap_or(f64::NAN);
    format!(
        "SpikingJelly {peer}, PyTorch {torch}, Triton {triton}, {}, where PyTorch copies at {copy:.0} GB/s:\n\n",
        word("gpu")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(neuron: &str, size: Size, rest: &str) -> String {
        let (dtype, steps, lanes) = size;
        format!(
            r#"{{"neuron": "{neuron}", "dtype": "{dtype}", "T": {steps}, "N": {lanes}, {rest}}}"#
        ) + "\n"
    }

    /// All lines of ours and theirs.
    fn files(theirs: &str) -> (String, String) {
        let (mut ours, mut peers) = (String::new(), String::new());
        for size in SIZES {
            for (our, their) in PAIRS {
                ours += &line(our, size, r#""both_ms": 2.0"#);
                peers += &line(their, size, theirs);
            }
        }
        (ours, peers)
    }

    #[test]
    fn times_are_divided() {
        let (ours, peers) = files(r#""by": "triton", "both_ms": 5.0"#);
        let about = r#"{"gpu": "H200", "torch": "2.11", "triton": "3.6", "spikingjelly": "2.0.0", "copy_gb_s": 3900}"#;
        let found = beside(&ours, &format!("{about}\n{peers}")).unwrap();
        assert!(found.table.starts_with("SpikingJelly 2.0.0, PyTorch 2.11, Triton 3.6, H200, "));
        let row = "| LIF beside `LIFNode` (triton) | f32 | 8 | 8388608 | 2.000 | 5.000 | 2.50 |";
        assert!(found.table.contains(row), "{}", found.table);
        assert_eq!(found.table.lines().count(), 2 + 2 + SIZES.len() * PAIRS.len());
        assert!(found.missing.is_empty());
    }

    #[test]
    fn a_refusal_is_a_result() {
        let (ours, peers) = files(r#""refused": "no bf16""#);
        let found = beside(&ours, &peers).unwrap();
        assert!(found.table.contains("| bf16 | 16 | 8388608 | 2.000 | refused | – |"));
        assert!(found.table.contains("`LIFNode` in bf16 was refused: no bf16"));
        assert!(found.missing.is_empty());
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let (ours, _) = files("");
        let found = beside(&ours, "").unwrap();
        assert_eq!(found.missing.len(), SIZES.len() * PAIRS.len());
        assert_eq!(found.missing[0], "LIFNode in f32 at T = 8, N = 8388608");
        assert!(found.table.contains("| 2.000 | not measured | – |"));
    }

    #[test]
    fn half_a_line_is_an_error() {
        let error = beside("", "{}\n{\"neuron\": \"LIF").unwrap_err();
        assert!(error.starts_with("the peers' times, line 2: "), "{error}");
    }
}
