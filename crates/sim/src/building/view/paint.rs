//! The colours of every look, place by place: rules, not pictures. Nothing here comes near the colours of anomalies.

use super::super::look::{Look, Tint};
use super::super::{CEILING, DOOR_HEIGHT};

/// A number between 0 and 1 that looks random and is always the same at one place.
fn grain(x: u32, y: u32, salt: u32) -> f32 {
    let mixed = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ salt.wrapping_mul(0xc2b2_ae3d);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d);
    ((mixed ^ mixed >> 13).wrapping_mul(0x297a_2d39) >> 8) as f32 / 16_777_216.0
}

/// Noise of a texel, from -1 to 1, on a grid of `cells` in the texture.
fn noise(u: f32, v: f32, cells: f32, salt: u32) -> f32 {
    2.0 * grain((u * cells) as u32, (v * cells) as u32, salt) - 1.0
}

/// Smooth noise, from -1 to 1.
fn clouds(u: f32, v: f32, cells: f32, salt: u32) -> f32 {
    let (x, y) = (u * cells, v * cells);
    let (left, low) = (x.floor(), y.floor());
    let ease = |share: f32| share * share * (3.0 - 2.0 * share);
    let (right, up) = (ease(x - left), ease(y - low));
    let at = |dx: f32, dy: f32| grain(((left + dx) % cells) as u32, ((low + dy) % cells) as u32, salt);
    let row = |dy: f32| at(0.0, dy) + right * (at(1.0, dy) - at(0.0, dy));
    2.0 * (row(0.0) + up * (row(1.0) - row(0.0))) - 1.0
}

fn shaded(colour: [f32; 3], by: f32) -> [f32; 3] {
    colour.map(|value| value * by)
}

/// Tells whether a place is closer to the left or right side than `wide`, or to the lower or upper one than `tall`.
fn rim(u: f32, v: f32, wide: f32, tall: f32) -> bool {
    u.min(1.0 - u) < wide || v.min(1.0 - v) < tall
}

/// Tells whether a place is in the seam between tiles, of which there are `count` along a side.
fn seam(u: f32, v: f32, count: f32, width: f32) -> bool {
    (u * count).fract() < width || (v * count).fract() < width
}

