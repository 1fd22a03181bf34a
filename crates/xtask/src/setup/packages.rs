//! The one list of system packages, by what they are for. The names are those of Debian 12 and Ubuntu 24.04.

/// When a package is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// To compile the workspace.
    Build,
    /// To run a site.
    Run,
    /// To run the tests.
    Test,
    /// To make a Python environment, for tests and measurements.
    Python,
    /// To measure.
    Bench,
    /// To run a container engine; the engine itself is `crate::compose::packages`'s business.
    Compose,
}

/// One system package.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package {
    /// The name that apt knows.
    pub(crate) name: &'static str,
    /// When it is needed.
    pub(crate) group: Group,
    /// A program that makes the package unnecessary, wherever it came from.
    pub(crate) program: Option<&'static str>,
}

const fn library(name: &'static str, group: Group) -> Package {
    Package { name, group, program: None }
}

const fn program(name: &'static str, group: Group, program: &'static str) -> Package {
    Package { name, group, program: Some(program) }
}

/// Every package that any command needs.
pub(crate) const PACKAGES: &[Package] = &[
    // Compilers: SQLite and ring bring C; the OpenCV bindings are generated with libclang.
    program("build-essential", Group::Build, "c++"),
    program("pkg-config", Group::Build, "pkg-config"),
    library("clang", Group::Build),
    library("libclang-dev", Group::Build),
    // The JPEG codec is compiled from its crate; Debian's is a major version behind.
    program("cmake", Group::Build, "cmake"),
    program("nasm", Group::Build, "nasm"),
    // Motion detection.
    library("libopencv-dev", Group::Build),
    // Video: cameras in, simulated cameras out.
    library("libgstreamer1.0-dev", Group::Build),
    library("libgstreamer-plugins-base1.0-dev", Group::Build),
    library("libgstrtspserver-1.0-dev", Group::Build),
    library("gstreamer1.0-plugins-base", Group::Run),
    library("gstreamer1.0-plugins-good", Group::Run),
    library("gstreamer1.0-plugins-bad", Group::Run),
    library("gstreamer1.0-plugins-ugly", Group::Run),
    library("gstreamer1.0-libav", Group::Run),
    // The console's interface is built with Node.
    program("nodejs", Group::Build, "node"),
    program("npm", Group::Build, "npm"),
    // Servers beside ours.
    program("redis-server", Group::Run, "redis-server"),
    program("nginx", Group::Run, "nginx"),
    // Reports in Chinese, Japanese and Korean.
    library("fonts-noto-cjk", Group::Run),
    // Models and footage come as packages of the Python registry.
    library("ca-certificates", Group::Run),
    library("python3-pip", Group::Run),
    // Tests: a browser with letters to show, and what lists the repository's files.
    program("chromium", Group::Test, "chromium"),
    library("fonts-dejavu-core", Group::Test),
    program("git", Group::Test, "git"),
    // The robot's official client and the peer of the benchmarks have Python environments of their own.
    library("python3-venv", Group::Python),
    // Reports are looked at as text and as pictures.
    program("poppler-utils", Group::Test, "pdftotext"),
    // Shell scripts are judged.
    program("shellcheck", Group::Test, "shellcheck"),
    // What a container engine stands on, and what makes roots without a registry.
    program("containerd", Group::Compose, "containerd"),
    program("runc", Group::Compose, "runc"),
    program("tini", Group::Compose, "tini"),
    program("iptables", Group::Compose, "iptables"),
    program("iproute2", Group::Compose, "ip"),
    program("procps", Group::Compose, "ps"),
    program("mmdebstrap", Group::Compose, "mmdebstrap"),
    // Rules and dashboards are tried on a real Prometheus that watches a running site.
    program("prometheus", Group::Test, "promtool"),
    program("prometheus-alertmanager", Group::Test, "amtool"),
    // Benchmarks: a player that only decodes.
    program("gstreamer1.0-tools", Group::Bench, "gst-launch-1.0"),
];

/// The packages of some groups.
pub(crate) fn of(groups: &[Group]) -> impl Iterator<Item = Package> {
    PACKAGES.iter().copied().filter(|package| groups.contains(&package.group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_package_is_listed_twice() {
        let mut names: Vec<_> = PACKAGES.iter().map(|package| package.name).collect();
        names.sort_unstable();
        let listed = names.len();
        names.dedup();

        assert_eq!(names.len(), listed);
    }

    #[test]
    fn running_a_site_needs_no_browser_and_no_engine() {
        let needed: Vec<&str> = of(&[Group::Build, Group::Run]).map(|package| package.name).collect();

        assert!(!needed.contains(&"chromium") && !needed.contains(&"containerd"), "{needed:?}");
    }
}
