//! Bitbucket Pipelines: pull requests and tags. It does not tell what a pushed branch named before.
//!
//! Variables: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.

use super::variables::{excerpt, remote_branch};
use super::{Chosen, Environment, EnvironmentError, Event, Variables, is_set};
use crate::text::visible_line;

const SYSTEM: &str = "Bitbucket Pipelines";
const HINT: &str = "name the range with --from and --to instead of --from-env";
const TRIGGERS: &str = "run the gate under `pull-requests:`, or name the range with --from and --to";
const FETCH: &str = "set `clone: depth: full`, and `git fetch origin` the target branch before the gate";

pub(super) fn is_here(environment: &dyn Environment) -> bool {
    is_set(environment, "BITBUCKET_BUILD_NUMBER")
}

pub(super) fn read(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let variables = Variables::of(environment, SYSTEM, HINT);
    if variables.optional("BITBUCKET_PR_ID").is_some() {
        return pull_request(&variables);
    }
    match (variables.optional("BITBUCKET_TAG"), variables.optional("BITBUCKET_BRANCH")) {
        (Some(tag), None) => tagged(&variables, &tag),
        (None, Some(branch)) => {
            let problem = format!("BITBUCKET_BRANCH is {}, and no variable holds what it named before", excerpt(&branch));
            Err(variables.hinting(TRIGGERS).unusable(problem))
        }
        (None, None) => {
            Err(variables.hinting(TRIGGERS).unusable("none of BITBUCKET_PR_ID, BITBUCKET_TAG, BITBUCKET_BRANCH is set"))
        }
        (Some(_), Some(_)) => Err(variables.hinting(TRIGGERS).unusable("both BITBUCKET_TAG and BITBUCKET_BRANCH are set")),
    }
}

/// `BITBUCKET_PR_DESTINATION_COMMIT` is not read: it can be 12 digits only, which need not name one commit.
fn pull_request(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let number = variables.number("BITBUCKET_PR_ID")?;
    let branch = variables.name("BITBUCKET_PR_DESTINATION_BRANCH")?;
    let target = remote_branch(&branch);
    Ok(Chosen {
        system: "Bitbucket Pipelines, pull request",
        subject: format!("pull request {number} to {}", visible_line(&branch)),
        because: vec![
            format!("What stands is {} as fetched, named by BITBUCKET_PR_DESTINATION_BRANCH.", visible_line(&target)),
            "The proposal's newest commit is BITBUCKET_COMMIT; what is checked out can be a merge made to try it.".to_owned(),
            "No variable holds title and description.".to_owned(),
        ],
        fetch: FETCH,
        event: Event::Proposal { target: vec![target], head: variables.commit("BITBUCKET_COMMIT")?, text: None },
    })
}

fn tagged(variables: &Variables, tag: &str) -> Result<Chosen, EnvironmentError> {
    let reference = format!("refs/tags/{}", variables.name_in("BITBUCKET_TAG", tag)?);
    Ok(Chosen {
        system: "Bitbucket Pipelines, tag",
        subject: visible_line(&reference),
        because: vec!["The tag is taken as new, since no variable holds what it named before.".to_owned()],
        fetch: FETCH,
        event: Event::Push { reference, before: None, after: variables.commit("BITBUCKET_COMMIT")?, default_branch: None },
    })
}
