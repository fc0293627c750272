//! How much may come out of an archive: a few bytes can stand for more than any disk holds.

/// Bounds of what one archive may become. Deflate makes no more than 1032 bytes of one, but zip's entries may share
/// theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of all files that are taken. The default is 256 GiB.
    pub bytes: u64,
    /// Most files and folders, taken or not. The default is 2²⁰.
    pub entries: u64,
    /// Most bytes for each of the archive's own, from 64 MiB on. The default is 200: frames of events are mostly
    /// zeros and so become ten to fifty times smaller, a bomb a thousand times and more.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 38, entries: 1 << 20, ratio: 200 }
    }
}

/// So much may come out of any archive, however small it is.
const FREE: u64 = 1 << 26;

impl Limits {
    /// Counts what comes out of an archive of so many bytes.
    pub(super) fn counter(&self, size: u64) -> Counter {
        let by_ratio = size.saturating_mul(self.ratio).max(FREE);
        Counter { limits: self.clone(), by_ratio, bytes: 0, entries: 0 }
    }
}

/// What has come out so far.
pub(super) struct Counter {
    limits: Limits,
    by_ratio: u64,
    bytes: u64,
    entries: u64,
}

impl Counter {
    /// One more entry, or what is wrong with that.
    pub(super) fn entry(&mut self) -> Result<(), String> {
        self.entries += 1;
        match self.entries > self.limits.entries {
            true => Err(format!("there are more than {} entries{RAISE}", self.limits.entries)),
            false => Ok(()),
        }
    }

    /// So many more bytes, or what is wrong with that; they are not to be written then.
    pub(super) fn bytes(&mut self, n: u64) -> Result<(), String> {
        self.fits(n)?;
        self.bytes += n;
        Ok(())
    }

    /// Whether so many more bytes may come, for a size that is told beforehand.
    pub(super) fn fits(&self, n: u64) -> Result<(), String> {
        let Limits { bytes, ratio, .. } = self.limits;
        let total = self.bytes.saturating_add(n);
        if total > bytes {
            return Err(format!("more than {bytes} bytes come out of it{RAISE}"));
        }
        if total > self.by_ratio {
            return Err(format!("more than {ratio} times its own size comes out of it{RAISE}"));
        }
        Ok(())
    }
}

const RAISE: &str = "; raise the limit if you trust where it is from";
