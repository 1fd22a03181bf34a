//! The tiny detector for tests and demonstrations: finds saturated red, green and blue shapes with weights set by hand.
//!
//! A colour's mask is averaged in blocks of four pixels. Then, for each cell of a grid and several window sizes, two convolutions
//! compute the mask's moments around the cell: mass, centre and spread. A rectangle of spread σ² is √(12 σ²) wide. A cell speaks up if
//! the centre lies in it, the window's rim is empty, and the mass fills the box, so that two shapes are never taken for one.
//!
//! The output is YOLOX's: one grid of 16-pixel cells for each window and colour.

use crate::graph::{Builder, InputShape, int, ints};
use crate::onnx::Attribute;

/// What the colours are called: red, green, blue. With a zone's default rule a red shape raises an alert.
pub const LABELS: [&str; 3] = ["object", "pine", "worker"];
/// Pixels in a cell of the grid.
pub const STRIDE: u32 = 16;
/// Window sides in pixels; a shape is found in a window that is a bit larger than itself.
pub const WINDOWS: [u32; 5] = [48, 72, 120, 208, 384];

/// Pixels in a block of the averaged mask.
const BLOCK: u32 = 4;
/// Blocks of a window that must be empty on each side.
const RIM: usize = 1;
/// The confidence of a perfect shape.
const BEST: f32 = 0.95;

/// Returns the model file: input `images` `[batch, 3, height, width]` from 0 to 1, output `boxes` `[batch, cells, 8]`.
#[must_use]
pub fn model() -> Vec<u8> {
    let mut maker = Maker { graph: Builder::new("shapes", "images", InputShape::default()) };
    let mask = maker.mask();
    let grids: Vec<String> = WINDOWS.iter().map(|window| maker.grid(&mask, *window)).collect();
    let grids: Vec<&str> = grids.iter().map(String::as_str).collect();
    maker.graph.step_named("Concat", &grids, vec![int("axis", 1)], "boxes");
    maker.graph.output("boxes", &[None, None, Some(5 + LABELS.len() as u32)]);
    maker.graph.finish()
}

struct Maker {
    graph: Builder,
}

impl Maker {
    /// One channel for each colour, 0 to 1, in blocks: how far the colour stands out above both others.
    fn mask(&mut self) -> String {
        let above = |first: usize, second: usize| {
            let mut weights = [0.0; 3];
            weights[first] = 1.0;
            weights[second] = -1.0;
            weights
        };
        let one = [above(0, 1), above(1, 0), above(2, 0)].concat();
        let other = [above(0, 2), above(1, 2), above(2, 1)].concat();
        let [one, other] = [one, other].map(|weights| {
            let weights = self.graph.floats(&[3, 3, 1, 1], &weights);
            self.graph.step("Conv", &["images", &weights], vec![ints("kernel_shape", &[1, 1])])
        });
        let least = self.graph.step("Min", &[&one, &other], Vec::new());
        // A tenth of saturation is noise, four tenths are as good as all.
        let mask = self.ramp(&least, 0.15, 0.4);
        let block = i64::from(BLOCK);
        let attributes = vec![ints("kernel_shape", &[block; 2]), ints("strides", &[block; 2])];
        self.graph.step("AveragePool", &[&mask], attributes)
    }

