//! Connects to the address that was given, or else to the first one of the
//! name that answers.

use hyper::Uri;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::{TcpStream, lookup_host};

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Connects; TLS is put around it.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) pinned: Option<SocketAddr>,
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        Box::pin(connect(uri, self.pinned))
    }
}

async fn connect(uri: Uri, pinned: Option<SocketAddr>) -> io::Result<TokioIo<TcpStream>> {
    let is_plain = uri.scheme_str() != Some("https");
    let addresses = match pinned {
        Some(address) => vec![address],
        None => addresses(&uri, is_plain).await?,
    };
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        // Checked here and not on the name, which may lead anywhere.
        if is_plain && !address.ip().is_loopback() {
            return Err(io::Error::other("http goes to this machine only"));
        }
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(TokioIo::new(stream));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn addresses(uri: &Uri, is_plain: bool) -> io::Result<Vec<SocketAddr>> {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
    Ok(lookup_host((host, port)).await?.take(ADDRESSES_MAX).collect())
}
