//! From words of a question to what they name, with a hint where they name nothing.

use super::Mistake;
use crate::checks;
use crate::manifests::{Certainty, Identity};
use crate::policies::{Direction, Family};
use crate::settings::Layer;
use crate::settings::reader::did_you_mean;

/// The item of a fixed list that a word names.
pub(super) fn choice<T>(what: &str, word: &str, choices: impl IntoIterator<Item = (&'static str, T)>) -> Result<T, Mistake> {
    let (words, mut items): (Vec<&str>, Vec<T>) = choices.into_iter().unzip();
    let same = |known: &&str| known.eq_ignore_ascii_case(word) || known.replace(' ', "-").eq_ignore_ascii_case(word);
    if let Some(position) = words.iter().position(same) {
        return Ok(items.swap_remove(position));
    }
    let hint = format!("{}there are: {}", did_you_mean(word, &words), words.join(", "));
    Err(Mistake::new(format!("there is no {what} `{word}`"), hint))
}

pub(super) fn family(word: &str) -> Result<Family, Mistake> {
    choice("family", word, Family::ALL.map(|family| (family.word(), family)))
}

pub(super) fn layer(word: &str) -> Result<Layer, Mistake> {
    choice("layer", word, Layer::ALL.map(|layer| (layer.name(), layer)))
}

pub(super) fn direction(word: &str) -> Result<Direction, Mistake> {
    let all = [Direction::Weakened, Direction::Strengthened, Direction::Neutral, Direction::Undetermined];
    choice("direction", word, all.map(|direction| (direction.word(), direction)))
}

pub(super) fn check(word: &str) -> Result<&'static str, Mistake> {
    choice("check", word, checks::cards().into_iter().map(|card| (card.id, card.id)))
}

/// The words next to one that names nothing, as a sentence; empty when none is near.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    did_you_mean(word, &known).trim_end().to_owned()
}

/// Whether a kind is the one asked for: `NetworkPolicy` or `networking.k8s.io/NetworkPolicy`, in any case.
pub(super) fn is_kind(object: &Identity, wanted: &str) -> bool {
    let kind = &object.kind;
    wanted.eq_ignore_ascii_case(&kind.kind) || wanted.eq_ignore_ascii_case(&format!("{}/{}", kind.group, kind.kind))
}

/// How an object may be called: from its full name to its own name alone.
fn names(object: &Identity) -> Vec<String> {
    let kind = &object.kind.kind;
    let full = object.to_string();
    let name = full.rsplit(' ').next().unwrap_or_default();
    let own = name.rsplit('/').next().unwrap_or_default();
    let short = |name: &str| [format!("{kind} {name}"), format!("{kind}/{name}"), name.to_owned()];
    let mut names = vec![full.clone(), full.replacen(' ', "/", 1)];
    names.extend(short(name));
    if object.certainty == Certainty::Named {
        names.extend(short(own));
    }
    names
}

/// The object that a word names among those known.
pub(super) fn object<'a>(word: &str, known: impl IntoIterator<Item = &'a Identity>) -> Result<&'a Identity, Mistake> {
    let mut known: Vec<&Identity> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let named: Vec<(&Identity, Vec<String>)> = known.into_iter().map(|object| (object, names(object))).collect();
    let word = word.split_whitespace().collect::<Vec<_>>().join(" ");
    // The longer the form that fits, the fewer objects have it.
    let exact = named.iter().find(|(_, names)| names.iter().take(2).any(|name| name.eq_ignore_ascii_case(&word)));
    let fitting: Vec<&Identity> = match exact {
        Some((object, _)) => vec![*object],
        None => named
            .iter()
            .filter(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(&word)))
            .map(|(object, _)| *object)
            .collect(),
    };
    match fitting.as_slice() {
        [object] => Ok(*object),
        [] => Err(not_found(&word, &named)),
        several => {
            let list: Vec<String> = several.iter().take(20).map(|object| format!("`{object}`")).collect();
            let more = several.len().saturating_sub(list.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Err(Mistake::new(
                format!("`{word}` names {} objects", several.len()),
                format!("name one of: {}{more}", list.join(", ")),
            ))
        }
    }
}

/// The objects whose names hold the word, or else the nearest ones.
fn not_found(word: &str, named: &[(&Identity, Vec<String>)]) -> Mistake {
    const SHOWN: usize = 8;
    let lower = word.to_lowercase();
    let own = lower.rsplit([' ', '/']).next().unwrap_or_default();
    let holding = named.iter().filter(|(object, _)| !own.is_empty() && object.name.to_lowercase().contains(own));
    let mut near: Vec<String> = holding.take(SHOWN).map(|(object, _)| format!("`{object}`")).collect();
    if near.is_empty() {
        let words: Vec<&str> = named.iter().flat_map(|(_, names)| names.iter().map(String::as_str)).collect();
        near.extend(Some(did_you_mean(word, &words)).filter(|hint| !hint.is_empty()).map(|hint| hint.trim().to_owned()));
        return Mistake::new(
            format!("no policy object is called `{word}` here, now or in the range"),
            format!("{} `countersign query policies` lists those that are there", near.join(" ")).trim().to_owned(),
        );
    }
    Mistake::new(
        format!("no policy object is called `{word}` here, now or in the range"),
        format!("there are: {}", near.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::ObjectKind;

    fn identity(group: &str, kind: &str, namespace: &str, name: &str) -> Identity {
        let kind = ObjectKind { group: group.into(), kind: kind.into() };
        Identity { kind, namespace: namespace.into(), name: name.into(), certainty: Certainty::Named }
    }

    #[test]
    fn an_object_is_found_by_any_name_that_only_it_has() {
        let policies = [
            identity("networking.k8s.io", "NetworkPolicy", "trading", "allow"),
            identity("networking.k8s.io", "NetworkPolicy", "billing", "allow"),
            identity("", "Namespace", "", "trading"),
            identity("cilium.io", "NetworkPolicy", "trading", "allow"),
        ];
        let found = |word: &str| object(word, &policies).map(ToString::to_string).map_err(|mistake| mistake.hint);
        assert_eq!(found("trading"), Ok("Namespace trading".to_owned()));
        assert_eq!(found("billing/allow"), Ok("networking.k8s.io/NetworkPolicy billing/allow".to_owned()));
        assert_eq!(found("networking.k8s.io/networkpolicy  trading/allow"), Ok(policies[0].to_string()));
        assert_eq!(found("cilium.io/NetworkPolicy/trading/allow"), Ok(policies[3].to_string()));
        let several = found("NetworkPolicy trading/allow").unwrap_err();
        assert!(several.contains("cilium.io/NetworkPolicy trading/allow") && several.contains("networking.k8s.io"), "{several}");
        assert!(found("alow").unwrap_err().contains("did you mean `allow`?"));
        assert!(found("trad").unwrap_err().contains("Namespace trading"));
        assert!(found("").is_err());
    }

    #[test]
    fn a_word_that_names_nothing_gets_the_list() {
        assert!(family("netwrok").unwrap_err().hint.contains("did you mean `network`? there are: gatekeeper, pss"));
        assert_eq!(family("PSS").unwrap(), Family::PodSecurity);
        assert!(layer("sec").is_err() && direction("weakened").is_ok() && check("self-approved").is_ok());
    }
}