/// Returns the colour of a look at a place of its texture, from the left and from the bottom; nothing where it is clear.
pub(super) fn paint(look: Look, u: f32, v: f32) -> Option<[f32; 3]> {
    let worn = 1.0 + 0.02 * clouds(u, v, 8.0, 1) + 0.012 * noise(u, v, 256.0, 2);
    let colour = match look {
        Look::Wall(tint) => return Some(wall(tint, u, v)),
        Look::Vinyl => {
            let tile = 1.0 + 0.025 * noise(u, v, 4.0, 3);
            shaded([176.0, 180.0, 176.0], if seam(u, v, 4.0, 0.02) { 0.86 } else { tile * worn })
        }
        Look::Stone => {
            let slab = 1.0 + 0.05 * noise(u, v, 2.0, 4) + 0.05 * clouds(u, v, 16.0, 5);
            shaded([192.0, 184.0, 172.0], if seam(u, v, 2.0, 0.012) { 0.78 } else { slab * worn })
        }
        Look::Carpet => shaded([104.0, 112.0, 124.0], 1.0 + 0.09 * noise(u, v, 128.0, 6) + 0.05 * clouds(u, v, 8.0, 7)),
        Look::Tiles => {
            let tile = 1.0 + 0.03 * noise(u, v, 8.0, 8);
            shaded([206.0, 200.0, 188.0], if seam(u, v, 8.0, 0.045) { 0.76 } else { tile * worn })
        }
        Look::Concrete => {
            shaded([158.0, 156.0, 152.0], 1.0 + 0.07 * clouds(u, v, 6.0, 9) + 0.03 * noise(u, v, 200.0, 10))
        }
        Look::Ceiling => shaded([228.0, 228.0, 224.0], if seam(u, v, 4.0, 0.02) { 0.88 } else { worn }),
        Look::Lamp => {
            let edge = (0.5 - (u - 0.5).abs()).min(0.5 - (v - 0.5).abs());
            shaded([255.0, 252.0, 240.0], if edge < 0.04 { 0.82 } else { 1.0 })
        }
        Look::Wood => {
            let rings = (40.0 * v + 3.0 * clouds(u, v, 4.0, 11) + 1.5 * clouds(u, v, 16.0, 12)).sin();
            shaded([176.0, 138.0, 98.0], 0.96 + 0.05 * rings + 0.02 * noise(u, v, 256.0, 13))
        }
        Look::Leaf => return Some(door_leaf([182.0, 146.0, 108.0], u, v)),
        Look::FireDoor => return Some(door_leaf([120.0, 132.0, 128.0], u, v)),
        Look::Window => return Some(window(u, v)),
        Look::Entrance => return Some(entrance(u, v)),
        Look::Rack => return Some(rack(u, v)),
        Look::Cartons => return Some(cartons(u, v)),
        Look::Folders => return Some(folders(u, v)),
        Look::Whiteboard => return Some(whiteboard(u, v)),
        Look::Screen => return Some(screen(u, v)),
        Look::Leaves => {
            let leaf = clouds(u, v, 12.0, 14);
            return (leaf > -0.25)
                .then(|| shaded([72.0, 104.0, 66.0], 0.85 + 0.35 * leaf + 0.15 * noise(u, v, 32.0, 15)));
        }
        Look::Poster(kind) => return Some(poster(kind, u, v)),
        Look::Extinguisher => return Some(extinguisher(u, v)),
        Look::Sign(_) => framed([52.0, 70.0, 88.0], u, v, 0.02, 0.06),
        Look::ExitSign => framed([30.0, 112.0, 82.0], u, v, 0.02, 0.06),
        Look::Paint(red, green, blue) => {
            shaded([red.into(), green.into(), blue.into()], 1.0 + 0.015 * noise(u, v, 8.0, 16))
        }
        Look::Glow(red, green, blue) => {
            shaded([red.into(), green.into(), blue.into()], 0.98 + 0.02 * clouds(u, v, 4.0, 34))
        }
        Look::Outline(red, green, blue) => {
            let inside = is_cylinder(u, v) || is_head(u, v);
            if inside { [red.into(), green.into(), blue.into()] } else { [204.0, 204.0, 200.0] }
        }
        Look::Cupboard => return Some(cupboard(u, v)),
        Look::Puddle(red, green, blue) => {
            let (x, y) = (2.0 * u - 1.0, 2.0 * v - 1.0);
            let edge = 0.82 + 0.16 * (3.0 * y.atan2(x)).sin() * (x * 2.0).cos();
            return (x.hypot(y) < edge).then_some([red.into(), green.into(), blue.into()]);
        }
    };
    Some(colour)
}

fn framed(colour: [f32; 3], u: f32, v: f32, wide: f32, tall: f32) -> [f32; 3] {
    if rim(u, v, wide, tall) { [206.0, 208.0, 206.0] } else { colour }
}

/// A wall from the floor to the ceiling: skirting board, paint, and the shadow under the ceiling and above the floor.
fn wall(tint: Tint, u: f32, v: f32) -> [f32; 3] {
    let height = v * CEILING as f32;
    let upper = [214.0, 212.0, 204.0];
    let (lower, upper, border) = match tint {
        Tint::Sage => ([164.0, 178.0, 166.0], upper, 1.0),
        Tint::Slate => ([140.0, 154.0, 168.0], [208.0, 210.0, 212.0], 1.0),
        Tint::Warm => (upper, [216.0, 210.0, 196.0], 0.0),
        Tint::Concrete => ([162.0, 162.0, 158.0], [178.0, 177.0, 173.0], 1.3),
    };
    let colour = if height < 0.09 {
        [112.0, 110.0, 106.0]
    } else if height < border {
        lower
    } else if height < border + 0.025 && border > 0.0 {
        shaded(lower, 0.78)
    } else {
        upper
    };
    let below = 1.0 - 0.16 * (-(height - 0.09).max(0.0) * 7.0).exp();
    let above = 1.0 - 0.12 * (-(CEILING as f32 - height) * 5.0).exp();
    shaded(colour, below * above * (1.0 + 0.015 * clouds(u, v, 6.0, 17) + 0.01 * noise(u, v, 256.0, 18)))
}

fn door_leaf(colour: [f32; 3], u: f32, v: f32) -> [f32; 3] {
    let height = v * DOOR_HEIGHT as f32;
    if (height - 1.03).abs() < 0.016 && (0.05..0.17).contains(&u) {
        return [70.0, 72.0, 76.0];
    }
    let grain = 1.0 + 0.03 * clouds(u, v * 0.25, 32.0, 19) + 0.015 * noise(u, v, 256.0, 20);
    let edge = rim(u, 0.5, 0.03, 0.0) || v > 0.985;
    shaded(colour, if edge { 0.8 } else { grain })
}

