//! What the settings promise: every mistake at once, a canonical form, profiles that hold.

use super::init::{Observed, draft};
use super::reader::Problem;
use super::*;

const FULL: &str = r#"
profile = "strict"
[repository]
layer = "security"
time_zone = "+01:00"
[scope]
include = ["**"]
exclude = ["**/samples/**"]
[tickets]
projects = ["SEC", "OPS"]
issues = "any"
[[tickets.patterns]]
name = "redmine"
regex = '\bissue (\d+)\b'
[[layers]]
glob = "gatekeeper/**"
layer = "security"
[[layers]]
glob = "**/*.md"
layer = "ignore"
[environments]
builtin = true
production = ["Production", "c2"]
[[environments.rules]]
glob = "clusters/c2/**"
name = "production"
[[people]]
name = "Alice Example"
aliases = ["Alice@example.com", "alice"]
valid_from = 2025-01-01
valid_until = "2026-12-31"
accounts = ["@Alice-E"]
mails = ["alice@home.example.org"]
keys = ["ssh-ed25519 AAAA alice"]
roles = [{ role = "lead" }, { role = "approver", from = 2026-01-01, until = "2026-06-30" }]
[[bots]]
name = "renovate"
aliases = ["renovate@example.com"]
owner = "platform team"
paths = ["apps/**"]
kinds = ["NetworkPolicy", "kyverno.io/*"]
[[teams]]
name = "security"
aliases = ["@Org/Security"]
members = ["alice example"]
[identities]
mailmap = true
[owners]
codeowners = "gitlab"
security = ["@org/security", "Alice Example"]
[signatures]
allowed_signers = "keys/allowed_signers"
keyring = "keys/openpgp"
forge_keys = ["SHA256:abc", "968479A1AFF927E37D1A566BB5690EEEBB952194"]
[guards]
paths = ["policies/OWNERS"]
[[waivers]]
check = "ticket-missing"
change = "0123456789AB"
reason = "a \"quote\", a \\ and a \u202e"
approver = "Bob Example <bob@example.com>"
ticket = "SEC-9"
until = 2026-03-31
[checks.ticket-overused]
max_changes = 10
list = [1, "a", { b = true }]
"#;

fn parse(text: &str) -> Settings {
    let (settings, problems) = Settings::parse(text, "test", None);
    assert_eq!(problems, [], "{text}");
    settings
}

fn problems(text: &str) -> Vec<Problem> {
    Settings::parse(text, "test", None).1
}

#[test]
fn what_is_shown_parses_to_the_same() {
    let built_in = Settings::built_in();
    assert_eq!(parse(&built_in.describe()).digest, built_in.digest);
    for profile in PROFILES {
        let settings = parse(&format!("profile = \"{}\"\n", profile.name));
        assert_eq!(parse(&settings.describe()).digest, settings.digest, "{}", profile.name);
        assert!(!profile.purpose().is_empty() && !profile.purpose().contains('='));
    }
    let full = parse(FULL);
    let again = parse(&full.describe());
    assert_eq!(again.digest, full.digest);
    let body = |text: String| text.lines().skip(2).collect::<Vec<_>>().join("\n");
    assert_eq!(body(again.describe()), body(full.describe()));
}

#[test]
fn the_digest_follows_meaning_and_nothing_else() {
    let digest = |text: &str| parse(text).digest;
    assert_eq!(digest(""), digest("# note\nprofile='baseline'\n[tickets]\nissues = \"closing\" # same\n"));
    assert_eq!(
        digest("[[people]]\nname='B'\naliases=['b']\n[[people]]\nname='A'\naliases=['a']\n"),
        digest("people = [{name='A',aliases=['A']},{name='B',aliases=['b','B']}]")
    );
    assert_ne!(digest(""), digest("profile = 'strict'"));
    assert_ne!(digest(""), digest("[checks.x]\nenabled = false"));
    assert_ne!(
        digest("[[layers]]\nglob='a'\nlayer='ignore'\n[[layers]]\nglob='b'\nlayer='ignore'"),
        digest("[[layers]]\nglob='b'\nlayer='ignore'\n[[layers]]\nglob='a'\nlayer='ignore'")
    );
    assert_eq!(digest("").len(), 64);
}

#[test]
fn the_profile_lies_below_the_settings_key_by_key() {
    let mut section = parse("profile='strict'\n[checks.review-missing]\nminimum = 3\n").checks.section("review-missing");
    assert_eq!(section.integer("minimum", 1, 1..=9), 3);
    assert_eq!(section.string("minimum_grade").as_deref(), Some("recorded"));
    assert_eq!(section.line(), 2);
    let overridden = Settings::parse("profile = 'strict'", "test", Some("soc2")).0;
    assert_eq!(overridden.profile, "soc2");
    assert_eq!(overridden.frameworks, Some(BTreeSet::from(["SOC 2".to_owned()])));
    assert_eq!(parse("profile='soc2'\nreferences=['X']").frameworks, Some(BTreeSet::from(["X".to_owned()])));
}

