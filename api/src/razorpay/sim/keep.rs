//! The file of the stand-in: everything as JSON, written anew a moment after something has changed.
//!
//! The last answers before a crash may not be in it. It is a tool for
//! development; the real one is more careful.

use super::book::Book;
use super::state::Sim;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Changes of this time are written at once.
const GATHER: Duration = Duration::from_millis(100);

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
    loop {
        let stops = tokio::select! {
            () = sim.changed.notified() => false,
            _ = stopped.wait_for(|stop| *stop) => true,
        };
        if !stops {
            sleep(GATHER).await;
        }
        let (sim, to) = (Arc::clone(&sim), path.clone());
        let written = tokio::task::spawn_blocking(move || write(&sim, &to)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(path = %path.display(), error, "the state could not be written");
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
