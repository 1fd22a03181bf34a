//! The inference API from outside: the real server, the real detector on the tiny test model, plain HTTP.

mod capacity;
mod contract;
mod deepstack;
mod images;
mod models;
mod pictures;
mod process;
mod server;
mod site;
