//! Which program holds a port, as the kernel shows it in `/proc`.

use std::fs;
use std::path::Path;

/// The state of a socket that waits for connections, as `/proc/net/tcp` writes it.
const LISTENING: &str = "0A";

/// Returns the name and number of the process that listens at a port. Without the rights to look into other users'
/// processes there may be no answer.
pub(super) fn holder(port: u16) -> Option<(String, u32)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let socket = format!("socket:[{}]", tables.iter().find_map(|table| inode_of(table, port))?);
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let number = numbers.find(|number| holds(*number, &socket))?;
    let name = fs::read_to_string(format!("/proc/{number}/comm")).ok()?;
    Some((name.trim().to_owned(), number))
}

fn holds(process: u32, socket: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == Path::new(socket)))
}

/// Returns the inode of the socket that listens at a port: the tenth field of its line.
fn inode_of(table: &str, port: u16) -> Option<&str> {
    let ending = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_meant = fields.get(1)?.ends_with(&ending) && *fields.get(3)? == LISTENING;
        if is_meant { fields.get(9).copied() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn this_test_holds_the_port_that_it_listens_at() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        assert_eq!(holder(port).map(|(_, number)| number), Some(std::process::id()));
        drop(listener);
        assert_eq!(holder(port), None);
    }

    #[test]
    fn a_connection_is_no_listener() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F4A 0100007F:A001 01 00000000:00000000 00:00000000 00000000  1000        0 111 1\n   \
                     1: 0100007F:1F4A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 222 1\n";
        assert_eq!(inode_of(table, 8010), Some("222"));
        assert_eq!(inode_of(table, 8011), None);
    }
}
