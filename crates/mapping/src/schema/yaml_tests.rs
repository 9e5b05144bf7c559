//! Tests of the YAML reader: which problem, at which line and column, with which help.

use proptest::prelude::*;

use super::*;

/// Reads one file and lists its problems as `line:column message / help`.
fn problems(text: &str) -> Vec<String> {
    match Schemas::from_yaml(&[("org.yaml".to_owned(), text.to_owned())]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|p| format!("{}:{} {} / {}", p.line, p.column, p.message, p.help))
            .collect(),
    }
}

/// The problems of a Partner Center object with these fields, which begin on line 6, column 7.
fn of_fields(fields: &str) -> Vec<String> {
    let fields = fields.replace('\n', "\n      ");
    problems(&format!(
        "system: partner_center\nobjects:\n  Referral:\n    key: id\n    fields:\n      {fields}\n      id: {{ type: id, access: read }}\n"
    ))
}

#[test]
fn a_small_schema_is_read_with_its_defaults() {
    let text = "\
system: salesforce
objects:
  Deal__c:
    key: Id
    fields:
      Id: { type: id, access: read }
      Name: { type: text, length: 80, required: true }
      Stage__c: { type: enum, values: [Open, { value: Shut, label: Closed, active: false }] }
      Done__c: { type: bool }
";
    let schemas = Schemas::from_yaml(&[("a.yaml".into(), text.into())]).unwrap();
    let deal = schemas.object(System::Salesforce, "Deal__c").unwrap();
    assert_eq!((deal.label.as_str(), deal.key.as_str()), ("Deal__c", "Id"));
    let id = deal.field("Id").unwrap();
    assert!(!id.create && !id.update && !id.nullable);
    let name = deal.field("Name").unwrap();
    assert!(name.create && name.update && !name.nullable && !name.clearable);
    let stage = deal.field("Stage__c").unwrap();
    assert!(stage.restricted && stage.clearable && stage.nullable);
    assert_eq!(stage.active_values().collect::<Vec<_>>(), ["Open"]);
    assert_eq!(stage.value("Shut").unwrap().label, "Closed");
    assert!(!deal.field("Done__c").unwrap().nullable);
}

#[test]
fn an_unknown_setting_is_met_with_the_nearest_one() {
    assert_eq!(
        of_fields("name: { type: text, lenght: 80 }"),
        ["6:27 field `name`: there is no setting `lenght` / did you mean `length`?"]
    );
    assert_eq!(
        of_fields("name: { type: txet }"),
        [
            "6:21 `type`: expected one of `text`, `long_text`, `number`, `bool`, `date`, `datetime`, `id`, \
          `enum`, `multi_enum`, `email`, `phone`, `url`, `country`, `currency`, `percent`, `reference`, \
          `object`, `list`, found `txet` / did you mean `text`?"
        ]
    );
    assert_eq!(
        problems("sytem: salesforce\nobjects: {}\n"),
        [
            "1:1 a schema: there is no setting `sytem` / did you mean `system`?",
            "1:1 there is no `system` / add `system: partner_center` or `system: salesforce`",
        ]
    );
}

#[test]
fn all_problems_of_a_file_are_found_in_the_order_of_their_places() {
    assert_eq!(
        of_fields(
            "a: { type: text, length: \"80\" }\nb: { type: bool, required: yes }\nc: 5\nd: {}\na: { type: text }"
        ),
        [
            "6:32 `length`: expected a whole number from 1 to 10000000, found a text / write a whole number from 1 to 10000000 without quotes",
            "7:34 `required`: expected `true` or `false`, found a text / write `required: true` or `required: false`",
            "8:10 field `c`: expected names with values, found a number / write `name: value` lines, or `{ name: value }`",
            "9:7 field `d` has no `type` / add one, such as `type: text`",
            "10:7 `fields`: `a` stands twice / remove one of the two",
        ]
    );
}

#[test]
fn columns_count_characters() {
    assert_eq!(
        of_fields("a: { type: text, label: \"Größe €\", lenght: 8 }"),
        ["6:42 field `a`: there is no setting `lenght` / did you mean `length`?"]
    );
}