#[test]
fn every_mistake_is_named_with_line_and_hint() {
    let text = "profile = 'strickt'\n\
        tikets = 1\n\
        [repository]\nlayer = 'securty'\ntime_zone = 'Europe/Berlin'\n\
        [tickets]\nprojects = ['sec', '']\nissues = 'allways'\n\
        [[tickets.patterns]]\nname = 'x'\nregex = '('\n\
        [[tickets.patterns]]\nname = 'x'\nregex = '(a{999}){999}'\n\
        [[layers]]\nglob = 'a[/**'\nlayer = 'network'\n\
        [[people]]\nname = ' '\nvalid_from = '2025-13-01'\n\
        [[bots]]\nname = 'b'\naliases = ['a', 7]\n\
        [[waivers]]\ncheck = 'x'\nchange = 'abc'\nreason = 'r'\napprover = 'A'\nticket = 'T-1'\n";
    let found = problems(text);
    let has = |line: usize, part: &str| {
        assert!(
            found.iter().any(|p| p.line == line && p.message.contains(part) && !p.hint.is_empty()),
            "{line} {part}: {found:#?}"
        );
    };
    for (line, part) in [
        (1, "no profile"),
        (2, "`tikets`"),
        (4, "securty"),
        (5, "Europe/Berlin"),
        (7, "`sec`"),
        (7, "``"),
        (8, "allways"),
        (11, "regular expression"),
        (13, "two ticket patterns"),
        (14, "too big"),
        (16, "not a glob"),
        (17, "network"),
        (19, "people.name"),
        (18, "to be known by"),
        (20, "2025-13-01"),
        (23, "strings only"),
        (26, "`abc`"),
        (24, "until"),
    ] {
        has(line, part);
    }
    assert!(found.is_sorted());
    assert!(
        found.iter().any(|p| p.hint.contains("did you mean `strict`"))
            && found.iter().any(|p| p.hint.contains("did you mean `tickets`"))
    );
    assert_eq!(found.len(), 18, "{found:#?}");
}

#[test]
fn doubles_are_named() {
    let waiver = "[[waivers]]\ncheck='c'\nreason='r'\napprover='A <a@b>'\nticket='T-1'\nuntil='2026-01-01'\nchange=";
    assert_eq!(problems(&format!("{waiver}'0123456789ab'\n{waiver}'0123456789abcd'\n")).len(), 1);
    assert_eq!(problems("[[layers]]\nglob='a/**'\nlayer='security'\n[[layers]]\nglob='a/**'\nlayer='ignore'").len(), 1);
    assert_eq!(problems("[[people]]\nname='A'\naliases=['x']\n[[people]]\nname='B'\naliases=['X']").len(), 1);
    assert_eq!(problems("a = 1\na = 2\n[scope]\ninclude = []").len(), 3);
}

#[test]
fn the_register_joins_a_file_and_teams_with_people() {
    let full = parse(FULL);
    let alice = &full.people[0];
    assert_eq!(alice.accounts.iter().collect::<Vec<_>>(), ["alice-e"]);
    assert!(alice.holds("approver", "2026-03-01") && !alice.holds("approver", "2026-07-01"));
    assert_eq!(full.teams[0].members.iter().map(|name| &**name).collect::<Vec<_>>(), ["Alice Example"]);
    assert_eq!(full.owners.layers[&Layer::Security], ["@org/security", "Alice Example"]);

    let settings = "[identities]\nregister = 'org/people.toml'\n[[teams]]\nname='t'\nmembers=['bob','@alice']\n\
                    [[people]]\nname='Alice'\naccounts=['alice']\n";
    let read = |text: &'static str| {
        Settings::parse_with(settings, "test", None, &|path| {
            assert_eq!(path, "org/people.toml");
            Ok(text.to_owned())
        })
    };
    let (joined, found) = read("[[people]]\nname='Bob'\nmails=['bob@example.com']\naccounts=['bob']\n");
    assert_eq!(found, []);
    assert_eq!((joined.people.len(), joined.teams[0].members.len()), (2, 2));
    assert!(joined.guards.is_match("org/people.toml"));
    assert_eq!(parse(&joined.describe()).digest, joined.digest);
    let told = |text: &'static str| read(text).1.into_iter().map(|one| (one.line, one.message)).collect::<Vec<_>>();
    assert_eq!(
        told("[[people]]\nname='Bob'\naccounts=['ALICE']\n[scope]\n"),
        [
            (2, "`alice` is an alias of `Alice` and of `Bob`".to_owned()),
            (2, "org/people.toml, line 4: `scope` is not a setting".to_owned()),
        ]
    );
    let missing = Settings::parse_with(settings, "test", None, &|_| Err("it is not there".to_owned())).1;
    assert_eq!(missing[0].message, "the register `org/people.toml` cannot be read: it is not there");
    for path in ["/etc/people.toml", "../people.toml", "a//b", "c:people.toml", ""] {
        assert_eq!(problems(&format!("[identities]\nregister = '{path}'")).len(), 1, "{path}");
    }
}

