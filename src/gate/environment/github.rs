//! GitHub Actions: pull requests, pushes and the merge queue, from the event file.
//!
//! Variables and payloads: <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
//! <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.

use super::event_file::EventFile;
use super::variables::{Told, remote_branch};
use super::{Chosen, Description, Environment, EnvironmentError, Event, ProposalText, Variables, says_true};
use crate::text::visible_line;

const SYSTEM: &str = "GitHub Actions";
const HINT: &str = "name the range with --from and --to instead of --from-env";
const TRIGGERS: &str = "run the gate on pull_request, merge_group or push, or name the range with --from and --to";
const FETCH: &str = "set `fetch-depth: 0` of actions/checkout";
const FETCH_TARGET: &str = "set `fetch-depth: 0` of actions/checkout, and after it run `git fetch origin refs/pull/NUMBER/head`";

pub(super) fn is_here(environment: &dyn Environment) -> bool {
    says_true(environment, "GITHUB_ACTIONS")
}

pub(super) fn read(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let variables = Variables::of(environment, SYSTEM, HINT);
    let name = variables.required("GITHUB_EVENT_NAME")?;
    match name.as_str() {
        "pull_request" => pull_request(&variables, "GitHub Actions, pull request", FETCH),
        "pull_request_target" => pull_request(&variables, "GitHub Actions, pull request (target)", FETCH_TARGET),
        "push" => push(&variables),
        "merge_group" => merge_group(&variables),
        _ => Err(variables.hinting(TRIGGERS).unknown_trigger("GITHUB_EVENT_NAME", &name)),
    }
}

/// `.pull_request.base.sha` is not read: it stays at what the branch named when the proposal was opened, so that settings
/// could be taken from a time before they existed. The branch as fetched is never older.
fn pull_request(variables: &Variables, system: &'static str, fetch: &'static str) -> Result<Chosen, EnvironmentError> {
    let event = EventFile::read(variables)?;
    if event.text(".action")? == "closed" {
        return Err(variables.hinting(TRIGGERS).unusable("the pull request is closed, so nothing is proposed any more"));
    }
    let branch = event.name(".pull_request.base.ref")?;
    let number = event.number(".pull_request.number")?;
    let target = remote_branch(&branch);
    let shown = visible_line(&target);
    Ok(Chosen {
        system,
        subject: format!("pull request {number} to {}", visible_line(&branch)),
        because: vec![
            format!("What stands is {shown} as fetched, named by .pull_request.base.ref of the event."),
            "The proposal's newest commit is .pull_request.head.sha; GITHUB_SHA would be a merge made to try it.".to_owned(),
            "Title and description are .pull_request.title and .pull_request.body.".to_owned(),
        ],
        fetch,
        event: Event::Proposal {
            target: vec![target],
            head: event.commit(".pull_request.head.sha")?,
            text: Some(ProposalText {
                title: event.text(".pull_request.title")?.to_owned(),
                description: Description::Told(event.text_or_nothing(".pull_request.body")?.to_owned()),
            }),
        },
    })
}

fn push(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let event = EventFile::read(variables)?;
    let reference = event.reference(".ref")?;
    let (before, after) = (event.told(".before")?, event.told(".after")?);
    let (created, deleted) = (event.flag(".created")?, event.flag(".deleted")?);
    if (after == Told::Nothing) != deleted {
        return Err(event.contradicts(".deleted and .after"));
    }
    if (before == Told::Nothing) != created {
        return Err(event.contradicts(".created and .before"));
    }
    let subject = visible_line(&reference);
    let Told::Commit(after) = after else {
        let because = vec!["The event's .deleted is true: the reference is gone, and no commit arrives.".to_owned()];
        return Ok(Chosen {
            system: "GitHub Actions, push",
            subject,
            event: Event::Deletion { reference },
            because,
            fetch: FETCH,
        });
    };
    let mut because = vec![match before {
        Told::Nothing => "The reference is new: .created of the event is true and .before is all zeros.".to_owned(),
        Told::Commit(_) => "The range goes from .before to .after of the event.".to_owned(),
    }];
    if event.flag(".forced")? {
        because.push("The event's .forced is true: history was rewritten, so .before may not be behind .after.".to_owned());
    }
    let default_branch = event.name(".repository.default_branch")?;
    let default_branch = (reference != format!("refs/heads/{default_branch}")).then(|| remote_branch(&default_branch));
    let event = Event::Push { reference, before: before.commit(), after, default_branch };
    Ok(Chosen { system: "GitHub Actions, push", subject, event, because, fetch: FETCH })
}

/// The queue's commits land as they are, behind those that stand before them in the queue.
fn merge_group(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let event = EventFile::read(variables)?;
    let action = event.text(".action")?;
    if action != "checks_requested" {
        return Err(variables.hinting(TRIGGERS).unknown_trigger(".action of the event", action));
    }
    let reference = event.reference(".merge_group.base_ref")?;
    let because = vec![
        "The commits that the queue will put on the branch go from .merge_group.base_sha to .merge_group.head_sha.".to_owned(),
        "The event's .merge_group.base_sha is the branch, or the group that lands before this one.".to_owned(),
    ];
    Ok(Chosen {
        system: "GitHub Actions, merge queue",
        subject: format!("merge group for {}", visible_line(&reference)),
        because,
        fetch: FETCH,
        event: Event::Push {
            reference,
            before: Some(event.commit(".merge_group.base_sha")?),
            after: event.commit(".merge_group.head_sha")?,
            default_branch: None,
        },
    })
}
