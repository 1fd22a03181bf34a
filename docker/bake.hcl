# All images in one build, so that the workspace is compiled once:
#
#   docker buildx bake --file docker/bake.hcl --load
#
# Set REGISTRY and TAG to name them otherwise, and FLAVOUR=prebuilt with PREBUILT=DIR to copy programs instead of compiling.

variable "REGISTRY" { default = "" }
variable "TAG" { default = "" }
variable "ARCH" { default = "" }
variable "VERSION" { default = "0.1.0" }
variable "GITHUB_SHA" { default = "unknown" }
variable "SOURCE" { default = "unknown" }
variable "FLAVOUR" { default = "build" }
variable "PREBUILT" { default = "docker" }

group "default" {
  targets = ["image"]
}

target "image" {
  name       = name
  matrix     = { name = ["console", "inference-api", "stream-manager", "alert-router", "patrol", "sim", "ronda", "nginx"] }
  context    = "."
  contexts   = FLAVOUR == "prebuilt" ? { prebuilt = PREBUILT } : {}
  dockerfile = "docker/Dockerfile"
  target     = name
  args = {
    FLAVOUR  = FLAVOUR
    VERSION  = VERSION
    REVISION = GITHUB_SHA
    SOURCE   = SOURCE
  }
  tags = ["${REGISTRY != "" ? REGISTRY : "ronda"}/${name}:${TAG != "" ? TAG : VERSION}${ARCH != "" ? "-${ARCH}" : ""}"]
}
