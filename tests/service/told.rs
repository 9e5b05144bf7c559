//! What a person sees: the story of `cosell demo --once`, the ready file, the end by Ctrl-C.
//!
//! In: the program. Out: its texts, files and exit codes. Must not know: records.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::machine::{Machine, cosell};
use crate::sides::{Sides, text};

/// What each act of the story says when it is as promised.
const ACTS: [&str; 6] = [
    "1. Microsoft sends a deal",
    "2. Its value changes at Microsoft",
    "3. ",
    "4. A rep flags a new opportunity for Microsoft",
    "5. Both sides change the value at once",
    "6. Nobody changes anything for ten seconds",
];

#[test]
fn demo_once_tells_the_story() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready.json");
    fs::write(&file, "left over from an earlier start").unwrap();
    let since = Instant::now();
    let output = cosell().args(["demo", "--once", "--ready-file"]).arg(&file).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(since.elapsed() < Duration::from_mins(1), "{:?}", since.elapsed());
    let mut rest = said.as_str();
    for act in ACTS {
        let at = rest.find(act).unwrap_or_else(|| panic!("`{act}` is missing:\n{said}"));
        rest = &rest[at..];
    }
    assert!(rest.contains("both sides agree, and they are quiet"), "{said}");
    assert!(!said.contains('✘') && output.stderr.is_empty(), "{said}");
    complete(&serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap());
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "it holds tokens");
    }
}

/// Everything that scripts rely on is there.
fn complete(ready: &Value) {
    let texts = [
        "/console",
        "/webhook",
        "/salesforce/url",
        "/salesforce/access_token",
        "/salesforce/client_id",
        "/salesforce/client_secret",
        "/partner_center/url",
        "/partner_center/webhooks_url",
        "/partner_center/access_token",
        "/admin/url",
        "/admin/token",
    ];
    for pointer in texts {
        let found = ready.pointer(pointer).and_then(Value::as_str);
        assert!(found.is_some_and(|text| !text.is_empty()), "{pointer} is missing");
    }
    assert!(ready["webhook"].as_str().unwrap().starts_with(ready["console"].as_str().unwrap()));
    for pointer in ["/pid", "/pids/demo", "/pids/serve", "/pids/sandbox"] {
        assert!(ready.pointer(pointer).is_some_and(Value::is_u64), "{pointer} is missing");
    }
    assert_eq!(ready["pid"], ready["pids"]["demo"]);
}

#[tokio::test]
async fn ctrl_c_ends_all_of_it_and_the_next_start_goes_on() {
    let mut machine = Machine::with_story().await;
    complete(&machine.ready);
    let sides = Sides::new(&machine.ready);
    assert!(machine.runs("serve") && machine.runs("sandbox"));
    // In the middle of the story, and of a call that somebody never ends.
    let mut slow =
        TcpStream::connect(text(&machine.ready, "/console").replace("http://", "")).unwrap();
    let half = b"POST /webhooks/partner-center HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
    slow.write_all(half).unwrap();
    let (status, took) = machine.interrupt().await;
    assert!(status.success(), "{status}: {}", machine.said());
    assert!(took < Duration::from_secs(3), "{took:?}");
    drop(slow);
    assert!(!machine.runs("serve") && !machine.runs("sandbox"), "{}", machine.said());
    assert!(sides.admin.call("GET", "/counts", None).await.is_err());
    let before = machine.ready.clone();
    machine.start().await;
    for name in ["salesforce", "partner_center", "admin", "console", "webhook"] {
        assert_eq!(machine.ready[name], before[name], "addresses and tokens stay");
    }
    sides.settled().await;
    assert!(machine.said().contains("told here before"), "{}", machine.said());
}

#[test]
fn a_configuration_that_cannot_be_used_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cosell.yaml");
    let run = || {
        let output = cosell().args(["serve", "--config"]).arg(&file).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = run();
    assert!(said.contains("cosell.yaml:1:1") && said.contains("help: "), "{said}");
    fs::write(&file, "listen: 127.0.0.1:0\nstroe: sqlite:a.db\n").unwrap();
    let said = run();
    assert!(said.contains("cosell.yaml:2:1") && said.contains("did you mean `store`?"), "{said}");
}

#[test]
fn one_state_folder_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let lock = fs::File::create(state.join("demo.lock")).unwrap();
    lock.lock().unwrap();
    let output = cosell().args(["demo", "--once", "--state"]).arg(&state).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("in use by another program"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    let output = cosell().args(["sandbox", "--salesforce-port", &port]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&address.to_string()) && said.contains("another port"), "{said}");
}
