//! The texts of a new project.
//!
//! In: names of maps, lines of overlays, the name of an org. Out: texts of files. Must not know: files,
//! schemas, how lines came about.

use std::fmt::Write as _;

use super::variants::Misfit;

/// What git does not keep.
pub(super) const IGNORED: &str = "\
# Secrets, what the service keeps, and what was passed on this machine: never in a repository.
/secrets/
/state/
/.cosell/
*.db
*.db-*
/ready.json
";

/// The files of records that the examples of a map name.
pub(super) fn records(map: &str) -> Vec<String> {
    let named = map.split("\"examples/").skip(1).filter_map(|rest| rest.split('"').next());
    let mut all: Vec<String> = named.map(|name| format!("examples/{name}")).collect();
    all.sort();
    all.dedup();
    all
}

/// A map that changes a shipped one: the lines that an org needs, an example, how to go on.
pub(super) fn overlay(
    name: &str,
    changes: &[String],
    removals: &[String],
    misfits: &[Misfit],
) -> String {
    let lead = name == "lead";
    let mut text = String::new();
    // INVARIANT: writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "# What is different here from the map `{name}` that cosell ships; `cosell plan` shows the whole.\n\
         # A line of it is changed by naming it, clauses that are not repeated are kept:\n\
         #\n\
         #   {}\n\
         #\n\
         # `add LINE`, `remove LINE`, `in BLOCK add LINE` and so on: docs/language.md, Overlays.\n\
         extends {name}\n",
        if lead {
            "in values stage change Active, Accepted <-> \"Working - Contacted\" into Active, Accepted <-> \"Working\""
        } else {
            "in values stage change Active, Accepted <-> \"Qualification\" into Active, Accepted <-> \"Discovery\""
        }
    );
    if !changes.is_empty() {
        text.push_str("# What the org calls otherwise.\n");
        for line in changes {
            let _ = writeln!(text, "{line}");
        }
        text.push('\n');
    }
    if !removals.is_empty() {
        text.push_str(
            "# The org has no field for these. `cosell salesforce package` makes the fields; or take the `#` away,\n\
             # and the lines are left out.\n",
        );
        for misfit in misfits {
            let _ = writeln!(text, "# {}.", misfit.told());
        }
        for line in removals {
            let _ = writeln!(text, "# {line}");
        }
        text.push('\n');
    }
    text.push_str(if lead { LEAD_EXAMPLE } else { OPPORTUNITY_EXAMPLE });
    text
}

const OPPORTUNITY_EXAMPLE: &str = "\
# Examples are tests of the map: `cosell test`. Write one for each line that you change.
example \"a deal of Microsoft's seller becomes an opportunity\"
  referral \"examples/inbound.json\"
  opportunity missing
  gives opportunity Name = \"Alpine Freight & Co - depot telemetry\"
  gives referral unchanged
end
";

const LEAD_EXAMPLE: &str = "\
# Examples are tests of the map: `cosell test`. Write one for each line that you change.
example \"a lead from the marketplace becomes a lead\"
  referral \"examples/lead.json\"
  lead missing
  gives lead Company = \"Blue Harbour & Sons\"
  gives referral unchanged
end
";

/// The configuration of the service, with every key that must be there.
pub(super) fn configuration(maps: &[&str], environment: &str) -> String {
    let maps: Vec<String> = maps.iter().map(|name| format!("maps/{name}.map")).collect();
    let login = match environment {
        "production" => "https://acme.my.salesforce.com",
        _ => "https://acme--staging.sandbox.my.salesforce.com",
    };
    let account = match environment {
        "staging" => {
            "  # Whose its referrals are: `own`, or `shared` with production, and then they are only read.\n  \
             account: shared\n"
        }
        _ => "",
    };
    format!(
        "\
# The configuration of `cosell serve`; docs/operating.md explains every key. What stands in CAPITALS is yours to
# fill in. A secret is a reference, `env:NAME` or `file:PATH`; written out it is refused.

# What it is for: `production`, `staging`, or `shadow`, which writes nothing.
environment: {environment}

listen: 127.0.0.1:8080
# An unguessable last part of the webhook's path, 16 characters or more: `openssl rand -hex 24` makes one.
webhook_secret: env:COSELL_WEBHOOK_SECRET
store: sqlite:state/cosell.db
maps: [{maps}]
# Deals that are there already wait for `cosell backfill start`; `cosell backfill` says what becomes of them.
backfill: ask

partner_center:
{account}  # Your directory, and the app in it.
  tenant: TENANT.onmicrosoft.com
  client_id: APPLICATION-ID
  client_secret: env:PARTNER_CENTER_CLIENT_SECRET
  # `cosell login partner-center` writes it.
  refresh_token: file:secrets/partner-center-refresh-token
  webhook:
    trust: microsoft
    roots: [certificates/microsoft-roots.pem]
    register: true
    # This service as Microsoft reaches it.
    public_url: https://COSELL.EXAMPLE.COM

salesforce:
  # The org's My Domain, and the app whose user the service is.
  login: {login}
  client_id: CONSUMER-KEY
  client_secret: env:SALESFORCE_CLIENT_SECRET
",
        maps = maps.join(", "),
    )
}

/// A workflow that checks and tests the maps.
pub(super) fn workflow(org: Option<&str>) -> String {
    let org = org.map_or_else(String::new, |org| format!(" --org {org}"));
    format!(
        "\
name: cosell
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  maps:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      # The program: build it once, keep it where only you can change it, and put its address into the
      # repository's variable COSELL_URL.
      - name: Get cosell
        run: |
          mkdir -p \"$HOME/bin\"
          curl --fail --silent --show-error --location --output \"$HOME/bin/cosell\" \"$COSELL_URL\"
          chmod +x \"$HOME/bin/cosell\"
          echo \"$HOME/bin\" >> \"$GITHUB_PATH\"
        env:
          COSELL_URL: ${{{{ vars.COSELL_URL }}}}
      - name: Check the maps
        run: cosell check --format github{org}
      - name: Carry out their examples
        run: cosell test{org}
"
    )
}

/// What the project is, for those who find it.
pub(super) fn readme(maps: &[&str], org: Option<&str>) -> String {
    let mut listed = String::new();
    for name in maps {
        // INVARIANT: writing to a string cannot fail.
        let _ = writeln!(
            listed,
            "| `maps/{name}.map` | what is different here from the map `{name}` that cosell ships |"
        );
    }
    let given = org.map_or_else(String::new, |org| format!(" --org {org}"));
    let orgs = org.map_or_else(String::new, |org| {
        format!("| `orgs/{org}` | what the org has; `cosell schema pull --org {org}` brings it up to date |\n")
    });
    format!(
        "\
# Deals shared with Microsoft

cosell keeps the referrals of Partner Center and the records of Salesforce in agreement. This folder says how.

| file | what it is |
|---|---|
{listed}| `maps/examples` | records of the examples |
| `cosell.yaml` | the configuration of the service, without secrets |
{orgs}| `secrets/`, `state/`, `.cosell/` | not in the repository |

Before a change is merged: `cosell check{given}` and `cosell test{given}`; the workflow does both.

To begin:

1. `cosell salesforce package -o salesforce maps{given}` makes the fields that the org lacks; deploy them.
2. Fill in `cosell.yaml`; `cosell login partner-center` signs the person in.
3. `cosell schema pull --org NAME` writes down what the org has, and `cosell check --org NAME` checks the maps against it.
4. `cosell doctor` says what is still to be done; then `cosell serve`.
"
    )
}
