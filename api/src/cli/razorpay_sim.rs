//! `kirana razorpay-sim`: a stand-in for Razorpay on this machine.

use super::Failure;
use crate::output::say;
use crate::razorpay::sim::{
    self, Config, Faults, KEY_ID, KEY_SECRET, LISTEN, WEBHOOK_SECRET, WEBHOOK_URL,
};
use crate::secret::Secret;
use crate::serve::Signals;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Run a stand-in for Razorpay: same calls, signed webhooks, and faults on demand.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana razorpay-sim\n  \
    kirana razorpay-sim --time-scale 0.01 --faults nasty --seed 7\n  \
    kirana razorpay-sim --faults drop_after=10,webhook_lost=20,slow=50,slow_ms=100-2000\n\n\
    The server beside it: kirana serve with KIRANA_RAZORPAY_URL=http://127.0.0.1:8090/v1,\n\
    and KIRANA_RAZORPAY_KEY_ID, KIRANA_RAZORPAY_KEY_SECRET and\n\
    KIRANA_RAZORPAY_WEBHOOK_SECRET as here.\n\n\
    Pay an order as a customer would:\n  \
    curl -sS http://127.0.0.1:8090/sim/pay -d '{\"order_id\":\"order_…\",\"method\":\"upi\"}'\n\n\
    The tester's side, which asks nobody who they are: POST /sim/pay, POST /sim/refund,\n\
    GET /sim/state, GET /sim/deliveries, GET and POST /sim/faults, POST /sim/webhooks/flush.\n\n\
    Faults, in how many of a hundred cases: slow (for slow_ms=FROM-TO), fail_before, fail_after,\n\
    drop_after, burst (of burst_length answers 429), webhook_duplicate, webhook_reorder,\n\
    webhook_late (by webhook_late_ms=FROM-TO), webhook_lost, pay_amount, pay_currency, pay_twice,\n\
    refund_fails. `nasty` is some of each.")]
pub(super) struct SimArgs {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value_t = LISTEN)]
    listen: SocketAddr,
    /// The key id that callers have.
    #[arg(long, value_name = "ID", default_value = KEY_ID)]
    key_id: String,
    /// The secret that callers have, and that checkouts are signed with.
    #[arg(long, value_name = "TEXT", default_value = KEY_SECRET)]
    key_secret: String,
    /// The secret that webhooks are signed with.
    #[arg(long, value_name = "TEXT", default_value = WEBHOOK_SECRET)]
    webhook_secret: String,
    /// Address that webhooks go to.
    #[arg(long, value_name = "URL", default_value = WEBHOOK_URL)]
    webhook_url: String,
    /// A file to keep orders, payments and refunds in.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Seed of ids and faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faults: none, nasty, or name=number,name=from-to.
    #[arg(long, value_name = "SPEC", default_value = "none", value_parser = Faults::parse)]
    faults: Faults,
    /// Seconds here for a second of the provider: retries, delays, banks.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_scale: f64,
    /// Requests a second before 429; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 0)]
    requests_per_s: u32,
}

impl SimArgs {
    fn config(self) -> Result<Config, String> {
        Ok(Config {
            listen: self.listen,
            key_id: self.key_id,
            key_secret: Secret::short(self.key_secret.into_bytes())?,
            webhook_secret: Secret::short(self.webhook_secret.into_bytes())?,
            webhook_url: Some(self.webhook_url),
            state: self.state,
            seed: self.seed,
            faults: self.faults,
            time_scale: self.time_scale,
            requests_per_s: self.requests_per_s,
        })
    }
}

pub(super) fn run(args: SimArgs) -> Result<(), Failure> {
    let config = args.config().map_err(Failure::Usage)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Refused(format!("no runtime: {error}")))?;
    let ran = runtime.block_on(stand_in(config)).map_err(Failure::Refused);
    runtime.shutdown_background();
    ran
}

async fn stand_in(config: Config) -> Result<(), String> {
    let mut asked = Signals::new()?;
    let (key_id, to) = (config.key_id.clone(), config.webhook_url.clone().unwrap_or_default());
    let running = sim::start(config).await?;
    say(&format!(
        "The stand-in for Razorpay listens on {} for {key_id}; webhooks go to {to}",
        running.url
    ));
    asked.wait().await;
    running.stop().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, Command};
    use super::*;
    use clap::{CommandFactory as _, Parser as _};

    fn args(line: &str) -> Result<SimArgs, String> {
        let words = ["kirana", "razorpay-sim"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Command::RazorpaySim(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_stand_in_starts_with_the_values_of_development() {
        Cli::command().debug_assert();
        let config = args("").unwrap().config().unwrap();
        let default = Config::default();
        assert_eq!(config.listen, default.listen);
        assert_eq!((&config.key_id, &config.webhook_url), (&default.key_id, &default.webhook_url));
        assert_eq!(config.key_secret.bytes(), b"standin_key_secret");
        assert_eq!(config.webhook_secret.bytes(), b"standin_webhook_secret");
        assert_eq!(config.faults, Faults::default());
    }

    #[test]
    fn faults_are_read_from_the_line_and_a_wrong_one_is_named() {
        let config = args("--faults drop_after=10,slow_ms=1-2 --time-scale 0.01").unwrap();
        let config = config.config().unwrap();
        assert_eq!((config.faults.drop_after, config.faults.slow_ms), (10, (1, 2)));
        assert!(args("--faults dorp_after=10").unwrap_err().contains("dorp_after"));
        assert!(args("--key-secret=").unwrap().config().is_err());
    }
}
