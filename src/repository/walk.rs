//! Which commits are in a range, exactly: the first-parent chain and the side commits of each arrival.
//!
//! Committer dates only decide in which order commits are looked at, never whether they belong. Where a clock that
//! runs backwards could have hidden that a commit already stood behind the start, everything behind the start is walked.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::{AuditRange, Reader, Repository, RepositoryError, Standing, commit, git_id, open::count, own_id};
use crate::text::CommitId;

/// How many commits behind the start are looked at beyond what dates ask for, in search of a clock that runs backwards.
const PROBE: usize = 256;

/// A commit of the range, not yet taken apart.
#[derive(Debug)]
pub struct RawCommit {
    /// Its id.
    pub id: CommitId,
    /// The bytes of the commit object; empty when it could not be read.
    pub bytes: Arc<[u8]>,
}

/// One step of the first-parent chain with everything it brought in.
#[derive(Debug)]
pub struct RawArrival {
    /// The commit on the chain.
    pub commit: RawCommit,
    /// What became reachable only through its other parents, parents before children.
    pub side_commits: Vec<RawCommit>,
}

/// The commits of a range, each exactly once.
#[derive(Debug)]
pub struct History {
    /// Which range, and how it was found.
    pub range: AuditRange,
    /// Arrivals, oldest first.
    pub arrivals: Vec<RawArrival>,
    /// How many commits the walk put into the range; counted before they were sorted into arrivals.
    pub commits: usize,
    /// Commits that a walk needed and that are missing or corrupt, as `commit id: reason`.
    pub unreadable: Vec<String>,
}

/// Position of a commit in the [`Graph`].
pub(super) type Index = u32;

#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own; two walks set them at different times")]
pub(super) struct Node {
    pub id: gix::ObjectId,
    pub parents: Box<[Index]>,
    pub committed: i64,
    bytes: Arc<[u8]>,
    loaded: bool,
    reached: bool,
    behind_start: bool,
    queued_behind: bool,
    taken: bool,
}

/// The commits looked at so far; each commit object is read once.
pub(super) struct Graph {
    reader: Reader,
    nodes: Vec<Node>,
    by_id: gix::hashtable::HashMap<gix::ObjectId, Index>,
    pub unreadable: Vec<String>,
    /// How far commits are from their oldest ancestors, where the repository has written that down.
    generations: Option<gix::commitgraph::Graph>,
    /// Whether a commit counts as unreadable when its bytes do not hash to its id.
    verifies: bool,
}

impl Graph {
    pub(super) fn new(repository: &Repository) -> Self {
        let by_id = gix::hashtable::HashMap::default();
        Self { reader: repository.reader(), nodes: Vec::new(), by_id, unreadable: Vec::new(), generations: None, verifies: false }
    }

    /// A graph that ends walks behind the start where the generation numbers of the commit-graph file allow it.
    ///
    /// Parents are still read from the commits. A file that lies can only end such a walk too early, which adds commits
    /// to a range and never leaves one out: right for a gate, not for a count. The commits behind the start decide what is
    /// new, so that each has to hash to its id as well.
    pub(super) fn trusting_generations(repository: &Repository) -> Self {
        let mut graph = Self { verifies: true, ..Self::new(repository) };
        let repo = &graph.reader.repo;
        let objects = repo.common_dir().join("objects/info");
        let files = [objects.join("commit-graph"), objects.join("commit-graphs")];
        let file = files.iter().find(|file| file.exists());
        graph.generations = file.and_then(|file| gix::commitgraph::Graph::at(file, repo.object_hash(), None).ok());
        graph
    }

    /// `None` for a commit that the commit-graph file does not have; nothing that it has descends from such a commit. Zero
    /// where the file's writer did not know.
    fn generation(&self, index: Index) -> Option<u32> {
        let graph = self.generations.as_ref()?;
        graph.commit_by_id(self.node(index).id).map(|commit| commit.generation())
    }

