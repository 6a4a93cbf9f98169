//! Rules that let traffic through, in the terms that all dialects share: which peers, which ports; and what one set
//! of rules lets through that another does not.

use std::collections::BTreeSet;

use super::{CIDR_OPEN, DENY_RULE, EXCEPT, NAMESPACES_OPEN, PASS_RULE, PEERS, PORTS, RULE, RULE_OPEN, RULE_ORDER};
use crate::manifests::Node;
use crate::policies::marks::{Item, Marks, Rule, Sides, canonical, items, number, present, texts};
use crate::policies::selectors::{Block, MOST_WORK, covers};

/// Who may speak or be spoken to.
#[derive(Clone, Debug)]
pub(super) enum Peer<'a> {
    /// Anyone.
    Everyone,
    /// A range of addresses without some.
    Addresses { block: Block, except: Vec<Block> },
    /// Pods by labels of their namespace (`None`: the policy's own) and their own.
    Pods { namespaces: Option<&'a Node>, pods: Option<&'a Node> },
    /// Endpoints by labels that may include the namespace.
    Endpoints(&'a Node),
    /// A named group such as `world`.
    Entity(&'a str),
    /// Anything else, by its spelling.
    Other(String),
}

/// Which numbers or name a port has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Numbers {
    All,
    Range(u64, u64),
    Named(String),
}

/// Ports of one protocol.
#[derive(Clone, Debug)]
pub(super) struct Port {
    protocol: String,
    numbers: Numbers,
    /// What else must hold, e.g. paths of HTTP; empty for nothing.
    further: String,
}

/// A thing and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub what: T,
    pub path: String,
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct TrafficRule<'a> {
    pub path: String,
    /// `None` is everyone; an empty list is no one.
    pub peers: Option<Vec<Placed<Peer<'a>>>>,
    /// `None` is every port.
    pub ports: Option<Vec<Placed<Port>>>,
    pub peers_path: String,
    pub ports_path: String,
    /// Spellings to find equal parts: peers, ports, and whatever else the rule says.
    pub keys: Keys,
}

/// The spellings of the parts of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Keys {
    pub peers: String,
    pub ports: String,
    pub rest: String,
}

impl Port {
    /// Reads a port from its spelling (a number, `80:90`, a name, or nothing for all) and its last number.
    pub fn new(protocol: &str, port: Option<&Node>, last: Option<&Node>) -> Self {
        let numbers = match (port, number(port)) {
            (None, _) => Numbers::All,
            (Some(_), Some(first)) => Numbers::Range(first, number(last).unwrap_or(first)),
            (Some(node), None) => named(node),
        };
        Self { protocol: protocol.to_ascii_uppercase(), numbers, further: String::new() }
    }

    /// Number 0 taken as every port, and only with what else must hold.
    pub fn zero_is_all(mut self, further: String) -> Self {
        if self.numbers == Numbers::Range(0, 0) {
            self.numbers = Numbers::All;
        }
        self.further = further;
        self
    }

    fn covers(&self, other: &Self) -> bool {
        let protocol = self.protocol.is_empty() || self.protocol == "ANY" || self.protocol == other.protocol;
        let numbers = match (&self.numbers, &other.numbers) {
            (Numbers::All, _) => true,
            (Numbers::Range(first, last), Numbers::Range(from, to)) => first <= from && to <= last,
            (Numbers::Range(..) | Numbers::Named(_), Numbers::All | Numbers::Range(..) | Numbers::Named(_)) => {
                self.numbers == other.numbers
            }
        };
        protocol && numbers && (self.further.is_empty() || self.further == other.further)
    }
}

fn named(node: &Node) -> Numbers {
    let text = node.text().unwrap_or("");
    let range = text.split_once(':').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    range.map_or_else(|| Numbers::Named(canonical(node)), |(first, last)| Numbers::Range(first, last))
}

impl<'a> Peer<'a> {
    /// A range of addresses by its spelling.
    pub fn addresses(cidr: &str, except: &[&str]) -> Self {
        let excepted: Option<Vec<Block>> = except.iter().map(|text| Block::parse(text)).collect();
        match (Block::parse(cidr), excepted) {
            (Some(block), Some(except)) => Self::Addresses { block, except },
            (_, _) => Self::Other(format!("{cidr:?} {except:?}")),
        }
    }

