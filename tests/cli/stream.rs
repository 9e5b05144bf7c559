//! `cosell apply` on long streams: order, threads, packed bytes, files, memory.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

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
fn order_and_line_numbers_are_the_same_with_any_number_of_threads() {
    let folder = Folder::with_map(ONE_WAY);
    let (mut text, mut good, mut bad) = (String::new(), Vec::new(), Vec::new());
    for number in 1..=1500 {
        match number % 50 {
            7 => text.push('\n'),
            21 | 22 => {
                bad.push(number);
                text += "{\"id\":\n";
            }
            rest => {
                good.push(number);
                // Some lines are longer than many others together.
                text += &referral(number, if rest == 30 { 60_000 } else { rest });
            }
        }
    }
    folder.write("in.ndjson", &text);
    let args = |threads| with(&["in.ndjson", "--threads", threads]);
    let one = folder.run(&args("1")).ends(1);
    assert_eq!(ids(&one.out), good);
    assert_eq!(fault_lines(&one), bad);
    for threads in ["2", "8"] {
        let done = folder.run(&args(threads)).ends(1);
        assert!(done.out == one.out && done.err == one.err, "with {threads} threads");
    }
    let piped = folder.run_with(&TO, &text).ends(1);
    assert!(piped.out == one.out && piped.err == one.err, "through a pipe");
}

#[test]
fn a_partner_is_found_with_any_number_of_threads() {
    let folder = Folder::with_map(TWO_WAY);
    let made: String = (0..600).map(|number| referral(number, 3000)).collect();
    folder.write("in.ndjson", &made);
    let old = folder.run(&with(&["in.ndjson"])).ends(0).out.replace("Fleet", "Flotte");
    folder.write("old.ndjson.gz", gzip(old.as_bytes()));
    let args = |threads| with(&["in.ndjson", "--old", "old.ndjson.gz", "--threads", threads]);
    let one = folder.run(&args("1")).ends(0).out;
    let expected = "{\"Referral_Identifier__c\":\"r-0\",\"Name\":\"Fleet\"}\n";
    assert!(one.starts_with(expected), "{}", &one[..200]);
    assert_eq!(ids(&one), (0..600).collect::<Vec<_>>());
    assert_eq!(folder.run(&args("4")).ends(0).out, one);
}

#[test]
fn a_line_that_is_longer_than_a_block_is_one_record() {
    let folder = Folder::with_map(ONE_WAY);
    let lengths = [10, 3_000_000, 10, 600_000, 9_000_000, 262_144, 0];
    let text: String = lengths.iter().enumerate().map(|(id, size)| referral(id, *size)).collect();
    let expected: Vec<usize> = (0..lengths.len()).collect();
    for threads in ["1", "3"] {
        let done = folder.run_with(&with(&["--threads", threads]), &text).ends(0);
        assert_eq!(ids(&done.out), expected);
    }
}

#[test]
fn very_many_faults_are_all_told_in_order() {
    let folder = Folder::with_map(ONE_WAY);
    let text = format!("{{}}\n{}", "[\n".repeat(20_000));
    let done = folder.run_with(&with(&["--threads", "2"]), text).ends(1);
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
        assert!(folder.run_with(&with(&["--threads", "1"]), &parts).ends(0).out == plain);
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
    assert!(unzstd(&file(&["--compress", "zstd", "--threads", "1"], "out")) == plain);
    let packed = command(&folder.path(""), &with(&["in.ndjson", "--compress", "gzip"]));
    assert!(gunzip(&{ packed }.output().unwrap().stdout) == plain);
    assert_eq!(left_over(&folder), [""; 0]);
}

