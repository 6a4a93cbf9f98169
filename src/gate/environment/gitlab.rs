//! GitLab CI: merge request pipelines with and without merged results, merge trains, pushes of branches and tags.
//!
//! Variables: <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use super::variables::{Told, excerpt, remote_branch};
use super::{Chosen, Description, Environment, EnvironmentError, Event, ProposalText, Variables, says_true};
use crate::text::visible_line;

const SYSTEM: &str = "GitLab CI";
const HINT: &str = "name the range with --from and --to instead of --from-env";
const TRIGGERS: &str =
    "run the gate when CI_PIPELINE_SOURCE is merge_request_event or push, or name the range with --from and --to";
const FETCH: &str = "set `GIT_DEPTH: 0` in the job's variables";

/// GitLab cuts descriptions to this many characters.
const MOST_DESCRIPTION: usize = 2700;

pub(super) fn is_here(environment: &dyn Environment) -> bool {
    says_true(environment, "GITLAB_CI")
}

pub(super) fn read(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let variables = Variables::of(environment, SYSTEM, HINT);
    let source = variables.required("CI_PIPELINE_SOURCE")?;
    match source.as_str() {
        "merge_request_event" => merge_request(&variables),
        "push" => push(&variables),
        _ => Err(variables.hinting(TRIGGERS).unknown_trigger("CI_PIPELINE_SOURCE", &source)),
    }
}

/// What a merge request pipeline has checked out, by `CI_MERGE_REQUEST_EVENT_TYPE`.
struct Kind {
    system: &'static str,
    /// The variable of the source branch's newest commit.
    head: &'static str,
    why: &'static str,
}

fn kind_of(variables: &Variables) -> Result<Kind, EnvironmentError> {
    let value = variables.required("CI_MERGE_REQUEST_EVENT_TYPE")?;
    let merged =
        "The proposal's newest commit is CI_MERGE_REQUEST_SOURCE_BRANCH_SHA; CI_COMMIT_SHA would be a merge made to try it.";
    match value.as_str() {
        "detached" => Ok(Kind {
            system: "GitLab CI, merge request",
            head: "CI_COMMIT_SHA",
            why: "The proposal's newest commit is CI_COMMIT_SHA, since CI_MERGE_REQUEST_EVENT_TYPE is detached.",
        }),
        "merged_result" => Ok(Kind {
            system: "GitLab CI, merged results of a merge request",
            head: "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
            why: merged,
        }),
        "merge_train" => Ok(Kind { system: "GitLab CI, merge train", head: "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", why: merged }),
        _ => Err(variables.hinting(TRIGGERS).unknown_trigger("CI_MERGE_REQUEST_EVENT_TYPE", &value)),
    }
}

/// `CI_MERGE_REQUEST_DIFF_BASE_SHA` is not read: it stays that of the former target when the target is changed.
/// `CI_MERGE_REQUEST_TARGET_BRANCH_SHA` is not read either: it is as old as the pipeline, and in a train it is the merge
/// request before this one, which has not landed.
fn merge_request(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let kind = kind_of(variables)?;
    let branch = variables.name("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")?;
    let number = variables.number("CI_MERGE_REQUEST_IID")?;
    let head = variables.commit(kind.head)?;
    let description = description(variables);
    let told = match &description {
        Description::Told(_) => "Title and description are CI_MERGE_REQUEST_TITLE and CI_MERGE_REQUEST_DESCRIPTION.",
        Description::Cut(_) => "The title is CI_MERGE_REQUEST_TITLE; CI_MERGE_REQUEST_DESCRIPTION holds the beginning only.",
        Description::NotTold => "The title is CI_MERGE_REQUEST_TITLE; CI_MERGE_REQUEST_DESCRIPTION is not set.",
    };
    let target = remote_branch(&branch);
    Ok(Chosen {
        system: kind.system,
        subject: format!("merge request {number} to {}", visible_line(&branch)),
        because: vec![
            format!("What stands is {} as fetched, named by CI_MERGE_REQUEST_TARGET_BRANCH_NAME.", visible_line(&target)),
            kind.why.to_owned(),
            told.to_owned(),
        ],
        fetch: FETCH,
        event: Event::Proposal {
            target: vec![target],
            head,
            text: Some(ProposalText { title: variables.required("CI_MERGE_REQUEST_TITLE")?, description }),
        },
    })
}

/// GitLab 16.7 cuts without saying so; since 16.8 `CI_MERGE_REQUEST_DESCRIPTION_IS_TRUNCATED` tells.
fn description(variables: &Variables) -> Description {
    let Some(text) = variables.as_set("CI_MERGE_REQUEST_DESCRIPTION") else {
        return Description::NotTold;
    };
    let is_long = text.chars().nth(MOST_DESCRIPTION - 1).is_some();
    match variables.optional("CI_MERGE_REQUEST_DESCRIPTION_IS_TRUNCATED").as_deref() {
        Some("true") => Description::Cut(text),
        Some("false") => Description::Told(text),
        Some(_) | None if is_long => Description::Cut(text),
        Some(_) | None => Description::Told(text),
    }
}

fn push(variables: &Variables) -> Result<Chosen, EnvironmentError> {
    let (system, reference) = match (variables.optional("CI_COMMIT_TAG"), variables.optional("CI_COMMIT_BRANCH")) {
        (Some(tag), None) => ("GitLab CI, tag", format!("refs/tags/{}", variables.name_in("CI_COMMIT_TAG", &tag)?)),
        (None, Some(name)) => ("GitLab CI, push", format!("refs/heads/{}", variables.name_in("CI_COMMIT_BRANCH", &name)?)),
        (None, None) => return Err(variables.unusable("neither CI_COMMIT_BRANCH nor CI_COMMIT_TAG is set")),
        (Some(tag), Some(branch)) => {
            let both = format!("CI_COMMIT_TAG is {} and CI_COMMIT_BRANCH is {}", excerpt(&tag), excerpt(&branch));
            return Err(variables.unusable(both));
        }
    };
    let before = variables.told_in("CI_COMMIT_BEFORE_SHA", &variables.required("CI_COMMIT_BEFORE_SHA")?)?;
    let default_branch = variables.name("CI_DEFAULT_BRANCH")?;
    let because = vec![match before {
        Told::Nothing => "The reference is new: CI_COMMIT_BEFORE_SHA is all zeros.".to_owned(),
        Told::Commit(_) => "The range goes from CI_COMMIT_BEFORE_SHA to CI_COMMIT_SHA.".to_owned(),
    }];
    let default_branch = (reference != format!("refs/heads/{default_branch}")).then(|| remote_branch(&default_branch));
    let (subject, after) = (visible_line(&reference), variables.commit("CI_COMMIT_SHA")?);
    let event = Event::Push { reference, before: before.commit(), after, default_branch };
    Ok(Chosen { system, subject, event, because, fetch: FETCH })
}