    /// A map with `cidr` and `except`.
    pub fn block(node: &'a Node) -> Option<Self> {
        let cidr = node.get("cidr").and_then(Node::text)?;
        Some(Self::addresses(cidr, &texts(node.get("except"))))
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everyone, _) => true,
            (Self::Addresses { block, except }, Self::Addresses { block: inner, except: left_out }) => {
                let free = |hole: &Block| !hole.meets(*inner) || left_out.iter().any(|other| other.covers(*hole));
                block.covers(*inner) && except.iter().all(free)
            }
            (Self::Pods { namespaces, pods }, Self::Pods { namespaces: inner_namespaces, pods: inner_pods }) => {
                let place = match (namespaces, inner_namespaces) {
                    (Some(wide), narrow) if wide.is_empty() || narrow.is_some() => covers(Some(wide), *narrow),
                    (None, None) => true,
                    (Some(_), _) | (None, Some(_)) => false,
                };
                place && covers(*pods, *inner_pods)
            }
            (Self::Endpoints(wide), Self::Endpoints(narrow)) => {
                names_namespace(wide) == names_namespace(narrow) && covers(Some(wide), Some(narrow))
            }
            (Self::Entity(this), Self::Entity(that)) => this == that || (*this == "world" && that.starts_with("world-")),
            (Self::Entity(this), Self::Endpoints(_)) => *this == "cluster",
            (Self::Other(this), Self::Other(that)) => this == that,
            (
                Self::Addresses { .. } | Self::Pods { .. } | Self::Endpoints(_) | Self::Entity(_) | Self::Other(_),
                Self::Everyone
                | Self::Addresses { .. }
                | Self::Pods { .. }
                | Self::Endpoints(_)
                | Self::Entity(_)
                | Self::Other(_),
            ) => false,
        }
    }

    /// The rule for a peer that the other side does not have.
    fn rule(&self, others: &[Placed<Peer>]) -> Rule {
        let same_block = |block: Block| {
            others.iter().any(|other| matches!(&other.what, Peer::Addresses { block: known, .. } if *known == block))
        };
        match self {
            Self::Everyone => RULE_OPEN,
            Self::Addresses { block, .. } if same_block(*block) => EXCEPT,
            Self::Addresses { block, .. } if block.is_everything() => CIDR_OPEN,
            Self::Entity("world") => CIDR_OPEN,
            Self::Pods { namespaces: Some(all), pods } if all.is_empty() && pods.is_none_or(Node::is_empty) => NAMESPACES_OPEN,
            Self::Addresses { .. } | Self::Pods { .. } | Self::Endpoints(_) | Self::Entity(_) | Self::Other(_) => PEERS,
        }
    }
}

/// Whether the labels say of which namespace an endpoint is.
fn names_namespace(selector: &Node) -> bool {
    canonical(selector).contains("io.kubernetes.pod.namespace") || canonical(selector).contains("io.cilium.k8s.namespace.labels")
}

fn all_covered<T>(wide: Option<&Vec<Placed<T>>>, narrow: Option<&Vec<Placed<T>>>, covers: impl Fn(&T, &T) -> bool) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|inner| wide.iter().any(|outer| covers(&outer.what, &inner.what))),
    }
}

impl TrafficRule<'_> {
    fn covers(&self, other: &Self) -> bool {
        let everyone = self.peers.iter().flatten().any(|peer| matches!(peer.what, Peer::Everyone));
        self.keys.rest == other.keys.rest
            && (everyone || all_covered(self.peers.as_ref(), other.peers.as_ref(), Peer::covers))
            && all_covered(self.ports.as_ref(), other.ports.as_ref(), Port::covers)
    }

    /// Whether it lets everything through, apart from what `rest` may demand.
    pub fn is_open(&self) -> bool {
        let everyone = |peers: &Vec<Placed<Peer>>| peers.iter().any(|peer| matches!(peer.what, Peer::Everyone));
        self.peers.as_ref().is_none_or(everyone) && self.ports.is_none()
    }

    fn atoms(&self) -> usize {
        1 + self.peers.as_ref().map_or(0, Vec::len) + self.ports.as_ref().map_or(0, Vec::len)
    }

    fn size(&self) -> usize {
        self.keys.peers.len() + self.keys.ports.len() + self.keys.rest.len() + 1
    }

    /// Says what of this rule the nearest of the others does not have.
    fn explain(&self, others: &[&Self]) -> Vec<(Rule, String)> {
        let kin = || others.iter().filter(|other| other.keys.rest == self.keys.rest);
        if let Some(other) = kin().find(|other| other.keys.peers == self.keys.peers) {
            return self.further_ports(other);
        }
        if let Some(other) = kin().find(|other| other.keys.ports == self.keys.ports) {
            return self.further_peers(other.peers.as_deref().unwrap_or(&[]));
        }
        let Some(peers) = &self.peers else { return vec![(RULE_OPEN, self.path.clone())] };
        let notable = peers.iter().map(|peer| (peer.what.rule(&[]), peer.path.clone())).find(|(rule, _)| *rule != PEERS);
        vec![notable.unwrap_or_else(|| (RULE, self.path.clone()))]
    }

    fn further_ports(&self, other: &Self) -> Vec<(Rule, String)> {
        let Some(ports) = &self.ports else { return vec![(PORTS, self.ports_path.clone())] };
        let known = |port: &Placed<Port>| other.ports.iter().flatten().any(|known| known.what.covers(&port.what));
        ports.iter().filter(|port| !known(port)).map(|port| (PORTS, port.path.clone())).collect()
    }

    fn further_peers(&self, others: &[Placed<Peer>]) -> Vec<(Rule, String)> {
        let Some(peers) = &self.peers else { return vec![(RULE_OPEN, self.peers_path.clone())] };
        let known = |peer: &Placed<Peer>| others.iter().any(|other| other.what.covers(&peer.what));
        peers.iter().filter(|peer| !known(peer)).map(|peer| (peer.what.rule(others), peer.path.clone())).collect()
    }
}

