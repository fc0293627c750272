//! Smaller choices that still fail.

use crate::fuzz::choices::Choices;
use crate::fuzz::typed::Case;

/// How many cases are tried.
const TRIES: usize = 600;

/// The smallest case found for which `fails` holds, by leaving out choices and by making them smaller: a
/// choice of 0 is the simplest, and stands for all that are not there.
pub fn shrunk(choices: &[u8], fails: &dyn Fn(&Case) -> bool) -> Case {
    let mut best = choices.to_vec();
    let mut left = TRIES;
    loop {
        let before = best.clone();
        for size in [64, 16, 8, 4, 2, 1] {
            let mut at = 0;
            while at < best.len() && left > 0 {
                let end = best.len().min(at + size);
                let without = [&best[..at], &best[end..]].concat();
                let mut zeros = best.clone();
                zeros[at..end].fill(0);
                match [without, zeros]
                    .into_iter()
                    .find_map(|less| smaller(&less, &best, &mut left, fails))
                {
                    Some(found) => best = found,
                    None => at += size,
                }
            }
        }
        if best == before || left == 0 {
            return Case::draw(&mut Choices::again(&best));
        }
    }
}

/// The choices that are taken of these, if they fail and are simpler than the best.
fn smaller(
    less: &[u8],
    best: &[u8],
    left: &mut usize,
    fails: &dyn Fn(&Case) -> bool,
) -> Option<Vec<u8>> {
    let mut choices = Choices::again(less);
    let case = Case::draw(&mut choices);
    let taken = choices.taken();
    // What is 0 behind the others need not be said.
    let end = taken.iter().rposition(|choice| *choice != 0).map_or(0, |last| last + 1);
    let taken = &taken[..end];
    let size = |choices: &[u8]| (choices.len(), choices.iter().map(|c| u64::from(*c)).sum::<u64>());
    if size(taken) >= size(best) {
        return None;
    }
    *left = left.checked_sub(1)?;
    fails(&case).then(|| taken.to_vec())
}
