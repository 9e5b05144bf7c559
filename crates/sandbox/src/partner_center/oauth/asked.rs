//! What a sign-in or token request asks for. In come the pairs of a form or of a query; out go the resource
//! and the scopes, in the older (`resource`) and the newer (`scope`) form. It must not know tokens.

use super::{super::auth::Audience, refusal::No};

/// Pairs of a form or a query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairs<'a>(pub(super) &'a [(String, String)]);

impl<'a> Pairs<'a> {
    /// The first value of a name; empty ones are as good as none.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    pub(super) fn need(self, name: &str) -> Result<&'a str, No> {
        self.text(name).ok_or_else(|| No::missing(name))
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// `None`: nothing but who the user is.
    pub(super) audience: Option<Audience>,
    pub(super) openid: bool,
    /// A refresh token is wanted; the older form always brings one.
    pub(super) offline: bool,
    /// Whether the newer form asked.
    pub(super) newer: bool,
    pub(super) permission: Permission,
}

/// What of a resource is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    /// `user_impersonation`.
    Named,
    /// `.default`: all that was consented to.
    All,
}

/// Scopes that belong to no resource.
const OPENID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

impl Asked {
    /// Reads `resource` (and `scope` beside it), or `scope` alone.
    pub(super) fn read(pairs: Pairs<'_>, newer: bool) -> Result<Self, No> {
        let scope = pairs.text("scope").unwrap_or_default();
        let words: Vec<&str> = scope.split_whitespace().collect();
        let has = |word: &str| words.iter().any(|one| one.eq_ignore_ascii_case(word));
        if !newer {
            let audience = pairs.text("resource").map(resource).transpose()?;
            let openid = has("openid");
            return Ok(Self {
                audience,
                openid,
                offline: true,
                newer,
                permission: Permission::All,
            });
        }
        if let Some(resource) = pairs.text("resource") {
            let text = format!(
                "The resource '{resource}' is given beside a scope. Endpoint v2.0 does not take 'resource'."
            );
            return Err(No::new("invalid_request", 901_002, text));
        }
        if words.is_empty() {
            return Err(No::missing("scope"));
        }
        let mut asked = Self {
            audience: None,
            openid: has("openid"),
            offline: has("offline_access"),
            newer,
            permission: Permission::Named,
        };
        for word in words.iter().filter(|word| !OPENID.contains(word)) {
            asked.add(word, scope)?;
        }
        Ok(asked)
    }

    fn add(&mut self, word: &str, scope: &str) -> Result<(), No> {
        let wrong = || {
            let text = format!(
                "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            );
            No::new("invalid_scope", 70_011, text)
        };
        let (address, permission) = word.rsplit_once('/').ok_or_else(wrong)?;
        // A resource whose name ends in a slash is asked for with two of them.
        let audience = Audience::named(address.trim_end_matches('/')).ok_or_else(wrong)?;
        let is_default = permission == ".default";
        if !is_default && permission != "user_impersonation" {
            let text = format!("The application asked for scope '{word}' that doesn't exist.");
            return Err(No::new("invalid_scope", 650_053, text));
        }
        if self.audience.is_some_and(|other| other != audience) {
            let text = "Provided value for the input parameter scope is not valid because it contains more than one resource.";
            return Err(No::new(
                "invalid_scope",
                28_000,
                format!("{text} Scope {scope} is not valid."),
            ));
        }
        self.audience = Some(audience);
        if is_default {
            self.permission = Permission::All;
        }
        Ok(())
    }

    /// The scopes that a token answers with.
    pub(super) fn scopes(&self) -> String {
        let Some(audience) = self.audience.filter(|_| self.newer) else {
            return if self.newer { "openid profile" } else { "user_impersonation" }.to_owned();
        };
        let address = audience.address();
        let mut scopes = format!("{address}/user_impersonation");
        if self.permission == Permission::All {
            scopes = format!("{scopes} {address}/.default");
        }
        scopes
    }
}

fn resource(name: &str) -> Result<Audience, No> {
    Audience::named(name.trim_end_matches('/')).ok_or_else(|| {
        let text = format!(
            "The resource principal named {name} was not found in the tenant. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any \
             user in the tenant."
        );
        No::new("invalid_resource", 500_011, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)], newer: bool) -> Result<Asked, i64> {
        let owned: Vec<(String, String)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Asked::read(Pairs(&owned), newer).map_err(|no| no.code)
    }

    #[test]
    fn both_forms_are_read() {
        let v1 =
            read(&[("resource", "https://api.partner.microsoft.com"), ("scope", "openid")], false);
        let v1 = v1.unwrap();
        assert_eq!((v1.audience, v1.openid), (Some(Audience::Referrals), true));
        assert_eq!(v1.scopes(), "user_impersonation");
        let scope =
            "https://api.partnercenter.microsoft.com/user_impersonation offline_access openid";
        let v2 = read(&[("scope", scope)], true).unwrap();
        assert_eq!((v2.audience, v2.openid, v2.offline), (Some(Audience::Webhooks), true, true));
        assert_eq!(v2.scopes(), "https://api.partnercenter.microsoft.com/user_impersonation");
        for by_id in
            ["4990cffe-04e8-4e8b-808a-1175604b879f", "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"]
        {
            assert!(read(&[("resource", by_id)], false).unwrap().audience.is_some());
        }
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let both = "https://api.partner.microsoft.com/.default https://api.partnercenter.microsoft.com/.default";
        for (scope, code) in [
            ("https://graph.microsoft.com/.default", 70_011),
            ("https://api.partner.microsoft.com.evil.example/.default", 70_011),
            ("everything", 70_011),
            ("https://api.partner.microsoft.com/delete_all", 650_053),
            (both, 28_000),
            ("", 900_144),
        ] {
            assert_eq!(read(&[("scope", scope)], true), Err(code), "{scope}");
        }
        assert_eq!(read(&[("resource", "https://graph.microsoft.com")], false), Err(500_011));
        assert_eq!(read(&[("resource", "x"), ("scope", "openid")], true), Err(901_002));
    }
}
