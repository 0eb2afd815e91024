//! The `kirana` program. Everything it does is in the library, so that tests and benches can start
//! the same thing.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    kirana_api::main()
}
