//! What stands about in rooms and hangs on their walls.

use super::geometry::{Point, Rect};
use super::look::Look;

/// A box: what furniture is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Its footprint.
    pub area: Rect,
    /// How high it begins.
    pub bottom: f64,
    /// How high it ends.
    pub top: f64,
    /// What its sides look like.
    pub sides: Look,
    /// What its top looks like.
    pub cap: Look,
}

/// One piece of furniture.
#[derive(Debug, Clone, PartialEq)]
pub struct Furniture {
    /// Where nobody can walk; nothing for what hangs above.
    pub footprint: Option<Rect>,
    /// What it is made of.
    pub blocks: Vec<Block>,
}

/// Something flat on a wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel {
    /// Its middle.
    pub at: Point,
    /// How high its middle is.
    pub height: f64,
    /// Into which direction it looks: one of the four along the axes.
    pub facing: f64,
    /// How wide it is.
    pub width: f64,
    /// How tall it is.
    pub tall: f64,
    /// What it looks like.
    pub look: Look,
}

const STEEL: Look = Look::Paint(96, 101, 108);
const DARK: Look = Look::Paint(52, 55, 60);
const PALE: Look = Look::Paint(206, 204, 197);

impl Furniture {
    fn standing(footprint: Rect, blocks: Vec<Block>) -> Self {
        Self { footprint: Some(footprint), blocks }
    }

    /// Something that is one box from the floor up.
    pub fn solid(area: Rect, top: f64, sides: Look, cap: Look) -> Self {
        Self::standing(area, vec![Block { area, bottom: 0.0, top, sides, cap }])
    }

    /// A table: a plate on four legs.
    pub fn table(area: Rect, height: f64) -> Self {
        let plate = Block { area, bottom: height - 0.04, top: height, sides: Look::Wood, cap: Look::Wood };
        let corners = [(area.x0, area.y0), (area.x1, area.y0), (area.x1, area.y1), (area.x0, area.y1)];
        let middle = area.middle();
        let legs = corners.map(|(x, y)| {
            let at = Point::new(x + 0.05 * (middle.x - x).signum(), y + 0.05 * (middle.y - y).signum());
            let area = Rect::around(at, 0.05, 0.05);
            Block { area, bottom: 0.0, top: height - 0.04, sides: STEEL, cap: STEEL }
        });
        Self::standing(area, legs.into_iter().chain([plate]).collect())
    }

    /// A desk with a screen on it that is seen from the south.
    pub fn desk(area: Rect) -> Self {
        let mut desk = Self::table(area, 0.74);
        let Point { x, y } = area.middle();
        let stand = Rect::around(Point::new(x, y + 0.1), 0.06, 0.06);
        let screen = Rect::around(Point::new(x, y + 0.1), 0.56, 0.04);
        desk.blocks.push(Block { area: stand, bottom: 0.74, top: 0.9, sides: DARK, cap: DARK });
        desk.blocks.push(Block { area: screen, bottom: 0.86, top: 1.2, sides: Look::Screen, cap: DARK });
        let drawers = Rect::new(area.x1 - 0.42, area.y0 + 0.06, area.x1 - 0.06, area.y1 - 0.06);
        desk.blocks.push(Block { area: drawers, bottom: 0.04, top: 0.58, sides: PALE, cap: PALE });
        desk
    }

    /// A chair whose back is on the side of `back`.
    pub fn chair(at: Point, back: f64) -> Self {
        let area = Rect::around(at, 0.44, 0.44);
        let cloth = Look::Paint(58, 76, 92);
        let seat = Block { area, bottom: 0.42, top: 0.48, sides: cloth, cap: cloth };
        let post = Block { area: Rect::around(at, 0.06, 0.06), bottom: 0.05, top: 0.42, sides: STEEL, cap: STEEL };
        let foot = Block { area: Rect::around(at, 0.36, 0.36), bottom: 0.02, top: 0.06, sides: DARK, cap: DARK };
        let middle = at.ahead(back, 0.2);
        let (wide, deep) = if back.cos().abs() > 0.5 { (0.05, 0.42) } else { (0.42, 0.05) };
        let rest = Block { area: Rect::around(middle, wide, deep), bottom: 0.52, top: 0.92, sides: cloth, cap: cloth };
        Self::standing(area, vec![foot, post, seat, rest])
    }

    /// A sofa whose back is at its west side.
    pub fn sofa(area: Rect) -> Self {
        let cloth = Look::Paint(84, 98, 88);
        let block = |area, bottom, top| Block { area, bottom, top, sides: cloth, cap: cloth };
        let back = Rect::new(area.x0, area.y0, area.x0 + 0.2, area.y1);
        let south = Rect::new(area.x0, area.y0, area.x1, area.y0 + 0.16);
        let north = Rect::new(area.x0, area.y1 - 0.16, area.x1, area.y1);
        let parts = [(area, 0.06, 0.42), (back, 0.42, 0.8), (south, 0.42, 0.58), (north, 0.42, 0.58)];
        Self::standing(area, parts.map(|(area, bottom, top)| block(area, bottom, top)).into())
    }

    /// A plant in a pot.
    pub fn plant(at: Point) -> Self {
        let pot = Look::Paint(150, 142, 130);
        let area = Rect::around(at, 0.34, 0.34);
        let leaves = [(0.30, 0.42, 0.62), (0.52, 0.58, 0.86), (0.44, 0.86, 1.08), (0.26, 1.08, 1.26)];
        let crown = leaves.map(|(wide, bottom, top)| Block {
            area: Rect::around(at, wide, wide),
            bottom,
            top,
            sides: Look::Leaves,
            cap: Look::Leaves,
        });
        let pot = Block { area, bottom: 0.0, top: 0.38, sides: pot, cap: Look::Paint(70, 58, 48) };
        Self::standing(area, [pot].into_iter().chain(crown).collect())
    }

    /// A cupboard with a worktop, as in kitchens.
    pub fn counter(area: Rect) -> Self {
        let base = Rect::new(area.x0 + 0.02, area.y0 + 0.05, area.x1 - 0.02, area.y1);
        let blocks = vec![
            Block { area: base, bottom: 0.1, top: 0.86, sides: Look::Cupboard, cap: PALE },
            Block { area, bottom: 0.86, top: 0.9, sides: Look::Wood, cap: Look::Wood },
        ];
        Self::standing(area, blocks)
    }

    /// A cupboard that hangs on the wall.
    pub fn hanging(area: Rect, bottom: f64, top: f64) -> Self {
        Self { footprint: None, blocks: vec![Block { area, bottom, top, sides: Look::Cupboard, cap: PALE }] }
    }

    /// A charging dock that looks into a direction along the x axis.
    pub fn charger(at: Point) -> Self {
        let blocks = vec![
            Block { area: Rect::around(at, 0.1, 0.3), bottom: 0.0, top: 0.22, sides: PALE, cap: PALE },
            Block { area: Rect::around(at, 0.11, 0.14), bottom: 0.06, top: 0.12, sides: DARK, cap: DARK },
        ];
        Self { footprint: None, blocks }
    }
}
