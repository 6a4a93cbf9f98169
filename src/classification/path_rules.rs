//! Rules that a path alone decides: what governs the repository, its furniture, infrastructure code, and guards.

use crate::settings::Layer;

/// What a path rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathRule {
    /// The path belongs to this layer.
    Layer(Layer),
    /// The path does not count.
    Ignored,
    /// The path is a build file: its folder decides, its content is not looked at.
    BuildFile,
}

/// Folders at the root that steer forges and CI.
const GOVERNING_FOLDERS: &[&str] =
    &[".github", ".gitlab", ".circleci", ".buildkite", ".tekton", ".woodpecker", ".forgejo", ".gitea"];
/// Files at the root that steer forges, CI and countersign.
const GOVERNING_AT_ROOT: &[&str] = &[
    "countersign.toml",
    "codeowners",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    "azure_pipeline.yaml",
    "azure-pipeline.yml",
    "bitbucket-pipelines.yml",
    "jenkinsfile",
    ".travis.yml",
    ".drone.yml",
    ".prow.yaml",
    ".zuul.yaml",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
    "renovate.json",
    "renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".mergify.yml",
    ".gitmodules",
    ".mailmap",
    ".trivyignore",
    ".gitleaks.toml",
];
/// Files that govern their folder, wherever it is.
const GOVERNING_ANYWHERE: &[&str] = &["owners", "owners_aliases", ".sops.yaml", ".sops.yml", ".gitattributes"];

/// Files that guard the process when they stand at the root.
const GUARDS_AT_ROOT: &[&str] = &[
    "countersign.toml",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    "azure_pipeline.yaml",
    "azure-pipeline.yml",
    "bitbucket-pipelines.yml",
    "jenkinsfile",
    ".travis.yml",
    ".drone.yml",
    ".prow.yaml",
    ".zuul.yaml",
    ".pre-commit-config.yaml",
    ".mailmap",
];
/// Folders at the root whose files are CI files.
const GUARDING_FOLDERS: &[&str] = &[
    ".github/workflows/",
    ".github/actions/",
    ".gitlab/ci/",
    ".circleci/",
    ".buildkite/",
    ".tekton/",
    ".woodpecker/",
    ".forgejo/workflows/",
    ".gitea/workflows/",
];
/// Where a forge looks for CODEOWNERS.
const CODEOWNERS: &[&str] =
    &["codeowners", ".github/codeowners", ".gitlab/codeowners", ".bitbucket/codeowners", "docs/codeowners"];

/// File names, in lower case, that are furniture with any ending or none.
const FURNITURE_STEMS: &[&str] = &[
    "readme",
    "license",
    "licence",
    "copying",
    "notice",
    "changelog",
    "changes",
    "contributing",
    "code_of_conduct",
    "authors",
    "maintainers",
    "security",
    "support",
    "governance",
];
/// Endings of documentation and pictures.
const DOCUMENT_ENDINGS: &[&str] =
    &[".md", ".markdown", ".mdx", ".adoc", ".rst", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".drawio", ".puml", ".pdf", ".pptx"];
/// Files for editors, formatters and Git itself.
const FURNITURE: &[&str] = &[
    ".gitignore",
    ".gitkeep",
    ".keep",
    ".editorconfig",
    ".dockerignore",
    ".helmignore",
    ".ds_store",
    ".yamllint",
    ".yamllint.yaml",
    ".yamllint.yml",
    ".yamlfmt",
    ".markdownlint.json",
    ".markdownlint.yaml",
    ".prettierrc",
    ".prettierignore",
    ".tool-versions",
    ".terraform-version",
    ".envrc",
    ".mise.toml",
];
const FURNITURE_FOLDERS: &[&str] = &[".vscode", ".idea", ".devcontainer"];

/// The rule of a path with the words that name it, if a path rule decides.
pub(super) fn find(path: &str) -> Option<(PathRule, String)> {
    let lower = path.to_lowercase();
    let file = lower.rsplit('/').next().unwrap_or(&lower);
    let top = lower.split('/').next().filter(|top| top.len() < lower.len());
    governance(&lower, file, top).or_else(|| infrastructure(file)).or_else(|| furniture(file, top)).or_else(|| build_file(file))
}

fn governance(path: &str, file: &str, top: Option<&str>) -> Option<(PathRule, String)> {
    let folder = top.filter(|top| GOVERNING_FOLDERS.contains(top)).map(|top| format!("governance: {top}/**"));
    let named = GOVERNING_AT_ROOT.contains(&path) || CODEOWNERS.contains(&path) || GOVERNING_ANYWHERE.contains(&file);
    let rule = folder.or_else(|| named.then(|| format!("governance: {file}")))?;
    Some((PathRule::Layer(Layer::Governance), rule))
}

