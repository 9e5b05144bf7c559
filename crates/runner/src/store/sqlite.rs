//! The database library, fenced: statements in, plain cells out.
//!
//! In: SQL text and [`Cell`]s. Out: rows of cells, or a [`StoreError`]. Must not know: what any
//! table means. This is the only file that names the library.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::StoreError;

/// One value in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Int(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        text.map_or(Cell::Null, Cell::Text)
    }
}

/// One row out.
#[derive(Debug)]
pub(super) struct Row(Vec<Cell>);

impl Row {
    /// The number in column `index`, from 0.
    pub(super) fn int(&self, index: usize) -> Result<i64, StoreError> {
        match self.0.get(index) {
            Some(Cell::Int(number)) => Ok(*number),
            Some(Cell::Null | Cell::Text(_)) | None => Err(unexpected(index, "a number")),
        }
    }

    /// The text in column `index`, from 0.
    pub(super) fn text(&self, index: usize) -> Result<String, StoreError> {
        self.maybe(index)?.ok_or_else(|| unexpected(index, "a text"))
    }

    /// The text in column `index`, or none when it is null.
    pub(super) fn maybe(&self, index: usize) -> Result<Option<String>, StoreError> {
        match self.0.get(index) {
            Some(Cell::Text(text)) => Ok(Some(text.clone())),
            Some(Cell::Null) => Ok(None),
            Some(Cell::Int(_)) | None => Err(unexpected(index, "a text or nothing")),
        }
    }

    /// The number in column `index`, or none when it is null.
    pub(super) fn maybe_int(&self, index: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(index) {
            Some(Cell::Int(number)) => Ok(Some(*number)),
            Some(Cell::Null) => Ok(None),
            Some(Cell::Text(_)) | None => Err(unexpected(index, "a number or nothing")),
        }
    }
}

fn unexpected(index: usize, wanted: &str) -> StoreError {
    StoreError::Broken(format!("expected {wanted} in column {index} of a row"))
}

/// An open database.
#[derive(Debug)]
pub(super) struct Db {
    connection: Connection,
}

impl Db {
    /// Opens or creates the file: write-ahead log, every commit flushed, foreign keys on.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(unavailable)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(unavailable)?;
        connection.set_prepared_statement_cache_capacity(64);
        let db = Self { connection };
        db.batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
             PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
        )?;
        Ok(db)
    }

    /// A database that is gone with its last user.
    #[cfg(test)]
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory().map_err(unavailable)?;
        connection.set_prepared_statement_cache_capacity(128);
        let db = Self { connection };
        db.batch("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")?;
        Ok(db)
    }

    /// Runs statements that need no values.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(unavailable)
    }

    /// Runs one statement; how many rows it changed.
    pub(super) fn run(&self, sql: &str, cells: &[Cell]) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(unavailable)?;
        let changed = statement.execute(params_from_iter(cells)).map_err(unavailable)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// The number that the last insert gave to its row.
    pub(super) fn last_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// All rows of a query.
    pub(super) fn rows(&self, sql: &str, cells: &[Cell]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(unavailable)?;
        let columns = statement.column_count();
        let mut found = statement.query(params_from_iter(cells)).map_err(unavailable)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(unavailable)? {
            let mut cells = Vec::with_capacity(columns);
            for index in 0..columns {
                cells.push(match row.get_ref(index).map_err(unavailable)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(number) => Cell::Int(number),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        Cell::Text(String::from_utf8_lossy(text).into_owned())
                    }
                    ValueRef::Real(_) => return Err(unexpected(index, "a text or a whole number")),
                });
            }
            rows.push(Row(cells));
        }
        Ok(rows)
    }

    /// The first row of a query.
    pub(super) fn row(&self, sql: &str, cells: &[Cell]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, cells)?.into_iter().next())
    }

    /// The number that a counting query answers with.
    pub(super) fn count(&self, sql: &str, cells: &[Cell]) -> Result<u64, StoreError> {
        let number = self.row(sql, cells)?.map(|row| row.int(0)).transpose()?.unwrap_or(0);
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn unavailable(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    if matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)) {
        return StoreError::NoDatabase(error.to_string());
    }
    StoreError::Unavailable(error.to_string())
}
