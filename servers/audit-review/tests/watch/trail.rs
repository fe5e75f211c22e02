//! A trail of simulated records, written as servers write it.

use std::path::Path;

use chrono::DateTime;
use guard::audit::Audit;
use guard::audit::Kind;
use guard::audit::Marking;
use guard::audit::Origin;
use guard::audit::Outcome;
use guard::audit::Phase;
use guard::audit::Record;
use guard::audit::Settings;
use guard::gate::record_id;

use crate::act::Act;

/// Opens the trail in `dir` as `server` does.
pub(crate) fn open(dir: &Path, server: &'static str, time: i64) -> Audit {
    let settings = Settings {
        low_water_bytes: 0,
        ..Settings::new(dir)
    };
    let origin = Origin {
        server_name: server,
        ..Origin::default()
    };
    Audit::open(settings, origin, DateTime::from_timestamp(time, 0).unwrap()).unwrap()
}

/// Writes `acts` as one server.
pub(crate) fn write(dir: &Path, acts: &[Act]) {
    let audit = open(dir, "readonly-fs", acts[0].time);
    for act in acts {
        audit.write_blocking(record(act)).unwrap();
    }
    let last = acts[acts.len() - 1].time;
    audit
        .close(DateTime::from_timestamp(last, 0).unwrap())
        .unwrap();
}

pub(crate) fn record(act: &Act) -> Record<'_> {
    let time = DateTime::from_timestamp(act.time, 0).unwrap();
    let kind = match act.kind {
        "request" => Kind::Request,
        "log" => Kind::Log,
        other => panic!("{other}"),
    };
    let text = |text: &'static str| (!text.is_empty()).then(|| text.into());
    let is_request = kind == Kind::Request;
    let allowed = act.outcome == "allowed";
    let mut record = Record {
        phase: is_request.then_some(Phase::Outcome),
        action: (!act.action.is_empty()).then_some(act.action),
        principal_iss: act.who.as_ref().map(|_| "https://id.example".into()),
        principal_id: act.who.as_deref().map(Into::into),
        client_address: act.who.as_ref().map(|_| (&*act.address).into()),
        resource: act.resource.as_deref().map(Into::into),
        label: act.level.map(|level| Marking {
            level,
            categories: act.categories.clone(),
        }),
        outcome: is_request.then_some(match act.outcome {
            "allowed" => Outcome::Allowed,
            "unknown" => Outcome::Unknown,
            _ => Outcome::Denied,
        }),
        error_type: text(act.error),
        items: allowed.then_some(act.items),
        bytes: allowed.then_some(act.bytes),
        ..Record::new(kind, record_id(time), time)
    };
    for (key, value) in [("db.tables", &act.tables), ("api.request", &act.request)] {
        if let Some(value) = value {
            record.notes.insert(key, value.clone());
        }
    }
    record
}
