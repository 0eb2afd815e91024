//! The `kirana-proof` program, built where the tests can find it.

fn main() -> std::process::ExitCode {
    kirana_api::check_proof()
}