    pub(super) fn index(&mut self, id: gix::ObjectId) -> Index {
        if let Some(index) = self.by_id.get(&id) {
            return *index;
        }
        // 2^32 commits do not fit into memory, let alone into a repository.
        let index = Index::try_from(self.nodes.len()).unwrap_or(Index::MAX);
        self.nodes.push(Node {
            id,
            parents: Box::default(),
            committed: 0,
            bytes: Arc::default(),
            loaded: false,
            reached: false,
            behind_start: false,
            queued_behind: false,
            taken: false,
        });
        self.by_id.insert(id, index);
        index
    }

    #[expect(clippy::indexing_slicing, reason = "an Index is only ever made by `index`, and nodes are never removed")]
    pub(super) fn node(&self, index: Index) -> &Node {
        &self.nodes[index as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "an Index is only ever made by `index`, and nodes are never removed")]
    fn node_mut(&mut self, index: Index) -> &mut Node {
        &mut self.nodes[index as usize]
    }

    /// Reads a commit's parents and date, once. A missing commit has no parents and is listed as unreadable.
    pub(super) fn load(&mut self, index: Index) {
        if self.node(index).loaded {
            return;
        }
        let id = self.node(index).id;
        let read = self.reader.object(&id, gix::objs::Kind::Commit).and_then(|bytes| {
            let raw = RawCommit { id: CommitId(own_id(&id)), bytes };
            let is_it = !self.verifies || self.reader.has_its_id(&raw);
            if is_it { Ok(raw.bytes) } else { Err(format!("commit {id}: its bytes do not hash to its id")) }
        });
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(problem) => {
                self.unreadable.push(problem);
                self.node_mut(index).loaded = true;
                return;
            }
        };
        let mut links = commit::links(&bytes);
        if self.reader.is_shallow_boundary(&id) {
            // Their parents were left out on purpose; the record is incomplete, and says so elsewhere.
            links.parents.clear();
        }
        let parents = links.parents.iter().map(|parent| self.index(git_id(*parent))).collect();
        let node = self.node_mut(index);
        (node.parents, node.committed, node.bytes, node.loaded) = (parents, links.committed, bytes, true);
    }

    pub(super) fn first_parent(&mut self, index: Index) -> Option<Index> {
        self.load(index);
        self.node(index).parents.first().copied()
    }

    fn drop_bytes(&mut self, index: Index) {
        self.node_mut(index).bytes = Arc::default();
    }

    fn take(&mut self, index: Index) -> RawCommit {
        let node = self.node_mut(index);
        node.taken = true;
        RawCommit { id: CommitId(own_id(&node.id)), bytes: std::mem::take(&mut node.bytes) }
    }
}

/// The set of commits that are reachable from the end and not from the start, marked in the graph.
struct Membership {
    commits: usize,
    confirmed_by: String,
}

impl Repository {
    /// Collects the commits of a range: every commit reachable from `range.end` and not from `range.start`.
    ///
    /// # Errors
    ///
    /// When the end cannot be read. Other commits that cannot be read are listed in the result.
    ///
    /// Commits that are reachable from `behind` do not belong to it either.
    pub(super) fn collect(mut graph: Graph, mut range: AuditRange, behind: &[CommitId]) -> Result<History, RepositoryError> {
        let end = graph.index(git_id(range.end.0));
        graph.load(end);
        if graph.node(end).bytes.is_empty() {
            let reason = graph.unreadable.last().cloned().unwrap_or_default();
            return Err(RepositoryError::ReadCommit { commit_id: range.end, reason });
        }
        let start = range.start.map(|start| graph.index(git_id(start.0)));
        let behind: Vec<Index> = start.into_iter().chain(behind.iter().map(|id| graph.index(git_id(id.0)))).collect();
        let members = match linear(&mut graph, &behind, end) {
            Some(members) => members,
            None => mark(&mut graph, &behind, end),
        };
        range.confirmed_by = members.confirmed_by;
        range.standing = standing(&graph, start, end);
        let arrivals = arrivals(&mut graph, end);
        Ok(History { range, arrivals, commits: members.commits, unreadable: graph.unreadable })
    }
}

