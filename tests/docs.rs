//! The docs, carried out: every map compiles, every record gives what it says, every command runs.
//!
//! In: `README.md` and `docs/`. Out: each block that does not do what it says, with its place.
//! `UPDATE_EXPECT=1` writes the tables anew. Must not know: how anything works inside.
//!
//! - `map`: compiles. Without a `side` line it is put into a small map first.
//! - `map error=map::unknown-field`: has just this problem.
//! - `json record=SIDE`: a record for the last whole map above; `json gives=SIDE` behind it: what
//!   `apply` makes of it.
//! - `yaml config`: a configuration. `yaml schema`: a schema file.
//! - `console run [exit=N]`: commands with what they print, in a folder that holds a copy of
//!   `mappings/` and every block above that has `file=NAME`; `…` stands for any text. With `org` a
//!   sandbox runs, and the folder has a `cosell.yaml` for it.
//! - `console drive`: lines for a shell beside a running demo.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where something is wrong"
)]

#[path = "docs/block.rs"]
mod block;
#[path = "docs/drive.rs"]
mod drive;
#[path = "docs/org.rs"]
mod org;
#[path = "docs/parity.rs"]
mod parity;
#[path = "docs/plan.rs"]
mod plan;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use block::{Block, blocks, pages, root};
use mapping::fault::FaultCode;
use mapping::problem::{Code, Severity};
use mapping::schema::Schemas;
use mapping::{Compiled, compile, convert};

/// What a part of a map is put into.
const SKELETON: &str = "language 1
mapping opportunity \"Co-sell opportunities\"
side referral is partner_center Referral
side opportunity is salesforce Opportunity
match referral.id with opportunity.Referral_Identifier__c
";

/// What is not held against a part: the rest of its map is not there.
const OF_THE_REST: &[Code] =
    &[Code::MissingRequired, Code::MayBeBlank, Code::NoOptIn, Code::UnusedTable];

fn nothing(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} blocks do not do what they say:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A map as it is compiled: parts within the skeleton, loose lines within `fields`.
fn whole(block: &Block) -> String {
    if is_whole(block) {
        return block.text.clone();
    }
    let heads =
        ["fields", "values", "sync", "defaults", "related", "each", "require", "report", "example"];
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let has_head = block.text.lines().filter_map(first).any(|word| heads.contains(&word.as_str()));
    if has_head {
        format!("{SKELETON}{}", block.text)
    } else {
        format!("{SKELETON}fields\n{}end\n", block.text)
    }
}

fn is_whole(block: &Block) -> bool {
    let heads = ["side ", "language ", "extends "];
    block.text.lines().any(|line| heads.iter().any(|head| line.starts_with(head)))
}

fn compiled(block: &Block) -> Compiled {
    compile(&block.place, &whole(block), Schemas::built_in())
}

#[test]
fn every_map_has_just_the_problems_that_it_says() {
    let mut wrong = Vec::new();
    for block in blocks("map") {
        let wanted: Vec<String> = block.value("error").map(str::to_owned).into_iter().collect();
        let mut found: Vec<String> = Vec::new();
        let mut said = String::new();
        for problem in compiled(&block).report.problems() {
            let name = problem.code.name().to_owned();
            let asked = wanted.contains(&name);
            let excused = !is_whole(&block) && OF_THE_REST.contains(&problem.code);
            if !asked && (excused || problem.severity == Severity::Warning) {
                continue;
            }
            let _ = write!(said, "\n    {name}: {problem}");
            if !found.contains(&name) {
                found.push(name);
            }
        }
        if found != wanted {
            wrong.push(format!("{}: expected {wanted:?}, found:{said}", block.place));
        }
    }
    nothing(&wrong);
}

#[test]
fn every_record_gives_what_it_says() {
    let mut wrong = Vec::new();
    for page in pages() {
        let (mut plan, mut record) = (None, None);
        for block in page.blocks() {
            if block.kind() == "map" && is_whole(&block) && block.value("error").is_none() {
                plan = compiled(&block).plan;
            } else if block.value("record").is_some() {
                record = Some(block.text);
            } else if let (Some(side), Some(plan)) = (block.value("gives"), &plan) {
                let to = plan.side_named(side).expect("a side of the map above");
                let from = record.as_deref().expect("a record stands before what it gives");
                let made = match plan.apply(to, from, None) {
                    Ok(made) => made,
                    Err(fault) => format!("{:?}", fault.to_json()),
                };
                if json(&made) != json(&block.text) {
                    wrong.push(format!("{}: found {made}", block.place));
                }
            }
        }
    }
    nothing(&wrong);
}

