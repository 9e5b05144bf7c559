//! Stages and picklists of the standard organisation: a table, nothing else.

/// The profile that users get by themselves.
pub(crate) const STANDARD_PROFILE: &str = "00e5g0000000002AAA";

/// One stage of the default sales process.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) probability: i64,
    /// The forecast category's enum value and its label.
    pub(crate) forecast: (&'static str, &'static str),
    pub(crate) closed: bool,
    pub(crate) won: bool,
}

const fn open(name: &'static str, probability: i64) -> Stage {
    Stage { name, probability, forecast: ("Pipeline", "Pipeline"), closed: false, won: false }
}

/// The default sales process, in order.
pub(crate) static STAGES: [Stage; 10] = [
    open("Prospecting", 10),
    open("Qualification", 10),
    open("Needs Analysis", 20),
    open("Value Proposition", 50),
    open("Id. Decision Makers", 60),
    open("Perception Analysis", 70),
    open("Proposal/Price Quote", 75),
    open("Negotiation/Review", 90),
    Stage {
        name: "Closed Won",
        probability: 100,
        forecast: ("Closed", "Closed"),
        closed: true,
        won: true,
    },
    Stage {
        name: "Closed Lost",
        probability: 0,
        forecast: ("Omitted", "Omitted"),
        closed: true,
        won: false,
    },
];

pub(crate) const STAGE_NAMES: &[&str] = &[
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];

/// Forecast categories: enum values, in the order of their labels below.
pub(crate) const FORECASTS: &[&str] = &["Omitted", "Pipeline", "BestCase", "Forecast", "Closed"];

/// Forecast categories: labels.
pub(crate) const FORECAST_NAMES: &[&str] =
    &["Omitted", "Pipeline", "Best Case", "Commit", "Closed"];

pub(crate) const HELP: &[&str] = &[
    "Workload specific value proposition",
    "Customer technical architecture",
    "Proof of concept or demo",
    "Quotes or licensing",
    "Post sales customer success",
    "General or other",
];

pub(crate) const INTENTS: &[&str] = &["Yes", "No", "Have not decided"];

pub(crate) const LEAD_SOURCES: &[&str] =
    &["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];

pub(crate) const INDUSTRIES: &[&str] = &[
    "Agriculture",
    "Banking",
    "Communications",
    "Education",
    "Energy",
    "Government",
    "Healthcare",
    "Manufacturing",
    "Retail",
    "Technology",
    "Transportation",
    "Other",
];

pub(crate) const ROLES: &[&str] = &[
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
];

pub(crate) const TEAM_ROLES: &[&str] = &[
    "Account Manager",
    "Channel Manager",
    "Executive Sponsor",
    "Lead Qualifier",
    "Pre-Sales Consultant",
    "Sales Manager",
    "Sales Rep",
    "Opportunity Owner",
];

/// The organisation's active currencies.
pub(crate) const CURRENCIES: &[&str] = &[
    "AED", "ARS", "AUD", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
    "EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "KWD", "MAD",
    "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "SAR", "SEK", "SGD",
    "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_picklist_is_the_stage_table() {
        assert!(STAGES.iter().map(|stage| stage.name).eq(STAGE_NAMES.iter().copied()));
        assert_eq!(FORECASTS.len(), FORECAST_NAMES.len());
    }
}
