//! Protocol buffers taken apart into their fields, without knowing what they mean.

use crate::ConvertError;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    /// All its bytes, its number and length included.
    pub(super) whole: &'a [u8],
    /// What it holds, if that is bytes, a text or a message.
    content: Option<&'a [u8]>,
}

impl<'a> Field<'a> {
    pub(super) fn body(&self) -> Result<&'a [u8], ConvertError> {
        self.content.ok_or(ConvertError::Broken)
    }

    pub(super) fn text(&self) -> Result<&'a str, ConvertError> {
        std::str::from_utf8(self.body()?).map_err(|_| ConvertError::Broken)
    }
}

/// Returns the fields of a message, in order.
pub(super) fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, ConvertError> {
    let mut fields = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let begin = rest;
        let tag = varint(&mut rest)?;
        let content = match tag & 7 {
            0 => varint(&mut rest).map(|_| None)?,
            1 => take(&mut rest, 8).map(|_| None)?,
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| ConvertError::Broken)?;
                Some(take(&mut rest, length)?)
            }
            5 => take(&mut rest, 4).map(|_| None)?,
            _ => return Err(ConvertError::Broken),
        };
        fields.push(Field { number: tag >> 3, whole: &begin[..begin.len() - rest.len()], content });
    }
    Ok(fields)
}

/// Writes a field that holds bytes, a text or a message.
pub(super) fn write_bytes(number: u64, content: &[u8], to: &mut Vec<u8>) {
    write_varint(number << 3 | 2, to);
    write_varint(content.len() as u64, to);
    to.extend_from_slice(content);
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], ConvertError> {
    let (taken, left) = rest.split_at_checked(length).ok_or(ConvertError::Broken)?;
    *rest = left;
    Ok(taken)
}

fn varint(rest: &mut &[u8]) -> Result<u64, ConvertError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(ConvertError::Broken)
}

fn write_varint(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        // The lowest seven bits, and that more follow.
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 1, 127, 128, 300, 1 << 35, u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(number, &mut bytes);
            let mut rest = &bytes[..];
            assert_eq!((varint(&mut rest), rest.len()), (Ok(number), 0));
        }
    }

    #[test]
    fn every_kind_of_field_is_passed_over_whole() {
        let message = [0x08, 0x96, 0x01, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, b'h', b'i', 0x25, 1, 2, 3, 4];
        let fields = fields(&message).expect("it is a message");
        assert_eq!(
            fields.iter().map(|field| (field.number, field.whole.len())).collect::<Vec<_>>(),
            [(1, 3), (2, 9), (3, 4), (4, 5)]
        );
        assert_eq!(fields[2].text(), Ok("hi"));
        assert_eq!(fields[0].body(), Err(ConvertError::Broken));
    }

    #[test]
    fn what_ends_too_early_or_is_of_no_kind_is_broken() {
        for broken in [
            &[0x08][..],
            &[0x1a, 5, b'h'],
            &[0x11, 1],
            &[0x0b],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(fields(broken).is_err(), "{broken:?}");
        }
    }
}
