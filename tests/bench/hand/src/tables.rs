//! The tables of the benchmark's mapping, and how its texts are cut.
//!
//! In: words of a referral. Out: words of an opportunity. Must not know: JSON.

/// What stands before the two ids of a link.
pub(crate) const LINK: &str = "https://partner.microsoft.com/dashboard/referrals/v2/";

/// The most characters of a name.
pub(crate) const NAME: usize = 120;

/// The characters of a date.
pub(crate) const DATE: usize = 10;

/// The stage of a status and a substatus, and how probable it makes the deal.
#[inline]
pub(crate) fn stage(status: &str, substatus: &str) -> (&'static str, u8) {
    match (status, substatus) {
        ("New", "Received") => ("Qualification", 20),
        ("Active", "Accepted") => ("Needs Analysis", 40),
        ("Active", "Engaged") => ("Proposal/Price Quote", 60),
        ("Closed", "Won") => ("Closed Won", 100),
        ("Closed", "Lost" | "Declined" | "Expired") => ("Closed Lost", 0),
        _ => ("Prospecting", 10),
    }
}

/// The name of a country whose code is in upper case.
#[inline]
pub(crate) fn country(code: &str) -> Option<&'static str> {
    let name = match code {
        "AU" => "Australia",
        "BE" => "Belgium",
        "BR" => "Brazil",
        "CA" => "Canada",
        "CH" => "Switzerland",
        "DE" => "Germany",
        "DK" => "Denmark",
        "ES" => "Spain",
        "FI" => "Finland",
        "FR" => "France",
        "GB" => "United Kingdom",
        "IE" => "Ireland",
        "IN" => "India",
        "IT" => "Italy",
        "JP" => "Japan",
        "NL" => "Netherlands",
        "NO" => "Norway",
        "PL" => "Poland",
        "SE" => "Sweden",
        "US" => "United States",
        _ => return None,
    };
    Some(name)
}

/// What the partner asks Microsoft for.
#[inline]
pub(crate) fn help(code: &str) -> Option<&'static str> {
    let words = match code {
        "NoHelpRequired" => "No help required",
        "WorkloadSpecificValueProp" => "Workload-specific value proposition",
        "CustomerTechnicalArchitecture" => "Customer technical architecture",
        "ProofOfConceptDemo" => "Proof of concept / demo",
        "QuotesOrLicensing" => "Quotes / licensing",
        "PostSalesCustomerSuccess" => "Post-sales customer success",
        "GeneralOrOther" => "General or other",
        _ => return None,
    };
    Some(words)
}

/// The first `most` characters.
#[inline]
pub(crate) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}
