//! The loop.

use std::time::Instant;

use snn_runtime::torch::ops;
use tch::{Device, Tensor};

use super::bar::Bar;
use super::checkpoints::Checkpoints;
use super::parts::Parts;
use super::progress::{Metrics, Progress, Report};
use super::stepper::Stepper;
use super::summary::Summary;
use super::training::{Per, Training};
use super::{Failure, given};
use crate::data::loader::Epoch;
use crate::error::Result;
use crate::files::failed;
use crate::log::events::Events;
use crate::nn::{self, Module};

impl<N: Module> Training<N> {
    /// Trains: `loss` gives that of a batch, `[]`, from the indices of its samples on the network's device, `[n]` of
    /// int64; `evaluate` is called behind each epoch, without gradients and in the same precision, and gives what is to
    /// be remembered of it. States are the functions' to reset or to detach.
    ///
    /// # Errors
    ///
    /// Those of both functions, of checkpoints and of the log;
    /// [`Error::Given`](crate::Error::Given) for those that are none of this crate.
    pub fn run(
        &mut self,
        loss: impl FnMut(&mut N, &Tensor) -> Result<Tensor, Failure>,
        evaluate: impl FnMut(&mut N, &Report) -> Result<Metrics, Failure>,
    ) -> Result<Summary> {
        let device = self.device;
        self.run_over(|epoch| indices(epoch, device), loss, evaluate)
    }

    /// The same over batches of any kind, made from the rest of an epoch: for what has to be read first, maybe on
    /// another thread by [`Prefetch`](crate::data::prefetch::Prefetch).
    ///
    /// # Errors
    ///
    /// As [`Training::run`], and those of the batches.
    pub fn run_over<I, B, F>(
        &mut self,
        mut batches: impl FnMut(Epoch) -> Result<I, Failure>,
        mut loss: impl FnMut(&mut N, &B) -> Result<Tensor, Failure>,
        mut evaluate: impl FnMut(&mut N, &Report) -> Result<Metrics, Failure>,
    ) -> Result<Summary>
    where
        I: IntoIterator<Item = Result<B, F>>,
        F: Into<Failure>,
    {
        self.begin()?;
        while self.progress.position.epoch() < self.settings.epochs {
            let peak = self.epoch(&mut batches, &mut loss)?;
            let mut report = self.report(peak)?;
            report.metrics = self.stepper.infer(|| evaluate(&mut self.network, &report))?;
            self.end(report)?;
        }
        Ok(Summary { epochs: self.progress.epochs.clone(), network: nn::summary(&self.network) })
    }

    /// Goes on from a checkpoint, and opens the log, where this has not trained yet.
    fn begin(&mut self) -> Result<()> {
        if self.progress.step > 0 {
            return Ok(());
        }
        if let Some(path) = self.checkpoints.as_ref().and_then(Checkpoints::newest_path) {
            if !self.settings.resume {
                let why =
                    "this is a checkpoint of an earlier run: resume it, or take another folder";
                return Err(failed(&path)(why));
            }
            let progress: Progress = super::restore(&path, &mut self.parts())?;
            self.sampler.resume(&progress.position)?;
            self.progress = progress;
        }
        if let Some(folder) = &self.log {
            // One that was killed before its first checkpoint may have logged as well.
            self.events = Some(match self.settings.resume {
                true => Events::resume(folder, self.progress.step + 1)?,
                false => Events::create(folder)?,
            });
        }
        Ok(())
    }

