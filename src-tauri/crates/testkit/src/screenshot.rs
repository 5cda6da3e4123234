//! Pictures of a display or of a page: as pixels to measure and as PNG to look at.

use anyhow::{Context, Result, bail, ensure};
use std::{fs::File, io::BufWriter, path::Path};

/// A picture, three bytes a pixel, red first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenshot {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Screenshot {
    /// Brightness (BT.601, full range), one byte a pixel, stride `width`.
    pub fn luma(&self) -> Vec<u8> {
        let pixels = self.rgb.chunks_exact(3);
        pixels
            .map(|pixel| {
                let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
                ((red * 299 + green * 587 + blue * 114 + 500) / 1000) as u8
            })
            .collect()
    }

    /// A part of the picture; what lies outside is cut off.
    pub fn crop(&self, x: u32, y: u32, width: u32, height: u32) -> Self {
        let (x, y) = (x.min(self.width), y.min(self.height));
        let (width, height) = (width.min(self.width - x), height.min(self.height - y));
        let mut rgb = Vec::with_capacity((width * height * 3) as usize);
        for row in y..y + height {
            let start = ((row * self.width + x) * 3) as usize;
            rgb.extend_from_slice(&self.rgb[start..start + width as usize * 3]);
        }
        Self { width, height, rgb }
    }

    /// Writes it for a person to look at.
    pub fn write_png(&self, path: &Path) -> Result<()> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Fast);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }

    /// Reads a PNG of 8 bits a channel, as browsers make them.
    pub fn from_png(bytes: &[u8]) -> Result<Self> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info()?;
        let room = reader.output_buffer_size().context("a picture too large")?;
        let mut data = vec![0; room];
        let info = reader.next_frame(&mut data)?;
        ensure!(info.bit_depth == png::BitDepth::Eight, "not 8 bits");
        let channels = match info.color_type {
            png::ColorType::Rgb => 3,
            png::ColorType::Rgba => 4,
            other => bail!("a PNG of {other:?}"),
        };
        let pixels = data[..info.buffer_size()].chunks_exact(channels);
        Ok(Self {
            width: info.width,
            height: info.height,
            rgb: pixels
                .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
                .collect(),
        })
    }

    /// Reads an X window dump of 32 bits a pixel, little-endian: what Xvfb's screen file holds.
    pub fn from_xwd(bytes: &[u8]) -> Result<Self> {
        let field = |index: usize| -> Result<u32> {
            let at = bytes.get(index * 4..index * 4 + 4);
            let word: [u8; 4] = at.context("a window dump cut short")?.try_into()?;
            Ok(u32::from_be_bytes(word))
        };
        // XWDFileHeader, version 7 (X11/XWDFile.h): header size, width and height, bits per pixel,
        // bytes per line, number of colours; each colour takes 12 bytes.
        let (header_len, colours) = (field(0)?, field(19)?);
        let (width, height) = (field(4)?, field(5)?);
        let (bits, line_len) = (field(11)?, field(12)?);
        ensure!(bits == 32, "a screen of {bits} bits a pixel");
        let start = (header_len + colours * 12) as usize;
        let mut rgb = Vec::with_capacity((width * height * 3) as usize);
        for row in 0..height as usize {
            let from = start + row * line_len as usize;
            let line = bytes.get(from..from + width as usize * 4);
            for pixel in line.context("a window dump cut short")?.chunks_exact(4) {
                rgb.extend_from_slice(&[pixel[2], pixel[1], pixel[0]]);
            }
        }
        Ok(Self { width, height, rgb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Screenshot {
        Screenshot {
            width: 3,
            height: 2,
            rgb: (0..18).map(|value| value * 14).collect(),
        }
    }

    #[test]
    fn survives_png() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        picture().write_png(&path).unwrap();
        let read = Screenshot::from_png(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(read, picture());
    }

    #[test]
    fn crops_within_its_edges() {
        let part = picture().crop(1, 1, 10, 10);
        assert_eq!((part.width, part.height), (2, 1));
        assert_eq!(part.rgb, picture().rgb[12..]);
    }

    #[test]
    fn white_is_bright_and_black_is_dark() {
        let two = Screenshot {
            width: 2,
            height: 1,
            rgb: vec![255, 255, 255, 0, 0, 0],
        };
        assert_eq!(two.luma(), [255, 0]);
    }
}
