//! Azure Pipelines: pull requests and pushed tags. It does not tell what a pushed branch named before.
//!
//! Variables: <https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables>.

use super::variables::{excerpt, remote_branch};
use super::{Chosen, Environment, EnvironmentError, Event, Variables, says_true};
use crate::text::visible_line;

const SYSTEM: &str = "Azure Pipelines";
const HINT: &str = "name the range with --from and --to instead of --from-env";
const TRIGGERS: &str = "run the gate as build validation of pull requests, or name the range with --from and --to";
const FETCH: &str = "set `fetchDepth: 0` of the checkout step";

pub(super) fn is_here(environment: &dyn Environment) -> bool {
    says_true(environment, "TF_BUILD")
}

pub(super) fn read(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let variables = Variables::of(environment, SYSTEM, HINT);
    let reason = variables.required("BUILD_REASON")?;
    match reason.as_str() {
        "PullRequest" => pull_request(&variables),
        "IndividualCI" | "BatchedCI" => push(&variables),
        _ => Err(variables.hinting(TRIGGERS).unknown_trigger("BUILD_REASON", &reason)),
    }
}

/// The target is `refs/heads/main` for Azure Repos and `main` for GitHub.
fn pull_request(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let target = variables.required("SYSTEM_PULLREQUEST_TARGETBRANCH")?;
    let branch = target.strip_prefix("refs/heads/").unwrap_or(&target);
    let branch = variables.name_in("SYSTEM_PULLREQUEST_TARGETBRANCH", branch)?;
    let number = match variables.optional("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER") {
        Some(_) => variables.number("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")?,
        None => variables.number("SYSTEM_PULLREQUEST_PULLREQUESTID")?,
    };
    let target = remote_branch(&branch);
    Ok(Chosen {
        system: "Azure Pipelines, pull request",
        subject: format!("pull request {number} to {}", visible_line(&branch)),
        because: vec![
            format!("What stands is {} as fetched, named by SYSTEM_PULLREQUEST_TARGETBRANCH.", visible_line(&target)),
            "The proposal's newest commit is SYSTEM_PULLREQUEST_SOURCECOMMITID; BUILD_SOURCEVERSION would be a merge made to \
             try it."
                .to_owned(),
            "No variable holds title and description.".to_owned(),
        ],
        fetch: FETCH,
        event: Event::Proposal { target: vec![target], head: variables.commit("SYSTEM_PULLREQUEST_SOURCECOMMITID")?, text: None },
    })
}

/// A tag holds new commits where no branch has them. What a branch named before is not told, and to compare it with the
/// other branches would take for old what stands refused on one of them.
fn push(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let reference = variables.reference_in("BUILD_SOURCEBRANCH", &variables.required("BUILD_SOURCEBRANCH")?)?;
    if !reference.starts_with("refs/tags/") {
        let problem = format!("BUILD_SOURCEBRANCH is {}, and no variable holds what it named before", excerpt(&reference));
        return Err(variables.hinting(TRIGGERS).unusable(problem));
    }
    Ok(Chosen {
        system: "Azure Pipelines, tag",
        subject: visible_line(&reference),
        because: vec!["The tag is taken as new, since no variable holds what it named before.".to_owned()],
        fetch: FETCH,
        event: Event::Push { reference, before: None, after: variables.commit("BUILD_SOURCEVERSION")?, default_branch: None },
    })
}