fn json(text: &str) -> Option<serde_json::Value> {
    serde_json::from_str(text).ok()
}

#[test]
fn every_json_text_is_one() {
    let bad = blocks("json").into_iter().filter(|block| json(&block.text).is_none());
    nothing(&bad.map(|block| block.place).collect::<Vec<_>>());
}

/// Secrets and files that a configuration in the docs may refer to.
struct Everything;

impl runner::config::Lookup for Everything {
    fn variable(&self, _: &str) -> Option<String> {
        Some("a-secret-of-24-characters".to_owned())
    }

    fn file(&self, _: &Path) -> Result<Vec<u8>, String> {
        Ok(b"a-secret-of-24-characters".to_vec())
    }
}

#[test]
fn every_configuration_can_be_read() {
    let mut wrong = Vec::new();
    for block in blocks("yaml").into_iter().filter(|block| block.has("config")) {
        let read = runner::config::Site::parse(
            &block.place,
            &block.text,
            Path::new("."),
            None,
            &Everything,
        );
        if let Err(problems) = read {
            wrong.extend(problems.iter().map(ToString::to_string));
        }
    }
    nothing(&wrong);
}

#[test]
fn every_schema_file_can_be_read() {
    let schemas = blocks("yaml").into_iter().filter(|block| block.has("schema"));
    let read = |block: Block| Schemas::from_yaml(&[(block.place.clone(), block.text)]).err();
    nothing(&schemas.filter_map(read).map(|wrong| format!("{wrong:?}")).collect::<Vec<_>>());
}

#[test]
fn every_reason_for_a_refusal_is_explained() {
    let page = fs::read_to_string(root().join("docs/operating.md")).unwrap();
    let words = connect::webhook::Refusal::ALL.map(connect::webhook::Refusal::word);
    let missing = words.iter().filter(|word| !page.contains(&format!("`{word}`")));
    nothing(&missing.map(|word| (*word).to_owned()).collect::<Vec<_>>());
}

#[test]
fn every_command_prints_what_it_says() {
    let mut wrong = Vec::new();
    for page in pages() {
        let mut files: Vec<(String, String)> = Vec::new();
        for block in page.blocks() {
            if let Some(name) = block.value("file") {
                files.push((name.to_owned(), content(&block)));
            } else if block.kind() == "console" && block.has("run") {
                wrong.extend(run(&block, &files));
            }
        }
    }
    nothing(&wrong);
}

/// What a block's file holds: a map that compiles, a record on one line.
fn content(block: &Block) -> String {
    match block.kind() {
        "map" => whole(block),
        "json" => format!("{}\n", json(&block.text).expect("a JSON text")),
        _ => block.text.clone(),
    }
}

/// Runs the commands of a block; what they print instead of what they should.
fn run(block: &Block, files: &[(String, String)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("mappings"), &folder.path().join("mappings"));
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let _org = block.has("org").then(|| org::Org::start(folder.path()));
    let exit: i32 = block.value("exit").map_or(0, |code| code.parse().unwrap());
    let mut wrong = Vec::new();
    for (command, expected) in block.commands() {
        let words = block::words(&command);
        let (program, arguments) = words.split_first().expect("a command");
        assert_eq!(program, "cosell", "{}: only cosell is run", block.place);
        let output = Command::new(env!("CARGO_BIN_EXE_cosell"))
            .args(arguments)
            .env("NO_COLOR", "1")
            .current_dir(folder.path())
            .output()
            .unwrap();
        let found = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if output.status.code() != Some(exit) || !block::fits(&expected, &found) {
            let status = output.status;
            wrong.push(format!("{}: $ {command}\n({status}) found:\n{found}", block.place));
        }
    }
    wrong
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Compares what stands between `<!-- NAME -->` and `<!-- end -->`, or writes it anew.
fn generated(page: &str, name: &str, wanted: &str) {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let open = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&open).expect("the page has the mark");
    let (found, after) = rest.split_once("<!-- end -->").expect("the mark is closed");
    if found == wanted {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_EXPECT").is_some(),
        "{page} is not what the program says; write it anew with UPDATE_EXPECT=1"
    );
    fs::write(&path, format!("{before}{open}{wanted}<!-- end -->{after}")).unwrap();
}

#[test]
fn the_table_of_problems_is_what_the_program_knows() {
    let mut table = "\n| code | severity | when |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let severity = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let _ = writeln!(table, "| `{}` | {severity} | {} |", code.name(), cell(code.when()));
    }
    generated("docs/problems.md", "problems", &format!("{table}\n"));
}

