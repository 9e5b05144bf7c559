//! Names looked up. In comes what a query says; out goes the same with objects, fields and typed values,
//! or the refusal for the first name or value that does not fit. It must not know rows.

use std::rc::Rc;

use super::{
    conditions::conditions,
    group::{self, Grouping},
    pointing,
    through::{self, Through},
    tree::{self, Behind, Column, Every, Operator, Path, Scope},
};
use crate::{
    decimal::Decimal,
    salesforce::{
        model::{Field, Link, Object, Org},
        refusal::Done,
    },
};

/// Most parents between a query's object and a field.
const MOST_PARENTS: usize = 5;
/// Most rows of a query that asks for fields without naming them.
const MOST_WITH_EVERY: usize = 200;
/// What every unknown field's message ends with.
const HINT: &str = "If you are attempting to use a custom field, be sure to append the '__c' after the \
    custom field name. Please reference your WSDL or the describe call for the appropriate names.";

/// How deep sub-selects may nest, and from which version on more than one level.
const MOST_CHILDREN: usize = 4;
const DEEP_SINCE: u32 = 58;

/// A field reached over parents, and what becomes of its value.
#[derive(Debug, Clone)]
pub(super) struct Reach<'o> {
    pub(super) parents: Vec<(&'o Field, &'o Link)>,
    pub(super) field: &'o Field,
    pub(super) through: Option<Through>,
}

impl<'o> Reach<'o> {
    /// The field that conditions go by.
    pub(super) fn asked(&self) -> &'o Field {
        match self.through {
            Some(through) => through.field(),
            None => self.field,
        }
    }
}

/// A query whose names are known.
#[derive(Debug)]
pub(super) struct Query<'o> {
    pub(super) object: &'o Object,
    pub(super) columns: Vec<Shown<'o>>,
    pub(super) counts: bool,
    pub(super) scope: Scope,
    pub(super) grouping: Option<Grouping<'o>>,
    pub(super) filter: Option<Filter<'o>>,
    pub(super) order: Vec<Order<'o>>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) all_rows: bool,
}

#[derive(Debug)]
pub(super) enum Shown<'o> {
    /// With the name that it is shown by.
    Field(Reach<'o>, String),
    Children {
        name: &'o str,
        by: &'o Field,
        query: Box<Query<'o>>,
    },
    /// For each kind of row that a relationship leads to, what is shown of it.
    Kinds {
        parents: Vec<(&'o Field, &'o Link)>,
        whens: Vec<(&'o Object, Vec<Reach<'o>>)>,
        otherwise: Vec<Reach<'o>>,
    },
}

#[derive(Debug)]
pub(super) struct Order<'o> {
    pub(super) reach: Reach<'o>,
    pub(super) descending: bool,
    pub(super) nulls_last: bool,
}

/// A condition on what a row reaches, or on another subject.
#[derive(Debug, Clone)]
pub(super) enum Filter<'o, S = Reach<'o>> {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare {
        reach: S,
        operator: Operator,
        value: Operand,
    },
    In {
        reach: S,
        negated: bool,
        values: Vec<Operand>,
    },
    /// The rows of another query, and the field of theirs whose values count.
    Within {
        reach: S,
        negated: bool,
        query: Rc<Query<'o>>,
        of: Reach<'o>,
    },
    /// In lower case; each entry's parts must all be there.
    Includes {
        reach: S,
        negated: bool,
        values: Vec<Vec<String>>,
    },
}

/// A value in the form that it is compared in.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Null,
    Flag(bool),
    Number(Decimal),
    /// In lower case; for LIKE with its escapes.
    Text(String),
    Id(String),
    /// A stored day or moment; both sort as text.
    Time(String),
    /// From the first up to the second of such.
    Span(String, String),
}

