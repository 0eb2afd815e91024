//! The `kirana` program, built where the tests can find it: the same `main`,
//! and the same allocator.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    kirana_api::main()
}
