//! Compiles the robot's protocol. The server's side is made only when the feature asks for it.

use std::error::Error;

const PROTOCOL: &str = "proto/kachaka_api.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTOCOL}");
    let descriptors = protox::compile([PROTOCOL], ["proto"])?;
    tonic_prost_build::configure()
        .build_server(std::env::var_os("CARGO_FEATURE_SERVER").is_some())
        .generate_default_stubs(true)
        .bytes(".kachaka_api")
        .compile_fds(descriptors)?;
    Ok(())
}