#[test]
fn packed_input_that_ends_too_early_is_2_with_its_place_and_what_came_before_is_written() {
    let folder = Folder::with_map(ONE_WAY);
    let text: String = (0..5000).map(|id| referral(id, 0)).collect();
    folder.write("out.ndjson", "as before");
    for (packing, bytes) in [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))] {
        let end = bytes.len() / 2;
        folder.write("in.packed", &bytes[..end]);
        for threads in ["1", "2"] {
            let done = folder.run(&with(&["in.packed", "--threads", threads])).ends(2);
            let came = ids(&done.out);
            assert_eq!(came, (0..came.len()).collect::<Vec<_>>());
            assert!(came.len() > 100, "{packing}: {} lines", came.len());
            let expected = format!(
                "error: cannot read in.packed behind line {}: its {packing} data ends too early \
                 (byte {end})\n  help: fetch the file again, or pack it again; what came before is \
                 written\n",
                came.len()
            );
            assert_eq!(done.err, expected);
        }
        let done = folder.run(&with(&["in.packed", "--out", "out.ndjson"])).ends(2);
        assert!(done.err.ends_with("; out.ndjson is not written\n"), "{}", done.err);
        assert_eq!(folder.read("out.ndjson"), "as before");
    }
    let followed = [gzip(text.as_bytes()), REFERRAL.as_bytes().to_vec()].concat();
    let done = folder.run_with(&TO, followed).ends(2);
    assert_eq!(ids(&done.out).len(), 5000);
    let expected = "error: cannot read the standard input behind line 5000: its gzip data is \
        followed by something else (byte ";
    assert!(done.err.starts_with(expected), "{}", done.err);
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
    let same = folder.run_with(&with(&["--out", "-"]), REFERRAL).ends(0);
    assert_eq!(same.out, expected);
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

#[test]
fn the_number_of_threads_has_bounds() {
    let folder = Folder::with_map(ONE_WAY);
    for number in ["0", "257", "many"] {
        folder.run_with(&with(&["--threads", number]), REFERRAL).ends(2);
    }
    folder.run_with(&with(&["--threads", "256"]), REFERRAL).ends(0);
}

fn spawn(folder: &Folder, args: &[&str]) -> Child {
    let mut command = command(&folder.path(""), args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How it ends by itself, within a time.
#[track_caller]
fn ends(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if begun.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn each_answer_is_there_at_once_also_when_the_input_is_packed_or_only_one_thread_works() {
    let folder = Folder::with_map(ONE_WAY);
    for threads in ["1", "2"] {
        let mut child = spawn(&folder, &with(&["--threads", threads]));
        let mut input = GzEncoder::new(child.stdin.take().unwrap(), Compression::fast());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        for id in 0..3 {
            input.write_all(referral(id, 10).as_bytes()).unwrap();
            input.flush().unwrap();
            let mut answer = String::new();
            output.read_line(&mut answer).unwrap();
            assert_eq!(ids(&answer), [id]);
        }
        drop(input.finish().unwrap());
        assert_eq!(ends(&mut child), Some(0));
    }
}

#[test]
fn nobody_reading_the_output_ends_it_although_the_input_is_still_open() {
    let folder = Folder::with_map(ONE_WAY);
    for threads in ["1", "4"] {
        let mut child = spawn(&folder, &with(&["--threads", threads]));
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        input.write_all(referral(1, 0).as_bytes()).unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        drop(output);
        input.write_all(referral(2, 0).as_bytes()).unwrap();
        assert_eq!(ends(&mut child), Some(0));
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "");
    }
}

/// The most memory that a process had, in KB.
#[cfg(target_os = "linux")]
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_however_long_the_stream_is() {
    let folder = Folder::with_map(ONE_WAY);
    let mut child = spawn(&folder, &with(&["--threads", "4"]));
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let (mut text, mut count) = (String::new(), 0);
        while output.read_line(&mut text).unwrap() > 0 {
            text.clear();
            count += 1;
        }
        count
    });
    let record = referral(1, 30_000);
    let some = record.repeat(32);
    let rounds = 200_000_000 / some.len();
    for _ in 0..rounds {
        input.write_all(some.as_bytes()).unwrap();
    }
    let peak = peak(&child);
    println!("at most {peak} KB");
    drop(input);
    assert_eq!(ends(&mut child), Some(0));
    assert_eq!(reader.join().unwrap(), 32 * rounds);
    assert!(peak < 64_000, "{peak} KB");
}
