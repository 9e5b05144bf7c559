//! What an environment is: production, staging or shadow, and what each may do.
//!
//! In: words of the configuration, an address, what an organisation says of itself. Out: kinds, reach, and
//! whether kind and organisation belong together. Must not know: sections, wires.

use std::fmt;

use mapping::schema::System;
use serde::Serialize;

/// What an environment is for, and so what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Real deals.
    Production,
    /// Changes are tried out, in a sandbox of Salesforce.
    Staging,
    /// Reads what others read, writes nothing, and tells what it would have written.
    Shadow,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Production, Kind::Staging, Kind::Shadow];

    /// The word in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Production => "production",
            Kind::Staging => "staging",
            Kind::Shadow => "shadow",
        }
    }

    /// The kind with this name.
    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text)
    }

    /// Why an organisation that says this of itself is none for this kind.
    pub fn refuses(self, org: &OrgKind) -> Option<String> {
        let found = match org {
            OrgKind { is_sandbox: true, .. } => "a sandbox",
            OrgKind { is_sandbox: false, .. } => "no sandbox",
        };
        let wanted = match self {
            Kind::Production if org.is_sandbox => "a production organisation",
            Kind::Staging if !org.is_sandbox && !org.is_for_developers() => "a sandbox",
            Kind::Production | Kind::Staging | Kind::Shadow => return None,
        };
        Some(format!(
            "expected {wanted} in an environment of kind {self}; {} says that it is {found}",
            org.name
        ))
    }

    /// Why an organisation at this address is none for this kind, and what to write.
    pub fn refuses_login(self, login: &str) -> Option<(String, String)> {
        let found = Address::of(login);
        match (self, found) {
            (Kind::Production, Address::Sandbox) => Some((
                "expected the address of a production organisation in an environment of kind production, \
                 found the one of a sandbox"
                    .to_owned(),
                "write `login: https://NAME.my.salesforce.com`, or make the environment `staging`"
                    .to_owned(),
            )),
            (Kind::Staging, Address::Other) => Some((
                "expected the address of a sandbox in an environment of kind staging, found another one"
                    .to_owned(),
                "write `login: https://NAME--SANDBOX.sandbox.my.salesforce.com`, or make the environment \
                 `production`"
                    .to_owned(),
            )),
            (Kind::Shadow, _)
            | (Kind::Production, Address::Other | Address::Local)
            | (Kind::Staging, Address::Sandbox | Address::Local) => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an organisation says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrgKind {
    /// Its name.
    pub name: String,
    /// Its edition.
    pub edition: String,
    /// Whether it is a sandbox, or a scratch organisation.
    pub is_sandbox: bool,
}

impl OrgKind {
    /// What asks for it.
    pub const QUERY: &'static str =
        "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization";

    /// What the answer says.
    pub fn read(row: &str) -> Option<Self> {
        let row: serde_json::Value = serde_json::from_str(row).ok()?;
        let text = |name: &str| row.get(name)?.as_str().map(str::to_owned);
        Some(Self {
            name: text("Name").unwrap_or_default(),
            edition: text("OrganizationType").unwrap_or_default(),
            is_sandbox: row.get("IsSandbox")?.as_bool()?,
        })
    }

    /// Nobody sells from it.
    fn is_for_developers(&self) -> bool {
        self.edition == "Developer Edition"
    }
}

/// What the address of an organisation tells about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    /// This machine: only the organisation itself can say what it is.
    Local,
    /// A sandbox, a scratch organisation or one for developers.
    Sandbox,
    /// Anything else.
    Other,
}

impl Address {
    fn of(login: &str) -> Self {
        let host = login.split_once("://").map_or(login, |(_, rest)| rest);
        let host = host.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let host = host.rsplit_once('@').map_or(host.as_str(), |(_, host)| host);
        if let Some(inner) = host.strip_prefix('[') {
            let is_local = inner.split(']').next() == Some("::1");
            return if is_local { Address::Local } else { Address::Other };
        }
        let host = host.split(':').next().unwrap_or_default();
        let local = host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
        if local || host == "localhost" {
            return Address::Local;
        }
        let inside = ["salesforce.com", "salesforce.mil", "sfcrmproducts.cn"]
            .iter()
            .find_map(|domain| host.strip_suffix(domain)?.strip_suffix('.'));
        let Some(inside) = inside else { return Address::Other };
        let mut labels = inside.split('.');
        let first = labels.next().unwrap_or_default();
        let named = labels.any(|label| matches!(label, "sandbox" | "scratch" | "develop"));
        if named || first == "test" || first.contains("--") || first.ends_with("-dev-ed") {
            Address::Sandbox
        } else {
            Address::Other
        }
    }
}

/// Whose the referrals of a staging environment's partner account are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Account {
    /// Its own: nobody else works with them.
    Own,
    /// A production environment's: they are read only.
    Shared,
}

