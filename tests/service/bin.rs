//! What a rep does that REST cannot: convert a lead, take a record out of the bin.
//!
//! In: both systems as their users see them. Out: envelopes of the SOAP interface. Must not know: the
//! service.

use crate::raw::request;
use crate::sides::Sides;

impl Sides {
    /// A rep converts a lead, with an opportunity.
    pub(crate) fn rep_converts(&self, lead: &str) {
        self.soap(
            "convertLead",
            &format!(
                "<leadConverts><leadId>{lead}</leadId><convertedStatus>Closed - Converted\
                 </convertedStatus><doNotCreateOpportunity>false</doNotCreateOpportunity></leadConverts>"
            ),
        );
    }

    /// A rep merges a record into another one of its kind, giving that one a value (a name and a text).
    pub(crate) fn rep_merges(&self, loser: &str, master: &str, value: (&str, &str)) {
        let (name, text) = value;
        self.soap(
            "merge",
            &format!(
                "<request><masterRecord><Id>{master}</Id><{name}>{text}</{name}></masterRecord>\
                 <recordToMergeIds>{loser}</recordToMergeIds></request>"
            ),
        );
    }

    /// A rep takes a record out of the bin.
    pub(crate) fn rep_undeletes(&self, id: &str) {
        self.soap("undelete", &format!("<ids>{id}</ids>"));
    }

    fn soap(&self, operation: &str, inside: &str) {
        let (url, token) = &self.soap;
        let text = format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Header>\
             <SessionHeader xmlns=\"urn:partner.soap.sforce.com\"><sessionId>{token}</sessionId></SessionHeader>\
             </soapenv:Header><soapenv:Body><{operation} xmlns=\"urn:partner.soap.sforce.com\">{inside}\
             </{operation}></soapenv:Body></soapenv:Envelope>"
        );
        let headers = [("Content-Type", "text/xml"), ("SOAPAction", "\"\"")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let answer = request("POST", url, &headers, text.as_bytes()).unwrap();
        assert!(answer.status == 200 && answer.body.contains("<success>true"), "{answer:?}");
    }
}
