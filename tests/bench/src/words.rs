//! Words that referrals are made of: plain ones, and ones of other alphabets.
//!
//! In: nothing. Out: lists. Must not know: how they are put together.

pub(crate) const FIRST_NAMES: &[&str] = &[
    "Ana",
    "Björn",
    "Chloé",
    "Dmitri",
    "Eva",
    "François",
    "Grace",
    "Hiroshi",
    "Inés",
    "Jürgen",
    "Katarzyna",
    "Léa",
    "Mohammed",
    "Nils",
    "Олена",
    "Pedro",
    "Rania",
    "Søren",
    "小明",
    "Zoë",
];

pub(crate) const LAST_NAMES: &[&str] = &[
    "Almeida",
    "Bäcker",
    "Castellón",
    "Doyle",
    "Eriksson",
    "Fischer",
    "Gómez",
    "Hughes",
    "Ivanova",
    "Jansen",
    "Kovač",
    "Lindqvist",
    "Moreau",
    "Nowak",
    "O'Connor",
    "Петренко",
    "Quispe",
    "田中",
    "van den Heuvel",
    "Yılmaz",
];

pub(crate) const COMPANIES: &[&str] = &[
    "Adatum",
    "Adventure Works Cycles",
    "Alpine Ski House",
    "Bellows College",
    "Best For You Organics",
    "Consolidated Messenger",
    "Contoso Suites",
    "Fabrikam Residences",
    "First Up Consultants",
    "Fourth Coffee",
    "Lamna Healthcare",
    "Liberty's Delightful Sinful Bakery",
    "Munson's Pickles",
    "Nod Publishers",
    "Relecloud",
    "School of Fine Art",
    "Trey Research",
    "Wide World Importers",
    "Zweigstelle München",
    "株式会社ノースウィンド",
];

pub(crate) const FORMS: &[&str] = &["Inc.", "Ltd", "GmbH", "S.A.", "AB", "LLC", "Oy", "N.V."];

/// City, state, postal code, country, region.
pub(crate) const PLACES: &[&[&str; 5]] = &[
    &["Amsterdam", "Noord-Holland", "1012 JS", "nl", "EMEA"],
    &["Bengaluru", "Karnataka", "560001", "IN", "APAC"],
    &["Brasília", "DF", "70040-010", "br", "LATAM"],
    &["Cork", "Munster", "T12 X8N6", "IE", "EMEA"],
    &["Genève", "GE", "1201", "ch", "EMEA"],
    &["Köln", "Nordrhein-Westfalen", "50667", "DE", "EMEA"],
    &["Kraków", "Małopolskie", "30-001", "PL", "EMEA"],
    &["Lyon", "Auvergne-Rhône-Alpes", "69001", "fr", "EMEA"],
    &["Melbourne", "VIC", "3000", "AU", "APAC"],
    &["Mombasa", "Coast", "80100", "ke", "EMEA"],
    &["Osaka", "Osaka", "530-0001", "JP", "APAC"],
    &["Seattle", "WA", "98101", "us", "NA"],
    &["Tromsø", "Troms", "9008", "NO", "EMEA"],
    &["Vancouver", "BC", "V6B 1A1", "CA", "NA"],
    &["York", "North Yorkshire", "YO1 7HH", "gb", "EMEA"],
];

pub(crate) const PROSE: &[&str] = &[
    "a",
    "about",
    "adoption",
    "after",
    "and",
    "backup",
    "before",
    "budget",
    "café",
    "cloud",
    "compliance",
    "customer",
    "data",
    "datacenter",
    "decision",
    "deployment",
    "for",
    "governance",
    "has",
    "identity",
    "in",
    "integration",
    "is",
    "landing",
    "licenses",
    "migration",
    "modernize",
    "needs",
    "network",
    "of",
    "on-premises",
    "partner",
    "phase",
    "pilot",
    "plans",
    "platform",
    "proof",
    "quarter",
    "regions",
    "renewal",
    "review",
    "rollout",
    "résumé",
    "security",
    "server",
    "several",
    "storage",
    "support",
    "team",
    "the",
    "timeline",
    "to",
    "training",
    "training-plan",
    "wants",
    "with",
    "workloads",
    "workshop",
    "zone",
    "überall",
    "データ",
    "мережа",
];

pub(crate) const STATES: &[&[&str; 2]] = &[
    &["New", "Pending"],
    &["New", "Received"],
    &["New", "Unknown"],
    &["Active", "Accepted"],
    &["Active", "Engaged"],
    &["Closed", "Won"],
    &["Closed", "Lost"],
    &["Closed", "Declined"],
    &["Closed", "Expired"],
    &["Closed", "Error"],
];

pub(crate) const CURRENCIES: &[&str] =
    &["AUD", "BRL", "CAD", "CHF", "EUR", "GBP", "JPY", "NOK", "PLN", "USD"];

pub(crate) const SIZES: &[&str] = &[
    "1to9employees",
    "10to50employees",
    "51to250employees",
    "251to1000employees",
    "1001to5000employees",
    "5001to10000employees",
    "10001+employees",
];

pub(crate) const INDUSTRIES: &[&str] =
    &["Agriculture", "Education", "FinancialServices", "Government", "Manufacturing", "Retail"];

pub(crate) const PRODUCTS: &[&str] =
    &["Azure", "Dynamics365", "Office", "PowerPlatform", "Security", "Surface", "Teams"];

pub(crate) const SERVICES: &[&str] = &[
    "Consulting",
    "DeploymentOrMigration",
    "IntellectualProperty",
    "LearningAndCertification",
    "ManagedServices",
    "ProjectManagement",
    "SystemIntegration",
];

pub(crate) const HELP: &[&str] = &[
    "NoHelpRequired",
    "WorkloadSpecificValueProp",
    "CustomerTechnicalArchitecture",
    "ProofOfConceptDemo",
    "QuotesOrLicensing",
    "PostSalesCustomerSuccess",
    "GeneralOrOther",
    "NotInAnyTable",
];

pub(crate) const TAGS: &[&str] =
    &["ai", "cosell", "emea", "fy26", "marketplace", "migrate", "priority", "strategic"];