/// Looks up the names of a query.
pub(super) fn query<'o>(ground: Ground<'o, '_>, query: &tree::Query) -> Done<Query<'o>> {
    let (org, text) = (ground.org, ground.text);
    let name = &query.from.text;
    let object = org.named(name).ok_or_else(|| {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, \
             be sure to append the '__c' after the entity name. Please reference your WSDL or the \
             describe call for the appropriate names."
        );
        pointing(text, query.from.at, "INVALID_TYPE", &message)
    })?;
    resolve(ground, query, object, 0)
}

/// What a query stands on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'o, 't> {
    pub(super) org: &'o Org,
    /// The text of the query.
    pub(super) text: &'t str,
    /// The version of the interface.
    pub(super) version: u32,
}

/// Where a path begins: the object, and the name that it has in this query.
#[derive(Clone, Copy)]
struct Place<'o, 't> {
    ground: Ground<'o, 't>,
    object: &'o Object,
    alias: Option<&'t str>,
}

impl<'o> Place<'o, '_> {
    fn reach(self, path: &Path) -> Done<Reach<'o>> {
        reach(self, path)
    }
}

fn resolve<'o>(
    ground: Ground<'o, '_>,
    query: &tree::Query,
    object: &'o Object,
    depth: usize,
) -> Done<Query<'o>> {
    let text = ground.text;
    let place = Place { ground, object, alias: query.alias.as_deref() };
    let find = |path: &Path| place.reach(path);
    let grouping = group::is_grouped(query).then(|| group::resolve(ground, query, &find));
    let grouping = grouping.transpose()?;
    let columns = if grouping.is_some() { Vec::new() } else { columns(place, query, depth)? };
    let subject = |path: &Path| -> Done<(Reach<'o>, &'o Field)> {
        let found = place.reach(path)?;
        filterable(text, path, found.field, "filtered")?;
        let field = found.asked();
        Ok((found, field))
    };
    let filter = query.filter.as_ref().map(|filter| conditions(ground, filter, &subject));
    let filter = filter.transpose()?;
    if query.scope == Scope::Mine && object.field("OwnerId").is_none() {
        let message = format!("scope 'mine' is not supported for {}", object.name);
        return Err(pointing(text, query.from.at, "INVALID_QUERY_SCOPE", &message));
    }
    let mut order = Vec::new();
    for item in query.order.iter().filter(|_| grouping.is_none()) {
        let reach = place.reach(&item.path)?;
        filterable(text, &item.path, reach.field, "sorted")?;
        order.push(Order { reach, descending: item.descending, nulls_last: item.nulls_last });
    }
    Ok(Query {
        object,
        columns,
        counts: query.counts,
        scope: query.scope,
        grouping,
        filter,
        order,
        limit: query.limit,
        offset: query.offset,
        all_rows: query.all_rows,
    })
}

fn columns<'o>(place: Place<'o, '_>, query: &tree::Query, depth: usize) -> Done<Vec<Shown<'o>>> {
    let Place { ground, object, .. } = place;
    let text = ground.text;
    let mut columns: Vec<Shown<'o>> = Vec::new();
    for column in &query.columns {
        match column {
            Column::Field { path, alias } => {
                let found = place.reach(path)?;
                let column = field_column(text, path, found, alias.as_deref(), &columns)?;
                columns.push(column);
            }
            Column::Every(which, at) => {
                let few = query.limit.is_some_and(|limit| limit <= MOST_WITH_EVERY);
                if *which != Every::Standard && !few {
                    let message = "The SOQL FIELDS function must have a LIMIT of at most 200";
                    return Err(pointing(text, *at, "MALFORMED_QUERY", message));
                }
                for field in object.fields.iter().filter(|field| which.has(field.is_custom())) {
                    let path = Path::new(field.name.clone(), *at);
                    let found = Reach { parents: Vec::new(), field, through: None };
                    columns.push(field_column(text, &path, found, None, &columns)?);
                }
            }
            Column::Children(inner) => columns.push(children(ground, inner, object, depth)?),
            Column::Kinds { path, whens, otherwise } => {
                columns.push(kinds(place, path, whens, otherwise)?);
            }
        }
    }
    Ok(columns)
}

