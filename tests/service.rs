//! The service as it is shipped, seen from outside: the real program, driven by HTTP and by kills.
//!
//! In: the built `cosell`. Out: stories, each with processes and a folder of its own, judged by what
//! the two systems hold in the end. Must not know: how the service works inside.
//!
//! `COSELL_KILLS` says how often the stories of kills kill (8), `COSELL_SEED` what happens in them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test may stop where something is wrong"
)]

#[path = "service/accounts.rs"]
mod accounts;
#[path = "service/asked.rs"]
mod asked;
#[path = "service/acts.rs"]
mod acts;
#[path = "service/backlog.rs"]
mod backlog;
#[cfg(unix)]
#[path = "service/beyond.rs"]
mod beyond;
#[path = "service/bin.rs"]
mod bin;
#[path = "service/budgets.rs"]
mod budgets;
#[path = "service/chance.rs"]
mod chance;
#[cfg(unix)]
#[path = "service/copies.rs"]
mod copies;
#[cfg(unix)]
#[path = "service/doctor.rs"]
mod doctor;
#[cfg(unix)]
#[path = "service/environments.rs"]
mod environments;
#[cfg(unix)]
#[path = "service/first_run.rs"]
mod first_run;
#[path = "service/faults.rs"]
mod faults;
#[path = "service/heard.rs"]
mod heard;
#[path = "service/help.rs"]
mod help;
#[path = "service/hostile.rs"]
mod hostile;
#[path = "service/kept.rs"]
mod kept;
#[path = "service/killed.rs"]
mod killed;
#[path = "service/kills.rs"]
mod kills;
#[cfg(unix)]
#[path = "service/login.rs"]
mod login;
#[cfg(unix)]
#[path = "service/logins.rs"]
mod logins;
#[path = "service/leads.rs"]
mod leads;
#[path = "service/life.rs"]
mod life;
#[path = "service/machine.rs"]
mod machine;
#[path = "service/office.rs"]
mod office;
#[path = "service/planted.rs"]
mod planted;
#[cfg(unix)]
#[path = "service/portal.rs"]
mod portal;
#[path = "service/promotion.rs"]
mod promotion;
#[path = "service/raw.rs"]
mod raw;
#[path = "service/registration.rs"]
mod registration;
#[path = "service/reload.rs"]
mod reload;
#[path = "service/rules.rs"]
mod rules;
#[path = "service/sides.rs"]
mod sides;
#[path = "service/solutions.rs"]
mod solutions;
#[cfg(unix)]
#[path = "service/standby.rs"]
mod standby;
#[path = "service/stories.rs"]
mod stories;
#[path = "service/taken.rs"]
mod taken;
#[path = "service/told.rs"]
mod told;
#[path = "service/whole.rs"]
mod whole;
#[path = "service/wire.rs"]
mod wire;
