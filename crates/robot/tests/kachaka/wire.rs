//! A stretch of network between the client and the robot, which can be cut and can swallow what is sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Whole,
    /// Nothing passes, and nobody is told. A connection that lived through it stays dead.
    Swallowing,
    /// Connections are closed and refused.
    Cut,
}

pub(crate) struct Wire {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
    connections: Arc<AtomicUsize>,
}

impl Wire {
    pub(crate) async fn to(robot: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("is bound");
        let condition = watch::Sender::new(Condition::Whole);
        let connections = Arc::new(AtomicUsize::new(0));
        let (watched, counted) = (condition.subscribe(), Arc::clone(&connections));
        // It ends with the test's runtime.
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.expect("can accept");
                if *watched.borrow() == Condition::Cut {
                    continue;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(near, robot, watched.clone()));
            }
        });
        Self { address, condition, connections }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn cut(&self) {
        self.condition.send_replace(Condition::Cut);
    }

    pub(crate) fn swallow(&self) {
        self.condition.send_replace(Condition::Swallowing);
    }

    pub(crate) fn mend(&self) {
        self.condition.send_replace(Condition::Whole);
    }
}

async fn carry(near: TcpStream, robot: SocketAddr, mut condition: watch::Receiver<Condition>) {
    let far = TcpStream::connect(robot).await.expect("the robot listens");
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let mut cut = condition.clone();
    tokio::select! {
        () = pass(near_in, far_out, condition.clone()) => {}
        () = pass(far_in, near_out, condition.clone()) => {}
        _ = cut.wait_for(|condition| *condition == Condition::Cut) => {}
    }
    condition.mark_unchanged();
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut condition: watch::Receiver<Condition>,
) {
    let mut dead = false;
    let mut buffer = vec![0; 1 << 16];
    loop {
        tokio::select! {
            read = from.read(&mut buffer) => {
                let Ok(length @ 1..) = read else { return };
                dead |= *condition.borrow() == Condition::Swallowing;
                if !dead && to.write_all(&buffer[..length]).await.is_err() {
                    return;
                }
            }
            changed = condition.changed() => {
                if changed.is_err() {
                    return;
                }
                dead |= *condition.borrow() == Condition::Swallowing;
            }
        }
    }
}
