//! `cosell apply`: records in, records and faults out.

use serde_json::{Value, json};

use crate::folder::{Folder, ONE_WAY, REFERRAL, TWO_WAY, command};

const TO: [&str; 4] = ["apply", "deal.map", "--to", "opportunity"];

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn referral(id: &str) -> String {
    REFERRAL.replace("r-1", id)
}

/// The line of `text`, from 1, that begins with `start`.
fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(start)).unwrap() + 1
}

#[test]
fn each_good_line_gives_one_line_in_order_and_digits_stay() {
    let folder = Folder::with_map(TWO_WAY);
    let input = format!("{}\n\n  \n{}\r\n{}", referral("a"), referral("b"), referral("c"));
    let done = folder.run_with(&TO, input).ends(0);
    assert_eq!(done.err, "");
    let found = lines(&done.out);
    let ids: Vec<&Value> = found.iter().map(|line| &line["Referral_Identifier__c"]).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let expected = "{\"Referral_Identifier__c\":\"a\",\"Name\":\"Fleet\",\"StageName\":\"Prospecting\",\
        \"CloseDate\":\"2026-06-30\",\"Amount\":99999999999999.99,\"CurrencyIsoCode\":\"CHF\"}";
    assert_eq!(done.out.lines().next().unwrap(), expected);
}

#[test]
fn a_file_or_stdin_or_a_dash() {
    let folder = Folder::with_map(ONE_WAY);
    folder.write("in.ndjson", "\u{feff}".to_owned() + REFERRAL);
    let file = folder.run(&[&TO[..], &["in.ndjson"]].concat()).ends(0).out;
    assert_eq!(folder.run_with(&TO, REFERRAL).ends(0).out, file);
    assert_eq!(folder.run_with(&[&TO[..], &["-"]].concat(), REFERRAL).ends(0).out, file);
    assert_eq!(folder.run(&TO).ends(0).out, "", "no line, no record");
}

#[test]
fn a_record_that_does_not_fit_is_a_fault_with_its_places_and_the_others_go_on() {
    let folder = Folder::with_map(ONE_WAY);
    let secret =
        "{\"id\":\"x\",\"name\":\"Fleet\",\"details\":{\"closingDateTime\":\"soon-secret\"}}";
    let mut input = Vec::new();
    for line in [
        referral("a").as_bytes(),
        b"",
        b"{\"id\":",
        b"[1]",
        secret.as_bytes(),
        b"{\"id\":\"x\"}",
        b"{\"id\":\"\xff\"}",
        b"{\"name\":\"a\",\"name\":\"b\"}",
        referral("z").as_bytes(),
    ] {
        input.extend_from_slice(line);
        input.push(b'\n');
    }
    let done = folder.run_with(&TO, input).ends(1);
    assert_eq!(lines(&done.out).len(), 2);
    let faults = done.faults();
    let codes: Vec<(u64, &str)> = faults
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        codes,
        [
            (3, "fault::not-json"),
            (4, "fault::not-a-record"),
            (5, "fault::wrong-type"),
            (6, "fault::missing-required"),
            (7, "fault::not-json"),
            (8, "fault::doubled-key"),
        ]
    );
    for fault in &faults {
        let keys: Vec<&str> = fault.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["line", "field", "code", "message", "map", "map_line"]);
        assert_eq!(fault["map"], "deal.map");
    }
    assert_eq!(faults[2]["map_line"], line_of(ONE_WAY, "details.closingDateTime"));
    assert!(!done.err.contains("secret"), "a fault shows no value: {}", done.err);
}

#[test]
fn a_line_that_is_too_long_is_a_fault() {
    let folder = Folder::with_map(ONE_WAY);
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(17 * 1024 * 1024));
    let done = folder.run_with(&TO, format!("{long}\n{REFERRAL}\n")).ends(1);
    assert_eq!(lines(&done.out).len(), 1);
    let fault = &done.faults()[0];
    assert_eq!((&fault["line"], &fault["code"]), (&json!(1), &json!("fault::not-json")));
    assert!(fault["message"].as_str().unwrap().contains("at most 16 MiB"), "{fault}");
}

