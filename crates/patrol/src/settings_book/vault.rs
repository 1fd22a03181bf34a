//! Keeping secrets in the database without showing them to whoever gets hold of a copy of it.
//!
//! The key is a file beside the database that only the user of the programs may read. A secret is bound to the name it is
//! kept under: put elsewhere, it cannot be read.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// What a kept secret begins with.
const MARK: &str = "sealed:1:";
/// The name of the file with the key.
const FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;

/// What secrets are kept with.
pub(crate) struct Vault {
    seal: LessSafeKey,
    sign: hmac::Key,
    random: SystemRandom,
}

/// Why a secret cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was stored with another key: set it again")]
pub(crate) struct Unreadable;

impl Vault {
    /// Opens the key of a data directory, or makes one.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let random = SystemRandom::new();
        let key = read_or_make(data_dir, &random)?;
        let seal = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| wrong_length())?;
        // Two uses of one key file are two keys.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), b"signatures");
        let sign = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        Ok(Self { seal: LessSafeKey::new(seal), sign, random })
    }

    /// Returns a secret as it may be kept under a name.
    pub(crate) fn seal(&self, name: &str, secret: &str) -> anyhow::Result<String> {
        let nonce = self.random_bytes::<NONCE_LEN>()?;
        let mut sealed = secret.as_bytes().to_vec();
        self.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed)
            .map_err(|_| anyhow::anyhow!("a secret cannot be encrypted"))?;
        let kept: Vec<u8> = nonce.iter().chain(&sealed).copied().collect();
        Ok(format!("{MARK}{}", STANDARD_NO_PAD.encode(kept)))
    }

    /// Returns what is kept under a name. A text that was never sealed is returned as it is.
    pub(crate) fn open_sealed(&self, name: &str, kept: &str) -> Result<String, Unreadable> {
        let Some(kept) = kept.strip_prefix(MARK) else {
            return Ok(kept.to_owned());
        };
        let kept = STANDARD_NO_PAD.decode(kept).map_err(|_| Unreadable)?;
        let (nonce, sealed) = kept.split_at_checked(NONCE_LEN).ok_or(Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
        let mut sealed = sealed.to_vec();
        let opened = self.seal.open_in_place(nonce, Aad::from(name), &mut sealed).map_err(|_| Unreadable)?;
        String::from_utf8(opened.to_vec()).map_err(|_| Unreadable)
    }

    /// Returns a signature of a text, as a word for cookies.
    pub(crate) fn signature(&self, text: &str) -> String {
        hex::encode(hmac::sign(&self.sign, text.as_bytes()))
    }

    /// Returns whether a word is the signature of a text. Takes as long for a wrong one as for a right one.
    pub(crate) fn is_signature(&self, text: &str, word: &str) -> bool {
        hex::decode(word).is_ok_and(|word| hmac::verify(&self.sign, text.as_bytes(), &word).is_ok())
    }

    /// Returns a word that nobody can guess.
    pub(crate) fn random_word(&self) -> anyhow::Result<String> {
        Ok(hex::encode(self.random_bytes::<16>()?))
    }

    /// Returns bytes that nobody can guess.
    pub(crate) fn random_bytes<const N: usize>(&self) -> anyhow::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
        Ok(bytes)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// Returns whether a stored text is a secret that was sealed.
pub(super) fn is_sealed(kept: &str) -> bool {
    kept.starts_with(MARK)
}

fn read_or_make(data_dir: &Path, random: &SystemRandom) -> io::Result<[u8; KEY_BYTES]> {
    let path = data_dir.join(FILE);
    if !path.exists() {
        make(data_dir, &path, random)?;
    }
    fs::read(&path)?.try_into().map_err(|_| wrong_length())
}

/// Makes the key aside and gives it its name only if nobody else did meanwhile: the processes of a site start together.
fn make(data_dir: &Path, path: &Path, random: &SystemRandom) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    let mut key = [0; KEY_BYTES];
    random.fill(&mut key).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let aside = data_dir.join(format!(".{FILE}-{}-{:016x}", std::process::id(), fastrand::u64(..)));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
    let linked = file.write_all(&key).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&aside, path));
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(data_dir)?.sync_all(),
    }
}

fn wrong_length() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{FILE} is no key: it must have {KEY_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn vault() -> (tempfile::TempDir, Vault) {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("is opened");
        (dir, vault)
    }

    #[test]
    fn w20_a_secret_is_read_only_under_its_name_and_with_its_key() {
        let (dir, vault) = vault();
        let kept = vault.seal("gemini_api_key", "AIza-geheim").expect("is sealed");
        assert!(is_sealed(&kept) && !kept.contains("geheim"));
        let again = Vault::open(dir.path()).expect("is opened");
        assert_eq!(again.open_sealed("gemini_api_key", &kept).as_deref(), Ok("AIza-geheim"));
        assert_eq!(again.open_sealed("telegram_bot_token", &kept), Err(Unreadable));
        let (_other_dir, other) = self::vault();
        assert_eq!(other.open_sealed("gemini_api_key", &kept), Err(Unreadable));
        assert_eq!(vault.open_sealed("x", "sealed:1:!!"), Err(Unreadable));
        assert_eq!(vault.open_sealed("x", "plain").as_deref(), Ok("plain"));
    }

    #[test]
    fn w20_only_the_user_of_the_program_may_read_the_key() {
        let (dir, _vault) = vault();
        let mode = fs::metadata(dir.path().join(FILE)).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("is there").count(), 1, "nothing is left aside");
    }

    #[test]
    fn a_signature_is_of_its_text_alone() {
        let (_dir, vault) = vault();
        let word = vault.signature("1:2000");
        assert!(vault.is_signature("1:2000", &word));
        assert!(!vault.is_signature("1:2001", &word));
        assert!(!vault.is_signature("1:2000", "zz"));
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(FILE), "short").expect("is written");
        assert!(Vault::open(dir.path()).is_err());
    }
}
