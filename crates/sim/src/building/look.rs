//! What surfaces look like. How a look becomes pixels is the business of the view.

/// How a room's walls are painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tint {
    /// Off-white over sage.
    Sage,
    /// Off-white over blue-grey.
    Slate,
    /// Warm white all over.
    Warm,
    /// Bare concrete grey.
    Concrete,
}

/// What a surface looks like. The colours of anomalies ([`Look::Glow`]) appear in no other look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// A wall from floor to ceiling.
    Wall(Tint),
    /// Vinyl tiles of half a metre.
    Vinyl,
    /// Stone slabs.
    Stone,
    /// Carpet.
    Carpet,
    /// Small kitchen tiles.
    Tiles,
    /// Concrete.
    Concrete,
    /// The ceiling.
    Ceiling,
    /// A lamp in the ceiling.
    Lamp,
    /// Wood.
    Wood,
    /// A door's leaf.
    Leaf,
    /// A fire door.
    FireDoor,
    /// A window with the sky behind it.
    Window,
    /// A glass entrance.
    Entrance,
    /// The front of a computer rack.
    Rack,
    /// A shelf full of cartons.
    Cartons,
    /// A shelf full of folders.
    Folders,
    /// A whiteboard.
    Whiteboard,
    /// A screen that is on.
    Screen,
    /// The leaves of a plant.
    Leaves,
    /// A picture on the wall; the number says which.
    Poster(u8),
    /// A fire extinguisher on its plate.
    Extinguisher,
    /// The plate of a fire extinguisher that is not there, its outline in a colour that shines.
    Outline(u8, u8, u8),
    /// Cupboard doors with handles.
    Cupboard,
    /// The sign above an emergency exit.
    ExitSign,
    /// A sign with the name of a room.
    Sign(&'static str),
    /// One colour, slightly worn.
    Paint(u8, u8, u8),
    /// One colour that shines, whatever the light.
    Glow(u8, u8, u8),
    /// A shining puddle.
    Puddle(u8, u8, u8),
}
