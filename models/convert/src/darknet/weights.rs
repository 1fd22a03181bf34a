//! Darknet's `.weights`: a header and then nothing but 32-bit floats, in the order in which the layers use them.

use crate::ConvertError;

/// Hands out the numbers of a `.weights` file in order.
pub(super) struct Weights<'a> {
    left: &'a [u8],
    taken: usize,
    present: usize,
}

impl<'a> Weights<'a> {
    /// Skips the header: major, minor, revision, and a count of pictures that grew to 64 bits with version 0.2.
    pub(super) fn new(file: &'a [u8]) -> Result<Self, ConvertError> {
        let version =
            |offset: usize| -> Option<u32> { Some(u32::from_le_bytes(file.get(offset..offset + 4)?.try_into().ok()?)) };
        let header = match (version(0), version(4)) {
            (Some(major), Some(minor)) if major < 1000 && minor < 1000 && major * 10 + minor >= 2 => 20,
            (Some(_), Some(_)) => 16,
            _ => return Err(ConvertError::WeightsHeader),
        };
        let left = file.get(header..).ok_or(ConvertError::WeightsHeader)?;
        Ok(Self { left, taken: 0, present: left.len() / 4 })
    }

    pub(super) fn take(&mut self, count: usize) -> Result<Vec<f32>, ConvertError> {
        self.taken += count;
        let short = ConvertError::WeightsShort { needed: self.taken, present: self.present };
        let (now, left) = self.left.split_at_checked(count * 4).ok_or(short)?;
        self.left = left;
        Ok(now.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// Fails if numbers are left: then the `.cfg` is another network's.
    pub(super) fn finish(self) -> Result<usize, ConvertError> {
        if self.left.is_empty() {
            Ok(self.taken)
        } else {
            Err(ConvertError::WeightsLeft { used: self.taken, present: self.present })
        }
    }
}
