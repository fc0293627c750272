//! What came of training.

use std::fmt;
use std::time::Duration;

use super::checkpoints::Goal;
use super::progress::Report;
use crate::nn;

/// The epochs of a training, those before it was resumed too, and its network.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What came of each epoch.
    pub epochs: Vec<Report>,
    /// The modules with their firing rates in the last call.
    pub network: nn::Summary,
}

impl Summary {
    /// The epoch with the best of a metric, the first of those that are as good.
    pub fn best(&self, metric: &str, goal: Goal) -> Option<&Report> {
        let number = |epoch: &Report| epoch.metrics.get(metric).copied();
        let known = self.epochs.iter().filter(|epoch| number(epoch).is_some_and(|n| !n.is_nan()));
        known.reduce(|best, epoch| match (goal, number(epoch) > number(best)) {
            (Goal::Highest, true) => epoch,
            (Goal::Lowest, _) if number(epoch) < number(best) => epoch,
            _ => best,
        })
    }

    /// How long all steps took, without evaluation and checkpoints.
    pub fn time(&self) -> Duration {
        let seconds: f64 = self.epochs.iter().map(|epoch| epoch.seconds).sum();
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

/// The network's table, times and losses, and of each metric the last, the highest and the lowest.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.network)?;
        let (Some(last), n) = (self.epochs.last(), self.epochs.len()) else {
            return writeln!(f, "no epoch was trained");
        };
        let (all, each) = (self.time().as_secs_f64(), self.time().as_secs_f64() / n as f64);
        writeln!(f, "{n} epochs of {} steps in all took {all:.1} s, {each:.2} s each", last.step)?;
        writeln!(f, "loss {:.4} in the last epoch", last.loss)?;
        for (name, number) in &last.metrics {
            write!(f, "{name} {number:.4} after the last epoch")?;
            for (goal, word) in [(Goal::Highest, "highest"), (Goal::Lowest, "lowest")] {
                if let Some(best) = self.best(name, goal) {
                    write!(f, ", {word} {:.4} after epoch {}", best.metrics[name], best.epoch)?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
