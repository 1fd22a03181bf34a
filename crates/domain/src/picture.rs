//! A picture in memory, and a frame: a picture with its place in a stream.
//!
//! The pixels are [`Bytes`], so that a decoder's own buffer can be looked at without copying it.

use bytes::Bytes;
use jiff::Timestamp;

use crate::geometry::Size;

/// How pixels lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One plane; three bytes for each pixel: red, green, blue.
    Rgb8,
    /// Three planes: luma, then the two colour planes at half the width and height (rounded up). What video decoders
    /// give.
    I420,
}

/// How luma and colour differences become red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Matrix {
    /// Standard definition: BT.601.
    Bt601,
    /// High definition: BT.709.
    #[default]
    Bt709,
}

/// What the numbers of an I420 picture mean. The default is what cameras send unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Colour {
    /// Which weights red, green and blue have.
    pub matrix: Matrix,
    /// Whether luma uses all of 0 to 255 instead of 16 to 235.
    pub full_range: bool,
}

/// Where one plane lies in the bytes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    /// The first byte of the first row.
    pub offset: usize,
    /// The distance from one row to the next, in bytes.
    pub stride: usize,
}

/// Why bytes are no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A side has no pixels.
    #[error("a picture of {0} has no pixels")]
    Empty(Size),
    /// A row would begin before the one above it ends.
    #[error("a row of plane {plane} needs {needed} bytes, the stride is {stride}")]
    Stride {
        /// The plane, counted from 0.
        plane: usize,
        /// The bytes in one row.
        needed: usize,
        /// The distance that was given.
        stride: usize,
    },
    /// There are fewer bytes than the planes need.
    #[error("plane {plane} ends at byte {needed}, there are {available}")]
    TooShort {
        /// The plane, counted from 0.
        plane: usize,
        /// Where the plane would end.
        needed: usize,
        /// The bytes that were given.
        available: usize,
    },
}

/// A picture whose planes are known to lie within its bytes. Cloning it does not copy the pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    layout: Layout,
    planes: [Plane; 3],
    colour: Colour,
    data: Bytes,
}

impl Picture {
    /// Wraps red-green-blue pixels whose rows begin every `stride` bytes.
    ///
    /// # Errors
    /// If a side is zero, the stride is shorter than a row or there are too few bytes.
    pub fn rgb(size: Size, stride: usize, data: Bytes) -> Result<Self, PictureError> {
        let plane = Plane { offset: 0, stride };
        Self::checked(size, Layout::Rgb8, [plane; 3], data)
    }

    /// Wraps a luma plane and two half-size colour planes.
    ///
    /// # Errors
    /// If a side is zero, a stride is shorter than its row or a plane ends after the bytes do.
    pub fn i420(size: Size, planes: [Plane; 3], data: Bytes) -> Result<Self, PictureError> {
        Self::checked(size, Layout::I420, planes, data)
    }

    fn checked(size: Size, layout: Layout, planes: [Plane; 3], data: Bytes) -> Result<Self, PictureError> {
        if size.is_empty() {
            return Err(PictureError::Empty(size));
        }
        let picture = Self { size, layout, planes, colour: Colour::default(), data };
        for index in 0..picture.plane_count() {
            let (row_bytes, _) = picture.plane_extent(index);
            let stride = picture.planes[index].stride;
            if stride < row_bytes {
                return Err(PictureError::Stride { plane: index, needed: row_bytes, stride });
            }
            let end = picture.plane_end(index);
            if end > picture.data.len() {
                return Err(PictureError::TooShort { plane: index, needed: end, available: picture.data.len() });
            }
        }
        Ok(picture)
    }

    /// Returns the width and height.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// Returns how the pixels lie in memory.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Says what the numbers of an I420 picture mean; of no meaning for red-green-blue pixels.
    #[must_use]
    pub fn with_colour(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }

    /// Returns what the numbers of an I420 picture mean.
    #[must_use]
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// Returns the number of planes: 1 or 3.
    #[must_use]
    pub fn plane_count(&self) -> usize {
        match self.layout {
            Layout::Rgb8 => 1,
            Layout::I420 => 3,
        }
    }

