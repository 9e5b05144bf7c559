//! `cosell salesforce package`: what a customer deploys, against the plans that it is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::folder::{Done, Folder};

const ROOT: &str = "pack/force-app/main/default";

/// The maps that we ship.
fn shipped() -> Folder {
    let folder = Folder::new();
    folder.write("maps/opportunity.map", include_str!("../../mappings/opportunity.map"));
    folder.write("maps/lead.map", include_str!("../../mappings/lead.map"));
    for name in ["accepted", "flagged", "inbound", "lead", "own-lead", "won"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/examples");
        let text = std::fs::read(path.join(format!("{name}.json"))).unwrap();
        folder.write(&format!("maps/examples/{name}.json"), text);
    }
    folder
}

fn package(folder: &Folder, more: &[&str]) -> Done {
    folder.run(&[&["salesforce", "package", "-o", "pack"], more].concat())
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                all.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
    }
    all
}

/// The texts between two marks.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    text.split(open).skip(1).map(|rest| rest.split(close).next().unwrap()).collect()
}

/// `OBJECT.FIELD` with whether it may be edited, of a permission set.
fn fields_of(set: &str) -> BTreeMap<String, bool> {
    let all = between(set, "<fieldPermissions>", "</fieldPermissions>");
    let one = |text: &&str| {
        assert!(text.contains("<readable>true</readable>"), "{text}");
        let name = between(text, "<field>", "</field>")[0].to_owned();
        (name, text.contains("<editable>true</editable>"))
    };
    all.iter().map(one).collect()
}

/// What the plans say that they read and write, from `cosell plan`, by an own reading of it.
struct Said {
    read: BTreeSet<String>,
    written: BTreeSet<String>,
}

impl Said {
    fn of(folder: &Folder, maps: &[&str]) -> Said {
        let mut said = Said { read: BTreeSet::new(), written: BTreeSet::new() };
        for map in maps {
            said.add(&folder.run(&["plan", map, "--format", "json"]).ends(0).json());
        }
        said
    }

    fn add(&mut self, plan: &Value) {
        let side = &plan["sides"][1];
        let own = side["object"].as_str().unwrap();
        for path in texts(&side["reads"]) {
            self.note(own, &path, false);
        }
        for child in side["children"].as_array().unwrap() {
            let object = child["object"].as_str().unwrap();
            for path in texts(&child["reads"]) {
                self.note(object, &path, false);
            }
        }
        self.note(own, plan["key"][1].as_str().unwrap(), true);
        let report = [&plan["report"]["badge"]["field"], &plan["report"]["audit"]["field"]];
        for field in report.iter().filter_map(|field| field.as_str()) {
            self.note(own, field, true);
        }
        self.lines(own, &plan["lines"]);
        for related in plan["related"].as_array().unwrap() {
            self.note(own, related["through"].as_str().unwrap(), true);
            self.lines(own, &related["lines"]);
        }
        for list in plan["lists"].as_array().unwrap() {
            if let Some(object) = list["object"].as_str() {
                self.lines(object, &list["lines"]);
                let key = list["clauses"][0].as_str().unwrap();
                self.note(object, key.rsplit(' ').next().unwrap(), true);
            }
        }
    }

    fn lines(&mut self, own: &str, lines: &Value) {
        for line in lines.as_array().unwrap() {
            if line["arrow"].as_str().unwrap().ends_with('>') {
                for path in texts(&line["right"]["fields"]) {
                    self.note(own, &path, true);
                }
            }
        }
    }

