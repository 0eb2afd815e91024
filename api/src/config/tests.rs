use super::table::SETTINGS;
use super::*;
use clap::Args as _;

fn layers(file: &str, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Layers, String> {
    let table = toml::from_str(file).map_err(|error: toml::de::Error| error.to_string())?;
    let mut layers = Layers::of_file(table);
    let env = env.iter().map(|(name, value)| (name.into(), value.into()));
    layers.put(&layers::variables(env)?, Source::Variable)?;
    let flags = flags.iter().map(|(key, value)| {
        (SETTINGS.iter().find(|setting| setting.key == *key).unwrap(), (*value).to_owned())
    });
    layers.put(&flags.collect::<Vec<_>>(), Source::Flag)?;
    Ok(layers)
}

fn config(file: &str, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, String> {
    Config::resolve(layers(file, env, flags)?.keys()?)
}

#[test]
fn flags_go_over_the_environment_which_goes_over_the_file() {
    let file = "listen = '127.0.0.1:1'\ndata = '/a'\nconnections_max = 5";
    let env = [("KIRANA_LISTEN", "127.0.0.1:2"), ("KIRANA_CONNECTIONS_MAX", "6")];
    let flags = [("listen", "127.0.0.1:3")];
    let with = |env: &[(&str, &str)], flags: &[(&str, &str)]| config(file, env, flags).unwrap();
    assert_eq!(with(&[], &[]).listen.port(), 1);
    assert_eq!(with(&env, &[]).listen.port(), 2);
    assert_eq!(with(&env, &flags).listen.port(), 3);
    assert_eq!(with(&env, &flags).bounds.connections_max, 6);
    assert_eq!(with(&[], &[]).data, PathBuf::from("/a"));
    assert_eq!(config("", &[], &[]).unwrap().data, PathBuf::from("./data"));
}

#[test]
fn bounds_of_the_engine_may_come_from_the_environment() {
    let env = [("KIRANA_ENGINE_DATABASE_BYTES", "7"), ("KIRANA_ENGINE_CHECKPOINT_RECORDS", "9")];
    let engine = config("", &env, &[]).unwrap().engine;
    assert_eq!((engine.database_bytes, engine.checkpoint_records), (7, 9));
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = config("listn = '127.0.0.1:1'", &[], &[]).unwrap_err();
    assert!(error.contains("listn"), "{error}");
}

#[test]
fn a_wrong_variable_is_named() {
    let error = config("", &[("KIRANA_CONNECTIONS_MAX", "many")], &[]).unwrap_err();
    assert!(error.contains("KIRANA_CONNECTIONS_MAX"), "{error}");
    let error = config("", &[("KIRANA_LISTEN", "here")], &[]).unwrap_err();
    assert!(error.contains("`here`"), "{error}");
}

#[test]
fn razorpay_comes_from_the_file_and_from_the_environment() {
    let file = "razorpay_key_id = 'rzp_test_1'\nrazorpay_key_secret = 'k'\n\
                razorpay_webhook_secret = 'w'\nrazorpay_timeout_ms = 5";
    // A secret of digits only is a text all the same.
    let env = [("KIRANA_RAZORPAY_WEBHOOK_SECRET", "123456"), ("KIRANA_RAZORPAY_TIMEOUT_MS", "7")];
    let razorpay = config(file, &env, &[]).unwrap().razorpay.unwrap();
    assert_eq!(razorpay.webhook_secrets[0].bytes(), b"123456");
    assert_eq!(razorpay.access.timeout, Duration::from_millis(7));
    assert!(config("", &[], &[]).unwrap().razorpay.is_none());
}

#[test]
fn webhooks_go_to_private_addresses_only_when_that_was_allowed() {
    let allow = "KIRANA_WEBHOOKS_ALLOW_PRIVATE";
    let allowed = |file: &str, env: &[(&str, &str)]| {
        config(file, env, &[]).map(|config| config.limits.hooks_allow_private)
    };
    assert_eq!(allowed("", &[]), Ok(false));
    assert_eq!(allowed("webhooks_allow_private = true", &[]), Ok(true));
    assert_eq!(allowed("webhooks_allow_private = true", &[(allow, "false")]), Ok(false));
    assert_eq!(allowed("", &[(allow, "true")]), Ok(true));
    assert!(allowed("", &[(allow, "yes")]).unwrap_err().contains(allow));
    let scale = [("KIRANA_WEBHOOKS_RETRY_SCALE", "1000")];
    let engine = config("", &scale, &[]).unwrap().engine;
    assert_eq!(engine.hook_retry_divisor, 1_000);
}

/// The help of `serve`, with its lines joined: where they break is not of interest.
fn help() -> String {
    let command = Given::augment_args(clap::Command::new("serve")).term_width(0);
    let mut command = command.after_help(flags::after_help());
    command.render_long_help().to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_setting_is_in_the_help_with_its_unit_meaning_and_default() {
    let help = help();
    for setting in SETTINGS {
        assert!(help.contains(setting.meaning()), "{}: {help}", setting.key);
        if setting.is_secret() {
            assert!(help.contains(&setting.variable()), "{}: {help}", setting.key);
            assert!(!help.contains(&format!("--{} ", setting.flag())), "{}", setting.key);
        } else {
            let flag = format!("--{} <{}>", setting.flag(), setting.unit);
            assert!(help.contains(&flag), "{}: {help}", setting.key);
        }
        let default = setting.default().map(|default| format!("[default: {default}]"));
        assert!(help.contains(&default.unwrap_or_default()), "{}: {help}", setting.key);
    }
}

#[test]
fn a_misspelt_variable_is_refused_by_name_with_the_nearest_setting() {
    let error = config("", &[("KIRANA_BODYBYTES", "7")], &[]).unwrap_err();
    let wanted = "the variable KIRANA_BODYBYTES is not a setting: did you mean \
                  KIRANA_BODY_BYTES_MAX?";
    assert_eq!(error, wanted);
    let error = config("", &[("KIRANA_LISTN", "127.0.0.1:1")], &[]).unwrap_err();
    assert!(error.ends_with("did you mean KIRANA_LISTEN?"), "{error}");
}

#[test]
fn variables_that_are_no_settings_are_let_pass() {
    let demo = include_str!("../serve/demo/store.rs").split('"');
    let demo: Vec<_> = demo.filter(|text| text.starts_with("KIRANA_")).collect();
    assert!(demo.len() >= 10, "the demo writes its variables in that file: {demo:?}");
    let others = ["KIRANA_TOKEN", "KIRANA_SEED", "KIRANA_PORT_8080_TCP", "KIRANA_SERVICE_HOST"];
    for name in demo.into_iter().chain(others) {
        assert!(config("", &[(name, "x")], &[]).is_ok(), "{name}");
    }
}

#[test]
fn printed_settings_say_their_place_and_can_be_read_back_as_a_file() {
    let file = "data = '/a b'\nconnections_max = 5\nlog = 'text'";
    let env = [("KIRANA_BODY_BYTES_MAX", "6"), ("KIRANA_WEBHOOKS_ALLOW_PRIVATE", "true")];
    let layers = layers(file, &env, &[("listen", "127.0.0.1:3")]).unwrap();
    let printed = layers.print(&layers.keys().unwrap());
    for line in [
        "listen = \"127.0.0.1:3\" # the flag --listen",
        "data = \"/a b\" # the file",
        "body_bytes_max = 6 # the variable KIRANA_BODY_BYTES_MAX",
        "webhooks_allow_private = true # the variable KIRANA_WEBHOOKS_ALLOW_PRIVATE",
        "idle_ms_max = 75000 # default",
        "# razorpay_key_id is not set",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line}: {printed}");
    }
    let read = self::layers(&printed, &[], &[]).unwrap().keys().unwrap();
    assert_eq!(table::values(&read), table::values(&layers.keys().unwrap()));
}

#[test]
fn no_secret_is_printed_or_read_back() {
    let secret = "0123456789abcdef0123456789abcdef";
    let layers = layers("", &[("KIRANA_HS256_SECRET", secret)], &[]).unwrap();
    let printed = layers.print(&layers.keys().unwrap());
    let line = "# hs256_secret = \"***\" # the variable KIRANA_HS256_SECRET";
    assert!(printed.lines().any(|printed| printed == line), "{printed}");
    assert!(!printed.contains(secret), "{printed}");
    assert!(config(&printed, &[], &[]).unwrap().hs256_secret.is_none());
}

#[test]
fn a_secret_of_tokens_hides_the_one_from_below() {
    let text = "hs256_secret_file = '/nowhere/at/all'";
    let env = [("KIRANA_HS256_SECRET", "0123456789abcdef0123456789abcdef")];
    assert!(config(text, &env, &[]).unwrap().hs256_secret.is_some());
    let error = config("", &env, &[("hs256_secret_file", "/nowhere/at/all")]).unwrap_err();
    assert!(error.contains("/nowhere/at/all"), "{error}");
}

#[test]
fn a_name_is_an_address_to_listen_on() {
    let listen = |address: &str| config("", &[("KIRANA_LISTEN", address)], &[]).unwrap().listen;
    assert_eq!(listen("localhost:8081"), listen("127.0.0.1:8081"));
    assert_eq!(listen("[::1]:8081").to_string(), "[::1]:8081");
}

#[test]
fn a_bound_with_which_nothing_works_is_refused_by_name() {
    for key in ["connections_max", "request_ms_max", "webhooks_retry_scale", "first_look_ms"] {
        let error = config(&format!("{key} = 0"), &[], &[]).unwrap_err();
        assert!(error.contains("1 or more"), "{key}: {error}");
        let variable = format!("KIRANA_{}", key.to_uppercase());
        let error = config("", &[(&variable, "0")], &[]).unwrap_err();
        assert!(error.contains(&variable) && error.contains("1 or more"), "{key}: {error}");
    }
    assert!(config("drain_ms_max = 0", &[], &[]).is_ok(), "nothing is waited for at the end");
}