/// The common case of squashed histories: one parent each from the end down to the start.
///
/// A commit older than the start ends the attempt, not the search: the start may stand on another line, and then the chain
/// of parents would be walked to its root for nothing.
fn linear(graph: &mut Graph, behind: &[Index], end: Index) -> Option<Membership> {
    let [start] = *behind else { return None };
    graph.load(start);
    let oldest = graph.node(start).committed;
    let mut chain = Vec::new();
    let mut at = end;
    while at != start {
        graph.load(at);
        if graph.node(at).committed < oldest {
            return None;
        }
        let [parent] = *graph.node(at).parents else { return None };
        chain.push(at);
        at = parent;
    }
    for index in &chain {
        graph.node_mut(*index).reached = true;
    }
    let confirmed_by = "the range has no merge, so the chain of parents is the range".into();
    Some(Membership { commits: chain.len(), confirmed_by })
}

fn mark(graph: &mut Graph, behind: &[Index], end: Index) -> Membership {
    let mut paint = Paint::begin(graph, behind, end);
    paint.until_only_behind(graph);
    if behind.is_empty() {
        return Membership { commits: paint.members(graph), confirmed_by: "every commit behind the end was walked".into() };
    }
    if graph.generations.is_some() {
        paint.down_to_generation(graph);
        let confirmed_by = "the generation numbers of the commit-graph leave no other way to a commit of the range".into();
        return Membership { commits: paint.members(graph), confirmed_by };
    }
    let probed = paint.probe(graph);
    let suspicious = paint.clock_ran_backwards || paint.reached_root;
    if suspicious {
        paint.everything_behind(graph);
    }
    let confirmed_by = if suspicious {
        "every commit behind the start was walked, since clocks or roots gave reason to".into()
    } else {
        format!("no clock runs backwards in the range or in the {} looked at behind its start", count(probed, "commit"))
    };
    Membership { commits: paint.members(graph), confirmed_by }
}

/// Two colours flow from children to parents: reached from the end, and behind the start.
struct Paint {
    queue: BinaryHeap<(i64, Reverse<Index>)>,
    /// Entries of the queue that are not known to stand behind the start.
    open: usize,
    oldest_member: i64,
    behind: usize,
    clock_ran_backwards: bool,
    reached_root: bool,
    reached: Vec<Index>,
}

impl Paint {
    fn begin(graph: &mut Graph, behind: &[Index], end: Index) -> Self {
        let mut paint = Self {
            queue: BinaryHeap::new(),
            open: 0,
            oldest_member: i64::MAX,
            behind: 0,
            clock_ran_backwards: false,
            reached_root: false,
            reached: Vec::new(),
        };
        for start in behind {
            paint.hide(graph, *start);
        }
        if !graph.node(end).behind_start {
            paint.reach(graph, end);
        }
        paint
    }

    fn reach(&mut self, graph: &mut Graph, index: Index) {
        graph.load(index);
        if graph.node(index).reached || graph.node(index).behind_start {
            return;
        }
        graph.node_mut(index).reached = true;
        self.reached.push(index);
        self.open += 1;
        self.queue.push((graph.node(index).committed, Reverse(index)));
    }

    fn hide(&mut self, graph: &mut Graph, index: Index) {
        graph.load(index);
        let node = graph.node_mut(index);
        if node.queued_behind {
            return;
        }
        node.queued_behind = true;
        node.behind_start = true;
        if !node.reached {
            graph.drop_bytes(index);
        }
        self.queue.push((graph.node(index).committed, Reverse(index)));
    }

    fn step(&mut self, graph: &mut Graph) -> bool {
        let Some((date, Reverse(index))) = self.queue.pop() else { return false };
        let behind = graph.node(index).behind_start;
        // A commit can wait twice: once as reached and, found behind the start later, once more.
        let was_open = graph.node(index).reached && !std::mem::replace(&mut graph.node_mut(index).taken, true);
        if was_open {
            self.open -= 1;
        }
        let parents = graph.node(index).parents.clone();
        for parent in parents.iter().copied() {
            if behind {
                self.hide(graph, parent);
            } else {
                self.reach(graph, parent);
            }
            self.clock_ran_backwards |= graph.node(parent).committed > date;
        }
        if behind {
            self.behind += 1;
        } else {
            self.oldest_member = self.oldest_member.min(date);
            self.reached_root |= parents.is_empty();
        }
        true
    }

