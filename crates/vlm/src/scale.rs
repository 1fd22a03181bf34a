//! Whether a picture goes to the model as the camera made it. Pictures cost tokens by their size, and the camera's own
//! JPEG is the best there is: it is passed on untouched unless the policy asks for a smaller one. It is never turned into
//! another format.

use domain::geometry::Size;

use crate::Jpeg;

/// How large a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// The longest side in pixels; as it is without.
    pub longest_side: Option<u32>,
}

impl Policy {
    /// Returns the size a picture is to be made, with the same proportions, or nothing if it is to stay as it is.
    pub fn smaller(self, size: Size) -> Option<Size> {
        let longest_allowed = self.longest_side.filter(|side| *side > 0)?;
        let longest = size.width.max(size.height);
        if longest <= longest_allowed {
            return None;
        }
        let shrunk = |side: u32| {
            let exact = f64::from(side) * f64::from(longest_allowed) / f64::from(longest);
            (exact.round() as u32).max(1)
        };
        Some(Size { width: shrunk(size.width), height: shrunk(size.height) })
    }
}

/// Returns the size that a JPEG's header states.
pub fn size_of(jpeg: &Jpeg) -> Option<Size> {
    const SCAN: u8 = 0xda;

    let mut rest = jpeg.bytes().get(2..)?;
    while let [0xff, marker, high, low, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([high, low]));
        match marker {
            // Fill bytes before a marker.
            0xff => {
                rest = &rest[1..];
                continue;
            }
            SCAN => return None,
            // Every start of frame; C4, C8 and CC are other things.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_, _, _, _, _, h1, h0, w1, w0, ..] = *rest else {
                    return None;
                };
                let size =
                    Size { width: u16::from_be_bytes([w1, w0]).into(), height: u16::from_be_bytes([h1, h0]).into() };
                return Some(size).filter(|size| size.width > 0 && size.height > 0);
            }
            _ => rest = rest.get(2 + length..)?,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    #[test]
    fn w33_a_picture_stays_as_it_is_unless_it_is_too_large() {
        let at_most_640 = Policy { longest_side: Some(640) };
        assert_eq!(Policy::default().smaller(size(1280, 720)), None);
        assert_eq!(at_most_640.smaller(size(640, 480)), None);
        assert_eq!(at_most_640.smaller(size(1280, 720)), Some(size(640, 360)));
        assert_eq!(at_most_640.smaller(size(100, 60_000)), Some(size(1, 640)));
    }

    #[test]
    fn the_size_stands_in_the_header() {
        let header = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xc4, 0, 3, 0, 0xff, 0xff, 0xc2, 0, 11, 8, 2, 0xd0, 5, 0, 1, 1,
            0x11, 0,
        ];
        let jpeg = Jpeg::new(Bytes::copy_from_slice(&header)).expect("begins as one");
        assert_eq!(size_of(&jpeg), Some(size(1280, 720)));
        for cut in 3..header.len() - 6 {
            let cut = Jpeg::new(Bytes::copy_from_slice(&header[..cut])).expect("begins as one");
            assert_eq!(size_of(&cut), None);
        }
    }

    proptest! {
        #[test]
        fn a_shrunk_picture_fits_and_has_pixels(width in 1..20_000_u32, height in 1..20_000_u32, side in 1..9000_u32) {
            let policy = Policy { longest_side: Some(side) };
            if let Some(small) = policy.smaller(size(width, height)) {
                prop_assert!(small.width.max(small.height) == side && small.width > 0 && small.height > 0);
                prop_assert_eq!(policy.smaller(small), None);
            }
        }

        #[test]
        fn no_bytes_upset_the_reader(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes: Vec<u8> = [0xff, 0xd8, 0xff].into_iter().chain(tail).collect();
            let _ = size_of(&Jpeg::new(Bytes::from(bytes)).expect("begins as one"));
        }
    }
}
