//! `cosell scenario`: the demo's story against the systems of a configuration, on records that are marked and taken
//! away again.
//!
//! In: a configuration of kind staging. Out: the steps with what came of them, and a line in the list of what the
//! maps have passed. Must not know: how the service decides. Both systems are used as any other program would.

mod ground;
mod journal;
mod story;
mod tidy;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::{Duration, Instant};

use runner::config::{Config, Kind, OrgKind, Reach};
use runner::maps::passed::{Gate, prints};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::command::{Scenario, TextFormat};
use crate::terminal::{Outcome, Stop, print, shown};
use crate::{life, passed, serve};

use ground::Ground;
use journal::Journal;

/// How long a service that was started here may take until it answers.
const START: Duration = Duration::from_mins(1);

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    /// What was done, and what had to come of it.
    #[serde(rename = "step")]
    what: String,
    ok: bool,
    seconds: f64,
    /// What was found.
    said: String,
}

/// The steps so far, shown as they end.
pub(crate) struct Steps {
    format: TextFormat,
    done: Vec<Step>,
}

impl Steps {
    /// Takes a step: its outcome is shown, and given back when it was good.
    async fn take<T>(
        &mut self,
        step: &str,
        work: impl Future<Output = Result<(T, String), String>>,
    ) -> Result<T, Failed> {
        let began = Instant::now();
        let done = work.await;
        let seconds = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let (ok, said) = match &done {
            Ok((_, said)) => (true, said.clone()),
            Err(why) => (false, why.clone()),
        };
        if self.format == TextFormat::Text {
            let word = if ok { "ok    " } else { "failed" };
            print(&format!("{word} {seconds:>6.1} s  {step}\n                 {said}\n"))?;
        }
        self.done.push(Step { what: step.to_owned(), ok, seconds, said });
        done.map(|(value, _)| value).map_err(|_| Failed::Step)
    }
}

/// Why the story ended early.
pub(crate) enum Failed {
    /// A step did not come to what was promised; it was told.
    Step,
    /// Nobody listens.
    Stop(Stop),
}

impl From<Stop> for Failed {
    fn from(stop: Stop) -> Self {
        Failed::Stop(stop)
    }
}

/// Plays it.
pub(crate) fn run(args: &Scenario) -> Result<Outcome, Stop> {
    let file = &args.config;
    let config = serve::usable(file, Config::load(file, args.env.as_deref()))?;
    let name = config.environment.name.clone();
    match (config.environment.kind, config.reach) {
        (Kind::Staging, Reach::Both) => {}
        (Kind::Staging, _) => {
            return Err(Stop::because(
                format!(
                    "the environment {name} does not write to Partner Center, so no story can be told in it"
                ),
                "play it where the partner account is staging's own",
            ));
        }
        (kind @ (Kind::Production | Kind::Shadow), _) => {
            return Err(Stop::because(
                format!(
                    "the environment {name} is of kind {kind}: the scenario makes records, and is for staging alone"
                ),
                "name one of kind staging: `cosell scenario --env staging`",
            ));
        }
    }
    let journal = Journal::beside(file);
    let _lock = life::only_one(&journal.lock(), false, ": a scenario of this environment runs")?;
    life::runtime()?.block_on(play(args, &config, &journal))
}

async fn play(args: &Scenario, config: &Config, journal: &Journal) -> Result<Outcome, Stop> {
    let ground = Ground::of(args, config)?;
    is_staging(config, &ground).await?;
    let mut service = Service::meet(args, config).await?;
    let mut steps = Steps { format: args.format, done: Vec::new() };
    let ended = {
        let mut told = pin!(tell(args, &ground, journal, &mut steps));
        let mut interrupted = pin!(life::end(args.with_parent));
        tokio::select! {
            told = &mut told => told,
            () = &mut interrupted => Ok(End::Interrupted),
        }
    };
    // Whatever happened, what was made is taken away.
    let left = tidy::all(&ground, journal, &mut steps).await;
    service.end().await;
    let ended = ended?;
    let fine = matches!(ended, End::Told(true)) && left.is_empty();
    if !matches!(ended, End::Tidied | End::Interrupted) {
        let env = Some(config.environment.name.as_str());
        passed::record(&args.config, Gate::Scenario, fine, env, &config.maps);
    }
    show(args, config, &steps, &ended, fine, &left)?;
    match ended {
        End::Interrupted => Err(Stop::because(
            "the scenario was interrupted; what it had made was taken away",
            "play it again",
        )),
        End::Told(_) | End::Tidied => {
            Ok(Outcome::fine_if(fine || (matches!(ended, End::Tidied) && left.is_empty())))
        }
    }
}

/// How the story ended.
enum End {
    /// All of it was told, or a step failed.
    Told(bool),
    /// Only what was left over was to be taken away.
    Tidied,
    /// Somebody ended it.
    Interrupted,
}

async fn tell(
    args: &Scenario,
    ground: &Ground,
    journal: &Journal,
    steps: &mut Steps,
) -> Result<End, Stop> {
    // What an earlier one left, because it was killed, goes first.
    if journal.is_open() {
        let left = tidy::all(ground, journal, steps).await;
        if !left.is_empty() {
            return Ok(End::Told(false));
        }
    }
    if args.clean {
        return Ok(End::Tidied);
    }
    journal.open(&ground.mark)?;
    match story::tell(ground, steps).await {
        Ok(()) => Ok(End::Told(true)),
        Err(Failed::Step) => Ok(End::Told(false)),
        Err(Failed::Stop(stop)) => Err(stop),
    }
}

