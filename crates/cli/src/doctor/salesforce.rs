//! Salesforce: the sign-in, the organisation, the objects and fields that the maps need, the limits.
//!
//! In: a client, the maps. Out: checks. Must not know: how a map is checked.

use std::collections::BTreeSet;
use std::path::Path;

use connect::{Error, Salesforce};
use mapping::needs::Needs;
use mapping::schema::{Description, Schemas, System};
use runner::config::{Config, OrgKind};

use super::host::maps_in_words;
use super::seller::Needed;
use super::{Check, LIMIT_REACHED, failed, unsigned};
use crate::terminal::shown;

/// More of the daily limit than this is worth a word, in percent.
const MUCH: u64 = 80;

/// All of them.
pub(super) async fn look(config: &Config, org: &Salesforce, seller: Option<&str>) -> Vec<Check> {
    let file = config.salesforce.sign_in.token_file();
    let id = "salesforce-sign-in";
    let user = match file.filter(|file| !file.is_there()) {
        Some(file) => Err(unsigned(id, file)),
        None => org.identity().await.map_err(|error| failed(id, &error)),
    };
    let user = match user {
        Ok(user) => user,
        Err(trouble) => {
            return vec![
                trouble,
                Check::skipped("salesforce-org", "not signed in"),
                Check::skipped("salesforce-maps", "not signed in"),
            ];
        }
    };
    let said = format!("signed in at {} as user {user}", config.salesforce.login);
    let mut checks = vec![Check::fine(id, said)];
    let version = super::version::look(config, org).await;
    let no_version = super::version::stops(&version);
    checks.push(version);
    if no_version {
        checks.push(Check::skipped("salesforce-org", "no version to ask with"));
        checks.push(Check::skipped("salesforce-maps", "no version to ask with"));
        return checks;
    }
    checks.push(organization(config, org).await);
    let (found, objects) = maps(config, org, seller).await;
    checks.extend(found);
    checks.extend(super::events::look(config, org, &objects).await);
    match org.objects().await {
        Ok(objects) => checks.extend(super::pages::settings(&objects)),
        Err(error) => checks.push(failed("salesforce-notes", &error)),
    }
    let reached = checks.iter().any(|check| check.to_do.as_deref() == Some(LIMIT_REACHED));
    checks.push(if reached {
        let said = "the org takes no more calls: as many as it may answer in 24 hours were made";
        Check::wrong("salesforce-limit", said, LIMIT_REACHED)
    } else {
        limit(org)
    });
    checks
}

/// What kind of organisation it is, and whether the environment is for such a one.
async fn organization(config: &Config, org: &Salesforce) -> Check {
    let id = "salesforce-org";
    let found = match org.query(OrgKind::QUERY).await {
        Ok(rows) => rows.first().and_then(|row| OrgKind::read(row)),
        Err(error) => return failed(id, &error),
    };
    let Some(found) = found else {
        return Check::wrong(
            id,
            "the organisation does not say whether it is a sandbox",
            "let the sync user see Organization.IsSandbox",
        );
    };
    let environment = &config.environment;
    if let Some(why) = environment.kind.refuses(&found) {
        let to_do = "write the address of the organisation that is meant, or another `kind`; the service does \
                     nothing in this environment until then";
        return Check::wrong(id, why, to_do);
    }
    let kind = if found.is_sandbox { "a sandbox" } else { "a production organisation" };
    let OrgKind { name, edition, .. } = &found;
    Check::fine(id, format!("{name} ({edition}), {kind}, for the environment {environment}"))
}

