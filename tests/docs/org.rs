//! An org that the commands of a page can ask.
//!
//! In: a folder. Out: a running `cosell sandbox`, and a `cosell.yaml` in the folder that names it. Must
//! not know: the page.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// It ends when this is dropped.
pub(crate) struct Org(Child);

impl Org {
    pub(crate) fn start(folder: &Path) -> Org {
        let ready = folder.join("ready.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
        command.args(["sandbox", "--with-parent", "--ready-file"]).arg(&ready);
        let org = Org(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
        let since = Instant::now();
        while !ready.exists() {
            assert!(since.elapsed() < Duration::from_mins(1), "the sandbox does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let found: Value = serde_json::from_slice(&fs::read(&ready).unwrap()).unwrap();
        let text = |name: &str| found["salesforce"][name].as_str().unwrap();
        let config = format!(
            "environment: staging\nmaps: [mappings/opportunity.map]\nsalesforce:\n  login: {}\n  client_id: {}\n  client_secret: file:secret\n",
            text("url"),
            text("client_id")
        );
        fs::write(folder.join("secret"), text("client_secret")).unwrap();
        fs::write(folder.join("cosell.yaml"), config).unwrap();
        org
    }
}

impl Drop for Org {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