fn window(u: f32, v: f32) -> [f32; 3] {
    let bar = (u - 0.5).abs() < 0.018 || rim(u, v, 0.035, 0.05);
    if bar {
        return [226.0, 226.0, 222.0];
    }
    let cloud = 16.0 * clouds(u, v * 0.6, 6.0, 21).max(0.0);
    let skyline = 0.16 + 0.10 * grain((u * 14.0) as u32, 3, 22);
    if v < skyline {
        return shaded([128.0, 138.0, 148.0], 0.9 + 0.1 * grain((u * 14.0) as u32, 4, 23));
    }
    [168.0 + 40.0 * (1.0 - v) + cloud, 196.0 + 22.0 * (1.0 - v) + cloud, 222.0 + cloud]
}

fn entrance(u: f32, v: f32) -> [f32; 3] {
    let frame = (u - 0.5).abs() < 0.02 || rim(u, v, 0.03, 0.03);
    if frame {
        return [92.0, 96.0, 100.0];
    }
    if (v - 0.47).abs() < 0.02 && (0.4..0.46).contains(&u) || (v - 0.47).abs() < 0.02 && (0.54..0.6).contains(&u) {
        return [60.0, 62.0, 66.0];
    }
    let ground = if v < 0.4 { [150.0, 152.0, 148.0] } else { [176.0, 196.0, 208.0] };
    let streak = if ((u + 0.7 * v) * 3.0).fract() < 0.16 { 1.06 } else { 1.0 };
    shaded(ground, streak * (1.0 + 0.02 * clouds(u, v, 6.0, 24)))
}

fn rack(u: f32, v: f32) -> [f32; 3] {
    let unit = (v * 18.0).floor();
    let inside = (v * 18.0).fract();
    if rim(u, 0.5, 0.06, 0.0) || inside < 0.1 {
        return [34.0, 36.0, 40.0];
    }
    let lamp = ((u - 0.12) * 30.0).fract() < 0.4 && (0.12..0.3).contains(&u) && (0.45..0.65).contains(&inside);
    if lamp {
        let on = grain((u * 40.0) as u32, unit as u32, 25);
        return if on > 0.55 { [96.0, 150.0, 110.0] } else { [70.0, 74.0, 70.0] };
    }
    let holes = u > 0.4 && (u * 60.0).fract() < 0.5;
    shaded([62.0, 66.0, 72.0], if holes { 0.8 } else { 1.0 + 0.1 * grain(0, unit as u32, 26) })
}

fn cartons(u: f32, v: f32) -> [f32; 3] {
    let level = (v * 4.0).fract();
    if level < 0.08 || rim(u, 0.5, 0.02, 0.0) {
        return [110.0, 116.0, 122.0];
    }
    let (column, row) = ((u * 5.0) as u32, (v * 4.0) as u32);
    let across = (u * 5.0).fract();
    let tall = 0.55 + 0.35 * grain(column, row, 27);
    if level > tall || across < 0.04 {
        return [66.0, 64.0, 62.0];
    }
    let tape = (across - 0.5).abs() < 0.05;
    let tone = 0.86 + 0.2 * grain(column, row, 28);
    if tape { [168.0, 150.0, 122.0] } else { shaded([160.0, 130.0, 98.0], tone * (1.0 + 0.03 * noise(u, v, 64.0, 29))) }
}

fn folders(u: f32, v: f32) -> [f32; 3] {
    const SPINES: [[f32; 3]; 5] =
        [[70.0, 84.0, 104.0], [120.0, 72.0, 66.0], [92.0, 108.0, 84.0], [176.0, 170.0, 158.0], [84.0, 80.0, 78.0]];
    let level = (v * 5.0).fract();
    if level < 0.09 || rim(u, 0.5, 0.02, 0.0) {
        return [150.0, 122.0, 90.0];
    }
    let (column, row) = ((u * 16.0) as u32, (v * 5.0) as u32);
    if level > 0.84 - 0.12 * grain(column, row, 30) || (u * 16.0).fract() < 0.08 {
        return [58.0, 52.0, 46.0];
    }
    let spine = SPINES[(grain(column, row, 31) * 4.99) as usize];
    if (0.5..0.66).contains(&level) { [206.0, 204.0, 196.0] } else { spine }
}