/// The organisation must say that it is none in which people work.
async fn is_staging(config: &Config, ground: &Ground) -> Result<(), Stop> {
    let rows = ground.salesforce.query(OrgKind::QUERY).await;
    let rows = rows.map_err(|error| {
        Stop::because(format!("salesforce: {error}"), "`cosell doctor` looks at the sign-in")
    })?;
    let unclear = || {
        Stop::because(
            "the organisation does not say whether it is a sandbox, so nothing is made in it",
            "let the sync user see Organization.IsSandbox",
        )
    };
    let org = rows.first().and_then(|row| OrgKind::read(row)).ok_or_else(unclear)?;
    match config.environment.kind.refuses(&org) {
        None => Ok(()),
        Some(why) => {
            Err(Stop::because(why, "correct `salesforce.login`, or the environment's kind"))
        }
    }
}

fn show(
    args: &Scenario,
    config: &Config,
    steps: &Steps,
    ended: &End,
    fine: bool,
    left: &[String],
) -> Result<(), Stop> {
    match args.format {
        TextFormat::Json => {
            let told = json!({
                "environment": config.environment.name, "passed": fine, "steps": steps.done, "left": left,
            });
            print(&format!("{told:#}\n"))
        }
        TextFormat::Text => {
            let mut text: String = left.iter().flat_map(|left| ["left   ", left, "\n"]).collect();
            text += match ended {
                End::Told(true) if fine => "All of it was as promised.\n",
                End::Told(true) => {
                    "All of it was as promised, but some records could not be taken away; play it again.\n"
                }
                End::Told(false) => "This was not as promised.\n",
                End::Tidied => "Nothing more was to be done.\n",
                End::Interrupted => "",
            };
            print(&text)
        }
    }
}

/// The service that works on the story's records.
enum Service {
    /// It runs already.
    Running,
    /// It was started for the story.
    Own(Box<Child>),
}

impl Service {
    /// The service of this configuration, started when it does not run. It must work with the maps as they are.
    async fn meet(args: &Scenario, config: &Config) -> Result<Self, Stop> {
        let name = config.environment.name.as_str();
        let mut service = Service::Running;
        let mut status = runner::ask::status(config.listen, Some(name)).await;
        if status.is_none() {
            let (child, found) = start(args, config).await?;
            (service, status) = (Service::Own(Box::new(child)), Some(found));
        }
        let maps = prints(&config.maps).map_err(|error| {
            Stop::because(
                error.to_string(),
                "correct the map; `cosell check` tells all that is wrong with it",
            )
        })?;
        let status = status.unwrap_or_default();
        let serves: Vec<&Value> = status["maps"].as_array().into_iter().flatten().collect();
        let same = serves.len() == maps.len()
            && maps
                .iter()
                .all(|map| serves.iter().any(|serves| serves["hash"] == map.plan.as_str()));
        if same {
            return Ok(service);
        }
        service.end().await;
        Err(Stop::because(
            "the service works with other maps than those of the configuration, so it would show nothing about them",
            "`cosell reload` has it take them, or says why not",
        ))
    }

    async fn end(&mut self) {
        let Service::Own(child) = self else { return };
        // Its input tells it to end, in order.
        drop(child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(25), child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

/// Starts the service of this environment alone.
async fn start(args: &Scenario, config: &Config) -> Result<(Child, Value), Stop> {
    let flag = shown(&args.config);
    let name = config.environment.name.as_str();
    if config.listen.port() == 0 {
        return Err(Stop::because(
            "`listen` names no port, so a service cannot be found",
            "write a port at `listen`",
        ));
    }
    let program =
        std::env::current_exe().map_err(|error| Stop::file("find", Path::new("cosell"), &error))?;
    let log = passed::list(&args.config).with_file_name("scenario.log");
    let file = std::fs::File::create(&log).map_err(|error| Stop::file("write", &log, &error))?;
    let errors = file.try_clone().map_err(|error| Stop::file("write", &log, &error))?;
    let mut child = Command::new(&program)
        .args(["serve", "--with-parent", "--config"])
        .arg(&args.config)
        .args(["--env", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::from(file))
        .stderr(Stdio::from(errors))
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Stop::file("start", &program, &error))?;
    let input = child.stdin.take();
    let began = Instant::now();
    loop {
        if let Some(status) = runner::ask::status(config.listen, Some(name)).await {
            child.stdin = input;
            return Ok((child, status));
        }
        let ended = child.try_wait().ok().flatten().is_some();
        if ended || began.elapsed() > START {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(3).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join(" / ");
            return Err(Stop::because(
                format!(
                    "no service answers at {}, and none could be started: {last}",
                    config.listen
                ),
                format!("start it: `cosell serve --env {name} --config {flag}`"),
            ));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Fields of records that the story makes, beside its own: what an organisation demands besides.
pub(crate) fn fields(path: Option<&PathBuf>) -> Result<Value, Stop> {
    let Some(path) = path else { return Ok(json!({})) };
    let text = std::fs::read_to_string(path).map_err(|error| Stop::file("read", path, &error))?;
    let wrong = |found: String| {
        Stop::because(
            format!(
                "{}: expected objects with fields, such as {{\"Opportunity\": {{\"Region__c\": \"EMEA\"}}}}, found {found}",
                shown(path)
            ),
            "write for each object the fields that its records must have",
        )
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let fits = value.as_object().is_some_and(|objects| objects.values().all(Value::is_object));
    if fits { Ok(value) } else { Err(wrong("another form".to_owned())) }
}
