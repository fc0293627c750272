//! As much of FlatBuffers as AEDAT 4 needs: tables with numbers, strings and vectors of structs. Every
//! offset is held against the bytes that are there.

/// A table in a buffer.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    array(bytes, at).map(|bytes| u32::from_le_bytes(bytes) as usize)
}

impl<'a> Table<'a> {
    /// The outermost table of a buffer.
    pub fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { bytes, at: word(bytes, 0)? })
    }

    /// Where a field is; none where the table does not have it, which then has its default.
    fn field(&self, index: usize) -> Option<usize> {
        let back = i32::from_le_bytes(array(self.bytes, self.at)?);
        let vtable = usize::try_from(i64::try_from(self.at).ok()? - i64::from(back)).ok()?;
        let half = |at| array(self.bytes, at).map(|bytes| usize::from(u16::from_le_bytes(bytes)));
        let entry = 4 + 2 * index;
        if entry + 2 > half(vtable)? {
            return None;
        }
        match half(vtable.checked_add(entry)?)? {
            0 => None,
            offset => self.at.checked_add(offset),
        }
    }

    /// A number of 32 bits.
    pub fn i32(&self, index: usize) -> Option<i32> {
        Some(i32::from_le_bytes(array(self.bytes, self.field(index)?)?))
    }

    /// A number of 64 bits.
    pub fn i64(&self, index: usize) -> Option<i64> {
        Some(i64::from_le_bytes(array(self.bytes, self.field(index)?)?))
    }

    /// The elements of a vector, of which each has so many bytes.
    pub fn vector(&self, index: usize, size: usize) -> Option<&'a [u8]> {
        let at = self.field(index)?;
        let start = at.checked_add(word(self.bytes, at)?)?;
        let length = word(self.bytes, start)?.checked_mul(size)?;
        let first = start.checked_add(4)?;
        self.bytes.get(first..first.checked_add(length)?)
    }

    /// Whether a field is there.
    pub fn has(&self, index: usize) -> bool {
        self.field(index).is_some()
    }
}