    fn until_only_behind(&mut self, graph: &mut Graph) {
        while self.open > 0 && self.step(graph) {}
    }

    /// Looks on behind the start: down to the date of the oldest member, and a fixed number of commits beyond.
    fn probe(&mut self, graph: &mut Graph) -> usize {
        let oldest = self.oldest_member;
        while self.queue.peek().is_some_and(|(date, _)| *date >= oldest) && self.step(graph) {}
        for _ in 0..PROBE {
            if self.clock_ran_backwards || !self.step(graph) {
                break;
            }
        }
        self.behind
    }

    /// Looks on behind the start wherever a way to a member can still lead: to commits of a higher generation, and to
    /// commits that the commit-graph does not have.
    fn down_to_generation(&mut self, graph: &mut Graph) {
        let members = self.reached.iter().filter(|index| !graph.node(**index).behind_start);
        let lowest = members.map(|index| graph.generation(*index).unwrap_or(u32::MAX)).min().unwrap_or(u32::MAX);
        while let Some((_, Reverse(index))) = self.queue.peek() {
            if graph.generation(*index).is_some_and(|generation| generation != 0 && generation <= lowest) {
                self.queue.pop();
            } else {
                self.step(graph);
            }
        }
    }

    fn everything_behind(&mut self, graph: &mut Graph) {
        while self.step(graph) {}
    }

    fn members(&self, graph: &mut Graph) -> usize {
        let mut members = 0;
        for index in self.reached.iter().copied() {
            graph.node_mut(index).taken = false;
            if graph.node(index).behind_start {
                graph.node_mut(index).reached = false;
                graph.drop_bytes(index);
            } else {
                members += 1;
            }
        }
        members
    }
}

/// Every path from the end to its ancestors leaves the members through a parent of one; the start is such a parent, or
/// no ancestor.
fn standing(graph: &Graph, start: Option<Index>, end: Index) -> Standing {
    let Some(start) = start else { return Standing::NoStart };
    let mut next = Some(end);
    while let Some(index) = next.filter(|index| graph.node(*index).reached) {
        next = graph.node(index).parents.first().copied();
    }
    if next == Some(start) {
        return Standing::OnChain;
    }
    let is_parent = graph.nodes.iter().any(|node| node.reached && node.parents.contains(&start));
    if is_parent { Standing::OffChain } else { Standing::NotBehind }
}

/// Sorts the members into arrivals: each belongs to the oldest arrival that reaches it.
fn arrivals(graph: &mut Graph, end: Index) -> Vec<RawArrival> {
    let mut chain = Vec::new();
    let mut next = Some(end);
    while let Some(index) = next.filter(|index| graph.node(*index).reached) {
        chain.push(index);
        next = graph.node(index).parents.first().copied();
    }
    chain.reverse();
    for index in &chain {
        graph.node_mut(*index).taken = true;
    }
    let mut arrivals = Vec::with_capacity(chain.len());
    for index in chain {
        let others: Vec<Index> = graph.node(index).parents.iter().skip(1).copied().collect();
        let side_commits = others.into_iter().flat_map(|parent| side_commits(graph, parent)).collect();
        arrivals.push(RawArrival { commit: graph.take(index), side_commits });
    }
    arrivals
}

/// Untaken members reachable from a commit, parents before children.
fn side_commits(graph: &mut Graph, from: Index) -> Vec<RawCommit> {
    let mut found = Vec::new();
    let mut stack = vec![(from, 0)];
    let waits = |graph: &Graph, index: Index| graph.node(index).reached && !graph.node(index).taken;
    if !waits(graph, from) {
        return found;
    }
    graph.node_mut(from).taken = true;
    while let Some((index, next)) = stack.pop() {
        match graph.node(index).parents.get(next).copied() {
            Some(parent) => {
                stack.push((index, next + 1));
                if waits(graph, parent) {
                    graph.node_mut(parent).taken = true;
                    stack.push((parent, 0));
                }
            }
            None => found.push(graph.take(index)),
        }
    }
    found
}

impl RawCommit {
    /// Whether the object could be read.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.bytes.is_empty()
    }
}
