//! Who may call a route.

use std::fmt;

use serde::Serialize;

/// Who may call a route. Every route declares it; there is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Anybody who reaches the port.
    Public,
    /// A capture device with its own token.
    Device,
    /// Somebody who may look.
    Viewer,
    /// Somebody who may change zones and acknowledge alerts.
    Operator,
    /// Somebody who may change everything.
    Admin,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Device => "device",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        })
    }
}