#[test]
fn the_table_of_faults_is_what_the_program_knows() {
    let mut table = "\n| code | when |\n|---|---|\n".to_owned();
    for code in FaultCode::ALL {
        let _ = writeln!(table, "| `{}` | {} |", code.name(), cell(code.when()));
    }
    generated("docs/problems.md", "faults", &format!("{table}\n"));
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_table_of_conversions_is_what_the_program_knows() {
    let mut table = "\n| write | what it does | for example |\n|---|---|---|\n".to_owned();
    let examples = convert::examples();
    let mut forms: Vec<&str> = examples.iter().map(|example| example.form).collect();
    forms.dedup();
    assert_eq!(forms.len(), convert::forms().count() + 1, "every conversion has an example");
    for form in forms {
        let of_form: Vec<_> = examples.iter().filter(|example| example.form == form).collect();
        let cases: Vec<String> = of_form.iter().map(|example| case(&example.case)).collect();
        let says = of_form.first().map_or("", |example| example.says);
        let form = if form.is_empty() { String::new() } else { format!("`as {form}`") };
        let _ =
            writeln!(table, "| {} | {} | {} |", cell(&form), cell(says), cell(&cases.join("<br>")));
    }
    generated("docs/language.md", "conversions", &format!("{table}\n"));
}

/// One case: what stands on the left, what it becomes on the right, and what that becomes again.
fn case(case: &convert::Case) -> String {
    let inside = |list: &str| list.trim_start_matches('[').trim_end_matches(']').to_owned();
    let mut text = format!("`{}` → `{}`", inside(case.left), inside(case.right));
    match case.back {
        Some(back) if back != case.left => {
            let _ = write!(text, " → `{}`", inside(back));
        }
        Some(_) => {}
        None => text.push_str(", one way"),
    }
    text
}

#[test]
fn every_word_of_the_language_is_in_the_manual() {
    let manual = fs::read_to_string(root().join("docs/language.md")).unwrap();
    let grammar = fs::read_to_string(root().join("grammar/map.pest")).unwrap();
    let known: Vec<&str> = manual.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let keywords = grammar.lines().filter_map(|line| {
        let rule = line.strip_prefix("kw_")?;
        rule.split('"').nth(1)
    });
    let missing: Vec<String> =
        keywords.filter(|word| !known.contains(word)).map(str::to_owned).collect();
    nothing(&missing);
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let folder = page.path.parent().unwrap();
        for target in page.links() {
            let file = target.split('#').next().unwrap();
            if !target.contains("://") && !file.is_empty() && !folder.join(file).exists() {
                wrong.push(format!("{}: {target}", page.name));
            }
        }
    }
    nothing(&wrong);
}

/// Blanks made one, as two texts are compared that are laid out differently.
fn laid_out(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_of_the_shipped_maps_has_just_their_lines() {
    let page = fs::read_to_string(root().join("docs/mappings.md")).unwrap();
    let maps = ["opportunity.map", "lead.map"]
        .map(|name| fs::read_to_string(root().join("mappings").join(name)).unwrap());
    let lines: Vec<String> = maps.iter().flat_map(|map| map.lines()).map(laid_out).collect();
    // What the page would suggest for a map of one's own.
    let not_shipped = ["salesStage"];
    let starts = ["each ", "related ", "match ", "from ", "badge ", "audit "];
    let is_line = |span: &&str| {
        [" <-> ", " -> ", " <- "].iter().any(|arrow| span.contains(arrow))
            || starts.iter().any(|word| span.starts_with(word))
    };
    let text = page.split("```").step_by(2).collect::<String>();
    let spans: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_line).collect();
    assert!(spans.len() > 40, "the page names {} lines", spans.len());
    let gone: Vec<&&str> = spans
        .iter()
        .filter(|span| !not_shipped.iter().any(|word| span.starts_with(word)))
        .filter(|span| !lines.iter().any(|line| line.starts_with(&laid_out(span))))
        .collect();
    assert!(gone.is_empty(), "no shipped map has {gone:?}");
    let fields = maps.iter().flat_map(|map| {
        let block = map.split("\nfields\n").nth(1).unwrap().split("\nend").next().unwrap();
        block.lines().filter(|line| line.contains("->") || line.contains("<-")).collect::<Vec<_>>()
    });
    let missing: Vec<&str> = fields
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter(|line| !spans.iter().any(|span| laid_out(line).starts_with(&laid_out(span))))
        .collect();
    assert!(missing.is_empty(), "the page has no row for {missing:#?}");
}
