//! The table of people: as written, as joined, and what they took part in. It counts changes and nothing else.

use super::{Rows, joined, name_and_mail};
use crate::render::RenderError;
use crate::render::columns::{self, Columns};
use crate::render::people::{self, Identity, Part};

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const IDENTITIES: &[&str] = &[
    "name", "mail", "login", "registered_as", "joined_by", "mailmap", "kind", "bot", "roles", "valid_from", "valid_until",
    "seen_as", "first_change", "first_at", "last_change", "last_at", "changes", "remarks",
];

pub(super) fn identities(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (person, seen) in people::everyone(columns.pack) {
        let identity = Identity::of(columns, person);
        let registered = identity.registered.map(|(registered, _)| registered);
        let [name, mail] = name_and_mail(person);
        let day = |day: Option<&String>| day.cloned().unwrap_or_default();
        let at = |position: usize| columns.pack.dossiers.get(position);
        let (first, last) = (at(seen.first), at(seen.last));
        rows.row([
            name,
            mail,
            columns::one_line(&person.login),
            registered.map(|person| columns::one_line(&person.name)).unwrap_or_default(),
            identity.joined_by().unwrap_or_default().to_owned(),
            identity.mapped.as_ref().map(columns::person).unwrap_or_default(),
            identity.kind().to_owned(),
            identity.bot.as_deref().map(columns::one_line).unwrap_or_default(),
            joined(registered.iter().flat_map(|person| &person.roles).map(people::role_words)),
            day(registered.and_then(|person| person.valid_from.as_ref())),
            day(registered.and_then(|person| person.valid_until.as_ref())),
            joined(seen.parts.iter().copied().map(Part::word)),
            first.map(|dossier| dossier.change.id().to_string()).unwrap_or_default(),
            first.map(|dossier| columns::arrival(dossier).at).unwrap_or_default(),
            last.map(|dossier| dossier.change.id().to_string()).unwrap_or_default(),
            last.map(|dossier| columns::arrival(dossier).at).unwrap_or_default(),
            seen.changes.to_string(),
            people::remarks(person).join("; "),
        ])?;
    }
    Ok(())
}
