//! A viewer of the live WebSocket.

use domain::picture::Picture;
use futures::StreamExt;
use stream_manager::LiveHeader;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{PATIENCE, Site};

/// An open connection.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Watches live.
pub(crate) async fn watch(site: &Site, query: &str) -> Socket {
    let url = site.at(&format!("/api/v1/live{query}")).replace("http://", "ws://");
    connect_async(url).await.expect("is let in").0
}

/// Returns the next live message: its header and its picture.
pub(crate) async fn next(socket: &mut Socket) -> (LiveHeader, Picture) {
    loop {
        let message = timeout(PATIENCE, socket.next()).await.expect("there is one").expect("goes on").expect("is good");
        let Message::Binary(bytes) = message else { continue };
        let length = u32::from_be_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
        let header = serde_json::from_slice(&bytes[4..4 + length]).expect("is a header");
        let picture = media::jpeg::decode(&bytes[4 + length..], media::image::Limits::default()).expect("is a JPEG");
        return (header, picture);
    }
}