    /// The rows of one window size: `[batch, 3 × cells, 8]`.
    fn grid(&mut self, mask: &str, window: u32) -> String {
        let moments = self.moments(mask, (window / BLOCK) as usize);
        let mut moment = |index: i64| {
            let [from, to, axis] = [index, index + 1, 2].map(|number| self.graph.ints(&[number]));
            self.graph.step("Slice", &[&moments, &from, &to, &axis], Vec::new())
        };
        let [mass, x, xx, y, yy, inner] = [0, 1, 2, 3, 4, 5].map(&mut moment);

        let least = self.constant(0.01);
        let safe_mass = self.graph.step("Max", &[&mass, &least], Vec::new());
        let (x, width) = self.place(&x, &xx, &safe_mass);
        let (y, height) = self.place(&y, &yy, &safe_mass);

        let cell = STRIDE as f32;
        let pixels = self.times(&mass, (BLOCK * BLOCK) as f32);
        let area = self.graph.step("Mul", &[&width, &height], Vec::new());
        let filled = self.graph.step("Div", &[&pixels, &area], Vec::new());
        let shown = self.graph.step("Div", &[&inner, &safe_mass], Vec::new());
        let (off_x, off_y) = (self.magnitude(&x), self.magnitude(&y));
        let judgements = [
            self.ramp(&off_x, cell / 2.0 + 1.0, cell / 2.0 + 0.5),
            self.ramp(&off_y, cell / 2.0 + 1.0, cell / 2.0 + 0.5),
            self.ramp(&pixels, 20.0, 40.0),
            self.ramp(&filled, 0.7, 0.85),
            self.ramp(&filled, 1.4, 1.2),
            self.ramp(&shown, 0.95, 0.99),
        ];
        let mut objectness = self.constant(BEST);
        for judgement in &judgements {
            objectness = self.graph.step("Mul", &[&objectness, judgement], Vec::new());
        }

        let one_hot: Vec<f32> = (0..9).map(|i| if i % 4 == 0 { 1.0 } else { 0.0 }).collect();
        let one_hot = self.graph.floats(&[1, 3, 3, 1, 1], &one_hot);
        let nothing = self.times(&objectness, 0.0);
        let classes = self.graph.step("Add", &[&nothing, &one_hot], Vec::new());

        let [x, y] = [x, y].map(|place| {
            let cells = self.times(&place, 1.0 / cell);
            let half = self.constant(0.5);
            self.graph.step("Add", &[&cells, &half], Vec::new())
        });
        let [width, height] = [width, height].map(|side| {
            let cells = self.times(&side, 1.0 / cell);
            self.graph.step("Log", &[&cells], Vec::new())
        });
        let rows = self.graph.step("Concat", &[&x, &y, &width, &height, &objectness, &classes], vec![int("axis", 2)]);
        let rows = self.graph.step("Transpose", &[&rows], vec![ints("perm", &[0, 1, 3, 4, 2])]);
        let shape = self.graph.ints(&[0, -1, 5 + LABELS.len() as i64]);
        self.graph.step("Reshape", &[&rows, &shape], Vec::new())
    }

    /// Mass, x, x², y, y² and the mass without the rim, around each cell: `[batch, 3, 6, lines, columns]`. Two convolutions, along the
    /// rows and then along the columns, do what one of window × window weights would.
    fn moments(&mut self, mask: &str, window: usize) -> String {
        let distances: Vec<f32> = (0..window).map(|i| (i as f32 + 0.5 - window as f32 / 2.0) * BLOCK as f32).collect();
        let ones = vec![1.0; window];
        let squares: Vec<f32> = distances.iter().map(|d| d * d).collect();
        let inside: Vec<f32> = (0..window).map(|i| if (RIM..window - RIM).contains(&i) { 1.0 } else { 0.0 }).collect();
        let zeros = vec![0.0; window];

        let along_rows = [&ones, &distances, &squares, &inside].map(Vec::as_slice).concat();
        let along_rows = self.window(mask, &along_rows, [12, 1], window, true);
        // For each moment, what to do with the four sums along the rows.
        let along_columns = [
            [&ones, &zeros, &zeros, &zeros],
            [&zeros, &ones, &zeros, &zeros],
            [&zeros, &zeros, &ones, &zeros],
            [&distances, &zeros, &zeros, &zeros],
            [&squares, &zeros, &zeros, &zeros],
            [&zeros, &zeros, &zeros, &inside],
        ];
        let along_columns = along_columns.concat().into_iter().flatten().copied().collect::<Vec<f32>>();
        let moments = self.window(&along_rows, &along_columns, [18, 4], window, false);
        self.split_channels(&moments)
    }

