//! Floats or 8 bits: which of a model's two files is run, by what the operator wants and what the processor is good at.

use crate::manifest::{Backend, Int8, Manifest};
use crate::settings::{BackendChoice, Device, PrecisionChoice, Settings};

/// How exactly a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    Float,
    /// 8-bit whole numbers between floats at the ends.
    Int8,
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float => "float",
            Self::Int8 => "int8",
        })
    }
}

/// What matters of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Processor {
    /// Whether it adds products of 8-bit numbers into 32 bits in one step; without that, 8 bits gain little.
    pub(crate) has_dot_products: bool,
}

impl Processor {
    /// Asks this machine's processor.
    pub(crate) fn here() -> Self {
        Self { has_dot_products: has_dot_products() }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_dot_products() -> bool {
    std::is_x86_feature_detected!("avx512vnni") || std::is_x86_feature_detected!("avxvnni")
}

#[cfg(target_arch = "aarch64")]
fn has_dot_products() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_dot_products() -> bool {
    false
}

/// Returns the 8-bit copy if it is to be run on a CPU; it is still to be seen whether a GPU does the work.
pub(crate) fn wanted<'m>(settings: &Settings, manifest: &'m Manifest, processor: Processor) -> Option<&'m Int8> {
    let copy = manifest.int8.as_ref()?;
    let is_worth_it = match settings.precision {
        PrecisionChoice::Auto => processor.has_dot_products,
        PrecisionChoice::Float => false,
        PrecisionChoice::Int8 => true,
    };
    let may_run = settings.backend != BackendChoice::Tract
        && manifest.backends.contains(&Backend::Onnxruntime)
        && matches!(settings.device, Device::Auto | Device::Cpu);
    (is_worth_it && may_run).then_some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Passed;
    use crate::testing::shapes_manifest;

    const FAST: Processor = Processor { has_dot_products: true };
    const SLOW: Processor = Processor { has_dot_products: false };

    fn manifest() -> Manifest {
        let gate = Passed { labels: "street".to_owned(), things: 10, ap50: [0.5, 0.5], ap: [0.3, 0.3] };
        let int8 = Some(Int8 { sha256: "ab".repeat(32), float_convolutions: 1, gate });
        Manifest { int8, ..shapes_manifest() }
    }

    fn is_wanted(settings: &Settings, processor: Processor) -> bool {
        wanted(settings, &manifest(), processor).is_some()
    }

    #[test]
    fn by_itself_8_bits_are_used_where_the_processor_gains() {
        let settings = Settings::new("/cache");
        assert!(is_wanted(&settings, FAST));
        assert!(!is_wanted(&settings, SLOW));
    }

    #[test]
    fn the_operators_word_counts() {
        let settings = |precision| Settings { precision, ..Settings::new("/cache") };
        assert!(!is_wanted(&settings(PrecisionChoice::Float), FAST));
        assert!(is_wanted(&settings(PrecisionChoice::Int8), SLOW));
    }

    #[test]
    fn tract_and_graphics_cards_get_floats() {
        let (tract, cuda) = (BackendChoice::Tract, Device::Cuda);
        assert!(!is_wanted(&Settings { backend: tract, ..Settings::new("/cache") }, FAST));
        assert!(!is_wanted(&Settings { device: cuda, ..Settings::new("/cache") }, FAST));
    }

    #[test]
    fn a_model_without_a_copy_computes_with_floats() {
        let settings = Settings { precision: PrecisionChoice::Int8, ..Settings::new("/cache") };
        assert_eq!(wanted(&settings, &shapes_manifest(), FAST), None);
    }
}
