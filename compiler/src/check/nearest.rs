//! "Did you mean": the known name closest to a mistyped one.

/// The known name that a mistyped one likely stands for, if there is one near enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match word.chars().count() {
        0 | 1 => 0,
        2..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let folded = word.to_lowercase();
    known
        .into_iter()
        .filter(|name| *name != word)
        .map(|name| (distance(&folded, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_one_slip_away_are_found() {
        let known = ["tau", "v_reset", "v_th", "decay_input"];
        assert_eq!(nearest("tua", known), Some("tau"));
        assert_eq!(nearest("v_rset", known), Some("v_reset"));
        assert_eq!(nearest("decay_imput", known), Some("decay_input"));
        assert_eq!(nearest("current", known), None);
        assert_eq!(nearest("x", known), None);
    }
}
