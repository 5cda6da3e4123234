//! `duet-server` as a program with TLS, under a name that browsers know from nowhere else.

use std::fs;
use std::process::Command;

use anyhow::Result;
use duet_testkit::browser_rig::ChromiumOptions;
use duet_testkit::process::Process;
use duet_testkit::webdriver::{DrivenBrowser, chromium_trusts};
use duet_testkit::{clip, port, target_dir};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PublicKeyData,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::guest::{Guest, LIMIT, Program};

/// Of the names that RFC 2606 sets aside. To the browsers that [`SecureServer::open`] starts, it is this machine.
const NAME: &str = "calls.example";

/// The running program, and what its browsers have to know of it. It ends when dropped.
#[derive(Debug)]
pub struct SecureServer {
    // Dropped before the folder with its certificate.
    _program: Process,
    _folder: TempDir,
    host: String,
    authority: Vec<u8>,
    key_digest: Vec<u8>,
}

impl SecureServer {
    /// Starts it with a certificate of an authority that only this value knows.
    ///
    /// # Errors
    /// When the program is not built or does not listen.
    pub fn start() -> Result<Self> {
        let (authority_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key)?;
        let mut own = CertificateParams::new(vec![NAME.to_owned()])?;
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = own.signed_by(&key, &Issuer::new(authority, authority_key))?;

        let folder = tempfile::tempdir()?;
        let files = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        fs::write(&files[0], own.pem())?;
        fs::write(&files[1], key.serialize_pem())?;
        // The origin, which it must be told, has the port in it.
        let port = port::free_port()?;
        let host = format!("{NAME}:{port}");
        let mut command = Command::new(target_dir::binary("duet-server")?);
        command
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--tls-cert")
            .arg(&files[0])
            .arg("--tls-key")
            .arg(&files[1])
            .arg("--allow-origin")
            .arg(format!("https://{host}"))
            .args(["--no-metrics", "--no-turn"]);
        let program = Process::spawn("duet-server", &mut command)?;
        program.wait_for_line(LIMIT, |line| line.contains("listening on wss://"))?;
        Ok(Self {
            _program: program,
            _folder: folder,
            host,
            authority: root.der().to_vec(),
            key_digest: Sha256::digest(key.subject_public_key_info()).to_vec(),
        })
    }

    /// Its name and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A guest on the page of a room, in a browser that believes this server and nobody else new.
    ///
    /// # Errors
    /// When the browser does not start, or refuses the certificate.
    pub fn open(&self, program: Program, room: &str) -> Result<Guest> {
        let url = format!("https://{}/r/{room}", self.host);
        match program {
            Program::Chromium => {
                let camera = clip::moving_pattern(640, 360, 30, 4)?;
                let trusts = chromium_trusts(&self.key_digest);
                let knows = format!("--host-resolver-rules=MAP {NAME} 127.0.0.1");
                let options = ChromiumOptions {
                    camera: Some(&camera),
                    flags: &[&trusts, &knows],
                    ..ChromiumOptions::default()
                };
                Guest::start(DrivenBrowser::chromium(options)?, &url)
            }
            Program::Firefox => {
                let name = format!("\"{NAME}\"");
                let browser = DrivenBrowser::firefox(&[("network.dns.localDomains", &name)])?;
                browser.firefox_trusts(&self.authority)?;
                Guest::start(browser, &url)
            }
        }
    }
}
