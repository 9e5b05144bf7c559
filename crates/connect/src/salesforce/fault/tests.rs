//! The table of error codes, with texts as Salesforce writes them.

use super::*;

fn refusal(status: u16, body: &str) -> Refusal<'_> {
    Refusal { what: "test", status, body: body.as_bytes(), retry_after: None, in_doubt: true }
}

fn body(code: &str, message: &str) -> String {
    serde_json::json!([{"errorCode": code, "message": message, "fields": []}]).to_string()
}

fn judge(status: u16, code: &str, message: &str) -> Error {
    refusal(status, &body(code, message)).classify()
}

fn word(error: &Error) -> &'static str {
    match error {
        Error::Later { unknown_outcome: true, .. } => "doubt",
        Error::Later { .. } => "later",
        Error::Refused { .. } => "refused",
        Error::Denied { .. } => "denied",
        Error::Changed => "changed",
        Error::Gone { .. } => "gone",
        Error::Resting { .. } => "resting",
    }
}

#[test]
fn each_code_has_its_next_step() {
    for (status, code, message, expected) in [
        (401, "INVALID_SESSION_ID", "Session expired or invalid", "denied"),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "later"),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", "later"),
        (500, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", "later"),
        (503, "SERVER_UNAVAILABLE", "", "doubt"),
        (500, "UNKNOWN_EXCEPTION", "", "doubt"),
        (400, "DUPLICATES_DETECTED", "Use one of these records?", "refused"),
        (400, "DUPLICATE_VALUE", "duplicate value found", "refused"),
        (400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", "refused"),
        (400, "STRING_TOO_LONG", "", "refused"),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", "refused"),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights", "refused"),
        (400, "INVALID_CROSS_REFERENCE_KEY", "invalid", "refused"),
        (404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "gone"),
        (404, "ENTITY_IS_DELETED", "entity is deleted", "gone"),
        (404, "NOT_FOUND", "The requested resource does not exist", "gone"),
        (404, "NOT_FOUND", "Provided external ID field does not exist: X__c", "refused"),
        (400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", "refused"),
        (400, "ENTITY_IS_LOCKED", "the entity is locked for editing", "later"),
        (412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "", "changed"),
        (403, "API_DISABLED_FOR_ORG", "", "denied"),
        (400, "SOME_NEW_CODE", "", "refused"),
        (503, "SOME_NEW_CODE", "", "doubt"),
    ] {
        assert_eq!(word(&judge(status, code, message)), expected, "{status} {code}");
    }
}

#[test]
fn without_a_code_the_status_decides_and_a_404_is_no_evidence() {
    for (status, body, expected) in [
        (302, "", "denied"),
        (400, "<html>", "refused"),
        (401, "", "denied"),
        (403, "<html>", "denied"),
        (404, "<html>", "denied"),
        (404, "", "denied"),
        (412, "", "changed"),
        (420, "", "later"),
        (429, "", "later"),
        (500, "", "doubt"),
        (502, "<html>", "doubt"),
    ] {
        assert_eq!(word(&refusal(status, body).classify()), expected, "{status}");
    }
}

#[test]
fn the_two_meanings_of_the_request_limit_wait_differently() {
    let wait = |message: &str| match judge(403, "REQUEST_LIMIT_EXCEEDED", message) {
        Error::Later { after, unknown_outcome: false, .. } => after.unwrap().as_secs(),
        other => panic!("expected later, found {other:?}"),
    };
    assert_eq!(wait("TotalRequests Limit exceeded."), 3600);
    assert_eq!(wait("ConcurrentPerOrgLongTxn Limit exceeded."), 5);
    assert_eq!(wait("something new"), 60);
}

#[test]
fn no_value_of_a_record_is_repeated() {
    for (code, message, why) in [
        (
            "STRING_TOO_LONG",
            "Opportunity Name: data value too large: Anna Muster (max length=120)",
            "test: the text is longer than the 120 characters of the field",
        ),
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Stage: bad value for restricted picklist field: Anna Muster",
            "test: the value is not one of the values of the picklist",
        ),
        (
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of datetime from VALUE_STRING value Anna Muster at [line:1]",
            "test: a value has not the form its field needs",
        ),
        (
            "INVALID_FIELD",
            "Foreign key external ID: Anna Muster not found for field Customer_Key__c in entity A",
            "test: no record has the given value in Customer_Key__c",
        ),
        (
            "MALFORMED_QUERY",
            "\nSELECT Id FROM Contact WHERE Name = Anna Muster\n ^",
            "test: the query is not understood",
        ),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "DealTrigger: execution of BeforeInsert caused by: Anna Muster",
            "test: the trigger or flow DealTrigger of the org failed",
        ),
        (
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "A deal over 100,000 by \"Anna Muster\" needs an approver.",
            "test: A deal over … by … needs an approver.",
        ),
    ] {
        let Error::Refused { why: found, .. } = judge(400, code, message) else {
            panic!("expected refused")
        };
        assert_eq!(found, why);
    }
}

#[test]
fn fields_come_from_the_list_or_from_the_message() {
    let list =
        r#"[{"errorCode":"REQUIRED_FIELD_MISSING","message":"m","fields":["Name","Anna B"]}]"#;
    let column = body("INVALID_FIELD", "x\nNo such column 'Deal_Sise__c' on entity 'Opportunity'.");
    let value = body(
        "DUPLICATE_VALUE",
        "duplicate value found: Key__c duplicates value on record with id: 0065g00000TwAbC",
    );
    for (body, expected, said) in [
        (list.to_owned(), "Name", "m"),
        (column, "Deal_Sise__c", "Deal_Sise__c does not exist"),
        (value, "Key__c", "0065g00000TwAbCAAV already has"),
    ] {
        let Error::Refused { fields, why, .. } = refusal(400, &body).classify() else {
            panic!("expected refused")
        };
        assert_eq!(fields, [expected]);
        assert!(why.contains(said), "{why}");
    }
}

#[test]
fn a_duplicate_rule_names_the_records_it_found() {
    let body = r#"[{"errorCode":"DUPLICATES_DETECTED","message":"x","duplicateResut":{"matchResults":
        [{"matchRecords":[{"record":{"Id":"0035g00000TwCoNAAV"}}]}]}}]"#;
    let Error::Refused { why, .. } = refusal(400, body).classify() else { panic!("refused") };
    assert!(why.ends_with("found 0035g00000TwCoNAAV"), "{why}");
}

#[test]
fn the_first_real_entry_counts() {
    let body = r#"[{"errorCode":"PROCESSING_HALTED","message":"x"},
        {"errorCode":"STRING_TOO_LONG","message":"y","fields":["Name"]}]"#;
    assert!(matches!(refusal(400, body).classify(),
        Error::Refused { code, .. } if code == "STRING_TOO_LONG"));
    assert!(refusal(400, r#"[{"errorCode":"PROCESSING_HALTED"}]"#).is_bystander());
    assert!(!refusal(400, body).is_bystander());
    let inner = r#"{"success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"d"}]}"#;
    assert_eq!(word(&refusal(200, inner).classify()), "gone");
}