    /// `[batch, 18, lines, columns]` as `[batch, 3, 6, lines, columns]`.
    fn split_channels(&mut self, moments: &str) -> String {
        let colours = (0..3).map(|colour| {
            let [from, to, axis] = [colour * 6, colour * 6 + 6, 1].map(|number| self.graph.ints(&[number]));
            let part = self.graph.step("Slice", &[moments, &from, &to, &axis], Vec::new());
            let axes = self.graph.ints(&[1]);
            self.graph.step("Unsqueeze", &[&part, &axes], Vec::new())
        });
        let colours: Vec<String> = colours.collect();
        let colours: Vec<&str> = colours.iter().map(String::as_str).collect();
        self.graph.step("Concat", &colours, vec![int("axis", 1)])
    }

    /// A convolution with the same weights for each colour, a window long, in steps of one cell.
    fn window(&mut self, value: &str, weights: &[f32], [out, into]: [i64; 2], window: usize, in_rows: bool) -> String {
        let weights = weights.repeat(3);
        let step = i64::from(STRIDE / BLOCK);
        let (window, padding) = (window as i64, (window as i64 - step) / 2);
        let along = |length: i64, across: i64| if in_rows { [across, length] } else { [length, across] };
        let kernel = along(window, 1);
        let padding = along(padding, 0);
        let weights = self.graph.floats(&[out, into, kernel[0], kernel[1]], &weights);
        let attributes: Vec<Attribute> = vec![
            int("group", 3),
            ints("kernel_shape", &kernel),
            ints("pads", &[padding[0], padding[1], padding[0], padding[1]]),
            ints("strides", &along(step, 1)),
        ];
        self.graph.step("Conv", &[value, &weights], attributes)
    }

    /// From the first and second moment: the centre, in pixels from the cell's middle, and the length.
    fn place(&mut self, first: &str, second: &str, mass: &str) -> (String, String) {
        let centre = self.graph.step("Div", &[first, mass], Vec::new());
        let mean_square = self.graph.step("Div", &[second, mass], Vec::new());
        let square = self.graph.step("Mul", &[&centre, &centre], Vec::new());
        let spread = self.graph.step("Sub", &[&mean_square, &square], Vec::new());
        // What the blocks hide, and never less than a pixel.
        let block = self.constant((BLOCK * BLOCK) as f32 / 12.0);
        let spread = self.graph.step("Add", &[&spread, &block], Vec::new());
        let least = self.constant(1.0 / 12.0);
        let spread = self.graph.step("Max", &[&spread, &least], Vec::new());
        let twelve = self.times(&spread, 12.0);
        let length = self.graph.step("Sqrt", &[&twelve], Vec::new());
        (centre, length)
    }

    /// 0 at `from`, 1 at `to`, straight between, flat beyond.
    fn ramp(&mut self, value: &str, from: f32, to: f32) -> String {
        let from_value = self.constant(from);
        let above = self.graph.step("Sub", &[value, &from_value], Vec::new());
        let scaled = self.times(&above, 1.0 / (to - from));
        let (zero, one) = (self.scalar(0.0), self.scalar(1.0));
        self.graph.step("Clip", &[&scaled, &zero, &one], Vec::new())
    }

    fn magnitude(&mut self, value: &str) -> String {
        self.graph.step("Abs", &[value], Vec::new())
    }

    fn times(&mut self, value: &str, factor: f32) -> String {
        let factor = self.constant(factor);
        self.graph.step("Mul", &[value, &factor], Vec::new())
    }

    fn constant(&mut self, number: f32) -> String {
        self.graph.floats(&[1], &[number])
    }

    fn scalar(&mut self, number: f32) -> String {
        self.graph.floats(&[], &[number])
    }
}
