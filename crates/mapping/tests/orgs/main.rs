//! Maps against orgs of hundreds of fields, in the three forms that orgs come in: correct maps have
//! no problem, and whatever is broken in the map or in the org is told at its line with its code.

#[cfg(test)]
mod files;
#[cfg(test)]
mod maps;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod org;
#[cfg(test)]
mod told;