/// Each map against the org as the sync user sees it, and as a seller does; and the objects that they look into.
async fn maps(
    config: &Config,
    org: &Salesforce,
    seller: Option<&str>,
) -> (Vec<Check>, BTreeSet<String>) {
    let (mut checks, mut objects, mut needed) = (Vec::new(), BTreeSet::new(), Needed::default());
    let mut files: Vec<(String, String)> = Vec::new();
    for path in &config.maps {
        let Some((name, text)) = read(path) else { continue };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut bases =
            |base: &str, asking: &str| runner::serve::base_beside(&folder, base, asking, &shown);
        let Ok(needs) = Needs::read(&name, &text, &mut bases) else { continue };
        match described(&needs, org, &mut files).await {
            Ok(missing) => checks.extend(missing),
            Err(error) => return (vec![failed("salesforce-objects", &error)], objects),
        }
        let mut compile = |files: &[(String, String)]| {
            let read = mapping::schema::Org::read("the org", files).ok()?;
            let known = read.schemas(Schemas::built_in());
            Some((mapping::compile_with(&name, &text, &known, &mut bases), known))
        };
        let Some((mut compiled, mut known)) = compile(&files) else { continue };
        if let Some(given) = super::rights::look(&files, &compiled, &mut compile) {
            checks.extend(given.checks);
            (compiled, known) = (given.compiled, given.known);
        }
        checks.extend(super::fields::look(&compiled.report, &text));
        if let Some(plan) = &compiled.plan {
            checks.push(key(&known, plan));
            let object = plan.object(mapping::decision::Side::Right);
            let children = plan.reads(mapping::decision::Side::Right).children;
            objects.insert(object.to_owned());
            objects.extend(children.into_iter().map(|child| child.object));
            let uses = plan.uses(&known);
            needed.add(object, &uses);
            let wanted = super::pages::wanted(object, &uses, &known);
            checks.push(match org.layouts(object).await {
                Ok(text) => super::pages::look(object, &wanted, &text),
                Err(error) => failed("salesforce-page", &error),
            });
        }
    }
    if !checks.iter().any(|check| check.id == "salesforce-maps") {
        let said = format!("{} fit the org as the sync user sees it", maps_in_words(config));
        checks.push(Check::fine("salesforce-maps", said));
    }
    if let Some(seller) = seller {
        checks.extend(super::seller::look(org, seller, &needed, &files).await);
    }
    (checks, objects)
}

fn read(path: &Path) -> Option<(String, String)> {
    Some((shown(path), std::fs::read_to_string(path).ok()?))
}

/// Adds the objects that a map needs to `files`, as the org describes them; those that are not there are
/// told.
async fn described(
    needs: &Needs,
    org: &Salesforce,
    files: &mut Vec<(String, String)>,
) -> Result<Vec<Check>, Error> {
    let (mut known, mut checks) = (Schemas::default(), Vec::new());
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for (_, text) in files.iter() {
        if let Ok(description) = Description::read(text) {
            asked.insert(description.object().name.to_ascii_lowercase());
            known = known.with([description.object().clone()]);
        }
    }
    loop {
        let missing = needs.missing(&known);
        let next = missing.into_iter().find(|need| asked.insert(need.object.to_ascii_lowercase()));
        let Some(need) = next else { return Ok(checks) };
        match org.describe(&need.object).await {
            Ok(text) => {
                if let Ok(description) = Description::read(&text) {
                    known = known.with([description.object().clone()]);
                    files.push((format!("{}.json", description.object().name), text));
                }
            }
            Err(Error::Refused { why, .. }) => {
                let said = format!("{}:{}: {}: {why}", need.file, need.line, need.object);
                checks.push(Check::wrong("salesforce-objects", said, to_see(&need.object)));
            }
            Err(error) => return Err(error),
        }
    }
}

/// What makes an object visible.
fn to_see(object: &str) -> String {
    match object {
        "OpportunityTeamMember" => {
            "switch on team selling: Setup, Opportunity Team Settings".to_owned()
        }
        "Note" | "ContentNote" => "switch on notes: Setup, Notes Settings".to_owned(),
        _ => format!("make the object {object}, or let the sync user read it"),
    }
}

/// The field by which a deal is found again must be good for that.
fn key(known: &Schemas, plan: &mapping::plan::Plan) -> Check {
    let id = "salesforce-key";
    let object = plan.object(mapping::decision::Side::Right);
    let name = plan.key_fields().1;
    let field = known.object(System::Salesforce, object).and_then(|object| object.field(name));
    match field {
        Some(field) if !field.external_id => Check::wrong(
            id,
            format!("{object}.{name} is no external id: two runs could make two records"),
            "mark the field as External ID and Unique in its definition",
        ),
        Some(field) if !field.unique => Check::wrong(
            id,
            format!("{object}.{name} is not unique: a copied record would have the same referral"),
            "mark the field as Unique in its definition",
        ),
        Some(_) => Check::fine(id, format!("{object}.{name} is an external id, and unique")),
        None => Check::skipped(id, &format!("{object}.{name} is not there")),
    }
}

/// How much of the day's calls is used up.
fn limit(org: &Salesforce) -> Check {
    let id = "salesforce-limit";
    let Some((used, most)) = org.usage().filter(|(_, most)| *most > 0) else {
        return Check::skipped(id, "the org does not say how many calls were made");
    };
    let percent = used.saturating_mul(100) / most;
    let said = format!("{used} of {most} calls of the day are used up ({percent} %)");
    if percent < MUCH {
        return Check::fine(id, said);
    }
    Check::note(id, said, "see which programs call the most: Setup, System Overview")
}