#[test]
fn mistakes_in_the_register_are_named() {
    for (text, part) in [
        ("[[people]]\nname='A'\naliases=['x']\nmails=['a']", "`a` is not an address"),
        ("[[people]]\nname='A'\naccounts=['a b']\naliases=['a']", "`a b` is not a login"),
        ("[[people]]\nname='A'", "no mails, accounts or aliases"),
        ("[[people]]\nname='A'\naliases=['a']\nroles=[{role='r',from='2026-02-01',until='2026-01-01'}]", "ends before"),
        ("[[people]]\nname='A'\naliases=['a']\nroles=[{from='2026-02-01'}]", "people.roles.role"),
        ("[[people]]\nname='A'\naccounts=['a']\n[[people]]\nname='A'\nmails=['1+a@users.noreply.github.com']", "is an alias"),
        ("[[people]]\nname='A'\naliases=['a']\nkeys=['k']\n[[bots]]\nname='B'\naliases=['b']\nkeys=['k']", "is a key of"),
        ("[[teams]]\nname='t'", "teams.members"),
        ("[[teams]]\nname='t'\nmembers=['x']", "not among the people"),
        ("[owners]\nsecurity=[]", "names nobody"),
        ("[owners]\ncodeowners='gitea'", "gitea"),
    ] {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].message.contains(part), "{text}: {found:#?}");
    }
}

#[test]
fn hostile_text_is_refused_not_run() {
    for text in ["\0", "[[[[", "a = \"\\uD800\"", "=", "\u{feff}profile='strict'", "checks = 1", "[checks]\nx = 1"] {
        let _ = problems(text);
    }
    assert!(!problems(&"[a]\n".repeat(2000)).is_empty());
    assert!(!problems(&format!("a = {}", "[".repeat(100_000))).is_empty());
    assert!(!problems(&"#\n".repeat(3 << 20)).is_empty());
    assert!(!problems(&format!("[guards]\npaths = ['{}']", "{a,".repeat(2000))).is_empty());
}

#[test]
fn production_is_a_whole_part_of_a_name() {
    let built_in = Settings::built_in().environments;
    for name in ["production", "prod", "PRD", "c2-production", "prod-eu", "eu_prod", "konflux-public-production"] {
        assert!(built_in.is_production(name), "{name}");
    }
    for name in ["nonprod", "non-prod", "pre-prod", "preprod", "preproduction", "product", "staging", "reproduction", ""] {
        assert!(!built_in.is_production(name), "{name}");
    }
    let own = parse("[environments]\nproduction = ['Live', 'c2']").environments;
    assert!(own.is_production("live") && own.is_production("live-eu") && own.is_production("C2") && !own.is_production("prod"));
}

#[test]
fn a_draft_parses_whatever_was_found() {
    parse(&draft(&Observed::default()));
    let hostile = "x\"\n[[layers]]\u{202e}\\";
    let observed = Observed {
        layer_folders: vec![
            ("apps/**".into(), Layer::Applications, 3),
            ("apps/**".into(), Layer::Platform, 1),
            ("a[".into(), Layer::Security, 1),
        ],
        environments: vec![("prod".into(), 3), (hostile.into(), 1)],
        projects: vec![("SEC".into(), 12), (hostile.into(), 1)],
        proposal_conventions: vec![("GitHub squash".into(), 12)],
        bots: vec![
            ("Renovate".into(), "r@example.com".into(), 2),
            (hostile.into(), hostile.into(), 2),
            (String::new(), "R@example.com".into(), 1),
        ],
        changes: 12,
        declared: Some(Layer::Security),
    };
    let settings = parse(&draft(&observed));
    assert_eq!((settings.layers.len(), settings.bots.len(), settings.declared_layer), (1, 2, Some(Layer::Security)));
    assert_eq!(settings.tickets.projects, Some(BTreeSet::from(["SEC".to_owned()])));
}
