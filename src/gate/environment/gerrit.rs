//! Gerrit, by the variables of the Gerrit Trigger plugin of Jenkins: patch sets and updated references.
//!
//! Variables: the help of the trigger, <https://plugins.jenkins.io/gerrit-trigger/>. The message that they hold is not
//! read: it can be encoded, escaped or left out, and what lands is the commit's own.

use super::variables::{Told, remote_branch};
use super::{Chosen, Environment, EnvironmentError, Event, Variables, is_set};
use crate::text::visible_line;

const SYSTEM: &str = "Gerrit Trigger";
const HINT: &str = "name the range with --from and --to instead of --from-env";
const TRIGGERS: &str = "trigger on \"Patchset Created\" or \"Ref Updated\", or name the range with --from and --to";
const FETCH: &str = "fetch without depth, with the ref specs +refs/heads/*:refs/remotes/origin/* and $GERRIT_REFSPEC";

/// Variables that only a Gerrit event sets.
const MARKS: &[&str] =
    &["GERRIT_EVENT_TYPE", "GERRIT_PATCHSET_REVISION", "GERRIT_CHANGE_NUMBER", "GERRIT_REFNAME", "GERRIT_NEWREV"];

pub(super) fn is_here(environment: &dyn Environment) -> bool {
    MARKS.iter().any(|name| is_set(environment, name))
}

pub(super) fn read(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let variables = Variables::of(environment, SYSTEM, HINT);
    let event = variables.required("GERRIT_EVENT_TYPE")?;
    match event.as_str() {
        "patchset-created"
        | "draft-published"
        | "change-restored"
        | "wip-state-changed"
        | "private-state-changed"
        | "comment-added" => patch_set(&variables),
        "ref-updated" => updated(&variables),
        _ => Err(variables.hinting(TRIGGERS).unknown_trigger("GERRIT_EVENT_TYPE", &event)),
    }
}

fn patch_set(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let branch = variables.required("GERRIT_BRANCH")?;
    let branch = variables.name_in("GERRIT_BRANCH", branch.strip_prefix("refs/heads/").unwrap_or(&branch))?;
    let (change, patch_set) = (variables.number("GERRIT_CHANGE_NUMBER")?, variables.number("GERRIT_PATCHSET_NUMBER")?);
    let target = remote_branch(&branch);
    Ok(Chosen {
        system: "Gerrit Trigger, patch set",
        subject: format!("change {change}, patch set {patch_set}, to {}", visible_line(&branch)),
        because: vec![
            format!("What stands is {} as fetched, named by GERRIT_BRANCH.", visible_line(&target)),
            "The proposal's newest commit is GERRIT_PATCHSET_REVISION; changes that it builds on are judged with it.".to_owned(),
            "Title and description are the commit's own message, which Git holds.".to_owned(),
        ],
        fetch: FETCH,
        event: Event::Proposal { target: vec![target], head: variables.commit("GERRIT_PATCHSET_REVISION")?, text: None },
    })
}

/// Gerrit names a branch without `refs/heads/` in older versions.
fn updated(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let name = variables.required("GERRIT_REFNAME")?;
    let reference = if name.starts_with("refs/") { name } else { format!("refs/heads/{name}") };
    let reference = variables.reference_in("GERRIT_REFNAME", &reference)?;
    let told = |name: &str| variables.told_in(name, &variables.required(name)?);
    let (before, after) = (told("GERRIT_OLDREV")?, told("GERRIT_NEWREV")?);
    let subject = visible_line(&reference);
    let (event, because) = match (before, after) {
        (Told::Nothing, Told::Nothing) => return Err(variables.unusable("GERRIT_OLDREV and GERRIT_NEWREV are all zeros")),
        (Told::Commit(_), Told::Nothing) => {
            (Event::Deletion { reference }, "GERRIT_NEWREV is all zeros: the reference is gone, and no commit arrives.")
        }
        (Told::Nothing, Told::Commit(after)) => (
            Event::Push { reference, before: None, after, default_branch: None },
            "The reference is new: GERRIT_OLDREV is all zeros.",
        ),
        (Told::Commit(before), Told::Commit(after)) => (
            Event::Push { reference, before: Some(before), after, default_branch: None },
            "The range goes from GERRIT_OLDREV to GERRIT_NEWREV.",
        ),
    };
    Ok(Chosen { system: "Gerrit Trigger, updated reference", subject, event, because: vec![because.to_owned()], fetch: FETCH })
}
