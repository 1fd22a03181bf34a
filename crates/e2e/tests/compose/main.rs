//! `docker compose up`, for real: both compose files, unmodified, in a container engine that `cargo xtask test compose`
//! has prepared with every image. The tests run in the network of that engine, which has no way out.

mod docker;
mod faults;
mod flows;
mod growth;
mod guard;
mod observability;
mod site;
