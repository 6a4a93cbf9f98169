//! People, as written and as registered.

use serde::Serialize;

use crate::render::columns::Columns;
use crate::render::people::{self, Identity, Seen};
use crate::text::Person;

#[derive(Serialize)]
pub(super) struct JsonPerson<'a> {
    name: &'a str,
    mail: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    login: &'a str,
    lossy: bool,
}

pub(super) fn person(person: &Person) -> JsonPerson<'_> {
    let lossy = person.name.lossy || person.mail.lossy;
    JsonPerson { name: &person.name.value, mail: &person.mail.value, login: &person.login, lossy }
}

#[derive(Serialize)]
pub(super) struct JsonListedPerson<'a> {
    #[serde(flatten)]
    person: JsonPerson<'a>,
    registered_as: Option<&'a str>,
    joined_by: Option<&'static str>,
    mailmap: Option<String>,
    kind: &'static str,
    bot: Option<String>,
    roles: Vec<JsonRole<'a>>,
    valid_from: Option<&'a str>,
    valid_until: Option<&'a str>,
    seen_as: Vec<&'static str>,
    first_change: Option<String>,
    last_change: Option<String>,
    changes: usize,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct JsonRole<'a> {
    role: &'a str,
    from: Option<&'a str>,
    until: Option<&'a str>,
}

pub(super) fn listed_person<'a>(columns: &Columns<'a>, listed: &'a Person, seen: &Seen) -> JsonListedPerson<'a> {
    let identity = Identity::of(columns, listed);
    let registered = identity.registered.map(|(registered, _)| registered);
    let change = |position: usize| columns.pack.dossiers.get(position).map(|dossier| dossier.change.id().to_string());
    let roles = registered.iter().flat_map(|person| &person.roles);
    let roles = roles.map(|one| JsonRole { role: &one.name, from: one.from.as_deref(), until: one.until.as_deref() });
    JsonListedPerson {
        person: person(listed),
        registered_as: registered.map(|registered| &*registered.name),
        joined_by: identity.joined_by(),
        mailmap: identity.mapped.as_ref().map(ToString::to_string),
        kind: identity.kind(),
        bot: identity.bot,
        roles: roles.collect(),
        valid_from: registered.and_then(|person| person.valid_from.as_deref()),
        valid_until: registered.and_then(|person| person.valid_until.as_deref()),
        seen_as: seen.parts.iter().map(|part| part.word()).collect(),
        first_change: change(seen.first),
        last_change: change(seen.last),
        changes: seen.changes,
        remarks: people::remarks(listed),
    }
}
