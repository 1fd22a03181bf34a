//! What tests of whole programs share: a site of real processes on ports of its own.
