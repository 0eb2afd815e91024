//! The file of the stand-in: everything as JSON, written anew after something has changed.
//!
//! Nothing is answered and no webhook leaves before the file has it: an id that somebody was told
//! is not given out again after a kill.

use super::book::Book;
use super::state::Sim;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Changes of this time are written at once.
const GATHER: Duration = Duration::from_millis(5);
/// The pause after a write that failed.
const RETRY: Duration = Duration::from_secs(1);

/// Reads the file; `None` where there is none yet.
pub(super) fn read(path: &Path) -> Result<Option<Book>, String> {
    let shown = path.display();
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| format!("the state {shown} is not right: {error}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("the state {shown} cannot be read: {error}")),
    }
}

/// Writes the file whenever something has changed, and a last time when the stand-in stops.
pub(super) async fn keep(sim: Arc<Sim>, path: PathBuf, mut stopped: watch::Receiver<bool>) {
    let mut changes = sim.changes.subscribe();
    loop {
        let stops = tokio::select! {
            _ = changes.changed() => false,
            _ = stopped.wait_for(|stop| *stop) => true,
        };
        if !stops {
            sleep(GATHER).await;
        }
        let last = *changes.borrow_and_update();
        let (writing, to) = (Arc::clone(&sim), path.clone());
        let written = tokio::task::spawn_blocking(move || write(&writing, &to)).await;
        match written.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => _ = sim.saved.send_replace(last),
            Err(error) => {
                // Whoever waits for it goes on waiting: an answer would promise too much.
                tracing::error!(path = %path.display(), error, "the state could not be written");
                changes.mark_changed();
                sleep(if stops { Duration::ZERO } else { RETRY }).await;
            }
        }
        if stops {
            return;
        }
    }
}

/// Writes the file so that it is there whole or not at all.
fn write(sim: &Sim, path: &Path) -> Result<(), String> {
    let bytes = sim.book(|book| serde_json::to_vec(book)).map_err(|error| error.to_string())?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    std::fs::write(&draft, bytes).map_err(|error| error.to_string())?;
    std::fs::rename(&draft, path).map_err(|error| error.to_string())
}
