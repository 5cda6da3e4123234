//! The first line of a `.y4m` file.

use super::Y4mError;

/// Most pixels that a picture may have: 8K.
pub const MAX_PIXELS: u64 = 7680 * 4320;
/// Longest side in pixels.
const MAX_SIDE: u32 = 16_384;

/// What the first line of a `.y4m` file says. The chroma layout is 8 bit 4:2:0, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Y4mHeader {
    /// Width in pixels; may be odd.
    pub width: u32,
    /// Height in pixels; may be odd.
    pub height: u32,
    /// Frames per second as a fraction, 30/1 where the file names none.
    pub rate: (u32, u32),
}

impl Y4mHeader {
    /// Reads the line, which ends before the newline.
    pub fn parse(line: &str) -> Result<Y4mHeader, Y4mError> {
        let mut fields = line.split(' ');
        if fields.next() != Some("YUV4MPEG2") {
            return Err(Y4mError::NotY4m);
        }
        let (mut width, mut height, mut rate) = (None, None, (30, 1));
        for field in fields.filter(|field| !field.is_empty()) {
            let bad = || Y4mError::BadField(field.chars().take(40).collect());
            let mut letters = field.chars();
            let tag = letters.next();
            let value = letters.as_str();
            match tag {
                Some('W') => width = Some(side(value).ok_or_else(bad)?),
                Some('H') => height = Some(side(value).ok_or_else(bad)?),
                Some('F') => rate = fraction(value).ok_or_else(bad)?,
                Some('C') => check_colour_space(value)?,
                // Interlacing, aspect ratio, comments and what may come do not change the data.
                Some(_) | None => {}
            }
        }
        let (Some(width), Some(height)) = (width, height) else {
            return Err(Y4mError::NoSize);
        };
        if width > MAX_SIDE
            || height > MAX_SIDE
            || u64::from(width) * u64::from(height) > MAX_PIXELS
        {
            return Err(Y4mError::TooLarge { width, height });
        }
        Ok(Y4mHeader {
            width,
            height,
            rate,
        })
    }

    /// Bytes of a frame without its header.
    pub fn frame_len(&self) -> usize {
        let chroma = self.width.div_ceil(2) as usize * self.height.div_ceil(2) as usize;
        self.width as usize * self.height as usize + 2 * chroma
    }

    /// Frames per second.
    pub fn frames_per_second(&self) -> f64 {
        f64::from(self.rate.0) / f64::from(self.rate.1)
    }
}

fn side(value: &str) -> Option<u32> {
    value.parse().ok().filter(|side| *side >= 2)
}

/// A rate between one frame in ten seconds and a thousand a second; 0:0 means unknown.
fn fraction(value: &str) -> Option<(u32, u32)> {
    let (over, under) = value.split_once(':')?;
    let (over, under): (u32, u32) = (over.parse().ok()?, under.parse().ok()?);
    if (over, under) == (0, 0) {
        return Some((30, 1));
    }
    let rate = f64::from(over) / f64::from(under);
    (0.1..=1000.0).contains(&rate).then_some((over, under))
}

fn check_colour_space(value: &str) -> Result<(), Y4mError> {
    // The suffixes tell where chroma samples sit; half a pixel that nobody sees in a call.
    match value {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(()),
        other => Err(Y4mError::ColourSpace(other.chars().take(40).collect())),
    }
}
