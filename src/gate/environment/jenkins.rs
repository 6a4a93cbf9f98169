//! Jenkins: change requests, branches and tags of multibranch projects, and plain jobs.
//!
//! Variables: `/env-vars.html` of a Jenkins server, and those of the Git plugin,
//! <https://plugins.jenkins.io/git/#plugin-content-environment-variables>.

use super::variables::remote_branch;
use super::{Chosen, Description, Environment, EnvironmentError, Event, ProposalText, Variables, is_set};
use crate::text::visible_line;

const SYSTEM: &str = "Jenkins";
const HINT: &str = "name the range with --from and --to instead of --from-env";
const NO_CHECKOUT: &str = "in a scripted pipeline hand over what `checkout scm` returns with `withEnv`, or name the range with \
    --from and --to";
const FETCH: &str = "in the branch source add \"Advanced clone behaviours\" without a shallow clone, and \"Specify ref specs\" \
    with +refs/heads/*:refs/remotes/@{remote}/*";

pub(super) fn is_here(environment: &dyn Environment) -> bool {
    is_set(environment, "JENKINS_URL") || is_set(environment, "JENKINS_HOME")
}

pub(super) fn read(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let variables = Variables::of(environment, SYSTEM, HINT);
    if ["CHANGE_ID", "CHANGE_TARGET"].iter().any(|name| variables.optional(name).is_some()) {
        return change_request(&variables);
    }
    match variables.optional("TAG_NAME") {
        Some(tag) => tagged(&variables, &tag),
        None => pushed(&variables),
    }
}

/// The branch sources fetch the change's own commits to a reference named as the job, `PR-12`; `GIT_COMMIT` is a merge made
/// to try it when the source is set up so.
fn change_request(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let job = variables.name("BRANCH_NAME")?;
    let branch = variables.name("CHANGE_TARGET")?;
    variables.required("CHANGE_ID")?;
    if job == branch {
        return Err(
            variables.unusable("BRANCH_NAME and CHANGE_TARGET are the same, so the change cannot be told from its target")
        );
    }
    let (target, head) = (remote_branch(&branch), remote_branch(&job));
    let text = variables.optional("CHANGE_TITLE").map(|title| ProposalText { title, description: Description::NotTold });
    let told = match text {
        Some(_) => "The title is CHANGE_TITLE; no variable holds the description.",
        None => "No variable holds title and description.",
    };
    Ok(Chosen {
        system: "Jenkins, change request",
        subject: format!("change request {} to {}", visible_line(&job), visible_line(&branch)),
        because: vec![
            format!("What stands is {} as fetched, named by CHANGE_TARGET.", visible_line(&target)),
            format!("The proposal's newest commit is {}, named by BRANCH_NAME; GIT_COMMIT can be a merge.", visible_line(&head)),
            told.to_owned(),
        ],
        fetch: FETCH,
        event: Event::Proposal { target: vec![target], head, text },
    })
}

fn tagged(variables: &Variables, tag: &str) -> Result<Chosen, EnvironmentError> {
    let reference = format!("refs/tags/{}", variables.name_in("TAG_NAME", tag)?);
    Ok(Chosen {
        system: "Jenkins, tag",
        subject: visible_line(&reference),
        because: vec!["The tag is taken as new, since no variable holds what it named before.".to_owned()],
        fetch: FETCH,
        event: Event::Push {
            reference,
            before: None,
            after: variables.hinting(NO_CHECKOUT).commit("GIT_COMMIT")?,
            default_branch: None,
        },
    })
}

/// From the last build that passed where there is one: commits that were refused since are judged again.
fn pushed(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let reference = format!("refs/heads/{}", branch(variables)?);
    let variables = variables.hinting(NO_CHECKOUT);
    let after = variables.commit("GIT_COMMIT")?;
    let from = |name: &str| variables.optional(name).map(|_| variables.commit(name)).transpose();
    let (before, because) = match (from("GIT_PREVIOUS_SUCCESSFUL_COMMIT")?, from("GIT_PREVIOUS_COMMIT")?) {
        (Some(passed), _) => {
            (passed, "The range goes from GIT_PREVIOUS_SUCCESSFUL_COMMIT, the last build that passed, to GIT_COMMIT.")
        }
        (None, Some(built)) => {
            (built, "The range goes from GIT_PREVIOUS_COMMIT, the last build, to GIT_COMMIT; no build has passed yet.")
        }
        (None, None) => {
            let problem = "neither GIT_PREVIOUS_SUCCESSFUL_COMMIT nor GIT_PREVIOUS_COMMIT is set, as in a branch's first build";
            return Err(variables.unusable(problem));
        }
    };
    let (subject, because) = (visible_line(&reference), vec![because.to_owned()]);
    let event = Event::Push { reference, before: Some(before), after, default_branch: None };
    Ok(Chosen { system: "Jenkins, branch", subject, event, because, fetch: FETCH })
}

/// The branch of the build: `main` in a multibranch project, `origin/main` in a plain job.
fn branch(variables: &Variables) -> Result<String, EnvironmentError> {
    if variables.optional("BRANCH_NAME").is_some() {
        return variables.name("BRANCH_NAME");
    }
    let value = variables.hinting(NO_CHECKOUT).required("GIT_BRANCH")?;
    match value.strip_prefix("refs/remotes/").unwrap_or(&value).strip_prefix("origin/") {
        Some(name) => variables.name_in("GIT_BRANCH", name),
        None => Err(variables.unusable(format!("GIT_BRANCH does not begin with origin/: {}", super::variables::excerpt(&value)))),
    }
}
