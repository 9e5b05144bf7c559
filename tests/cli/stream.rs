//! `cosell apply` on long streams: long lines, packed bytes, files.

use std::fs;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::folder::{Done, Folder, ONE_WAY, REFERRAL, TWO_WAY, command};

const TO: [&str; 4] = ["apply", "deal.map", "--to", "opportunity"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&TO[..], more].concat()
}

/// A referral on one line, with so many bytes that no map reads.
fn referral(id: usize, padding: usize) -> String {
    let start = format!("{{\"padding\":\"{}\",\"id\":\"r-{id}\"", "x".repeat(padding));
    REFERRAL.replace("{\"id\":\"r-1\"", &start) + "\n"
}

/// The numbers of the records that came out.
fn ids(out: &str) -> Vec<usize> {
    let id = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["Referral_Identifier__c"].as_str().unwrap()[2..].parse().unwrap()
    };
    out.lines().map(id).collect()
}

fn fault_lines(done: &Done) -> Vec<usize> {
    let line = |fault: Value| usize::try_from(fault["line"].as_u64().unwrap()).unwrap();
    done.faults().into_iter().map(line).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

/// How the names of a folder's files end, but for the map and what the test put there.
fn left_over(folder: &Folder) -> Vec<String> {
    let names = fs::read_dir(folder.path("")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn a_line_that_is_longer_than_a_block_is_one_record() {
    let folder = Folder::with_map(ONE_WAY);
    let lengths = [10, 3_000_000, 10, 600_000, 9_000_000, 262_144, 0];
    let text: String = lengths.iter().enumerate().map(|(id, size)| referral(id, *size)).collect();
    let expected: Vec<usize> = (0..lengths.len()).collect();
    let done = folder.run_with(&TO, &text).ends(0);
    assert_eq!(ids(&done.out), expected);
}

#[test]
fn very_many_faults_are_all_told_in_order() {
    let folder = Folder::with_map(ONE_WAY);
    let text = format!("{{}}\n{}", "[\n".repeat(20_000));
    let done = folder.run_with(&TO, text).ends(1);
    assert_eq!(fault_lines(&done), (1..=20_001).collect::<Vec<_>>());
}

#[test]
fn packed_input_is_recognised_in_files_and_on_stdin() {
    let folder = Folder::with_map(ONE_WAY);
    let halves: [String; 2] =
        [0, 1000].map(|from| (from..from + 1000).map(|id| referral(id, 100)).collect());
    let plain = folder.run_with(&TO, halves.concat()).ends(0).out;
    let skipped = [&b"\x50\x2a\x4d\x18\x04\x00\x00\x00none"[..], &zstd(b"")].concat();
    for (name, start, pack) in
        [("gzip", gzip(b""), gzip as fn(&[u8]) -> Vec<u8>), ("zstd", skipped, zstd)]
    {
        let parts = [start, pack(halves[0].as_bytes()), pack(halves[1].as_bytes())].concat();
        // The name says nothing.
        folder.write("in.ndjson", &parts);
        assert!(folder.run(&with(&["in.ndjson"])).ends(0).out == plain, "a file of {name}");
        assert!(folder.run_with(&TO, &parts).ends(0).out == plain, "{name} on stdin");
    }
}

#[test]
fn output_is_packed_as_it_is_asked_for_or_as_the_file_is_called() {
    let folder = Folder::with_map(ONE_WAY);
    folder.write("in.ndjson", (0..3000).map(|id| referral(id, 300)).collect::<String>());
    let plain = folder.run(&with(&["in.ndjson"])).ends(0).out;
    let unzstd = |bytes: &[u8]| String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap();
    let file = |more: &[&str], name: &str| {
        let done = folder.run(&[&with(&["in.ndjson", "--out", name])[..], more].concat()).ends(0);
        assert_eq!(done.out + &done.err, "");
        fs::read(folder.path(name)).unwrap()
    };
    assert!(gunzip(&file(&[], "out.ndjson.gz")) == plain);
    assert!(unzstd(&file(&[], "out.zst")) == plain);
    assert!(file(&[], "out.ndjson") == plain.as_bytes());
    assert!(file(&["--compress", "none"], "plain.gz") == plain.as_bytes());
    assert!(unzstd(&file(&["--compress", "zstd"], "out")) == plain);
    let packed = command(&folder.path(""), &with(&["in.ndjson", "--compress", "gzip"]));
    assert!(gunzip(&{ packed }.output().unwrap().stdout) == plain);
    assert_eq!(left_over(&folder), [""; 0]);
}

#[test]
fn what_came_before_the_damage_is_whole_also_when_it_is_packed_again() {
    let folder = Folder::with_map(ONE_WAY);
    let bytes = gzip((0..5000).map(|id| referral(id, 0)).collect::<String>().as_bytes());
    folder.write("in.gz", &bytes[..bytes.len() / 2]);
    let plain = folder.run(&with(&["in.gz"])).ends(2).out;
    let mut packed = command(&folder.path(""), &with(&["in.gz", "--compress", "gzip"]));
    assert!(gunzip(&packed.output().unwrap().stdout) == plain);
}

#[test]
fn an_old_record_file_that_is_damaged_stops_it() {
    let folder = Folder::with_map(TWO_WAY);
    let bytes = zstd(&b"{}\n".repeat(10));
    folder.write("old.zst", &bytes[..bytes.len() - 2]);
    let done = folder.run_with(&with(&["--old", "old.zst"]), REFERRAL).ends(2);
    assert!(done.err.contains("its zstd data ends too early"), "{}", done.err);
    assert!(done.err.ends_with("; nothing is written\n"), "{}", done.err);
    assert_eq!(done.out, "");
}

#[test]
fn a_file_takes_its_place_when_it_is_whole() {
    let folder = Folder::with_map(ONE_WAY);
    let expected = folder.run_with(&TO, REFERRAL).ends(0).out;
    // Faults are no reason to have no file.
    let input = format!("{REFERRAL}\n{{}}\n");
    let done = folder.run_with(&with(&["--out", "out.ndjson"]), input).ends(1);
    assert_eq!((done.out.as_str(), fault_lines(&done)), ("", vec![2]));
    assert_eq!(folder.read("out.ndjson"), expected);
    // The input may be the file.
    folder.write("out.ndjson", REFERRAL);
    folder.run(&with(&["out.ndjson", "--out", "out.ndjson"])).ends(0);
    assert_eq!(folder.read("out.ndjson"), expected);
    let nowhere = folder.run_with(&with(&["--out", "no/out.ndjson"]), REFERRAL).ends(2);
    assert!(nowhere.err.starts_with("error: cannot write no/out.ndjson: it does not exist"));
    let dir = folder.run_with(&with(&["--out", "."]), REFERRAL).ends(2);
    assert!(dir.err.contains("it is a folder"), "{}", dir.err);
    assert_eq!(left_over(&folder), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_one_and_a_device_too() {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    let folder = Folder::with_map(ONE_WAY);
    folder.write("real/out.ndjson", "as before");
    let target = folder.path("real/out.ndjson");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&target, folder.path("link")).unwrap();
    folder.run_with(&with(&["--out", "link"]), REFERRAL).ends(0);
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());
    assert_eq!(ids(&folder.read("real/out.ndjson")), [1]);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    folder.run_with(&with(&["--out", "/dev/null"]), REFERRAL).ends(0);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}
