//! The organisation as it is now: objects, rules, and what each user sees of it. In come rules; out goes
//! what one call works with from its beginning to its end. It must not know rows or HTTP.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::salesforce::{
    model::Org,
    rules::{self, Rule},
};

/// One state of the organisation.
#[derive(Debug)]
pub(crate) struct Orgs {
    /// All of it.
    pub(crate) whole: Arc<Org>,
    pub(crate) rules: Vec<Rule>,
    /// Since when it is so, in seconds since 1970.
    pub(crate) since: i64,
    /// Of users who do not see all of it, by alias.
    views: HashMap<String, Org>,
}

impl Orgs {
    fn new(whole: Arc<Org>, rules: Vec<Rule>, since: i64) -> Self {
        let users = rules.iter().filter_map(|rule| Some(rule.user()?.to_lowercase()));
        let views = users.filter_map(|user| {
            let view = rules::view(&whole, &rules, &user)?;
            Some((user, view))
        });
        let views = views.collect();
        Self { whole, rules, since, views }
    }

    /// The organisation as a user sees it.
    pub(crate) fn seen_by(&self, alias: &str) -> &Org {
        if self.views.is_empty() {
            return &self.whole;
        }
        self.views.get(&alias.to_lowercase()).unwrap_or(&self.whole)
    }
}

/// The state that is now, shared by all who answer.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<RwLock<Arc<Orgs>>>);

impl Shared {
    /// An organisation without rules.
    pub(crate) fn new(org: Org) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(Orgs::new(Arc::new(org), Vec::new(), 0)))))
    }

    /// The state that is now.
    pub(crate) fn now(&self) -> Arc<Orgs> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From the next call on these rules hold; `since`: what time it is, in seconds since 1970.
    pub(crate) fn set(&self, rules: Vec<Rule>, since: i64) {
        let orgs = Orgs::new(Arc::clone(&self.now().whole), rules, since);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(orgs);
    }
}
