//! Words that look like a Jira key and are none, for repositories whose settings name no projects.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Names of standards, algorithms, products and places that are followed by a hyphen and a number.
const NOT_PROJECTS: &str = "
    AAT ACL ADR AES AGPL AKS AL ALPINE AMD ANSI APACHE API APR ARIA ARM AUG AZ BCP BIP BLAKE BLAKE2 BSD CC CENTRAL CHACHA
    CHACHA20 CHANGELOG CHG CIS CL CLANG CORE COVID CRC CTASK CUDA CVE CWE DAY DEBIAN DEC DEP DES DHCP DIN DTLS EAST ECDSA
    EIP EKS EN ES EU FEB FEDORA FIPS GCC GEP GHSA GKE GLIBC GLSA GLW GMT GP GPL GPT GPU HEAD HMAC HTTP HTTPS HVM IEC IEEE
    INC IP IPV ISA ISO ISSUE ITHC JAN JDK JEP JRE JSON JUL JUN KB KEP LGPL LICENSE LLVM LTS MAR MAY MD MPL MR NIST NODE
    NORTH NOTE NOV NVD OCP OCT OIDC OPENSSL OS OSV PART PBKDF PCI PEP PHASE PKCS POSIX PR PRB PS PY PYTHON RC README REQ REV
    RFC RHBA RHEA RHEL RHSA RITM RS RSA RSPEC SAML SCTASK SEP SHA SLES SOC SOUTH SP SQL SSH SSL STAGE STD STEP TASK TCP TLS
    TLSV UBI UBUNTU UCS UDP UK US USB USN UTC UTF VERSION VM WEST WIN X XEP XML XSA YAML ZONE
";

static NO_PROJECTS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| NOT_PROJECTS.split_whitespace().collect());

/// Families of controls whose numbers are small: `AC-2`, `CM-3`.
const CONTROL_FAMILIES: &[&str] =
    &["AC", "AT", "AU", "CA", "CC", "CM", "CP", "IA", "IR", "MA", "MP", "PE", "PL", "PM", "PT", "RA", "SA", "SC", "SI", "SR"];

/// Whether `key-number` at these bytes of the text can be a Jira key although no project is named in the settings.
pub(super) fn is_plausible(text: &str, key: &str, number: &str, start: usize, end: usize) -> bool {
    is_project_key(key)
        && !number.starts_with('0')
        && number.len() <= 7
        && !is_control(key, number)
        && stands_free(text, start, end)
}

/// Whether a word is known to be no project, e.g. `PKCS` in `PKCS#5`.
pub(super) fn is_no_project(word: &str) -> bool {
    NO_PROJECTS.contains(word)
}

fn is_project_key(key: &str) -> bool {
    let letters = key.bytes().filter(u8::is_ascii_uppercase).count();
    key.starts_with(|first: char| first.is_ascii_uppercase())
        && letters >= 2
        && key.len() <= 12
        && !key.ends_with('_')
        && !is_no_project(key)
}

fn is_control(key: &str, number: &str) -> bool {
    number.len() <= 2 && CONTROL_FAMILIES.contains(&key)
}

/// Whether nothing around makes it part of a longer name: `blah-V4-0`, `RHEL-9_x`, `AB-12.tar`, `AB-2022-02`.
fn stands_free(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|before| before.chars().next_back());
    let mut after = text.get(end..).unwrap_or_default().chars();
    let (next, second) = (after.next(), after.next());
    let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    let joined_before = matches!(before, Some('-' | '_' | '.' | '$' | '{' | '@' | '='));
    let joined_after = match next {
        Some('_' | '+' | '@') => true,
        Some('.') => is_word(second),
        Some('-') => second.is_some_and(char::is_numeric),
        _ => false,
    };
    !joined_before && !joined_after
}
