//! The `kirana-proof` program, for those who have a proof and no log.

fn main() -> std::process::ExitCode {
    kirana_api::check_proof()
}
