# The benchmark's mapping for jq. The tables come as the variable $tables.
def members: if . == null then [] else . end;
.details as $details
| .customerProfile as $customer
| $customer.address as $address
| first((($customer.team | members)[] | select((.email // "") != "")), null) as $person
| [($details.requirements.solutions | members)[].id | values] as $solutions
| ($tables.stage["\(.status // "")/\(.substatus // "")"] // "Prospecting") as $stage
| {
    Name: (.name | values[:120] // null),
    StageName: $stage,
    Amount: $details.dealValue,
    CurrencyIsoCode: $details.currency,
    CloseDate: ($details.closingDateTime | values[:10] // null),
    Description: ($details.notes // ""),
    AccountName: $customer.name,
    BillingStreet: $address.addressLine1,
    BillingCity: $address.city,
    BillingState: $address.state,
    BillingPostalCode: $address.postalCode,
    BillingCountry: ($address.country | if . then ascii_upcase | $tables.country[.] // . else . end),
    ContactFirstName: $person.firstName,
    ContactLastName: $person.lastName,
    ContactEmail: ($person.email | if . then ascii_downcase else . end),
    ContactPhone: $person.phoneNumber,
    Microsoft_Referral_Id__c: .id,
    Referral_Link__c: (
      if .id and .engagementId
      then "https://partner.microsoft.com/dashboard/referrals/v2/" + .engagementId + "/" + .id
      else null end),
    Solution_Ids__c: (if $solutions == [] then null else $solutions | join(";") end),
    How_Can_Microsoft_Help__c: $tables.help[.invitationContext.assistanceRequestCode // ""],
    Sync_With_Partner_Center__c: true,
    Probability: $tables.chance[$stage],
    ExternalVersion__c: .eTag
  }
| map_values(values)