/// What the rules of one side let through that those of the other do not, each with its place.
pub(super) fn excess(own: &[TrafficRule], others: &[TrafficRule]) -> Vec<(Rule, String)> {
    let known = |rules: &[TrafficRule]| rules.iter().map(|rule| rule.keys.clone()).collect::<BTreeSet<_>>();
    let (ours, theirs) = (known(own), known(others));
    let new: Vec<&TrafficRule> = own.iter().filter(|rule| !theirs.contains(&rule.keys)).collect();
    let old: Vec<&TrafficRule> = others.iter().filter(|rule| !ours.contains(&rule.keys)).collect();
    let sum = |rules: &mut dyn Iterator<Item = usize>| rules.fold(0_usize, usize::saturating_add);
    let (atoms, size) = (sum(&mut new.iter().map(|rule| rule.atoms())), sum(&mut new.iter().map(|rule| rule.size())));
    let (other_atoms, other_size) =
        (sum(&mut others.iter().map(TrafficRule::atoms)), sum(&mut others.iter().map(TrafficRule::size)));
    let work = atoms.saturating_mul(other_size).saturating_add(other_atoms.saturating_mul(size));
    if work > MOST_WORK {
        return new.into_iter().map(|rule| (RULE, rule.path.clone())).collect();
    }
    new.into_iter().filter(|rule| !others.iter().any(|other| other.covers(rule))).flat_map(|rule| rule.explain(&old)).collect()
}

/// What a rule does with the traffic that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Allow,
    Deny,
    /// Pass it on, log it, or something unknown.
    Other,
}

/// The action of a rule.
pub(super) fn action(rule: &Node) -> Action {
    match present(Some(rule), "action").and_then(Node::text) {
        Some("Allow" | "allow" | "Accept") => Action::Allow,
        Some("Deny" | "deny") => Action::Deny,
        Some(_) | None => Action::Other,
    }
}

/// The rules of a list with one action, each read by the dialect.
pub(super) fn with_action<'a>(
    list: Option<&'a Node>,
    path: &str,
    wanted: Action,
    read: impl Fn(&'a Node, String) -> TrafficRule<'a>,
) -> Vec<TrafficRule<'a>> {
    let chosen = items(list, path).into_iter().filter(|item| action(item.node) == wanted);
    let with_name = |item: Item<'a>| {
        let mut rule = read(item.node, item.path);
        if wanted == Action::Other {
            rule.keys.rest.push_str(&spelling(item.node.get("action")));
        }
        rule
    };
    chosen.map(with_name).collect()
}

/// Compares two lists of rules with actions.
pub(super) fn compare_actions<'a>(
    marks: &mut Marks,
    lists: &Sides<'a>,
    read: impl Fn(&'a Node, String) -> TrafficRule<'a> + Copy,
) {
    let of = |action: Action| {
        let rules = |list: Option<&'a Node>| with_action(list, &lists.path, action, read);
        (rules(lists.this), rules(lists.that))
    };
    let (this, that) = of(Action::Allow);
    marks.all_weaker(excess(&this, &that));
    let (this, that) = of(Action::Deny);
    for (_, path) in excess(&that, &this) {
        marks.weaker(DENY_RULE, &path);
    }
    let (this, that) = of(Action::Other);
    for (_, path) in excess(&this, &that) {
        marks.unclear(PASS_RULE, &path);
    }
    order(marks, lists);
}

/// Marks a list of rules with actions whose common rules stand in another order.
fn order(marks: &mut Marks, sides: &Sides) {
    let mut actions = [sides.this, sides.that].into_iter().flatten().flat_map(Node::items).map(action);
    let first = actions.next();
    if sides.same() || actions.all(|action| Some(action) == first) {
        return;
    }
    let spellings = |node: Option<&Node>| node.map_or(&[][..], Node::items).iter().map(canonical).collect::<Vec<_>>();
    let (this, that) = (spellings(sides.this), spellings(sides.that));
    let theirs: BTreeSet<&String> = that.iter().collect();
    let common: BTreeSet<&String> = this.iter().filter(|rule| theirs.contains(rule)).collect();
    let of_both = |rules: &[String]| rules.iter().filter(|rule| common.contains(rule)).cloned().collect::<Vec<_>>();
    if of_both(&this) != of_both(&that) {
        marks.unclear(RULE_ORDER, &sides.path);
    }
}

/// What a rule says besides the keys named.
pub(super) fn rest_of(rule: &Node, without: &[&str]) -> String {
    let others = rule.entries().iter().filter(|(key, _)| !without.contains(&&**key));
    others.map(|(key, node)| format!("{key:?}:{}", canonical(node))).collect::<Vec<_>>().join(",")
}

/// The spelling of a value that may be absent.
pub(super) fn spelling(node: Option<&Node>) -> String {
    node.map(canonical).unwrap_or_default()
}

/// Whether an address range with exceptions takes in another one.
pub(super) fn block_covers(wide: &Node, narrow: &Node) -> bool {
    matches!((Peer::block(wide), Peer::block(narrow)), (Some(wide), Some(narrow)) if wide.covers(&narrow))
}