    /// Returns the bytes of one plane from its first to its last pixel, and its stride.
    ///
    /// # Panics
    /// If the layout has no such plane.
    #[must_use]
    pub fn plane(&self, index: usize) -> (&[u8], usize) {
        assert!(index < self.plane_count(), "{:?} has no plane {index}", self.layout);
        let Plane { offset, stride } = self.planes[index];
        (&self.data[offset..self.plane_end(index)], stride)
    }

    /// Returns the bytes in a row and the number of rows of one plane.
    #[must_use]
    pub fn plane_extent(&self, index: usize) -> (usize, usize) {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        match (self.layout, index) {
            (Layout::Rgb8, _) => (width * 3, height),
            (Layout::I420, 0) => (width, height),
            (Layout::I420, _) => (width.div_ceil(2), height.div_ceil(2)),
        }
    }

    /// Returns all bytes, those between and around the planes included.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// Returns one past the last byte; saturates, so that absurd numbers fail the length check.
    fn plane_end(&self, index: usize) -> usize {
        let Plane { offset, stride } = self.planes[index];
        let (row_bytes, rows) = self.plane_extent(index);
        stride.saturating_mul(rows - 1).saturating_add(row_bytes).saturating_add(offset)
    }
}

/// One picture of a stream.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Counts the frames that the source handed out since it was opened.
    pub sequence: u64,
    /// When the camera took the picture, as well as it is known.
    pub captured_at: Timestamp,
    /// What the camera saw.
    pub picture: Picture,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes(size: Size) -> [Plane; 3] {
        let (width, height) = (size.width as usize, size.height as usize);
        let (half, rows) = (width.div_ceil(2), height.div_ceil(2));
        [
            Plane { offset: 0, stride: width },
            Plane { offset: width * height, stride: half },
            Plane { offset: width * height + half * rows, stride: half },
        ]
    }

    #[test]
    fn the_planes_of_an_odd_sized_i420_picture_are_rounded_up() {
        let size = Size::new(5, 3);
        let data: Vec<u8> = (0..27).collect();
        let picture = Picture::i420(size, planes(size), Bytes::from(data)).expect("27 bytes are enough");
        assert_eq!(picture.plane(0), (&(0..15).collect::<Vec<u8>>()[..], 5));
        assert_eq!(picture.plane(1), (&(15..21).collect::<Vec<u8>>()[..], 3));
        assert_eq!(picture.plane(2), (&(21..27).collect::<Vec<u8>>()[..], 3));
    }

    #[test]
    fn the_last_row_needs_no_padding() {
        let picture = Picture::rgb(Size::new(2, 2), 8, Bytes::from(vec![0; 14])).expect("8 + 6 bytes");
        assert_eq!(picture.plane(0).0.len(), 14);
    }

    #[test]
    fn bytes_that_cannot_hold_the_picture_are_refused() {
        let size = Size::new(2, 2);
        let bytes = |count| Bytes::from(vec![0; count]);
        assert_eq!(Picture::rgb(Size::new(0, 2), 6, bytes(12)), Err(PictureError::Empty(Size::new(0, 2))));
        assert_eq!(Picture::rgb(size, 5, bytes(99)), Err(PictureError::Stride { plane: 0, needed: 6, stride: 5 }));
        assert_eq!(
            Picture::rgb(size, 6, bytes(11)),
            Err(PictureError::TooShort { plane: 0, needed: 12, available: 11 })
        );
        assert_eq!(
            Picture::i420(size, planes(size), bytes(5)),
            Err(PictureError::TooShort { plane: 2, needed: 6, available: 5 })
        );
    }

    #[test]
    fn absurd_offsets_do_not_overflow() {
        let far = Plane { offset: usize::MAX, stride: usize::MAX };
        assert!(Picture::i420(Size::new(4, 4), [far; 3], Bytes::from(vec![0; 24])).is_err());
    }

    #[test]
    fn a_clone_shares_the_pixels() {
        let picture = Picture::rgb(Size::new(2, 1), 6, Bytes::from(vec![7; 6])).expect("6 bytes");
        assert_eq!(picture.clone().data().as_ptr(), picture.data().as_ptr());
    }
}