fn field_column<'o>(
    text: &str,
    path: &Path,
    found: Reach<'o>,
    alias: Option<&str>,
    before: &[Shown<'o>],
) -> Done<Shown<'o>> {
    match (path.behind, alias) {
        (Behind::Nothing, Some(_)) => {
            let message = "only aggregate expressions use field aliasing";
            return Err(pointing(text, path.at, "MALFORMED_QUERY", message));
        }
        (Behind::Value(Through::Part(_)), _) => {
            let message = format!("Field must be grouped or aggregated: {}", path.text);
            return Err(pointing(text, path.at, "MALFORMED_QUERY", &message));
        }
        (Behind::Nothing | Behind::Value(_) | Behind::Group(_), _) => {}
    }
    let name = alias.unwrap_or(&found.field.name).to_owned();
    let parents = |reach: &Reach<'o>| -> Vec<&'o str> {
        reach.parents.iter().map(|(field, _)| field.name.as_str()).collect()
    };
    let same = |shown: &Shown<'o>| match shown {
        Shown::Field(other, shown) => parents(other) == parents(&found) && *shown == name,
        Shown::Children { .. } | Shown::Kinds { .. } => false,
    };
    if before.iter().any(same) {
        let message = format!("duplicate field selected: {name}");
        return Err(pointing(text, path.at, "MALFORMED_QUERY", &message));
    }
    Ok(Shown::Field(found, name))
}

/// What `TYPEOF` shows of a relationship that may lead to several kinds of rows.
fn kinds<'o>(
    place: Place<'o, '_>,
    path: &Path,
    whens: &[(Path, Vec<Path>)],
    otherwise: &[Path],
) -> Done<Shown<'o>> {
    let Ground { org, text, .. } = place.ground;
    let (parents, first) = walk(place, path, path.text.split('.'))?;
    let Some((_, link)) = parents.last().filter(|(_, link)| link.to.len() > 1) else {
        let message =
            format!("TYPEOF is for relationships to several objects, not for {}", path.text);
        return Err(pointing(text, path.at, "MALFORMED_QUERY", &message));
    };
    let fields = |object: &'o Object, paths: &[Path]| -> Done<Vec<Reach<'o>>> {
        let place = Place { object, alias: None, ..place };
        paths.iter().map(|path| place.reach(path)).collect()
    };
    let mut shown = Vec::new();
    for (kind, paths) in whens {
        let object = org.named(&kind.text).filter(|object| link.leads_to(&object.name));
        let object = object.ok_or_else(|| {
            let message = format!("{} does not lead to {}", path.text, kind.text);
            pointing(text, kind.at, "INVALID_TYPE", &message)
        })?;
        shown.push((object, fields(object, paths)?));
    }
    // What the others have in common is looked for in the first that has it.
    let mut others = link.to.iter().filter_map(|to| org.named(to));
    let common = others.find(|object| fields(object, otherwise).is_ok()).unwrap_or(first);
    let otherwise = fields(common, otherwise)?;
    Ok(Shown::Kinds { parents, whens: shown, otherwise })
}

fn children<'o>(
    ground: Ground<'o, '_>,
    inner: &tree::Query,
    object: &'o Object,
    depth: usize,
) -> Done<Shown<'o>> {
    let Ground { org, text, version } = ground;
    let name = &inner.from.text;
    let most = if version < DEEP_SINCE { 1 } else { MOST_CHILDREN };
    if depth >= most {
        let message = format!("sub-selects nest {most} deep at most");
        return Err(pointing(text, inner.from.at, "MALFORMED_QUERY", &message));
    }
    let Some((child, by, link)) = org.children_named(object, name) else {
        let message = format!(
            "Didn't understand relationship '{name}' in FROM part of query call. If you are \
             attempting to use a custom relationship, be sure to append the '__r' after the custom \
             relationship name. Please reference your WSDL or the describe call for the appropriate \
             names."
        );
        return Err(pointing(text, inner.from.at, "INVALID_TYPE", &message));
    };
    let query = Box::new(resolve(ground, inner, child, depth + 1)?);
    if query.grouping.is_some() || query.counts {
        let message = "a sub-select shows rows, not what is counted of them";
        return Err(pointing(text, inner.from.at, "MALFORMED_QUERY", message));
    }
    Ok(Shown::Children { name: link.children.as_deref().unwrap_or_default(), by, query })
}

