//! A photo on small planes of 32-bit floats: brightness, and how blue and how red it is.

use domain::geometry::Size;
use domain::picture::{Layout, Picture};
use opencv::core::{self, CV_8UC1, CV_8UC3, CV_32F, Mat, Vector};
use opencv::imgproc;
use opencv::prelude::*;

/// Brightness and colour of a photo, 0 to 255; colours lie around 128.
pub(super) struct Planes {
    pub(super) luma: Mat,
    pub(super) blue: Mat,
    pub(super) red: Mat,
}

/// Returns the size at which photos of this size are compared.
pub(super) fn small_size(photo: Size, most_width: u32) -> Size {
    let scale = (f64::from(most_width.max(16)) / f64::from(photo.width)).min(1.0);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    Size::new(side(photo.width), side(photo.height))
}

impl Planes {
    /// Shrinks a photo to a size; each small pixel is the mean of what it covers.
    pub(super) fn of(photo: &Picture, size: Size) -> opencv::Result<Self> {
        let planes = match photo.layout() {
            Layout::Rgb8 => {
                let small = shrunk(photo, 0, CV_8UC3, size)?;
                let mut coloured = Mat::default();
                imgproc::cvt_color_def(&small, &mut coloured, imgproc::COLOR_RGB2YCrCb)?;
                let mut planes = Vector::<Mat>::new();
                core::split(&coloured, &mut planes)?;
                [planes.get(0)?, planes.get(2)?, planes.get(1)?]
            }
            Layout::I420 => {
                [shrunk(photo, 0, CV_8UC1, size)?, shrunk(photo, 1, CV_8UC1, size)?, shrunk(photo, 2, CV_8UC1, size)?]
            }
        };
        let [luma, blue, red] = planes.map(|plane| smoothed(&plane));
        Ok(Self { luma: luma?, blue: blue?, red: red? })
    }

    /// Does something to each plane.
    pub(super) fn try_map(&self, mut each: impl FnMut(&Mat) -> opencv::Result<Mat>) -> opencv::Result<Self> {
        Ok(Self { luma: each(&self.luma)?, blue: each(&self.blue)?, red: each(&self.red)? })
    }
}

fn shrunk(photo: &Picture, index: usize, kind: i32, size: Size) -> opencv::Result<Mat> {
    let (bytes, stride) = photo.plane(index);
    let (row_bytes, rows) = photo.plane_extent(index);
    // OpenCV wants whole rows; the last one of a plane may lack its padding, so rows are packed first.
    let packed: Vec<u8> =
        (0..rows).flat_map(|row| bytes[row * stride..row * stride + row_bytes].iter().copied()).collect();
    let flat = Mat::new_rows_cols_with_data(rows as i32, row_bytes as i32, &packed)?;
    let channels = if kind == CV_8UC3 { 3 } else { 1 };
    let plane = flat.reshape_def(channels)?;
    let mut small = Mat::default();
    let size = core::Size::new(size.width as i32, size.height as i32);
    imgproc::resize(&plane, &mut small, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(small)
}

/// Turns levels into floats without the sensor's noise.
fn smoothed(plane: &Mat) -> opencv::Result<Mat> {
    let (mut floats, mut smooth) = (Mat::default(), Mat::default());
    plane.convert_to_def(&mut floats, CV_32F)?;
    imgproc::gaussian_blur_def(&floats, &mut smooth, core::Size::new(3, 3), 0.0)?;
    Ok(smooth)
}
