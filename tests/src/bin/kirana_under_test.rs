//! The `kirana` program, built where the tests can find it: the same `main`.

fn main() -> std::process::ExitCode {
    kirana_api::main()
}
