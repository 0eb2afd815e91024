//! The text of `/metrics`, rendered at most once a second, however many ask for it.

use axum::body::Bytes;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Age up to which a text is given again.
const KEPT: Duration = Duration::from_secs(1);

/// The last text, with the time at which it was rendered.
#[derive(Default)]
pub(crate) struct Scrape(Mutex<Option<(Instant, Bytes)>>);

impl Scrape {
    /// Returns the text; those who ask at once share one rendering.
    pub(crate) async fn text(&self, render: impl FnOnce() -> String) -> Bytes {
        let mut last = self.0.lock().await;
        match &*last {
            Some((at, text)) if at.elapsed() < KEPT => text.clone(),
            _ => {
                let text = Bytes::from(render());
                *last = Some((Instant::now(), text.clone()));
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_ask_within_a_second_get_one_text() {
        let scrape = Scrape::default();
        let first = scrape.text(|| "first".to_owned()).await;
        assert_eq!(scrape.text(|| "second".to_owned()).await, first);
        *scrape.0.lock().await = Instant::now().checked_sub(KEPT).map(|long_ago| (long_ago, first));
        assert_eq!(scrape.text(|| "third".to_owned()).await, "third");
    }
}
