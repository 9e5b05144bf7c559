//! Several questions in one request: that costs one call of the day, as one question does.
//!
//! In: objects, fields and filters. Out: for each the records, or why there are none: one part that fails
//! says nothing about the others. It knows no field.

use super::composite::{self, Sub};
use super::soql::{self, Filter, Select};
use super::{Row, Salesforce, no_id, row};
use crate::error::Error;
use crate::send::{Body, Request, encode};

/// The most queries that Salesforce takes in one request.
const MOST: usize = 5;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Such as `Opportunity`.
    pub object: String,
    /// What to read.
    pub select: Select,
    /// Of which records.
    pub filter: Filter,
}

impl Salesforce {
    /// Asks several questions with as few requests as can be; an answer for each, in their order.
    pub async fn select_several(&self, asks: &[Ask]) -> Vec<Result<Vec<Row>, Error>> {
        let mut answers = Vec::with_capacity(asks.len());
        for some in asks.chunks(MOST) {
            match some {
                [ask] => answers.push(self.select(&ask.object, &ask.select, &ask.filter).await),
                some => match self.at_once(some).await {
                    Ok(some) => answers.extend(some),
                    Err(error) => answers.extend(some.iter().map(|_| Err(error.clone()))),
                },
            }
        }
        answers
    }

    async fn at_once(&self, asks: &[Ask]) -> Result<Vec<Result<Vec<Row>, Error>>, Error> {
        let subs: Vec<Sub> = asks.iter().enumerate().map(sub).collect::<Result<_, _>>()?;
        let root = self.root();
        let body = Body::Json(composite::body(&root, &subs, false)?);
        let url = self.base().await?.at(&format!("{root}/composite"));
        let request = Request::ask("read records", url, body);
        let request = request.header("sforce-call-options", self.call_options.clone());
        let answer = self.call(request).await?;
        let parts = composite::read(&answer, &subs, false)?;
        let mut answers = Vec::with_capacity(asks.len());
        for (ask, part) in asks.iter().zip(parts) {
            answers.push(match part.failure {
                Some(error) => Err(error),
                None => self.records(ask, &part.body).await,
            });
        }
        Ok(answers)
    }

    /// The records of one part, over all its pages.
    async fn records(&self, ask: &Ask, page: &str) -> Result<Vec<Row>, Error> {
        let page = row::page(page).ok_or_else(|| no_id("read records"))?;
        let mut records = page.records;
        if let Some(path) = page.next {
            records.extend(self.pages(path).await?);
        }
        self.rows(records, &ask.select).await
    }
}

fn sub((index, ask): (usize, &Ask)) -> Result<Sub, Error> {
    let resource = if ask.select.deleted { "queryAll" } else { "query" };
    let soql = soql::build(&ask.object, &ask.select, &ask.filter)?;
    Ok(Sub::read(&format!("ask{index}"), format!("{resource}?q={}", encode(&soql))))
}