/// Follows names from parent to parent.
fn walk<'o, 'p>(
    place: Place<'o, '_>,
    path: &Path,
    parts: impl Iterator<Item = &'p str>,
) -> Done<(Vec<(&'o Field, &'o Link)>, &'o Object)> {
    let Place { ground: Ground { org, text, .. }, object, .. } = place;
    let mut parents = Vec::new();
    let mut here = object;
    for part in parts {
        let next = here.parent(part).and_then(|(field, link)| {
            let target = link.to.iter().find_map(|to| org.named(to));
            target.map(|object| ((field, link), object))
        });
        let Some((parent, object)) = next else {
            let message = format!(
                "Didn't understand relationship '{part}' in field path. If you are attempting to use \
                 a custom relationship, be sure to append the '__r' after the custom relationship \
                 name. Please reference your WSDL or the describe call for the appropriate names."
            );
            return Err(pointing(text, path.at, "INVALID_FIELD", &message));
        };
        parents.push(parent);
        here = object;
    }
    Ok((parents, here))
}

fn reach<'o>(place: Place<'o, '_>, path: &Path) -> Done<Reach<'o>> {
    let Place { ground: Ground { org, text, .. }, object, alias } = place;
    let mut parts: Vec<&str> = path.text.split('.').collect();
    // A path may begin with the object's own name, or the one that it has in this query.
    let own = |part: &&str| {
        part.eq_ignore_ascii_case(&object.name)
            || alias.is_some_and(|alias| part.eq_ignore_ascii_case(alias))
    };
    if parts.len() > 1 && parts.first().is_some_and(own) {
        parts.remove(0);
    }
    let last = parts.pop().unwrap_or_default();
    if parts.len() > MOST_PARENTS {
        let message = "a field path may go over five parents at most";
        return Err(pointing(text, path.at, "INVALID_FIELD", message));
    }
    let (parents, here) = walk(place, path, parts.into_iter())?;
    let several = parents.last().filter(|(_, link)| link.to.len() > 1);
    if several.is_some() && last.eq_ignore_ascii_case("Type") {
        return Ok(Reach { parents, field: through::kind_field(), through: Some(Through::Kind) });
    }
    let kinds = several.into_iter().flat_map(|(_, link)| &link.to).filter_map(|to| org.named(to));
    let field = [here].into_iter().chain(kinds).find_map(|object| object.field(last));
    let field = field.ok_or_else(|| {
        // What the parents have in common is an entity of its own.
        let entity = if several.is_some() { "Name" } else { &here.name };
        let message = format!("No such column '{last}' on entity '{entity}'. {HINT}");
        pointing(text, path.at, "INVALID_FIELD", &message)
    })?;
    let through = match path.behind {
        Behind::Nothing => None,
        Behind::Value(through) if through.takes(field) => Some(through),
        Behind::Value(_) => {
            let message = format!("field '{}' is not supported by the function", field.name);
            return Err(pointing(text, path.at, "INVALID_FIELD", &message));
        }
        Behind::Group(_) => {
            let message = "an aggregate function is for SELECT, HAVING and ORDER BY";
            return Err(pointing(text, path.at, "MALFORMED_QUERY", message));
        }
    };
    Ok(Reach { parents, field, through })
}

pub(super) fn filterable(text: &str, path: &Path, field: &Field, what: &str) -> Done<()> {
    if field.is_filterable() {
        return Ok(());
    }
    let message = format!("field '{}' can not be {what} in a query call", field.name);
    Err(pointing(text, path.at, "INVALID_FIELD", &message))
}
