//! Statements that the server has read already, kept for each connection.
//!
//! What runs is never the statement itself but a select list around it, which bounds each value
//! and the number of rows in the database: one value can be a gigabyte.
//!
//! # Invariants
//!
//! - The statement gives rows only inside of the transaction that [`super::read`] begins: it asks
//!   for the mark that is set there and nowhere else.
//! - At most [`MOST`] statements are kept; a server-side statement ends with its entry.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;

use guard::error::Refusal;
use tokio_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::Statement;
use tokio_postgres::types::Type;

use super::decode::Form;
use super::trouble;
use super::verdict::Verdicts;
use crate::effects::ColumnHead;
use crate::grant::quoted;
use crate::permit::Query;

/// A statement that can be run.
#[derive(Debug)]
pub(super) struct Prepared {
    /// What the server knows it by.
    pub(super) statement: Statement,
    /// What was prepared.
    pub(super) text: String,
    /// What it gives.
    pub(super) heads: Vec<ColumnHead>,
    /// How that comes.
    pub(super) forms: Vec<Form>,
    /// How many values it takes, without that for the rows passed over.
    pub(super) inputs: usize,
    /// With which values the planner found it cheap enough.
    pub(super) verdicts: Verdicts,
    /// What asks the planner, once it was needed.
    pub(super) explain: OnceLock<Statement>,
}

/// The statements of one connection.
#[derive(Debug, Default)]
pub(super) struct Statements {
    known: HashMap<Frame, HashMap<Box<str>, Entry>>,
    clock: u64,
}

/// What is put around a statement. It is part of the text: with a placeholder in the place of a
/// `LIMIT` the server would plan anew each time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Frame {
    /// The most rows that are fetched.
    rows: u64,
    /// The most characters of a value.
    cell: u64,
    /// Whether rows are passed over. How many is a value: it differs with each page.
    skips: bool,
}

/// The isolation of a read, and of nothing else in a session: a statement that finds it runs
/// inside of the transaction that was begun for it.
pub(super) const MARK: &str = "repeatable read";

#[derive(Debug)]
struct Entry {
    prepared: Arc<Prepared>,
    used: u64,
}

impl Frame {
    pub(super) fn of(query: &Query) -> Self {
        let limits = query.limits();
        Self {
            rows: limits.rows.saturating_add(1).min(MOST_ROWS),
            cell: limits.cell.min(MOST_CHARS),
            skips: query.skip() > 0,
        }
    }
}

impl Statements {
    /// The statement for `query`.
    pub(super) async fn prepare(
        &mut self,
        client: &Client,
        query: &Query,
    ) -> Result<Arc<Prepared>, Error> {
        self.clock += 1;
        let (sql, frame) = (query.sql(), Frame::of(query));
        let known = self.known.get_mut(&frame);
        if let Some(entry) = known.and_then(|known| known.get_mut(sql)) {
            entry.used = self.clock;
            return Ok(Arc::clone(&entry.prepared));
        }
        let prepared = Arc::new(Prepared::new(client, sql, frame).await?);
        self.make_room();
        let entry = Entry {
            prepared: Arc::clone(&prepared),
            used: self.clock,
        };
        let known = self.known.entry(frame).or_default();
        known.insert(Box::from(sql), entry);
        Ok(prepared)
    }

    /// Forgets what was used least lately, if there is as much as there may be.
    fn make_room(&mut self) {
        let all = self.known.iter();
        if all.clone().map(|(_, known)| known.len()).sum::<usize>() < MOST {
            return;
        }
        let all = all.flat_map(|(frame, known)| known.iter().map(move |one| (frame, one)));
        let oldest = all.min_by_key(|(_, (_, entry))| entry.used);
        let Some((frame, sql)) = oldest.map(|(frame, (sql, _))| (*frame, sql.clone())) else {
            return;
        };
        if let Some(known) = self.known.get_mut(&frame) {
            known.remove(&sql);
            if known.is_empty() {
                self.known.remove(&frame);
            }
        }
    }
}

impl Prepared {
    async fn new(client: &Client, sql: &str, frame: Frame) -> Result<Self, Error> {
        // First as it is, to learn what it gives. This one ends here.
        let inner = client.prepare(sql).await?;
        let forms: Vec<Form> = inner
            .columns()
            .iter()
            .map(|c| Form::of(c.type_()))
            .collect();
        let inputs = inner.params().len();
        let list = select_list(&inner, &forms, frame.cell);
        let text = bounded(sql, &list, frame, inputs);
        let heads = inner.columns().iter().map(|column| ColumnHead {
            name: column.name().to_owned(),
            kind: column.type_().name().to_owned(),
        });
        let heads = heads.collect();
        let statement = client.prepare(&text).await?;
        Ok(Self {
            statement,
            text,
            heads,
            forms,
            inputs,
            verdicts: Verdicts::default(),
            explain: OnceLock::new(),
        })
    }
}

/// A statement that does not take as many values as there are cannot have come from us.
pub(super) fn mismatch() -> Refusal {
    guard::error::Fault::new("bind the values", "their number is not that of the places").into()
}

/// For `map_err`: the refusal of a statement that could not be prepared.
pub(super) fn unprepared(error: &Error) -> Refusal {
    trouble::refusal("prepare the statement", error)
}

fn select_list(inner: &Statement, forms: &[Form], cell: u64) -> Vec<String> {
    let columns = inner.columns().iter().zip(forms).enumerate();
    let one = |(at, (column, form)): (usize, (&tokio_postgres::Column, &Form))| {
        let name = format!("q.{}", column_name(at));
        if !form.is_text() {
            return name;
        }
        let kind = column.type_();
        // The length of a `varchar(20)` says that there is nothing to cut.
        let declared = u64::try_from(column.type_modifier() - 4).ok();
        if *kind == Type::VARCHAR && declared.is_some_and(|length| length <= cell) {
            return name;
        }
        let most = cell + 1;
        // Of a stored text the length is known without reading it: most need no cutting. Anything
        // that is computed would be computed twice for it.
        if matches!(*kind, Type::TEXT | Type::VARCHAR) && column.table_oid().is_some() {
            return format!(
                "CASE WHEN pg_catalog.octet_length({name}) OPERATOR(pg_catalog.<=) {cell} \
                 THEN {name} ELSE pg_catalog.left({name}, {most}) END"
            );
        }
        format!("pg_catalog.left({name}::pg_catalog.text, {most})")
    };
    columns.map(one).collect()
}

fn bounded(sql: &str, list: &[String], frame: Frame, inputs: usize) -> String {
    let names: Vec<String> = (0..list.len()).map(column_name).collect();
    let names = match names.as_slice() {
        [] => String::new(),
        names => format!("({})", names.join(", ")),
    };
    let offset = match frame.skips {
        true => format!(" OFFSET ${}", inputs + 1),
        false => String::new(),
    };
    // The line ends close a comment, if `sql` has one at its end.
    format!(
        "SELECT {list} FROM (\n{sql}\n) AS q{names} \
         WHERE pg_catalog.current_setting('transaction_isolation') \
         OPERATOR(pg_catalog.=) '{MARK}' \
         LIMIT {rows}{offset}",
        list = list.join(", "),
        rows = frame.rows,
    )
}

/// Of our own: the names of a select list need not differ.
fn column_name(at: usize) -> String {
    quoted(&format!("c{}", at + 1))
}

/// How many are kept for each connection.
const MOST: usize = 128;
/// What `left` takes.
const MOST_CHARS: u64 = 1 << 29;
/// What `LIMIT` takes.
const MOST_ROWS: u64 = 1 << 62;
