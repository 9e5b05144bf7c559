//! `cosell solutions`: lists of solutions from CSV and XLSX, and every cell that is wrong in one.

use serde_json::Value;

use crate::folder::{Done, Folder};

/// A folder with a configuration, of which these commands read the state file's place.
fn house() -> Folder {
    let folder = Folder::new();
    folder.write(
        "cosell.yaml",
        "environment: staging\nlisten: 127.0.0.1:0\nstore: sqlite:state/cosell.db\nmaps: [deal.map]\n",
    );
    folder.write("deal.map", crate::folder::TWO_WAY);
    folder
}

fn import(folder: &Folder, args: &[&str]) -> Done {
    folder.run(&[&["solutions", "import"], args].concat())
}

fn ids(folder: &Folder) -> Vec<String> {
    let list = folder.run(&["solutions", "list", "--format", "json"]).ends(0).json();
    let text = |one: &Value| one["id"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

/// A ZIP archive; its files are packed when `deflate` says so.
fn zip(files: &[(&str, &str)], deflate: bool) -> Vec<u8> {
    use std::io::Write as _;
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let packed = if deflate {
            let mut encoder =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            text.as_bytes().to_vec()
        };
        let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let method: u16 = if deflate { 8 } else { 0 };
        let mut common = vec![20, 0, 0, 0];
        common.extend(method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(crc.sum().to_le_bytes());
        common.extend(number(packed.len()));
        common.extend(number(text.len()));
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(number(out.len()));
        directory.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(packed);
    }
    let start = u32::try_from(out.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend(count);
    out.extend(count);
    out.extend(size);
    out.extend(start);
    out.extend([0, 0]);
    out
}

/// A workbook with one sheet `Published` (and `Notes`, when there are two) with these rows of cells.
fn workbook(rows: &str, two: bool, deflate: bool) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let more = if two { "<sheet name=\"Notes\" sheetId=\"2\" r:id=\"rId2\"/>" } else { "" };
    let book = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{links}\"><sheets><sheet name=\"Published\" sheetId=\"1\" \
         state=\"visible\" r:id=\"rId1\"/>{more}</sheets></workbook>"
    );
    let rels = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                <Relationship Id=\"rId1\" Type=\"x\" Target=\"worksheets/sheet1.xml\"/>\
                <Relationship Id=\"rId2\" Type=\"x\" Target=\"/xl/worksheets/sheet2.xml\"/></Relationships>";
    let shared = format!(
        "<sst xmlns=\"{main}\"><si><t>Solution ID</t></si><si><r><t>Solution </t></r><r><t>name</t></r></si>\
         <si><t>SOL-1-AAA</t></si><si><t>Route &amp; Planner</t></si></sst>"
    );
    let styles = format!(
        "<styleSheet xmlns=\"{main}\"><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\"/></numFmts>\
         <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"
    );
    let sheet = format!("<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>");
    let empty = format!("<worksheet xmlns=\"{main}\"><sheetData/></worksheet>");
    zip(
        &[
            ("xl/workbook.xml", &book),
            ("xl/_rels/workbook.xml.rels", rels),
            ("xl/sharedStrings.xml", &shared),
            ("xl/styles.xml", &styles),
            ("xl/worksheets/sheet1.xml", &sheet),
            ("xl/worksheets/sheet2.xml", &empty),
        ],
        deflate,
    )
}

const HEAD: &str =
    "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>";
const GOOD: &str = "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>2</v></c><c r=\"B2\" t=\"s\"><v>3</v></c></row>\
                    <row r=\"4\"><c r=\"A4\" t=\"inlineStr\"><is><t>SOL-2-BBB</t></is></c>\
                    <c r=\"B4\" t=\"str\"><v>Depot</v></c></row>";

#[test]
fn a_list_takes_the_place_of_the_one_before() {
    let folder = house();
    folder.write(
        "one.csv",
        "Solution ID,Solution Name,Type\nSOL-1,Planner,3P\nSOL-2,\"Depot, large\",\n",
    );
    let done = import(&folder, &["one.csv"]).ends(0);
    let wanted = "2 solutions (id from `Solution ID`, name from `Solution Name`, type from `Type`): 2 new, \
                  0 changed, 0 the same, 0 no longer listed\n";
    assert_eq!(done.out, wanted);
    assert_eq!(ids(&folder), ["SOL-1", "SOL-2"]);
    let list = folder.run(&["solutions", "list"]).ends(0).out;
    assert!(list.contains("SOL-1  Planner       3P\n"), "{list}");
    assert!(list.ends_with("2 solutions, 2 imported\n"), "{list}");

    // What was written out is read again, also with another sign between the cells.
    folder.run(&["solutions", "export", "out.csv"]).ends(0);
    let again = import(&folder, &["out.csv"]).ends(0).out;
    assert!(again.contains("0 new, 0 changed, 2 the same"), "{again}");
    folder.write("two.csv", "\u{feff}name;id\r\nDepot;SOL-2\r\nYard;SOL-3\r\n");
    let done = import(&folder, &["two.csv", "--format", "json"]).ends(0).json();
    assert_eq!(
        done["imported"],
        serde_json::json!({ "new": 1, "changed": 1, "same": 0, "gone": 1 })
    );
    assert_eq!(ids(&folder), ["SOL-2", "SOL-3"]);
}

#[test]
fn a_workbook_is_read_packed_or_not() {
    for deflate in [false, true] {
        let folder = house();
        folder.write("list.xlsx", workbook(&format!("{HEAD}{GOOD}"), false, deflate));
        import(&folder, &["list.xlsx"]).ends(0);
        assert_eq!(ids(&folder), ["SOL-1-AAA", "SOL-2-BBB"]);
        let list = folder.run(&["solutions", "list"]).ends(0).out;
        assert!(list.contains("Route & Planner"), "{list}");
    }
}

#[test]
fn what_is_wrong_is_told_with_sheet_and_cell_and_nothing_is_imported() {
    let folder = house();
    let rows = format!(
        "{HEAD}{GOOD}<row r=\"5\"><c r=\"A5\"><f>A2</f><v>1</v></c><c r=\"B5\"><v>1</v></c></row>\
         <row r=\"6\"><c r=\"A6\" s=\"1\"><v>45000</v></c></row>\
         <row r=\"7\"><c r=\"A7\" t=\"s\"><v>2</v></c></row>\
         <row r=\"8\"><c r=\"A8\" t=\"e\"><v>#REF!</v></c></row>\
         <row r=\"9\"><c r=\"A9\"><v>1.5E+20</v></c></row>"
    );
    folder.write("list.xlsx", workbook(&rows, false, true));
    let done = import(&folder, &["list.xlsx"]).ends(2);
    for told in [
        "list.xlsx: Published!A5: expected a text, found a formula",
        "list.xlsx: Published!A6: expected a text, found a date",
        "list.xlsx: Published!A7: `SOL-1-AAA` stands in Published!A2 already",
        "list.xlsx: Published!A8: expected a text, found the error #REF!",
        "list.xlsx: Published!A9: expected a text, found the number 1.5E+20",
        "nothing was imported",
    ] {
        assert!(done.err.contains(told), "{told} in {}", done.err);
    }
    assert!(!folder.path("state/cosell.db").exists(), "nothing was made");

    folder.write("two.xlsx", workbook(&format!("{HEAD}{GOOD}"), true, true));
    let done = import(&folder, &["two.xlsx"]).ends(2);
    assert!(
        done.err.contains("it has 2 sheets") && done.err.contains("Published, Notes"),
        "{}",
        done.err
    );
    let done = import(&folder, &["two.xlsx", "--sheet", "Publishd"]).ends(2);
    assert!(done.err.contains("no sheet `Publishd`"), "{}", done.err);
    import(&folder, &["two.xlsx", "--sheet", "published"]).ends(0);

    folder.write("no.xlsx", "no archive");
    assert!(import(&folder, &["no.xlsx"]).ends(2).err.contains("no Excel workbook"));
    folder.write("no.csv", "Offer,Price\nA,1\n");
    assert!(import(&folder, &["no.csv"]).ends(2).err.contains("found Offer, Price"));
    folder.write("open.csv", "id,name\n\"SOL-1,A\n");
    assert!(import(&folder, &["open.csv"]).ends(2).err.contains("begins in line 2"));
    import(&folder, &["nothing.csv"]).ends(2);
    assert_eq!(ids(&folder), ["SOL-1-AAA", "SOL-2-BBB"]);
}

#[test]
fn a_damaged_workbook_never_breaks_the_program() {
    let folder = house();
    let whole = workbook(&format!("{HEAD}{GOOD}"), false, true);
    let step = (whole.len() / 40).max(1);
    for at in (0..whole.len()).step_by(step) {
        folder.write("cut.xlsx", &whole[..at]);
        let done = import(&folder, &["cut.xlsx"]);
        assert_eq!(done.code, 2, "{at}: {}{}", done.out, done.err);
        let mut wrong = whole.clone();
        wrong[at] ^= 0x55;
        folder.write("wrong.xlsx", &wrong);
        let code = import(&folder, &["wrong.xlsx"]).code;
        assert!([0, 2].contains(&code), "{at}: {code}");
    }
}
