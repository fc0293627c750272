//! The device's own clock: when each launch began and ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::context::Context;
use crate::error::Result;

/// Launches that can be timed at once: WebGPU allows 4096 queries.
const LAUNCHES: u32 = 2048;

/// What an adapter needs for it.
pub const FEATURES: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY;

/// Queries for two times of each launch.
pub struct Clock {
    queries: wgpu::QuerySet,
    /// The launches so far, while they are timed.
    launches: Mutex<Option<u32>>,
}

impl Clock {
    /// The clock of a device; none where it has not the features.
    pub fn new(device: &wgpu::Device) -> Option<Self> {
        let queries = device.features().contains(FEATURES).then(|| {
            device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("clock"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * LAUNCHES,
            })
        })?;
        Some(Self { queries, launches: Mutex::new(None) })
    }

    fn launches(&self) -> MutexGuard<'_, Option<u32>> {
        self.launches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next launch writes; nothing while nothing is timed.
    pub fn next(&self) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let mut launches = self.launches();
        let launch = (*launches)?;
        *launches = Some(launch + 1);
        (launch < LAUNCHES).then_some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * launch),
            end_of_pass_write_index: Some(2 * launch + 1),
        })
    }

    /// The seconds that the launches of `work` take, in sum: what lies between them is the host's.
    pub fn time(&self, context: &Context, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        *self.launches() = Some(0);
        let done = work();
        let launches = self.launches().take().unwrap_or(0);
        done?;
        if launches > LAUNCHES {
            let why = format!("{launches} launches at once are more than {LAUNCHES}");
            return Err(context.error("timing", why));
        }
        if launches == 0 {
            return Ok(0.0);
        }
        let times = self.read(context, 2 * launches)?;
        let pairs = times.as_chunks::<2>().0.iter();
        let ticks: u64 = pairs.map(|[begin, end]| end.saturating_sub(*begin)).sum();
        Ok(ticks as f64 * f64::from(context.queue.get_timestamp_period()) / 1e9)
    }

    fn read(&self, context: &Context, queries: u32) -> Result<Vec<u64>> {
        let size = u64::from(queries) * 8;
        let buffer = |label, usage| wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage: wgpu::BufferUsages::COPY_SRC | usage,
            mapped_at_creation: false,
        };
        let (device, queue) = (&context.device, &context.queue);
        let resolved = context.guard("timing", ("the clock", size as usize), || {
            let usage = wgpu::BufferUsages::QUERY_RESOLVE;
            let resolved = device.create_buffer(&buffer("the clock", usage));
            let mut encoder = device.create_command_encoder(&Default::default());
            encoder.resolve_query_set(&self.queries, 0..queries, &resolved, 0);
            queue.submit([encoder.finish()]);
            resolved
        })?;
        let mut bytes = vec![0; size as usize];
        super::memory::read_buffer(context, "the clock", &resolved, &mut bytes)?;
        Ok(bytes.as_chunks().0.iter().map(|&ticks| u64::from_le_bytes(ticks)).collect())
    }
}
