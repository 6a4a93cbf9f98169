//! People, as written and as registered.

use serde::Serialize;

use crate::evidence::find_bot;
use crate::render::columns::Columns;
use crate::render::people;
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
    bot: Option<String>,
    remarks: Vec<String>,
}

pub(super) fn listed_person<'a>(columns: &Columns<'a>, listed: &'a Person) -> JsonListedPerson<'a> {
    JsonListedPerson {
        person: person(listed),
        registered_as: columns.approvals.registered(listed).map(|registered| &*registered.name),
        bot: find_bot(listed, &columns.pack.settings).map(|bot| bot.to_string()),
        remarks: people::remarks(listed),
    }
}