fn whiteboard(u: f32, v: f32) -> [f32; 3] {
    if rim(u, v, 0.015, 0.03) {
        return [150.0, 152.0, 156.0];
    }
    let curve = 0.35 + 0.22 * (u * 5.0).sin() * u;
    if (0.1..0.55).contains(&u) && (v - curve).abs() < 0.012 {
        return [86.0, 104.0, 140.0];
    }
    let axis = (u - 0.1).abs() < 0.004 && v > 0.15 && v < 0.8 || (v - 0.15).abs() < 0.007 && u > 0.1 && u < 0.55;
    let line = (0.62..0.9).contains(&u) && (v * 9.0).fract() < 0.12 && (0.3..0.85).contains(&v);
    if axis || line && noise(u, v, 40.0, 32) > -0.6 { [78.0, 80.0, 84.0] } else { [236.0, 238.0, 238.0] }
}

fn screen(u: f32, v: f32) -> [f32; 3] {
    if rim(u, v, 0.03, 0.05) {
        return [40.0, 42.0, 46.0];
    }
    let line = (v * 14.0).fract() > 0.45 && u < 0.12 + 0.6 * grain((v * 14.0) as u32, 0, 33) && u > 0.1;
    if line { [150.0, 168.0, 186.0] } else { [54.0, 66.0, 82.0] }
}

fn poster(kind: u8, u: f32, v: f32) -> [f32; 3] {
    if rim(u, v, 0.03, 0.03) {
        return [70.0, 68.0, 66.0];
    }
    match kind {
        0 => {
            let hills = 0.34 + 0.1 * (u * 7.0).sin() + 0.05 * (u * 17.0).sin();
            let sun = (u - 0.68).hypot(v - 0.72) < 0.1;
            if v < hills {
                [102.0, 120.0, 104.0]
            } else if sun {
                [226.0, 206.0, 160.0]
            } else {
                [188.0, 200.0, 204.0]
            }
        }
        1 => {
            let line = (v * 16.0).fract() < 0.4 && (0.12..0.86).contains(&u) && (0.1..0.68).contains(&v);
            let title = (0.76..0.86).contains(&v) && (0.12..0.7).contains(&u);
            if title {
                [84.0, 96.0, 112.0]
            } else if line {
                [150.0, 152.0, 154.0]
            } else {
                [224.0, 224.0, 218.0]
            }
        }
        _ => {
            let circle = |x: f32, y: f32, radius: f32| (u - x).hypot(v - y) < radius;
            if circle(0.36, 0.6, 0.2) {
                [168.0, 122.0, 104.0]
            } else if circle(0.62, 0.42, 0.24) {
                [98.0, 116.0, 132.0]
            } else {
                [222.0, 214.0, 198.0]
            }
        }
    }
}

/// Four doors side by side, each with a handle.
fn cupboard(u: f32, v: f32) -> [f32; 3] {
    let across = (u * 4.0).fract();
    if rim(across, v, 0.018, 0.025) {
        return [150.0, 148.0, 142.0];
    }
    // Doors open in pairs: their handles are beside each other.
    let opens_right = ((u * 4.0) as u32).is_multiple_of(2);
    let from_hinge = if opens_right { across } else { 1.0 - across };
    let handle = (0.7..0.94).contains(&from_hinge) && (0.86..0.885).contains(&v);
    if handle { [112.0, 114.0, 118.0] } else { shaded([212.0, 211.0, 205.0], 1.0 + 0.012 * clouds(u, v, 8.0, 35)) }
}

/// The body of a fire extinguisher, and its head with the handle.
fn is_cylinder(u: f32, v: f32) -> bool {
    (u - 0.5).abs() < 0.2 && (0.08..0.72).contains(&v)
}

fn is_head(u: f32, v: f32) -> bool {
    (u - 0.5).abs() < 0.09 && (0.72..0.84).contains(&v) || (0.3..0.62).contains(&u) && (0.84..0.88).contains(&v)
}

/// A red cylinder with a black head, on a pale plate.
fn extinguisher(u: f32, v: f32) -> [f32; 3] {
    if is_cylinder(u, v) {
        let round = (1.0 - ((u - 0.5) / 0.2).powi(2)).max(0.0).sqrt();
        let label = (0.34..0.52).contains(&v);
        return shaded(if label { [206.0, 200.0, 194.0] } else { [178.0, 30.0, 28.0] }, 0.62 + 0.38 * round);
    }
    let hose = (u - 0.74).abs() < 0.03 && (0.3..0.8).contains(&v);
    if is_head(u, v) || hose { [38.0, 38.0, 40.0] } else { [204.0, 204.0, 200.0] }
}