#[test]
fn settings_must_fit_the_type() {
    assert_eq!(
        of_fields("a: { type: number, length: 8 }"),
        ["6:26 `length` means nothing for the type `number` / remove it, or correct the `type`"]
    );
    assert_eq!(
        of_fields("a: { type: reference }"),
        ["6:7 field `a` is a reference to a record and has no `to` / add `to`"]
    );
    assert_eq!(
        of_fields("a: { type: number, precision: 4, scale: 5 }"),
        [
            "6:47 `scale` 5 is more than `precision` 4 / `precision` counts all digits, `scale` those behind the point"
        ]
    );
    assert_eq!(
        of_fields("a: { type: list, key: eamil, fields: { email: { type: email } } }"),
        ["6:29 `key`: the elements have no member `eamil` / did you mean `email`?"]
    );
    assert_eq!(
        of_fields("a: { type: enum, values: [x, y, x] }"),
        ["6:39 `values`: `x` stands twice / remove one of the two"]
    );
    assert_eq!(
        of_fields("a: { type: enum, values: [10] }"),
        ["6:33 `values`: expected a text, found a number / put the text in quotes"]
    );
}

#[test]
fn a_patch_path_must_be_the_fields_own() {
    assert_eq!(
        of_fields("a:\n  type: object\n  fields:\n    b: { type: text, patch: /a/c }"),
        ["9:35 `patch`: expected the field's own place, found `/a/c` / write `patch: /a/b`"]
    );
    assert_eq!(
        of_fields("a: { type: text, access: read, patch: /a }"),
        [
            "6:45 `patch` on a field that cannot be updated / remove `patch`, or the `access` beside it"
        ]
    );
    assert_eq!(
        of_fields("a: { type: text, access: update }"),
        ["6:32 an update of partner_center needs a path that PATCH admits / add `patch: /a`"]
    );
    assert_eq!(
        of_fields("a: { type: text, until_shared: true }"),
        [
            "6:24 `until_shared` contradicts the other settings of `a` / it is never updated: remove it"
        ]
    );
    assert_eq!(
        problems(
            "system: salesforce\nobjects:\n  A: { key: Id, fields: { Id: { type: id, patch: /Id } } }"
        ),
        ["3:50 `patch` is for partner_center; salesforce has no JSON Patch / remove it"]
    );
}

#[test]
fn objects_need_a_key_that_exists_and_children_a_field() {
    assert_eq!(
        problems(
            "system: salesforce\nobjects:\n  A: { key: ld, fields: { Id: { type: id } } }\n  B: {}"
        ),
        [
            "3:13 `key`: object `A` has no field `ld` / did you mean `Id`?",
            "4:3 object `B` has no `key` / add `key: …`",
            "4:3 object `B` has no `fields` / add `fields: …`",
        ]
    );
    let text = "\
system: salesforce
objects:
  A:
    key: Id
    fields: { Id: { type: id } }
    children:
      Bs: { object: B, field: ParentID }
      Cs: { object: C, field: Any }
      Ds: { object: D }
  B: { key: Id, fields: { Id: { type: id }, ParentId: { type: reference, to: A } } }
";
    assert_eq!(
        problems(text),
        [
            "7:31 `B` has no field `ParentID` / did you mean `ParentId`?",
            "9:7 child relationship `Ds` has no `field` / write `{ object: CHILD, field: FIELD }`",
        ]
    );
}

#[test]
fn states_use_the_values_of_their_fields() {
    let text = "\
system: partner_center
objects:
  R:
    key: id
    fields:
      id: { type: id, access: read }
      status: { type: enum, values: [New, Closed] }
    states:
      fields: [status]
      pairs: [[New], [Closd]]
      initial: [[Closed]]
      moves:
        - { from: [New], to: [[New, Won]] }
        - { form: [New] }
      terminal: [[New]]
";
    assert_eq!(
        problems(text),
        [
            "10:23 `status` has no value `Closd` / did you mean `Closed`?",
            "11:7 `initial`: [Closed] is not one of `pairs` / add it to `pairs`, or remove it here",
            "13:31 a combination has one value for each of 1 fields, found 2 / write `[status]` with a value each",
            "14:11 a move needs `from` and `to` / write `{ from: [ … ], to: [[ … ], [ … ]] }`",
            "14:13 a move: there is no setting `form` / did you mean `from`?",
        ]
    );
}

#[test]
fn an_invitation_names_fields_that_there_are() {
    let text = "\
system: partner_center
objects:
  R:
    key: id
    fields:
      id: { type: id, access: read }
      help: { type: object, fields: { code: { type: text } } }
    invites:
      asks: help.cod
      while: { helpp: x }
";
    assert_eq!(
        problems(text),
        [
            "9:7 `invites` has no `joined` / write `{ asks: FIELD, joined: FIELD, while: { FIELD: VALUE } }`",
            "9:13 `invites`: there is no field `help.cod` / did you mean `code`?",
            "10:16 `invites`: there is no field `helpp` / did you mean `help`?",
        ]
    );
}