/// Where an environment writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// To both systems.
    Both,
    /// To Salesforce; what would go to Partner Center is told.
    SalesforceOnly,
    /// To neither; all of it is told.
    Nothing,
}

impl Reach {
    /// That of an environment.
    pub fn of(kind: Kind, account: Account) -> Self {
        match (kind, account) {
            (Kind::Shadow, _) => Reach::Nothing,
            (Kind::Staging, Account::Shared) => Reach::SalesforceOnly,
            (Kind::Production, _) | (Kind::Staging, Account::Own) => Reach::Both,
        }
    }

    /// Whether a system is written to.
    pub fn writes(self, system: System) -> bool {
        match (self, system) {
            (Reach::Both, _) | (Reach::SalesforceOnly, System::Salesforce) => true,
            (Reach::SalesforceOnly, System::PartnerCenter) | (Reach::Nothing, _) => false,
        }
    }
}

/// An environment of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_what_is_behind_it() {
        for (login, wanted) in [
            ("https://acme.my.salesforce.com", Address::Other),
            ("https://login.salesforce.com", Address::Other),
            ("https://proxy.acme.example", Address::Other),
            ("https://test.salesforce.com", Address::Sandbox),
            ("https://test.salesforce.com.evil.example", Address::Other),
            ("https://acme--uat.sandbox.my.salesforce.com/", Address::Sandbox),
            ("https://ACME--UAT.sandbox.my.salesforce.com:443/x", Address::Sandbox),
            ("https://acme--uat.cs102.my.salesforce.com", Address::Sandbox),
            ("https://deal-ant-123-dev-ed.scratch.my.salesforce.com", Address::Sandbox),
            ("https://acme-dev-ed.develop.my.salesforce.com", Address::Sandbox),
            ("https://sandbox.my.salesforce.com", Address::Other),
            ("http://127.0.0.1:8701", Address::Local),
            ("http://localhost:8701/", Address::Local),
            ("http://[::1]:8701", Address::Local),
            ("http://127.0.0.1@acme.my.salesforce.com", Address::Other),
            ("http://127.0.0.1.example.com", Address::Other),
        ] {
            assert_eq!(Address::of(login), wanted, "{login}");
        }
    }

    #[test]
    fn kind_and_organisation_must_belong_together() {
        let org = |is_sandbox, edition: &str| OrgKind {
            name: "Acme".to_owned(),
            edition: edition.to_owned(),
            is_sandbox,
        };
        let refuses = |kind: Kind, org: &OrgKind| kind.refuses(org).is_some();
        let (real, copy) = (org(false, "Enterprise Edition"), org(true, "Enterprise Edition"));
        assert!(!refuses(Kind::Production, &real) && refuses(Kind::Production, &copy));
        assert!(refuses(Kind::Staging, &real) && !refuses(Kind::Staging, &copy));
        assert!(!refuses(Kind::Staging, &org(false, "Developer Edition")));
        assert!(!refuses(Kind::Shadow, &real) && !refuses(Kind::Shadow, &copy));
        let said = Kind::Production.refuses(&copy).unwrap();
        assert!(said.contains("Acme") && said.contains("production"), "{said}");
        assert_eq!(
            OrgKind::read(r#"{"Name":"Acme"}"#),
            None,
            "what it does not say is not assumed"
        );
    }

    #[test]
    fn only_the_owner_of_the_account_writes_to_it() {
        for (kind, account, both) in [
            (Kind::Production, Account::Own, (true, true)),
            (Kind::Staging, Account::Own, (true, true)),
            (Kind::Staging, Account::Shared, (false, true)),
            (Kind::Shadow, Account::Own, (false, false)),
            (Kind::Shadow, Account::Shared, (false, false)),
        ] {
            let reach = Reach::of(kind, account);
            let found = (reach.writes(System::PartnerCenter), reach.writes(System::Salesforce));
            assert_eq!(found, both, "{kind} {account:?}");
        }
    }
}
