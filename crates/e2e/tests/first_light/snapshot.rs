//! Tells a JPEG, and how large its picture is, from its own words and not from its name.

/// The width and height of a whole JPEG; nothing if it is none.
pub(crate) fn size(bytes: &[u8]) -> Option<[u32; 2]> {
    let is_whole = bytes.starts_with(&[0xFF, 0xD8, 0xFF]) && bytes.ends_with(&[0xFF, 0xD9]);
    let mut rest = is_whole.then_some(bytes.get(2..)?)?;
    loop {
        let [0xFF, marker, high, low, segment @ ..] = rest else { return None };
        let number = |index: usize| Some(u32::from(*segment.get(index)?) << 8 | u32::from(*segment.get(index + 1)?));
        // The frame header, baseline or progressive: precision, height, width.
        if matches!(marker, 0xC0..=0xC2) {
            return Some([number(3)?, number(1)?]);
        }
        let length = usize::from(*high) << 8 | usize::from(*low);
        rest = rest.get(2 + length..)?;
    }
}
