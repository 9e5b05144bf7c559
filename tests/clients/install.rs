//! Clients from their registries.
//!
//! In: packages and their versions. Out: the folder that holds it, installed the first time, or nothing
//! when it cannot be had. Must not know: what the client does.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long an installation may take.
const LIMIT: Duration = Duration::from_mins(3);

/// Packages for Node.js, without their install scripts; the first of them names the folder.
pub(crate) fn npm(packages: &[&str]) -> Option<PathBuf> {
    installed(&packages.first()?.replace(['@', '/'], "-"), |folder| {
        fs::write(folder.join("package.json"), "{\"private\": true}").unwrap();
        let mut command = Command::new("npm");
        command.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        command.arg(folder).args(packages);
        command
    })
}

/// Packages for Python; the first of them names the folder.
pub(crate) fn pip(packages: &[&str]) -> Option<PathBuf> {
    installed(&packages.first()?.replace("==", "-"), |folder| {
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command.arg("--target").arg(folder).args(packages);
        command
    })
}

/// The folder of a name, filled by a command the first time: whole or not at all.
fn installed(name: &str, how: impl FnOnce(&Path) -> Command) -> Option<PathBuf> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    let folder = all.join(name);
    if folder.exists() {
        return Some(folder);
    }
    fs::create_dir_all(&all).unwrap();
    let fresh = tempfile::tempdir_in(&all).unwrap();
    let said = fresh.path().join("said");
    let inside = fresh.path().join("package");
    fs::create_dir(&inside).unwrap();
    if finish(how(&inside), &said, LIMIT) != Some(true) {
        super::tell(&fs::read_to_string(said).unwrap_or_default());
        return None;
    }
    // Another test may have been faster: then its folder is as good.
    let _ = fs::rename(inside, &folder);
    folder.exists().then_some(folder)
}

/// Runs a command to its end and keeps what it says in a file; whether it was content. Nothing: it could
/// not be started, or took too long.
pub(crate) fn finish(mut command: Command, said: &Path, limit: Duration) -> Option<bool> {
    let file = File::create(said).unwrap();
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    let mut process = command.spawn().ok()?;
    let since = Instant::now();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return Some(status.success());
        }
        if since.elapsed() > limit {
            let _ = process.kill();
            let _ = process.wait();
            return None;
        }
        sleep(Duration::from_millis(50));
    }
}