#[test]
fn old_records_are_found_by_key_and_only_what_differs_is_given() {
    let folder = Folder::with_map(TWO_WAY);
    let old = |id: &str, amount: &str| {
        format!(
            "{{\"Referral_Identifier__c\":\"{id}\",\"Name\":\"Fleet\",\"StageName\":\"Closed Won\",\
             \"CloseDate\":\"2026-06-30\",\"Amount\":{amount},\"CurrencyIsoCode\":\"CHF\"}}\n"
        )
    };
    folder.write("old.ndjson", old("b", "5") + "\n" + &old("a", "99999999999999.990"));
    let input = format!("{}\n{}\n{}\n", referral("a"), referral("b"), referral("c"));
    let done = folder.run_with(&[&TO[..], &["--old", "old.ndjson"]].concat(), input).ends(1);
    assert_eq!(
        done.out,
        "{\"Referral_Identifier__c\":\"a\"}\n\
         {\"Referral_Identifier__c\":\"b\",\"Amount\":99999999999999.99,\"CurrencyIsoCode\":\"CHF\"}\n"
    );
    let fault = &done.faults()[0];
    assert_eq!((&fault["line"], &fault["code"]), (&json!(3), &json!("fault::no-partner")));
    assert_eq!(fault["message"], "no record in --old has its key");
}

#[test]
fn a_record_without_a_key_has_the_create_shape() {
    let folder = Folder::with_map(TWO_WAY);
    folder.write("old.ndjson", "");
    let done = folder.run_with(&[&TO[..], &["--old", "old.ndjson"]].concat(), referral("")).ends(0);
    let record = &lines(&done.out)[0];
    assert_eq!(record["StageName"], "Prospecting");
    assert_eq!(record.get("Referral_Identifier__c"), None);
}

#[test]
fn bad_and_doubled_lines_of_old_are_reported_with_the_file() {
    let folder = Folder::with_map(TWO_WAY);
    let record = "{\"Referral_Identifier__c\":\"a\",\"Name\":\"Fleet\"}\n";
    folder.write("old.ndjson", format!("{{\n{record}{{\"Name\":\"no key\"}}\n{record}"));
    let done =
        folder.run_with(&[&TO[..], &["--old", "old.ndjson"]].concat(), referral("a")).ends(1);
    let faults = done.faults();
    let found: Vec<(u64, &str)> = faults
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    let expected = [(1, "fault::not-json"), (4, "fault::doubled-key"), (1, "fault::no-partner")];
    assert_eq!(found, expected);
    for fault in &faults[..2] {
        assert!(fault["message"].as_str().unwrap().starts_with("in old.ndjson: "), "{fault}");
    }
    assert_eq!(done.out, "", "which of the two is meant is not guessed");
}

#[test]
fn the_other_direction_is_the_same_map() {
    let folder = Folder::with_map(TWO_WAY);
    let opportunity = "{\"Referral_Identifier__c\":\"r-1\",\"Amount\":7.50,\"CurrencyIsoCode\":\"EUR\",\
        \"CloseDate\":\"2026-06-30\",\"Name\":\"Fleet\"}";
    folder.write("old.ndjson", REFERRAL);
    let args = ["apply", "deal.map", "--to", "referral", "--old", "old.ndjson"];
    let record = &lines(&folder.run_with(&args, opportunity).ends(0).out)[0];
    let (id, details) = (&record["id"], &record["details"]);
    assert_eq!((id, &details["currency"]), (&json!("r-1"), &json!("EUR")));
    assert_eq!(record.as_object().unwrap().len(), 2, "{record}");
}

#[test]
fn an_unknown_side_is_2_with_the_name_that_is_meant() {
    let folder = Folder::with_map(ONE_WAY);
    let near = folder.run(&["apply", "deal.map", "--to", "oportunity"]).ends(2);
    let expected =
        "error: the map has no side `oportunity`\n  help: did you mean `--to opportunity`?\n";
    assert_eq!(near.err, expected);
    let far = folder.run(&["apply", "deal.map", "--to", "crm"]).ends(2);
    assert!(
        far.err.ends_with("help: write `--to referral` or `--to opportunity`\n"),
        "{}",
        far.err
    );
}

#[test]
fn each_answer_is_there_before_the_next_line_is_sent() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;
    let folder = Folder::with_map(ONE_WAY);
    let mut child = command(&folder.path(""), &TO)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for id in ["a", "b"] {
        writeln!(input, "{}", referral(id)).unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert!(answer.contains(&format!("\"{id}\"")), "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn nobody_reading_the_output_ends_it_quietly() {
    use std::process::Stdio;
    let folder = Folder::with_map(ONE_WAY);
    folder.write("in.ndjson", format!("{REFERRAL}\n").repeat(5000));
    let mut child = command(&folder.path(""), &[&TO[..], &["in.ndjson"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