    fn parts(&mut self) -> Parts<'_> {
        let Stepper { optimizer, scaler, .. } = &mut self.stepper;
        Parts { network: &mut self.network, optimizer, scaler: scaler.as_mut() }
    }

    /// The steps that are left of an epoch, and the most memory that they took.
    fn epoch<I, B, F>(
        &mut self,
        batches: &mut impl FnMut(Epoch) -> Result<I, Failure>,
        loss: &mut impl FnMut(&mut N, &B) -> Result<Tensor, Failure>,
    ) -> Result<Option<u64>>
    where
        I: IntoIterator<Item = Result<B, F>>,
        F: Into<Failure>,
    {
        let position = self.progress.position;
        let bar = Bar::new(&position, self.sampler.n_batches(), self.settings.quiet);
        ops::synchronize(self.device);
        let _ = self.peak(true);
        let mut start = Instant::now();
        let rest = self.sampler.resume(&position)?;
        for batch in batches(rest).map_err(given)? {
            let batch = batch.map_err(|failure| given(failure.into()))?;
            self.step(|network| loss(network, &batch))?;
            bar.step();
            if self.progress.step.is_multiple_of(self.settings.read) {
                self.read()?.into_iter().for_each(|loss| bar.loss(loss));
            }
            if self.is_due() {
                self.progress.seconds += self.since(start);
                self.save(&Metrics::new())?;
                start = Instant::now();
            }
        }
        self.progress.seconds += self.since(start);
        Ok(self.peak(false))
    }

    /// A step, of which the host does not see the end.
    fn step(&mut self, loss: impl FnOnce(&mut N) -> Result<Tensor, Failure>) -> Result<()> {
        self.set_rate();
        let loss = self.stepper.step(|| loss(&mut self.network))?;
        let Progress { position, step, meter, .. } = &mut self.progress;
        *step += 1;
        *position = self.sampler.position(position.epoch(), position.n_done() + 1);
        meter.add(&loss)
    }

    /// Whether a checkpoint is to be saved within an epoch. Behind its last step one is saved in any case, with what
    /// evaluation gives.
    fn is_due(&self) -> bool {
        let is_last = self.progress.position.n_done() == self.sampler.n_batches();
        let is_due = |every| self.progress.step.is_multiple_of(every);
        self.checkpoints.is_some() && !is_last && self.settings.every.is_some_and(is_due)
    }

    fn set_rate(&mut self) {
        let Progress { step, position, rate, .. } = &self.progress;
        let (schedule, per) = &self.settings.schedule;
        let done = if *per == Per::Step { *step } else { position.epoch() };
        self.stepper.optimizer.set_rate(schedule.rate(*rate, done as usize));
    }

    /// Reads and logs the loss since the last time.
    fn read(&mut self) -> Result<Option<f64>> {
        let loss = self.progress.meter.read()?;
        if let Some(loss) = loss {
            self.write("loss", loss)?;
            self.write("rate", self.stepper.optimizer.rate())?;
            self.flush()?;
        }
        Ok(loss)
    }

    fn write(&mut self, tag: &str, number: f64) -> Result<()> {
        let step = self.progress.step;
        let written = self.events.as_mut().map(|events| events.scalar(tag, step, number as f32));
        Ok(written.transpose().map(drop)?)
    }

    /// Brings what was logged into its file.
    fn flush(&mut self) -> Result<()> {
        Ok(self.events.as_mut().map(Events::flush).transpose().map(drop)?)
    }

    fn report(&mut self, peak_bytes: Option<u64>) -> Result<Report> {
        self.read()?;
        Ok(Report {
            epoch: self.progress.position.epoch(),
            step: self.progress.step,
            loss: self.progress.meter.end(),
            rate: self.stepper.optimizer.rate(),
            seconds: std::mem::take(&mut self.progress.seconds),
            peak_bytes,
            metrics: Metrics::new(),
        })
    }

    /// Ends an epoch: what came of it is logged and saved.
    fn end(&mut self, report: Report) -> Result<()> {
        for (name, number) in &report.metrics {
            self.write(name, *number)?;
        }
        let metrics = report.metrics.clone();
        self.progress.position = self.sampler.position(report.epoch + 1, 0);
        self.progress.epochs.push(report);
        self.save(&metrics)
    }

    /// What was logged is written first: it belongs to what is behind.
    fn save(&mut self, metrics: &Metrics) -> Result<()> {
        self.flush()?;
        let Some(mut checkpoints) = self.checkpoints.take() else { return Ok(()) };
        let progress = self.progress.clone();
        let saved = checkpoints.save(&self.parts(), progress.step, metrics, &progress);
        self.checkpoints = Some(checkpoints);
        saved.map(drop)
    }

    /// Seconds until all that was started is done.
    fn since(&self, start: Instant) -> f64 {
        ops::synchronize(self.device);
        start.elapsed().as_secs_f64()
    }

    /// The most bytes that tensors had at once, on CUDA.
    fn peak(&self, resets: bool) -> Option<u64> {
        match self.device {
            Device::Cuda(ordinal) => ops::peak_memory(ordinal, resets).ok(),
            _ => None,
        }
    }
}

/// The batches of an epoch as indices on a device, where all of them are brought at once: to bring each would wait.
fn indices(
    epoch: Epoch,
    device: Device,
) -> Result<impl Iterator<Item = Result<Tensor, Failure>>, Failure> {
    let order: Vec<i64> = epoch.rest().iter().map(|index| *index as i64).collect();
    let order = Tensor::from_slice(&order).f_to(device)?;
    let mut at = 0;
    Ok(epoch.map(move |batch| {
        let n = batch.len() as i64;
        at += n;
        Ok(order.f_narrow(0, at - n, n)?)
    }))
}