#[test]
fn an_object_may_stand_in_one_file_only() {
    let text = "system: salesforce\nobjects:\n  A: { key: Id, fields: { Id: { type: id } } }\n";
    let files = [("a.yaml".to_owned(), text.to_owned()), ("b.yaml".to_owned(), text.to_owned())];
    let problems = Schemas::from_yaml(&files).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "b.yaml:3:3: object `A` is already in a.yaml");
    assert_eq!(problems[0].help, "remove one of the two");
}

#[test]
fn text_that_is_no_yaml_is_reported_once_with_its_place() {
    for (text, start) in [
        ("", "1:1 expected `system` and `objects`, found nothing"),
        ("- a\n", "1:1 expected `system` and `objects`, found a list"),
        ("system: [", "1:10 the file cannot be read: "),
        ("system: salesforce\n\tobjects: {}\n", "2:1 the file cannot be read: "),
        ("a: b\n---\nc: d\n", "1:1 the file cannot be read: "),
        (
            "system: salesforce\nobjects: !x {}\n",
            "2:10 `objects`: expected names with values, found a value with a `!tag`",
        ),
        ("1: 2\n", "1:1 a schema: expected a name, found a number"),
    ] {
        let found = problems(text);
        assert!(
            found.first().is_some_and(|first| first.starts_with(start)),
            "{text:?}: {found:#?}"
        );
    }
    let deep = "[".repeat(5000);
    assert_eq!(problems(&deep).len(), 1);
    let large = " ".repeat(LARGEST + 1);
    assert_eq!(
        problems(&large),
        ["1:1 expected at most 2097152 bytes, found 2097153 / split it into several files"]
    );
}

#[test]
fn very_many_problems_are_cut_short() {
    let fields: Vec<String> = (0..150).map(|n| format!("\n      f{n}: {{ type: no }}")).collect();
    let fields = fields.concat();
    let text = format!("system: salesforce\nobjects:\n  A:\n    key: f0\n    fields:{fields}\n");
    let found = problems(&text);
    assert_eq!(found.len(), MOST_PROBLEMS + 1);
    assert_eq!(found[100], "105:20 and 50 more problems in this file / correct those above first");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let _ = Schemas::from_yaml(&[("x".to_owned(), text)]);
    }

    #[test]
    fn no_piece_of_a_schema_makes_it_panic(
        file in 0usize..4,
        cut in any::<prop::sample::Index>(),
        put in "[\\[\\]{}:,&*!|>'\"%@`#~ \n\t-]{1,3}",
        kept in any::<prop::sample::Index>(),
    ) {
        let (name, text) = Schemas::built_in_files()[file];
        let characters: Vec<char> = text.chars().take(9000).collect();
        let (cut, kept) = (cut.index(characters.len()), kept.index(characters.len()));
        let mut changed: String = characters[..cut].iter().collect();
        changed.push_str(&put);
        changed.extend(&characters[cut.max(kept)..]);
        if let Err(problems) = Schemas::from_yaml(&[(name.to_owned(), changed.clone())]) {
            let lines = changed.split('\n').count();
            for problem in problems {
                prop_assert!(problem.line >= 1 && problem.line <= lines + 1 && problem.column >= 1);
                prop_assert!(!problem.message.is_empty() && !problem.help.is_empty());
            }
        }
    }
}

#[test]
fn what_becomes_of_a_record_is_said_by_a_check_box_and_a_reference() {
    let of = |converts: &str| {
        problems(&format!(
            "system: salesforce\nobjects:\n  Lead:\n    key: Id\n    converts: {converts}\n    fields:\n      \
             Id: {{ type: id, access: read }}\n      Done: {{ type: bool }}\n      \
             Deal: {{ type: reference, to: Opportunity, relationship: Made }}\n"
        ))
    };
    assert_eq!(of("{ when: Done, to: Deal }"), [""; 0]);
    assert_eq!(
        of("{ when: Deal, to: Dael }"),
        [
            "5:23 `converts`: `Deal` is not a check box / name a check box",
            "5:33 `converts`: there is no field `Dael` / did you mean `Deal`?"
        ]
    );
    assert_eq!(
        of("{ when: Done }"),
        ["5:15 `converts` has no `to` / write `{ when: CHECK BOX, to: REFERENCE }`"]
    );
}
