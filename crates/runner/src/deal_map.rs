//! A compiled mapping with what the service derives from it once.
//!
//! In: a plan and the schemas it was compiled with. Out: what to select, what to watch, how parents
//! of child records are reached. Must not know: wires, the store.

use std::collections::BTreeSet;

use connect::salesforce::{ChildSelect, MASTER, Select};
use mapping::decision::{ChildReads, Side};
use mapping::plan::Plan;
use mapping::schema::{Schemas, System};

use crate::half;

/// A child object whose changes concern a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Such as `Microsoft_Solution__c`.
    pub object: String,
    /// Its field that refers to the deal, such as `Opportunity__c`.
    pub parent_field: String,
    /// What is read of its other parents, such as `Contact.Phone`.
    pub beyond: Vec<String>,
}

/// The parents that dotted names lead through, each once: `Account` and `Account.Owner` for `Account.Owner.Name`.
pub fn parents(fields: &[String]) -> BTreeSet<&str> {
    let through =
        |field: &'_ String| field.match_indices('.').map(|(at, _)| at).collect::<Vec<_>>();
    let parents =
        fields.iter().flat_map(|field| through(field).into_iter().filter_map(|at| field.get(..at)));
    parents.collect()
}

/// The record that a child record refers to beside the deal, such as a role's contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The child's field, such as `ContactId`.
    pub field: String,
    /// The object it refers to, such as `Contact`.
    pub object: String,
}

/// A mapping in service.
#[derive(Debug)]
pub struct DealMap {
    plan: Plan,
    object: String,
    key_field: String,
    reference: String,
    select: Select,
    names_half: bool,
    reads_half: bool,
    can_merge: bool,
    watches: Vec<Watch>,
    schemas: Schemas,
    source: String,
}

impl DealMap {
    /// Takes a plan into service. Refuses one whose left side is not Partner Center or whose right
    /// side is not Salesforce.
    pub fn new(plan: Plan, schemas: &Schemas) -> Result<Self, String> {
        let systems = (plan.system(Side::Left), plan.system(Side::Right));
        if systems != (System::PartnerCenter, System::Salesforce) {
            return Err(format!(
                "expected the mapping {} to name a partner_center side and then a salesforce side",
                plan.name()
            ));
        }
        let (left, reads) = (plan.reads(Side::Left), plan.reads(Side::Right));
        let watch = |child: &ChildReads| Watch {
            object: child.object.clone(),
            parent_field: child.parent_field.clone(),
            beyond: child.fields.iter().filter(|field| field.contains('.')).cloned().collect(),
        };
        let watches = reads.children.iter().map(watch).collect();
        let children = reads
            .children
            .into_iter()
            .map(|child| ChildSelect { relationship: child.relationship, fields: child.fields });
        let mut fields = reads.fields;
        fields.push("CreatedDate".to_owned());
        let select = Select { fields, children: children.collect(), deleted: false };
        let object = plan.object(Side::Right).to_owned();
        Ok(Self {
            object,
            key_field: plan.key_fields().1.to_owned(),
            reference: plan.external_reference().unwrap_or("externalReferenceId").to_owned(),
            select,
            names_half: left.fields.iter().any(|path| half::is_of_half(path)),
            reads_half: left.fields.iter().any(|path| half::is_read_of_half(path)),
            can_merge: schemas
                .object(System::Salesforce, plan.object(Side::Right))
                .is_some_and(|object| object.field(MASTER).is_some()),
            watches,
            schemas: schemas.clone(),
            source: String::new(),
            plan,
        })
    }

    /// With the text that its lines are counted in: its own and its bases', one after the other.
    #[must_use]
    pub fn with_source(self, source: String) -> Self {
        Self { source, ..self }
    }

    /// What a line of the plan says; none when the text is not known.
    pub fn line(&self, map_line: usize) -> Option<&str> {
        self.source.lines().nth(map_line.checked_sub(1)?).map(str::trim)
    }

    /// The compiled plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The CRM object, such as `Opportunity`.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The CRM field that holds the referral's id.
    pub fn key_field(&self) -> &str {
        &self.key_field
    }

    /// The referral's field that holds the CRM record's id.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What is read of a CRM record.
    pub fn select(&self) -> &Select {
        &self.select
    }

    /// Whether the plan asks whether there is a half of Microsoft's.
    pub fn names_half(&self) -> bool {
        self.names_half
    }

    /// Whether the plan reads of Microsoft's half of the deal.
    pub fn reads_half(&self) -> bool {
        self.reads_half
    }

    /// Whether records of the CRM object can be merged into one another.
    pub fn can_merge(&self) -> bool {
        self.can_merge
    }

    /// The child objects that the plan reads.
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }

    /// Where a child object's `relationship` leads, such as `Contact` of a contact role.
    pub fn parent(&self, child: &str, relationship: &str) -> Option<Parent> {
        let object = self.schemas.object(System::Salesforce, child)?;
        let field = object.reference(relationship)?;
        let target = field.reference_to.clone().unwrap_or_else(|| relationship.to_owned());
        Some(Parent { field: field.name.clone(), object: target })
    }
}
