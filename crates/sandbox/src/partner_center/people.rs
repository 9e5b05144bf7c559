//! Who uses Partner Center. In come names and kept documents; out go people, what they are allowed to do,
//! and how they proved who they are. It must not know tokens, nor referrals.

use serde_json::{Value, json};

use crate::sign;

/// What somebody may do with referrals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sees and edits all deals of the company, and registers webhooks.
    Admin,
    /// Sees and edits the deals of which it is a team member.
    User,
    /// No role: sees nothing.
    Nobody,
    /// An application without a user: no referrals, but webhooks.
    App,
}

impl Role {
    /// How orders and documents call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Nobody => "none",
            Self::App => "app",
        }
    }

    /// The role of a word.
    pub(crate) fn named(word: &str) -> Option<Self> {
        [Self::Admin, Self::User, Self::Nobody, Self::App]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

/// The accounts of the partner's directory, with what the sign-in page says of them.
pub(crate) const ACCOUNTS: [(&str, Role, &str); 4] = [
    ("partner", Role::Admin, "Referrals admin"),
    ("cosell", Role::Admin, "Referrals admin, for the service"),
    ("seller", Role::User, "Referrals user"),
    ("guest", Role::Nobody, "no role in Partner Center"),
];

/// Who signed in, what they may do, and whether with a second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user: String,
    pub(crate) mfa: bool,
    pub(crate) role: Role,
}

impl Person {
    /// Somebody who used a second factor.
    pub(crate) fn sure(user: &str) -> Self {
        Self { user: user.to_owned(), mfa: true, role: role(user) }
    }

    /// An application without a user.
    pub(crate) fn app(client_id: &str) -> Self {
        Self { user: client_id.to_owned(), mfa: false, role: Role::App }
    }

    /// An account of the directory by its name, or by its whole address.
    pub(crate) fn account(name: &str) -> Option<Self> {
        let (user, domain) = name.split_once('@').unwrap_or((name, DOMAIN));
        let user = user.to_lowercase();
        let is_known = ACCOUNTS.iter().any(|(known, ..)| *known == user);
        (is_known && domain.eq_ignore_ascii_case(DOMAIN)).then(|| Self::sure(&user))
    }

    /// Reads what `kept` wrote; older documents have no role.
    pub(crate) fn of(kept: &Value) -> Self {
        let text = |name: &str| kept.get(name).and_then(Value::as_str);
        let user = text("user").unwrap_or_default();
        let mfa = kept.get("mfa").and_then(Value::as_bool).unwrap_or(true);
        let role = text("role").and_then(Role::named).unwrap_or_else(|| role(user));
        Self { user: user.to_owned(), mfa, role }
    }

    /// As it is kept with tokens.
    pub(crate) fn kept(&self) -> Value {
        json!({ "user": self.user, "mfa": self.mfa, "role": self.role.word() })
    }

    /// Its id in the directory, which follows from its name.
    pub(crate) fn oid(&self) -> String {
        let hash = sign::sha256(self.user.as_bytes());
        let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
        parts.join("-")
    }

    /// The address that must be in a deal's team for this person to see it; `None`: sees all.
    pub(crate) fn sees_only(&self) -> Option<String> {
        (self.role == Role::User).then(|| self.address())
    }

    /// The address that it signs in with.
    pub(crate) fn address(&self) -> String {
        format!("{}@{DOMAIN}", self.user)
    }
}

/// The partner's domain.
pub(crate) const DOMAIN: &str = "sandbox.example";

/// The role of an account; users that the directory does not know are admins.
fn role(user: &str) -> Role {
    ACCOUNTS.iter().find(|(known, ..)| *known == user).map_or(Role::Admin, |(_, role, _)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_kept_and_found() {
        for (user, role, _) in ACCOUNTS {
            let person = Person::account(&format!("{user}@Sandbox.Example")).unwrap();
            assert_eq!((person.role, person.mfa), (role, true));
            assert_eq!(Person::of(&person.kept()), person);
        }
        assert_eq!(Person::account("partner@elsewhere.example"), None);
        assert_eq!(Person::account("nobody"), None);
        assert_eq!(Person::of(&json!({ "user": "old" })).role, Role::Admin);
        assert_eq!(Role::named("boss"), None);
    }
}