    /// `Account.BillingCity` of an opportunity is its `AccountId`, and the account's address.
    fn note(&mut self, own: &str, path: &str, written: bool) {
        let (object, field) = match path.split_once('.') {
            Some(("Owner", field)) => ("User", field),
            Some((relationship, field)) => {
                self.note(own, &format!("{relationship}Id"), false);
                (relationship, field)
            }
            None => (own, path),
        };
        let part = |address: &str| {
            let rest = field.strip_prefix(address)?;
            let parts = ["Street", "City", "State", "PostalCode", "Country"];
            parts.contains(&rest).then(|| format!("{address}Address"))
        };
        let address = match object {
            "Account" => part("Billing"),
            "Lead" => part(""),
            _ => None,
        };
        let name = format!("{object}.{}", address.as_deref().unwrap_or(field));
        self.read.insert(name.clone());
        if written {
            self.written.insert(name);
        }
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// What Salesforce lets everybody see, so that no permission set may name it.
fn is_free(name: &str) -> bool {
    let (object, field) = name.split_once('.').unwrap();
    let free = [
        "Account.Name",
        "Contact.FirstName",
        "Contact.LastName",
        "Lead.Company",
        "Lead.ConvertedOpportunityId",
        "Lead.IsConverted",
        "Lead.FirstName",
        "Lead.LastName",
        "Lead.Status",
        "Opportunity.CloseDate",
        "Opportunity.CurrencyIsoCode",
        "Opportunity.Name",
        "Opportunity.OwnerId",
        "Opportunity.StageName",
        "Microsoft_Solution__c.Name",
    ];
    field == "Id" || ["User", "OpportunityContactRole"].contains(&object) || free.contains(&name)
}

#[track_caller]
fn sets_are_equal(folder: &Folder, maps: &[&str]) {
    package(folder, &[&["--force"], maps].concat()).ends(0);
    let set = folder.read(&format!("{ROOT}/permissionsets/Cosell_Sync.permissionset-meta.xml"));
    let given = fields_of(&set);
    let said = Said::of(folder, maps);
    let wanted: BTreeMap<String, bool> = said
        .read
        .iter()
        .filter(|name| !is_free(name))
        .map(|name| (name.clone(), said.written.contains(name)))
        .collect();
    assert_eq!(given, wanted);
    assert!(given.len() > 15, "{given:?}");
}

#[test]
fn the_sync_user_may_do_just_what_the_plans_read_and_write() {
    let folder = shipped();
    sets_are_equal(&folder, &["maps/opportunity.map", "maps/lead.map"]);
    sets_are_equal(&folder, &["maps/opportunity.map"]);
    // A line more, a line less.
    folder.write(
        "maps/own.map",
        "extends opportunity\nmapping own \"Own\"\n\nremove campaignId <-> Campaign_Code__c\n\
         add campaignId -> NextStep\n",
    );
    let own = folder.run(&["check", "maps/own.map"]);
    assert_eq!(own.code, 0, "{}{}", own.out, own.err);
    sets_are_equal(&folder, &["maps/own.map"]);
    let set = folder.read(&format!("{ROOT}/permissionsets/Cosell_Sync.permissionset-meta.xml"));
    assert!(set.contains("Opportunity.NextStep") && !set.contains("Campaign_Code__c"), "{set}");
    assert!(!set.contains("ViewAllData") && !set.contains("<viewAllRecords>true"), "{set}");
}

#[test]
fn the_rights_of_objects_are_those_of_the_plans_with_what_they_depend_on() {
    let folder = shipped();
    package(&folder, &["maps"]).ends(0);
    let rights = |set: &str| -> BTreeMap<String, Vec<String>> {
        let set = folder.read(&format!("{ROOT}/permissionsets/{set}.permissionset-meta.xml"));
        between(&set, "<objectPermissions>", "</objectPermissions>")
            .into_iter()
            .map(|text| {
                let on = ["Create", "Delete", "Edit", "Read"]
                    .into_iter()
                    .filter(|what| text.contains(&format!("<allow{what}>true<")));
                let on = on.map(str::to_owned).collect();
                (between(text, "<object>", "</object>")[0].to_owned(), on)
            })
            .collect()
    };
    let wanted = |list: &[(&str, &[&str])]| -> BTreeMap<String, Vec<String>> {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        list.iter().map(|(name, on)| ((*name).to_owned(), texts(on))).collect()
    };
    let service = wanted(&[
        ("Account", &["Create", "Read"]),
        ("Contact", &["Create", "Edit", "Read"]),
        ("Lead", &["Create", "Edit", "Read"]),
        ("Microsoft_Solution__c", &["Create", "Delete", "Edit", "Read"]),
        ("Opportunity", &["Create", "Edit", "Read"]),
    ]);
    assert_eq!(rights("Cosell_Sync"), service);
    let seller = wanted(&[
        ("Account", &["Read"]),
        ("Lead", &["Read"]),
        ("Microsoft_Solution__c", &["Create", "Delete", "Edit", "Read"]),
        ("Opportunity", &["Read"]),
    ]);
    assert_eq!(rights("Cosell_Seller"), seller);
    let set = folder.read(&format!("{ROOT}/permissionsets/Cosell_Seller.permissionset-meta.xml"));
    let fields = fields_of(&set);
    assert!(fields["Opportunity.Sync_with_Partner_Center__c"], "the flag is the seller's");
    assert!(fields["Opportunity.Customer_Consent__c"] && fields["Microsoft_Solution__c.Type__c"]);
    assert!(!fields["Opportunity.Referral_Identifier__c"] && !fields["Opportunity.Audit__c"]);
    assert!(fields.keys().all(|name| name.ends_with("__c")), "{fields:?}");
}

#[test]
fn the_package_is_an_org_that_the_maps_fit_and_that_the_sandbox_can_be() {
    let folder = shipped();
    let done = package(&folder, &["maps"]).ends(0);
    assert!(done.out.contains("\n32 fields to make\n"), "{}", done.out);
    let checked = folder.run(&["check", "maps", "--org", "pack", "--format", "json"]).ends(0);
    assert_eq!(checked.out.trim(), "[]");
    let shown = |what: &str| folder.run(&["schema", "show", what, "--org", "pack"]).ends(0).out;
    let key = shown("Opportunity.Referral_Identifier__c");
    for word in ["external id", "unique", "100"] {
        assert!(key.contains(word), "{word} in {key}");
    }
    let help = shown("Opportunity.How_can_Microsoft_help__c");
    assert!(help.contains("Post sales customer success"), "{help}");
    let solutions = shown("Opportunity");
    assert!(solutions.contains("Microsoft_Solutions__r"), "{solutions}");

    let ready = folder.path("ready.json");
    let mut start = crate::folder::command(
        &folder.path(""),
        &["sandbox", "--with-parent", "--org", "pack", "--ready-file", "ready.json"],
    );
    let start = start.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let mut sandbox = start.spawn().unwrap();
    let since = std::time::Instant::now();
    while !ready.exists() && since.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let made = folder.run(&[
        "sandbox",
        "rep",
        "create",
        "Opportunity",
        "Name=Depot",
        "StageName=Prospecting",
        "CloseDate=2026-12-31",
        "Sync_with_Partner_Center__c=true",
    ]);
    let _ = sandbox.kill();
    let _ = sandbox.wait();
    made.ends(0);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = shipped();
    let root = folder.path("pack");
    package(&folder, &["maps"]).ends(0);
    let first = files(&root);
    let again = package(&folder, &["maps"]).ends(0);
    assert!(!again.out.contains("new  ") && !again.out.contains("replaced"), "{}", again.out);
    assert_eq!(files(&root), first);

    let audit = format!("{ROOT}/objects/Opportunity/fields/Audit__c.field-meta.xml");
    folder.write(&audit, "somebody's own");
    folder.write("pack/sfdx-project.json", "{\"own\": true}");
    std::fs::remove_file(
        folder.path(&format!("{ROOT}/objects/Lead/fields/Audit__c.field-meta.xml")),
    )
    .unwrap();
    let before = files(&root);
    let refused = package(&folder, &["maps"]).ends(2);
    assert!(refused.err.contains("Audit__c.field-meta.xml"), "{}", refused.err);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(files(&root), before, "all or nothing");
    let forced = package(&folder, &["maps", "--force"]).ends(0);
    assert!(forced.out.contains("replaced"), "{}", forced.out);
    let mut wanted = first;
    wanted.insert("sfdx-project.json".to_owned(), "{\"own\": true}".to_owned());
    assert_eq!(files(&root), wanted, "a project of one's own stays");
}

#[test]
fn of_an_org_only_what_it_lacks_is_written_and_its_own_pages_get_the_section() {
    let folder = shipped();
    package(&folder, &["maps"]).ends(0);
    std::fs::rename(folder.path("pack"), folder.path("acme")).unwrap();
    let fields = "acme/force-app/main/default/objects/Opportunity/fields";
    for gone in ["Audit__c", "Campaign_Code__c"] {
        std::fs::remove_file(folder.path(&format!("{fields}/{gone}.field-meta.xml"))).unwrap();
    }
    let layouts = "acme/force-app/main/default/layouts";
    std::fs::remove_dir_all(folder.path(layouts)).unwrap();
    folder.write(
        &format!("{layouts}/Opportunity-Sales Layout.layout-meta.xml"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Layout xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
         <layoutSections>\n        <label>Own</label>\n        <layoutColumns>\n            <layoutItems>\n                \
         <behavior>Edit</behavior>\n                <field>Referral_Program__c</field>\n            </layoutItems>\n        \
         </layoutColumns>\n        <style>OneColumn</style>\n    </layoutSections>\n</Layout>\n",
    );
    let done = package(&folder, &["maps", "--org", "acme"]).ends(0);
    assert!(done.out.contains("\n2 fields to make, 30 there already\n"), "{}", done.out);
    let written = files(&folder.path(ROOT));
    let made: Vec<&String> = written.keys().filter(|name| name.contains("/fields/")).collect();
    let wanted = [
        "objects/Opportunity/fields/Audit__c.field-meta.xml",
        "objects/Opportunity/fields/Campaign_Code__c.field-meta.xml",
    ];
    assert_eq!(made, wanted);
    assert!(!written.keys().any(|name| name.ends_with(".object-meta.xml")));
    let page = &written["layouts/Opportunity-Sales Layout.layout-meta.xml"];
    assert!(page.contains("<label>Microsoft Partner Center</label>"), "{page}");
    assert_eq!(page.matches("<field>Referral_Program__c</field>").count(), 1);
    assert!(page.contains("<relatedList>Microsoft_Solution__c.Opportunity__c</relatedList>"));
    assert!(page.contains("<sortField>NAME</sortField>"), "{page}");
    let list = page.split("<relatedLists>").nth(1).unwrap();
    let columns: Vec<&str> = list
        .split("<fields>")
        .skip(1)
        .map(|rest| rest.split("</fields>").next().unwrap())
        .collect();
    assert_eq!(columns, ["NAME", "Solution_Identifier__c", "Type__c", "Publisher__c"]);
    assert!(!written.contains_key("layouts/Opportunity-Microsoft Partner Center.layout-meta.xml"));
    let lead = "layouts/Lead-Microsoft Partner Center.layout-meta.xml";
    assert!(written.contains_key(lead), "no page of leads is known: one of its own");
}

#[test]
fn labels_and_values_are_no_markup_and_other_packages_fields_are_not_made() {
    let folder = Folder::new();
    folder.write(
        "deal.map",
        "language 1\nmapping deal \"Deal\"\nside referral is partner_center Referral\nside deal is salesforce Deal__c\n\
         match referral.id with deal.Ref__c\nsync\n  from referral\nend\nvalues area\n  \"a\" -> \"R&D <x>\"\n  \
         \"b\" -> \"New \\\"one\\\"\"\n  otherwise -> keep\nend\nfields\n  name -> Name as text cut at 80\n  \
         campaignId -> Area__c using area\n  campaignId -> acme__Code__c\n  details.notes -> Notes__c as long text\nend\n",
    );
    folder.write(
        "schemas/deal.yaml",
        "system: salesforce\nobjects:\n  Deal__c:\n    label: \"Deals & <more>\"\n    key: Id\n    fields:\n      \
         Id: { type: id, label: Deal id, length: 18, access: read }\n      \
         Name: { type: text, label: Name, length: 80, required: true }\n      \
         Ref__c: { type: text, label: \"Ref \\\"x\\\"\", length: 40, external_id: true, unique: true }\n      \
         acme__Code__c: { type: text, length: 40 }\n      Notes__c: { type: long_text, length: 32000 }\n      \
         Area__c: { type: enum, restricted: false, values: [\"R&D <x>\"] }\n",
    );
    let done = package(&folder, &[]).ends(0);
    assert!(done.err.contains("note: Deal__c.acme__Code__c is of a package"), "{}", done.err);
    let area = folder.read(&format!("{ROOT}/objects/Deal__c/fields/Area__c.field-meta.xml"));
    assert!(area.contains("<fullName>R&amp;D &lt;x&gt;</fullName>"), "{area}");
    assert!(area.contains("<fullName>New &quot;one&quot;</fullName>"), "{area}");
    let object = folder.read(&format!("{ROOT}/objects/Deal__c/Deal__c.object-meta.xml"));
    assert!(object.contains("<label>Deals &amp; &lt;more&gt;</label>"), "{object}");
    assert!(object.contains("<sharingModel>ReadWrite</sharingModel>"), "{object}");
    assert!(
        !folder
            .path(&format!("{ROOT}/objects/Deal__c/fields/acme__Code__c.field-meta.xml"))
            .exists()
    );
    // What was written says the same again when it is read.
    let shown = folder.run(&["schema", "show", "Deal__c.Area__c", "--org", "pack"]).ends(0).out;
    assert!(shown.contains("R&D <x>") && shown.contains("New \"one\""), "{shown}");
}

#[test]
fn a_map_with_errors_makes_no_package() {
    let folder = Folder::with_map("language 1\nmapping deal \"Deal\"\n");
    let done = package(&folder, &[]).ends(2);
    assert!(done.err.contains("what it needs is not known"), "{}", done.err);
    assert!(!folder.path("pack").exists());
    let done = folder.run(&["salesforce", "package"]).ends(2);
    assert!(done.err.contains("--out"), "{}", done.err);
}

#[test]
fn the_objects_that_are_looked_into_are_selected_for_change_events_when_asked() {
    let folder = shipped();
    package(&folder, &["maps"]).ends(0);
    let under = folder.path(&format!("{ROOT}/platformEventChannelMembers"));
    assert!(!under.exists(), "nothing is selected unasked");
    package(&folder, &["maps", "--events"]).ends(0);
    let members = files(&under);
    let selected: BTreeSet<&str> = members
        .values()
        .map(|text| {
            assert!(text.contains("<eventChannel>ChangeEvents</eventChannel>"), "{text}");
            between(text, "<selectedEntity>", "</selectedEntity>")[0]
        })
        .collect();
    let expected = [
        "LeadChangeEvent",
        "Microsoft_Solution__ChangeEvent",
        "OpportunityChangeEvent",
        "OpportunityContactRoleChangeEvent",
    ];
    assert_eq!(selected, expected.into_iter().collect());
    let name = "ChangeEvents_OpportunityChangeEvent.platformEventChannelMember-meta.xml";
    assert!(members.contains_key(name), "{:?}", members.keys());
}