fn infrastructure(file: &str) -> Option<(PathRule, String)> {
    const ENDINGS: [&str; 7] = [".tf", ".tfvars", ".tf.json", ".tfvars.json", ".tofu", ".bicep", ".terraform.lock.hcl"];
    if file.strip_suffix(".rego").is_some() {
        return Some((PathRule::Layer(Layer::Security), "file: *.rego".into()));
    }
    let ending = ENDINGS.iter().find(|ending| file.ends_with(**ending)).map(|ending| format!("file: *{ending}"));
    let terragrunt = matches!(file, "terragrunt.hcl" | "root.hcl" | "atlantis.yaml").then(|| format!("file: {file}"));
    ending.or(terragrunt).map(|rule| (PathRule::Layer(Layer::Infrastructure), rule))
}

fn furniture(file: &str, top: Option<&str>) -> Option<(PathRule, String)> {
    let stem = file.split('.').next().unwrap_or(file);
    let may_hold_objects = [".yaml", ".yml", ".json"].iter().any(|ending| file.ends_with(ending));
    let rule = if let Some(ending) = DOCUMENT_ENDINGS.iter().find(|ending| file.ends_with(**ending)) {
        format!("documentation: *{ending}")
    } else if FURNITURE.contains(&file) || (FURNITURE_STEMS.contains(&stem) && !may_hold_objects && is_plain(file)) {
        format!("furniture: {file}")
    } else if let Some(top) = top.filter(|top| FURNITURE_FOLDERS.contains(top)) {
        format!("furniture: {top}/**")
    } else if let Some(top) = top.filter(|top| matches!(*top, "docs" | "doc") && !may_hold_objects) {
        format!("documentation: {top}/**")
    } else {
        return None;
    };
    Some((PathRule::Ignored, rule))
}

/// A name without ending, or with one of plain text.
fn is_plain(file: &str) -> bool {
    file.rsplit_once('.').is_none_or(|(_, ending)| ending == "txt")
}

fn build_file(file: &str) -> Option<(PathRule, String)> {
    matches!(file, "kustomization.yaml" | "kustomization.yml" | "kustomization")
        .then(|| (PathRule::BuildFile, "build file".into()))
}

/// The rule by which a path guards the process, if it does.
pub(super) fn guard(path: &str) -> Option<String> {
    let lower = path.to_lowercase();
    let file = lower.rsplit('/').next().unwrap_or(&lower);
    if CODEOWNERS.contains(&&*lower) || matches!(file, "owners" | "owners_aliases") {
        return Some(format!("who must approve: {file}"));
    }
    if let Some(folder) = GUARDING_FOLDERS.iter().find(|folder| lower.starts_with(**folder)) {
        return Some(format!("CI: {folder}**"));
    }
    match &*lower {
        "countersign.toml" => Some("settings of the audit: countersign.toml".into()),
        ".mailmap" => Some("who is who: .mailmap".into()),
        root if GUARDS_AT_ROOT.contains(&root) => Some(format!("CI: {root}")),
        _ if file == ".gitattributes" => Some("what a review shows: .gitattributes".into()),
        _ if matches!(file, ".sops.yaml" | ".sops.yml") => Some(format!("who can decrypt: {file}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_decide_alone() {
        use PathRule::{BuildFile, Ignored};
        let cases = [
            (".github/workflows/ci.yml", Some(PathRule::Layer(Layer::Governance))),
            ("apps/shop/OWNERS", Some(PathRule::Layer(Layer::Governance))),
            ("docs/CODEOWNERS", Some(PathRule::Layer(Layer::Governance))),
            ("apps/.github/x", None),
            ("apps/countersign.toml", None),
            ("a/main.tf", Some(PathRule::Layer(Layer::Infrastructure))),
            ("live/prod/terragrunt.hcl", Some(PathRule::Layer(Layer::Infrastructure))),
            ("a/b.rego", Some(PathRule::Layer(Layer::Security))),
            ("README", Some(Ignored)),
            ("apps/README.md", Some(Ignored)),
            ("LICENSE", Some(Ignored)),
            ("security/np.yaml", None),
            ("security.yaml", None),
            ("changes.sh", None),
            ("docs/index.html", Some(Ignored)),
            ("docs/np.yaml", None),
            ("apps/kustomization.yaml", Some(BuildFile)),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(find(path).map(|(rule, _)| rule), expected, "{path}");
        }
    }

    #[test]
    fn guards_are_known() {
        for path in [
            "countersign.toml",
            "CODEOWNERS",
            ".github/CODEOWNERS",
            ".bitbucket/CODEOWNERS",
            "x/OWNERS",
            ".github/workflows/a.yml",
            ".gitlab-ci.yml",
            "Jenkinsfile",
        ] {
            assert!(guard(path).is_some(), "{path}");
        }
        for path in ["x/CODEOWNERS", "x/countersign.toml", ".github/renovate.json", ".gitignore", "README.md"] {
            assert_eq!(guard(path), None, "{path}");
        }
    }
}
