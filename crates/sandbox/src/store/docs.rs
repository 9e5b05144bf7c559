//! Documents: small records of any kind, and sequences. In come kinds, ids and bodies; out they go again. Those
//! that are asked for with each request are remembered. It must not know what a document says.

use std::{cell::RefCell, collections::HashMap};

use serde_json::Value;

use super::Tx;
use crate::database::{Database, Result};

/// Documents of one kind that are remembered at most.
const MOST: usize = 256;
/// The kind of the sequences.
const SEQUENCE: &str = "sequence";

/// Documents as they were last committed, by kind.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashMap<String, Kept>);

/// What is remembered of one kind.
#[derive(Debug, Default)]
struct Kept {
    /// All there are, by id.
    all: Option<Vec<(String, Value)>>,
    /// Single ones, and that there is none.
    single: HashMap<String, Option<Value>>,
}

/// The documents of an open transaction.
#[derive(Debug)]
pub(super) struct Docs<'a> {
    remembered: &'a RefCell<Remembered>,
    /// Kinds that this transaction wrote: what it reads of them may still be undone.
    written: RefCell<Vec<String>>,
}

impl<'a> Docs<'a> {
    pub(super) fn new(remembered: &'a RefCell<Remembered>) -> Self {
        Self { remembered, written: RefCell::default() }
    }

    fn is_written(&self, kind: &str) -> bool {
        self.written.borrow().iter().any(|written| written == kind)
    }

    fn write(&self, kind: &str) {
        if !self.is_written(kind) {
            self.written.borrow_mut().push(kind.to_owned());
            self.remembered.borrow_mut().0.remove(kind);
        }
    }

    fn one(
        &self,
        kind: &str,
        id: &str,
        read: impl FnOnce() -> Result<Option<Value>>,
    ) -> Result<Option<Value>> {
        if self.is_written(kind) {
            return read();
        }
        let known =
            self.remembered.borrow().0.get(kind).and_then(|kept| kept.single.get(id)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let found = read()?;
        let mut remembered = self.remembered.borrow_mut();
        let single = &mut remembered.0.entry(kind.to_owned()).or_default().single;
        if single.len() >= MOST {
            single.clear();
        }
        single.insert(id.to_owned(), found.clone());
        Ok(found)
    }

    fn all(
        &self,
        kind: &str,
        read: impl FnOnce() -> Result<Vec<(String, Value)>>,
    ) -> Result<Vec<(String, Value)>> {
        if self.is_written(kind) {
            return read();
        }
        let known = self.remembered.borrow().0.get(kind).and_then(|kept| kept.all.clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let found = read()?;
        if found.len() <= MOST {
            let mut remembered = self.remembered.borrow_mut();
            remembered.0.entry(kind.to_owned()).or_default().all = Some(found.clone());
        }
        Ok(found)
    }
}

fn select(database: &Database, kind: &str, id: &str) -> Result<Option<Value>> {
    let sql = "SELECT body FROM docs WHERE kind = ?1 AND id = ?2";
    database.one(sql, &[kind.into(), id.into()], |row| row.json(0))
}

impl Tx<'_> {
    /// One document.
    pub(crate) fn doc(&self, kind: &str, id: &str) -> Result<Option<Value>> {
        self.docs.one(kind, id, || select(self.database, kind, id))
    }

    /// All documents of a kind with their ids, by id.
    pub(crate) fn docs(&self, kind: &str) -> Result<Vec<(String, Value)>> {
        let sql = "SELECT id, body FROM docs WHERE kind = ?1 ORDER BY id";
        let read =
            || self.database.all(sql, &[kind.into()], |row| Ok((row.text(0)?, row.json(1)?)));
        self.docs.all(kind, read)
    }

    /// Writes or replaces a document.
    pub(crate) fn put_doc(&self, kind: &str, id: &str, body: &Value) -> Result<()> {
        self.docs.write(kind);
        let sql = "INSERT OR REPLACE INTO docs (kind, id, body) VALUES (?1, ?2, ?3)";
        self.database.run(sql, &[kind.into(), id.into(), body.to_string().into()])
    }

    /// Forgets a document.
    pub(crate) fn drop_doc(&self, kind: &str, id: &str) -> Result<()> {
        self.docs.write(kind);
        let sql = "DELETE FROM docs WHERE kind = ?1 AND id = ?2";
        self.database.run(sql, &[kind.into(), id.into()])
    }

    /// Forgets all documents of a kind.
    pub(crate) fn drop_docs(&self, kind: &str) -> Result<()> {
        self.docs.write(kind);
        self.database.run("DELETE FROM docs WHERE kind = ?1", &[kind.into()])
    }

    /// The next whole number of a sequence, from 1.
    pub(crate) fn next(&self, sequence: &str) -> Result<i64> {
        self.docs.write(SEQUENCE);
        let sql = "INSERT INTO docs (kind, id, body) VALUES (?1, ?2, '1')
             ON CONFLICT (kind, id) DO UPDATE SET body = CAST(body AS INTEGER) + 1
             RETURNING CAST(body AS INTEGER)";
        let cells = [SEQUENCE.into(), sequence.into()];
        Ok(self.database.one(sql, &cells, |row| row.number(0))?.unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        clock::Clock,
        database::StoreError,
        store::{End, Store},
    };

    fn within<T>(store: &Store, work: impl FnOnce(&Tx<'_>) -> Result<End<T>>) -> T {
        store.transaction::<T, StoreError>(work).unwrap()
    }

    #[test]
    fn what_is_remembered_is_what_was_committed() {
        let store = Store::open(None, Clock::new(None)).unwrap();
        let read = |store: &Store| {
            within(store, |tx| Ok(End::Keep((tx.doc("k", "a")?, tx.docs("k")?.len()))))
        };
        assert_eq!(read(&store), (None, 0));
        // Undone: written, read back in the same transaction, and not there afterwards.
        let inside = within(&store, |tx| {
            tx.put_doc("k", "a", &json!(1))?;
            Ok(End::Undo((tx.doc("k", "a")?, tx.docs("k")?.len())))
        });
        assert_eq!(inside, (Some(json!(1)), 1));
        assert_eq!(read(&store), (None, 0));
        within(&store, |tx| Ok(End::Keep(tx.put_doc("k", "a", &json!(2))?)));
        assert_eq!(read(&store), (Some(json!(2)), 1));
        within(&store, |tx| Ok(End::Undo(tx.drop_docs("k")?)));
        assert_eq!(read(&store), (Some(json!(2)), 1));
        within(&store, |tx| Ok(End::Keep(tx.drop_doc("k", "a")?)));
        assert_eq!(read(&store), (None, 0));
    }

    #[test]
    fn a_sequence_goes_on_where_it_was_kept() {
        let store = Store::open(None, Clock::new(None)).unwrap();
        let kept = within(&store, |tx| Ok(End::Keep([tx.next("s")?, tx.next("s")?])));
        assert_eq!(kept, [1, 2]);
        assert_eq!(within(&store, |tx| Ok(End::Undo(tx.next("s")?))), 3);
        assert_eq!(within(&store, |tx| Ok(End::Keep(tx.next("s")?))), 3);
    }
}
