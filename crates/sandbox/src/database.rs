//! The database. In come statements and cells; out go rows of cells. The only file that knows the
//! database library; it must not know what is stored.

use std::{fs, io, path::Path};

use rusqlite::{Connection, Row, ToSql, types::ToSqlOutput};
use serde_json::Value;

/// A failure of the state: unreadable, unwritable or full.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("the sandbox's state could not be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database's file could not be made.
    #[error("the sandbox's state could not be written: {0}")]
    File(#[from] io::Error),
    /// What is stored is not JSON.
    #[error("the sandbox's state holds a damaged record: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// The result of anything that touches the state.
pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// A value of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Null,
    Number(i64),
    Text(String),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Number(flag.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(maybe: Option<T>) -> Self {
        maybe.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(rusqlite::types::Null.into()),
            Self::Number(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

/// One row of an answer; columns count from 0.
#[derive(Debug)]
pub(crate) struct Cells<'a>(&'a Row<'a>);

impl Cells<'_> {
    /// A text that is there.
    pub(crate) fn text(&self, column: usize) -> Result<String> {
        Ok(self.0.get(column)?)
    }

    /// A text or NULL.
    pub(crate) fn text_or_null(&self, column: usize) -> Result<Option<String>> {
        Ok(self.0.get(column)?)
    }

    /// A whole number that is there.
    pub(crate) fn number(&self, column: usize) -> Result<i64> {
        Ok(self.0.get(column)?)
    }

    /// A whole number or NULL.
    pub(crate) fn number_or_null(&self, column: usize) -> Result<Option<i64>> {
        Ok(self.0.get(column)?)
    }

    /// A yes or no.
    pub(crate) fn flag(&self, column: usize) -> Result<bool> {
        Ok(self.0.get(column)?)
    }

    /// A text of JSON.
    pub(crate) fn json(&self, column: usize) -> Result<Value> {
        Ok(serde_json::from_str(&self.text(column)?)?)
    }
}

/// Makes an empty file for its owner only, unless it is there. The database's other files follow it.
fn make_private(file: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// One open database file, or one in memory.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    /// Opens or creates it with its tables. `flushed`: each commit is on disk when it returns; else it
    /// is only safe from the end of the process, not of the machine.
    pub(crate) fn open(file: Option<&Path>, flushed: bool, tables: &str) -> Result<Self> {
        let connection = match file {
            Some(file) => {
                make_private(file)?;
                Connection::open(file)?
            }
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(64);
        let synchronous = if flushed { "FULL" } else { "OFF" };
        connection.execute_batch(&format!(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};"
        ))?;
        connection.execute_batch(tables)?;
        Ok(Self { connection })
    }

    /// Runs statements without values.
    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Runs one statement that answers nothing.
    pub(crate) fn run(&self, sql: &str, cells: &[Cell]) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.execute(rusqlite::params_from_iter(cells))?;
        Ok(())
    }

    /// Shows the rows of an answer to `visit` until it answers `false`.
    pub(crate) fn each(
        &self,
        sql: &str,
        cells: &[Cell],
        visit: &mut dyn FnMut(&Cells<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(cells))?;
        while let Some(row) = rows.next()? {
            if !visit(&Cells(row))? {
                break;
            }
        }
        Ok(())
    }

    /// All rows of an answer.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        cells: &[Cell],
        read: impl Fn(&Cells<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.each(sql, cells, &mut |row| {
            found.push(read(row)?);
            Ok(true)
        })?;
        Ok(found)
    }

    /// The first row of an answer.
    pub(crate) fn one<T>(
        &self,
        sql: &str,
        cells: &[Cell],
        read: impl Fn(&Cells<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.all(sql, cells, read)?.into_iter().next())
    }
}
