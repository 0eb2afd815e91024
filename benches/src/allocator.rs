//! The allocator of all benches: the program's own; with `--features system-allocator` the system's,
//! or any that `LD_PRELOAD` puts in its place.

#[cfg(not(feature = "system-allocator"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Returns the name of the allocator.
pub fn name() -> String {
    if cfg!(not(feature = "system-allocator")) {
        return "mimalloc".to_owned();
    }
    std::env::var("LD_PRELOAD").unwrap_or_else(|_| "the system's allocator".to_owned())
}
