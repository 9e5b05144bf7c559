//! What to do about a refusal of one of the two systems.
//!
//! In: the system and the code it refused with. Out: a sentence that begins with an action. Must not
//! know: records, plans. Codes: Salesforce's published status codes; Partner Center's innermost codes.

use mapping::schema::System;

/// What whoever looks after the deal can do.
pub(super) fn remedy(system: System, code: &str) -> &'static str {
    match system {
        System::Salesforce => in_salesforce(code),
        System::PartnerCenter => in_partner_center(code),
    }
}

fn in_salesforce(code: &str) -> &'static str {
    match code {
        "FIELD_CUSTOM_VALIDATION_EXCEPTION" => {
            "correct the record so that the validation rule lets it pass, let the rule except the sync user, \
             or change the line of the mapping"
        }
        "FIELD_FILTER_VALIDATION_EXCEPTION" => {
            "correct the record so that the lookup filter of the field lets it pass, or change the filter"
        }
        "REQUIRED_FIELD_MISSING" => "fill in the field, or give its line in the mapping a default",
        "STRING_TOO_LONG" => "shorten the value, or write `cut at N` on the line of the mapping",
        "NUMBER_OUTSIDE_VALID_RANGE" => "make the number smaller, or the field larger",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" | "INVALID_TYPE_ON_FIELD_IN_RECORD" => {
            "add the value to the field (for the record type of this record too), or map it to one that is there"
        }
        "INVALID_FIELD_FOR_INSERT_UPDATE" | "INVALID_FIELD" | "INVALID_TYPE" => {
            "let the sync user edit the field: add it to the permission set of the sync user, and pull the schema anew"
        }
        "INSUFFICIENT_ACCESS"
        | "INSUFFICIENT_ACCESS_OR_READONLY"
        | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY" => {
            "share the record with the sync user with the right to edit it, or take it out of co-selling"
        }
        "DUPLICATES_DETECTED" => {
            "merge the duplicates or link the existing record, or let the duplicate rule except the sync user"
        }
        "DUPLICATE_VALUE" | "DUPLICATE_EXTERNAL_ID" | "MULTIPLE_CHOICES" => {
            "find the record that has the same value in a unique field, and clear it on the wrong one"
        }
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        | "CANNOT_EXECUTE_FLOW_TRIGGER"
        | "APEX_ERROR"
        | "TRANSFER_REQUIRES_READ"
        | "FLOW_EXCEPTION" => {
            "have the flow or trigger that stopped the write mended, or let it except the sync user"
        }
        "INVALID_CROSS_REFERENCE_KEY" | "MALFORMED_ID" | "FIELD_INTEGRITY_EXCEPTION" => {
            "look at the record that this one refers to: it is gone, of another kind, or may not be used here"
        }
        "INVALID_EMAIL_ADDRESS" => "correct the e-mail address in the record it came from",
        "STORAGE_LIMIT_EXCEEDED" | "LIMIT_EXCEEDED" => {
            "make room in the org, or raise the limit; then release the deal"
        }
        "INACTIVE_OWNER_OR_USER" | "OP_WITH_INVALID_USER_TYPE_EXCEPTION" => {
            "give the record to an active owner, or activate the user"
        }
        _ => "correct the value in the record, the rule in the org, or the line of the mapping",
    }
}

fn in_partner_center(code: &str) -> &'static str {
    match code {
        "accessDenied" => {
            "give the sync user the role Referrals admin for this referral's location, or leave the deal to who owns it"
        }
        "invalidCurrency" => "set an ISO 4217 currency code on the opportunity",
        "invalidCountry" => "set the account's country to a two-letter ISO 3166 code",
        "invalidDealValue" => "set a deal value above 0",
        "invalidClosingDateTime" => "set a closing date that lies ahead",
        "invalidSolution" | "invalidSolutions" => {
            "choose a solution that Partner Center lists for your account: compare its id there"
        }
        "invalidTeam" => {
            "look at the contacts of the deal: each needs a name and an e-mail address"
        }
        "invalidStatus" | "invalidSubstatus" => {
            "set the stage back to one that the referral's status allows, or change the row of the table"
        }
        "notShared" | "notInvited" | "notActive" | "notAccepted" | "notOwner" => {
            "look at the deal in Partner Center: its state, or who owns it, does not allow this change now"
        }
        "invalidOperation" | "invalidPatch" | "invalidPath" => {
            "change the line of the mapping: this path cannot be written in the referral's state"
        }
        _ => "correct the value in the record, or the line of the mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_an_action_and_a_code_of_the_other_system_is_no_code() {
        assert!(remedy(System::Salesforce, "STRING_TOO_LONG").starts_with("shorten"));
        assert!(remedy(System::PartnerCenter, "invalidCurrency").contains("ISO 4217"));
        assert_ne!(
            remedy(System::Salesforce, "invalidCurrency"),
            remedy(System::PartnerCenter, "invalidCurrency")
        );
        assert!(remedy(System::Salesforce, "WHATEVER").starts_with("correct"));
    }
}
