//! Arguments that many commands share: how answers are written, and when in colour.
//!
//! In: the words of the command line. Out: values. Must not know: which command they belong to.

use clap::ValueEnum;

use crate::{check, plan};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    Human,
    /// A JSON array
    Json,
    /// Annotations of a GitHub workflow
    #[value(name = "github")]
    GitHub,
    /// A SARIF 2.1.0 log
    Sarif,
}

#[derive(Debug, Clone, Copy, ValueEnum, PartialEq, Eq)]
pub(crate) enum TextFormat {
    /// For people
    Text,
    /// For machines
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Deny {
    /// Warnings
    Warnings,
}

impl From<CheckFormat> for check::Face {
    fn from(format: CheckFormat) -> Self {
        match format {
            CheckFormat::Human => check::Face::Human,
            CheckFormat::Json => check::Face::Json,
            CheckFormat::GitHub => check::Face::GitHub,
            CheckFormat::Sarif => check::Face::Sarif,
        }
    }
}

impl From<TextFormat> for plan::Face {
    fn from(format: TextFormat) -> Self {
        match format {
            TextFormat::Text => plan::Face::Text,
            TextFormat::Json => plan::Face::Json,
        }
    }
}
