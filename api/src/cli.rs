//! The command line: what can be said, and which exit code comes back.
//!
//! 0 done, 1 refused or damage found, 2 wrong usage.

mod backup;
pub(crate) mod check_proof;
mod import;
mod log;
#[cfg(feature = "demo")]
mod razorpay_sim;
mod restore;
mod token;

use crate::config::{Config, Flags, flags};
use crate::output;
use crate::serve;
use clap::{Args, Parser, Subcommand, ValueEnum};
use kirana_domain::Role;
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// Order engine for quick-commerce: every acknowledged order is on disk, and no unit is sold twice.
#[derive(Debug, Parser)]
#[command(name = "kirana", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
enum Command {
    Serve(ServeArgs),
    Token(TokenArgs),
    Import(ImportArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Log(log::LogArgs),
    #[cfg(feature = "demo")]
    RazorpaySim(razorpay_sim::SimArgs),
}

/// The file of settings and the data directory.
#[derive(Debug, Args)]
struct ConfigArgs {
    /// Settings as TOML; KIRANA_* variables and flags go over it.
    #[arg(long, value_name = "FILE", env = "KIRANA_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory, ./data unless told otherwise.
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
}

/// Run the gateway and the engine in one process, on the embedded log.
#[derive(Debug, Args)]
#[command(after_help = flags::after_help())]
struct ServeArgs {
    /// Settings as TOML; KIRANA_* variables and flags go over it.
    #[arg(long, value_name = "FILE", env = "KIRANA_CONFIG")]
    config: Option<PathBuf>,
    /// Open the demo store, and print a token and a first order.
    #[arg(long)]
    demo: bool,
    /// Print the settings in effect as TOML, each with its origin, and do not serve.
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    settings: flags::Given,
}

/// Print a signed token, for development and tests.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana token --role admin\n  \
    kirana token --role packer --store 0198d0e0-7e57-7000-8000-000000000001 --ttl 8h\n\n\
    Without a configured hs256_secret the one in DIR/token-secret is used, which the first\n    `kirana serve` there has made.")]
struct TokenArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Role of the person.
    #[arg(long, value_parser = role)]
    role: Role,
    /// The person; a new one unless told otherwise.
    #[arg(long, value_name = "UUID")]
    sub: Option<Uuid>,
    /// The store of a packer.
    #[arg(long, value_name = "UUID")]
    store: Option<Uuid>,
    /// Validity: a number with s, m, h or d.
    #[arg(long, default_value = "1h", value_parser = token::seconds)]
    ttl: i64,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

/// Bring something into a running server.
#[derive(Debug, Args)]
struct ImportArgs {
    #[command(subcommand)]
    command: ImportCommand,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    Catalogue(CatalogueArgs),
}

/// Import products from a CSV or NDJSON file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    kirana import catalogue products.csv --store 0198d0e0-7e57-7000-8000-000000000001\n  \
    kirana import catalogue list.csv --store ID --map name=product,price=sale_price,mrp=market_price --ignore rating\n\n\
    Refused rows are listed by line and reason; the others are imported.\n\n\
    Exit codes: 0 done, 1 refused, also if only some rows were (unless --allow-refused), 2 wrong usage.")]
struct CatalogueArgs {
    /// The file; NDJSON if its name ends in .ndjson or .jsonl, else CSV.
    file: PathBuf,
    /// The store.
    #[arg(long, value_name = "ID")]
    store: Uuid,
    /// The server.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        env = "KIRANA_SERVER"
    )]
    server: String,
    /// An admin's token; without one it is signed with the secret of the data directory.
    #[arg(long, value_name = "TOKEN", env = "KIRANA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Columns by field: field=column, and so on.
    #[arg(long, value_name = "FIELD=COLUMN,...")]
    map: Option<String>,
    /// Columns to leave out; * leaves out all that have no name here.
    #[arg(long, value_name = "COLUMN,...")]
    ignore: Option<String>,
    /// GST of rows that say none and have no HSN code of the table of rates; without it they are
    /// refused.
    #[arg(long, value_name = "PERCENT")]
    default_gst_percent: Option<String>,
    /// Exit with 0 when some rows were refused and the others imported.
    #[arg(long)]
    allow_refused: bool,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
}

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The reason of a command that failed.
enum Failure {
    /// Refused, or damage found: exit code 1.
    Refused(String),
    /// Wrong usage: exit code 2.
    Usage(String),
}

impl From<kirana_storage::JournalError> for Failure {
    fn from(error: kirana_storage::JournalError) -> Self {
        Self::Refused(error.to_string())
    }
}

fn role(name: &str) -> Result<Role, String> {
    let known = || Role::NAMES.iter().filter(|(role, _)| *role != Role::System);
    let found = known().find(|(_, known)| *known == name).map(|(role, _)| *role);
    found.ok_or_else(|| {
        let names: Vec<_> = known().map(|(_, name)| *name).collect();
        format!("a role is one of {}", names.join(", "))
    })
}

impl ConfigArgs {
    fn flags(&self) -> Flags {
        let given = flags::Given::data(self.data.clone());
        Flags { config: self.config.clone(), given }
    }

    fn load(&self) -> Result<Config, Failure> {
        Config::load(&self.flags()).map_err(Failure::Usage)
    }
}

/// Runs the program with the arguments of this process.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output with 0, complaints to standard error with 2.
            _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // Orders and keys are nobody's business on a shared machine: files are 0600, directories 0700.
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
    let done = match cli.command {
        Command::Serve(args) => run_serve(args),
        Command::Token(args) => token::run(&args),
        Command::Import(ImportArgs { command: ImportCommand::Catalogue(args) }) => {
            import::run(&args)
        }
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Log(args) => log::run(&args),
        #[cfg(feature = "demo")]
        Command::RazorpaySim(args) => razorpay_sim::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(sentence)) => complain(&sentence, 1),
        Err(Failure::Usage(sentence)) => complain(&sentence, 2),
    }
}

fn complain(sentence: &str, code: u8) -> ExitCode {
    output::complain(sentence);
    ExitCode::from(code)
}

fn run_serve(args: ServeArgs) -> Result<(), Failure> {
    let flags = Flags { config: args.config, given: args.settings };
    if args.print_config {
        output::say(Config::print(&flags).map_err(Failure::Usage)?.trim_end());
        return Ok(());
    }
    let config = Config::load(&flags).map_err(Failure::Usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Refused(format!("no runtime: {error}")))?;
    let served = runtime.block_on(serve::serve(config, args.demo)).map_err(Failure::Refused);
    // Whatever still runs is not waited for: all that was promised is on disk.
    runtime.shutdown_background();
    served
}

#[cfg(test)]
mod tests;
