//! `cosell fmt`: what is written, what is left alone.

use std::fs;

use crate::folder::{Folder, ONE_WAY};

fn untidy() -> String {
    ONE_WAY.replace("  ", " ").replace('\n', "\r\n") + "# the end\r\n"
}

#[test]
fn a_file_is_written_only_when_its_layout_differs() {
    let folder = Folder::with_map(&untidy());
    folder.write("tidy.map", ONE_WAY);
    let before = fs::metadata(folder.path("tidy.map")).unwrap().modified().unwrap();
    let done = folder.run(&["fmt"]).ends(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", "2 files, 1 changed\n"));
    let tidy = folder.read("deal.map");
    assert_eq!(tidy.trim_end(), (ONE_WAY.to_owned() + "# the end").trim_end());
    assert_eq!(folder.read("tidy.map"), ONE_WAY);
    let after = fs::metadata(folder.path("tidy.map")).unwrap().modified().unwrap();
    assert_eq!(before, after);
    let again = folder.run(&["fmt"]).ends(0);
    assert_eq!(again.err, "2 files, 0 changed\n");
    assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 2, "no draft is left behind");
}

#[test]
fn check_lists_and_writes_nothing() {
    let folder = Folder::with_map(&untidy());
    folder.write("tidy.map", ONE_WAY);
    let done = folder.run(&["fmt", "--check"]).ends(1);
    assert_eq!(
        (done.out.as_str(), done.err.as_str()),
        ("deal.map\n", "2 files, 1 would be changed\n")
    );
    assert_eq!(folder.read("deal.map"), untidy());
    folder.run(&["fmt", "--check", "tidy.map"]).ends(0);
}

#[test]
fn stdin_goes_to_stdout() {
    let folder = Folder::new();
    let done = folder.run_with(&["fmt", "-"], untidy()).ends(0);
    assert_eq!(done.out.trim_end(), (ONE_WAY.to_owned() + "# the end").trim_end());
    assert_eq!(folder.run_with(&["fmt", "-", "--check"], untidy()).ends(1).out, "<stdin>\n");
    assert_eq!(folder.run_with(&["fmt", "-", "--check"], ONE_WAY).ends(0).out, "");
    let broken = folder.run_with(&["fmt", "-"], "feilds\nend\n").ends(1);
    assert_eq!(broken.out, "");
    assert!(broken.err.contains("[<stdin>:1:1]"), "{}", broken.err);
}

#[test]
fn a_map_that_cannot_be_read_is_reported_and_untouched() {
    let broken = untidy() + "feilds\r\nend\r\n";
    let folder = Folder::with_map(&broken);
    folder.write("good.map", untidy());
    let done = folder.run(&["fmt"]).ends(1);
    assert!(done.err.contains("did you mean `fields`?"), "{}", done.err);
    assert!(done.err.ends_with("2 files, 1 changed, 1 left as they are because of errors\n"));
    assert_eq!(folder.read("deal.map"), broken);
    assert_eq!(folder.read("good.map").trim_end(), (ONE_WAY.to_owned() + "# the end").trim_end());
}

#[test]
fn a_new_layout_keeps_the_hash_of_the_plan() {
    let folder = Folder::with_map(&untidy());
    let hash = |folder: &Folder| {
        folder.run(&["plan", "deal.map", "--format", "json"]).ends(0).json()["hash"].clone()
    };
    let before = hash(&folder);
    folder.run(&["fmt"]).ends(0);
    assert_eq!(hash(&folder), before);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    folder.write("real/deal.map", untidy());
    let real = folder.path("real/deal.map");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, folder.path("deal.map")).unwrap();
    folder.run(&["fmt", "deal.map"]).ends(0);
    assert!(fs::symlink_metadata(folder.path("deal.map")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(!folder.read("real/deal.map").contains('\r'));
    folder.write("locked.map", untidy());
    fs::set_permissions(folder.path("locked.map"), fs::Permissions::from_mode(0o440)).unwrap();
    let done = folder.run(&["fmt", "locked.map"]).ends(2);
    assert!(done.err.starts_with("error: cannot write locked.map: it is write-protected\n"));
    assert_eq!(folder.read("locked.map"), untidy());
}
