//! Schedules that were found by timing, a small file each beside the kernels.

use std::fs;
use std::io::Read;

use super::{Cache, SCHEDULE};
use crate::error::Result;

/// What a file begins with; another number means another form.
const MARK: &str = "snnc schedule 1";

/// Most bytes that are read of a file.
const MOST: u64 = 4096;

impl Cache {
    /// The schedule of a key, if it is there and whole.
    pub(crate) fn schedule(&self, key: &str) -> Option<String> {
        let file = fs::File::open(self.path(key, SCHEDULE).ok()?).ok()?;
        if !self.user.trusts(&file.metadata().ok()?) {
            return None;
        }
        let mut text = String::new();
        file.take(MOST).read_to_string(&mut text).ok()?;
        let schedule = text.strip_prefix(&head(key))?.strip_suffix('\n')?;
        (!schedule.contains('\n')).then(|| schedule.into())
    }

    /// Writes the schedule of a key, in place of what is there.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`](crate::Error::Cache) where the key is no file name or the file cannot be written.
    pub(crate) fn put_schedule(&self, key: &str, schedule: &str) -> Result<()> {
        let text = format!("{}{schedule}\n", head(key));
        self.write(&self.path(key, SCHEDULE)?, text.as_bytes())
    }
}

/// All of a file but the schedule and the end of its line.
fn head(key: &str) -> String {
    format!("{MARK}\nkey {key}\nschedule ")
}
