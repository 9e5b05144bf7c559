//! stub, being written
/// x
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum System { /// x
PartnerCenter, /// x
Salesforce }
/// x
#[derive(Debug, Clone, Default)]
pub struct Schemas {}
/// x
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind { /// x
Text, /// x
LongText, /// x
Number, /// x
Bool, /// x
Date, /// x
DateTime, /// x
Id, /// x
Enum, /// x
MultiEnum, /// x
Email, /// x
Phone, /// x
Url, /// x
Country, /// x
Currency, /// x
Percent, /// x
Reference, /// x
Object, /// x
List }
