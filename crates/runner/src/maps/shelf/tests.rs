//! Sets that are put away, read back, changed by hand, gone back to.

use super::*;

const MAP: &str = include_str!("../../../../../mappings/opportunity.map");
const SCHEMAS: [&str; 4] = ["lead.yaml", "opportunity.yaml", "referral.yaml", "salesforce.yaml"];
const OVERLAY: &str = "extends opportunity\nmapping own \"Own\"\n";

fn bundle(folder: &Path, text: &str) -> (Bundle, Made) {
    let path = folder.join("opportunity.map");
    std::fs::write(&path, text).unwrap();
    let bundle = Bundle::read(&[path]).unwrap();
    let made = bundle.compile().unwrap();
    (bundle, made)
}

fn packed(folder: &Path, text: &str) -> Packed {
    let (bundle, made) = bundle(folder, text);
    Packed::of(&bundle, &made)
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[test]
fn what_was_put_away_is_read_back_and_one_changed_byte_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().join("releases"));
    let packed = packed(folder.path(), MAP);
    let release = packed.manifest.release.clone();
    shelf.put(&packed).unwrap();
    shelf.put(&packed).unwrap();
    let (manifest, _, made) = shelf.compile(&release).unwrap();
    assert_eq!(
        (manifest.plans, manifest.maps),
        (made.hashes(), vec!["maps/opportunity.map".to_owned()])
    );
    let file = shelf.place(&release).join("maps/opportunity.map");
    std::fs::write(&file, MAP.replacen("Co-sell", "Co-Sell", 1)).unwrap();
    let said = shelf.open(&release).unwrap_err().to_string();
    assert!(said.contains("maps/opportunity.map: it is not the file that was promoted"), "{said}");
    // Also when the list was changed to fit.
    let list = shelf.place(&release).join("manifest.json");
    let text = std::fs::read_to_string(&list).unwrap();
    let sum = sha256(&std::fs::read(&file).unwrap());
    std::fs::write(&list, text.replace(&sha256(MAP.as_bytes()), &sum)).unwrap();
    let said = shelf.open(&release).unwrap_err().to_string();
    assert!(said.contains("manifest.json: it is not the list"), "{said}");
    std::fs::remove_file(&file).unwrap();
    assert!(shelf.open(&release).is_err());
    // Putting it away again makes it whole.
    shelf.put(&packed).unwrap();
    shelf.compile(&release).unwrap();
}

#[test]
fn bases_and_schemas_go_along_and_other_maps_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("schemas")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings/schemas");
    for name in SCHEMAS {
        std::fs::copy(shipped.join(name), path("schemas").join(name)).unwrap();
    }
    std::fs::write(path("opportunity.map"), MAP).unwrap();
    std::fs::write(path("own.map"), OVERLAY).unwrap();
    std::fs::write(path("other.map"), "no map at all").unwrap();
    let read = || {
        let bundle = Bundle::read(&[path("own.map")]).unwrap();
        let made = bundle.compile().unwrap();
        (bundle.fingerprint(), Packed::of(&bundle, &made))
    };
    let (print, first) = read();
    let names: Vec<&str> = first.manifest.files.keys().map(String::as_str).collect();
    let mut wanted = vec!["maps/opportunity.map".to_owned(), "maps/own.map".to_owned()];
    wanted.extend(SCHEMAS.map(|name| format!("maps/schemas/{name}")));
    assert_eq!(names, wanted);
    std::fs::write(path("other.map"), "still none").unwrap();
    let (other, second) = read();
    assert_ne!(print, other, "whatever may matter is noticed");
    assert_eq!(second, first);
    let shelf = Shelf::new(path("releases"));
    shelf.put(&first).unwrap();
    assert_eq!(shelf.compile(&first.manifest.release).unwrap().2.hashes(), first.manifest.plans);
}

#[test]
fn the_pointer_goes_on_and_back_and_keeps_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(folder.path().join("releases"));
    assert_eq!(shelf.pointer().unwrap(), None);
    assert_eq!(shelf.back(now()).unwrap(), None);
    let texts = [MAP.to_owned(), format!("{MAP}# two\n"), format!("{MAP}# three\n")];
    let names = texts.map(|text| {
        let packed = packed(folder.path(), &text);
        shelf.put(&packed).unwrap();
        shelf.point(&packed.manifest.release, "promote", now()).unwrap();
        packed.manifest.release
    });
    let [one, two, three] = &names;
    let current = || shelf.pointer().unwrap().unwrap().current().unwrap().to_owned();
    assert_eq!(current(), *three);
    assert_eq!(shelf.back(now()).unwrap().as_ref(), Some(two));
    assert_eq!(shelf.back(now()).unwrap().as_ref(), Some(one));
    assert_eq!(shelf.back(now()).unwrap(), None);
    shelf.point(three, "promote", now()).unwrap();
    // One that is broken is not gone back to.
    std::fs::write(shelf.place(one).join("maps/opportunity.map"), "no map").unwrap();
    assert!(shelf.back(now()).is_err());
    assert_eq!(current(), *three);
    let history = shelf.pointer().unwrap().unwrap().history;
    let done: Vec<&str> = history.iter().map(|step| step.how.as_str()).collect();
    assert_eq!(done, ["promote", "promote", "promote", "rollback", "rollback", "promote"]);
}
