//! Environments by folder names: `overlays/NAME`, `clusters/NAME`, `staging/…`, `values-prod.yaml`.

/// Folders whose subfolders are environments.
const CONTAINERS: &[&str] = &["environments", "envs", "overlays", "clusters", "rings"];
/// Names that are environments wherever they stand.
const KNOWN: &[&str] = &[
    "dev",
    "development",
    "test",
    "testing",
    "qa",
    "stage",
    "staging",
    "stg",
    "uat",
    "preprod",
    "prod",
    "production",
    "prd",
    "sandbox",
    "sbox",
    "demo",
    "perftest",
    "aat",
    "ithc",
];
/// Subfolders of a container that hold what environments share.
const SHARED: &[&str] = &["base", "bases", "common", "shared", "default", "templates", "all", "all-clusters"];

/// The environment a path is inside of, as its folder is named.
pub(super) fn find<'a>(folders: &[&'a str], file: &'a str) -> Option<&'a str> {
    if let Some(known) = folders.iter().find(|folder| is_known(folder)) {
        return Some(known);
    }
    let mut named = folders.iter().enumerate().filter(|(position, _)| names_environment(folders, *position));
    let first = named.next().map(|(_, folder)| *folder);
    let with_word = named.find(|(_, folder)| has_known_part(folder)).map(|(_, folder)| *folder);
    match first {
        Some(first) if !has_known_part(first) => Some(with_word.unwrap_or(first)),
        Some(first) => Some(first),
        None => by_file(folders, file),
    }
}

/// Whether the folder at a position stands directly below a container and is no shared part.
pub(super) fn names_environment(folders: &[&str], position: usize) -> bool {
    let above = position.checked_sub(1).and_then(|above| folders.get(above));
    let is_child = above.is_some_and(|above| is_one_of(above, CONTAINERS));
    let is_shared = |name: &str| is_one_of(name, SHARED) || name.to_ascii_lowercase().ends_with("-base");
    is_child && folders.get(position).is_some_and(|name| !is_shared(name) && !is_one_of(name, CONTAINERS))
}

fn by_file<'a>(folders: &[&str], file: &'a str) -> Option<&'a str> {
    let (stem, extension) = file.rsplit_once('.')?;
    let below_container = folders.last().is_some_and(|folder| is_one_of(folder, CONTAINERS));
    if (below_container || extension == "tfvars") && has_known_part(stem) {
        return Some(stem);
    }
    let last = stem.strip_prefix("values")?.rsplit(['-', '_', '.']).next()?;
    is_known(last).then_some(last)
}

fn is_known(name: &str) -> bool {
    is_one_of(name, KNOWN)
}

fn is_one_of(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| name.eq_ignore_ascii_case(word))
}

fn has_known_part(name: &str) -> bool {
    name.split(['-', '_', '.']).any(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_name_environments() {
        let cases = [
            ("apps/shop/overlays/production/x.yaml", Some("production")),
            ("clusters/c2-production/infra/x.yaml", Some("c2-production")),
            ("clusters/moc/overlays/prod-eu/x.yaml", Some("prod-eu")),
            ("clusters/moc/x.yaml", Some("moc")),
            ("components/a/staging/stone-stg-rh01/x.yaml", Some("staging")),
            ("components/a/rings/ring-1/x.yaml", Some("ring-1")),
            ("components/a/rings/base/x.yaml", None),
            ("components/a/overlays/empty-base/x.yaml", None),
            ("components/a/overlays/kustomization.yaml", None),
            ("environments/prod.tfvars", Some("prod")),
            ("environments/prod/prod.tfvars", Some("prod")),
            ("charts/shop/values-staging.yaml", Some("staging")),
            ("charts/shop/values-eu.yaml", None),
            ("Production/x.yaml", Some("Production")),
            ("base/x.yaml", None),
        ];
        for (path, expected) in cases {
            let mut folders: Vec<&str> = path.split('/').collect();
            let file = folders.pop().unwrap_or("");
            assert_eq!(find(&folders, file), expected, "{path}");
        }
    }
}
