//! A Kachaka robot over gRPC.
