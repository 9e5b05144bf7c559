//! Words that names are made of: tables, nothing else. No company, person or place of these names is meant.

/// What companies begin with.
pub(super) const FIRST: [&str; 40] = [
    "Alpine",
    "Amber",
    "Anchor",
    "Arbor",
    "Aspen",
    "Beacon",
    "Birch",
    "Blue Harbor",
    "Bright",
    "Canyon",
    "Cedar",
    "Clear",
    "Copper",
    "Coral",
    "Crest",
    "Delta",
    "Drift",
    "Eastgate",
    "Elm",
    "Fern",
    "Flint",
    "Granite",
    "Green Valley",
    "Hazel",
    "Hilltop",
    "Iron",
    "Juniper",
    "Lakeside",
    "Linden",
    "Maple",
    "Meadow",
    "North",
    "Oak",
    "Pine",
    "Quarry",
    "River",
    "Silver",
    "Stone",
    "Sunrise",
    "Willow",
];

/// What they do.
pub(super) const TRADE: [(&str, &str); 20] = [
    ("Freight", "Transportation"),
    ("Bakeries", "Food & Beverage"),
    ("Robotics", "Machinery"),
    ("Textiles", "Apparel"),
    ("Dental", "Healthcare"),
    ("Insurance", "Insurance"),
    ("Credit", "Banking"),
    ("Farms", "Agriculture"),
    ("Chemicals", "Chemicals"),
    ("Builders", "Construction"),
    ("Schools", "Education"),
    ("Optics", "Electronics"),
    ("Energy", "Energy"),
    ("Studios", "Media"),
    ("Hotels", "Hospitality"),
    ("Motors", "Manufacturing"),
    ("Outfitters", "Retail"),
    ("Shipping", "Shipping"),
    ("Networks", "Telecommunications"),
    ("Waterworks", "Utilities"),
];

/// A place: city, state, postal code, country, legal form, currency.
pub(super) const PLACES: [[&str; 6]; 12] = [
    ["Altdorf", "UR", "6460", "CH", "AG", "CHF"],
    ["Winterthur", "ZH", "8400", "CH", "AG", "CHF"],
    ["Ulm", "BW", "89073", "DE", "GmbH", "EUR"],
    ["Kiel", "SH", "24103", "DE", "GmbH", "EUR"],
    ["Linz", "OÖ", "4020", "AT", "GmbH", "EUR"],
    ["Dijon", "BFC", "21000", "FR", "SARL", "EUR"],
    ["Utrecht", "UT", "3511", "NL", "B.V.", "EUR"],
    ["Leeds", "West Yorkshire", "LS1 1AA", "GB", "Ltd", "GBP"],
    ["Cork", "Munster", "T12", "IE", "Ltd", "EUR"],
    ["Boise", "ID", "83702", "US", "Inc.", "USD"],
    ["Duluth", "MN", "55802", "US", "LLC", "USD"],
    ["Tampere", "Pirkanmaa", "33100", "FI", "Oy", "EUR"],
];

/// Streets.
pub(super) const STREETS: [&str; 8] = [
    "Mill Lane",
    "Station Road",
    "Gotthardstrasse",
    "Lindenweg",
    "Harbor Street",
    "Market Square",
    "Quai du Nord",
    "Seestrasse",
];

/// First names.
pub(super) const GIVEN: [&str; 20] = [
    "Ada", "Ben", "Chiara", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kaja",
    "Luca", "Mira", "Nils", "Olga", "Pia", "Rafael", "Selma", "Tom", "Zoë",
];

/// Last names.
pub(super) const FAMILY: [&str; 20] = [
    "Testhofer",
    "Probst",
    "Sample",
    "Mustermann",
    "Exempel",
    "Beispiel",
    "Prøve",
    "Trial",
    "Esempio",
    "Echantillon",
    "Voorbeeld",
    "Muster",
    "Testini",
    "Demoulin",
    "Fallstein",
    "Placeholder",
    "Tester",
    "Sandkasten",
    "Sandberg",
    "O'Sample",
];

/// What people are.
pub(super) const TITLES: [&str; 8] = [
    "Head of IT",
    "Chief Financial Officer",
    "Operations Manager",
    "Head of Fleet",
    "Plant Manager",
    "Head of Procurement",
    "Chief Data Officer",
    "Managing Director",
];

/// What is sold: name, solution id.
pub(super) const SOLUTIONS: [(&str, &str); 8] = [
    ("Route Planner", "SOL-20417-TWA"),
    ("Depot Telemetry", "SOL-20418-TWB"),
    ("Invoice Reader", "SOL-20419-TWC"),
    ("Shift Board", "SOL-20420-TWD"),
    ("Quality Camera", "SOL-20421-TWE"),
    ("Tenant Portal", "SOL-20422-TWF"),
    ("Energy Ledger", "SOL-20423-TWG"),
    ("Field Service", "SOL-20424-TWH"),
];

/// What is said of a deal.
pub(super) const NOTES: [&str; 8] = [
    "Wants a demo before the budget round.",
    "Replaces a tool of their own; the contract ends in spring.",
    "Pilot in two sites first, then all of them.",
    "Needs an answer on data residency.\nThe works council decides with them.",
    "Compares three vendors; price counts for half.",
    "Asked for references in the same trade.",
    "Budget is approved, legal review is open.",
    "Came from a fair; follow up by phone & mail.",
];

/// How large customers are.
pub(super) const SIZES: [&str; 5] = [
    "1to9employees",
    "10to50employees",
    "51to250employees",
    "251to1000employees",
    "1001to5000employees",
];

/// Open stages, from the first to the last.
pub(super) const OPEN: [&str; 8] = [
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Id. Decision Makers",
    "Perception Analysis",
    "Proposal/Price Quote",
    "Negotiation/Review",
];
