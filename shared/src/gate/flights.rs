//! Which requests of a connection are on their way, and which of them have their record.
//!
//! The protocol layer answers some requests itself (a missing handshake, a wrong version).
//! Those never reach the gate, so the transport asks here, before it sends an answer, whether
//! the record is written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rmcp::model::RequestId;

use crate::call::Call;

/// The requests on their way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<RequestId, Flight>>);

/// One request on its way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    recorded: bool,
    /// Its answer will not be sent.
    cancelled: bool,
    /// The answer, where the gate wrote it itself.
    line: Option<Vec<u8>>,
    /// Keeps what the call holds (its place, its share of memory) until the answer is out.
    _call: Option<Call>,
}

impl Flights {
    /// Notes a request that came in. False if one with this id is on its way already.
    pub(crate) fn start(&self, id: &RequestId) -> bool {
        match self.lock().entry(id.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(Flight::default());
                true
            }
        }
    }

    /// Notes that the record of a request is written, and what its answer is, if the protocol
    /// layer does not know.
    pub(super) fn recorded(&self, id: &RequestId, call: Option<Call>, line: Option<Vec<u8>>) {
        if let Entry::Occupied(mut flight) = self.lock().entry(id.clone()) {
            if flight.get().cancelled {
                flight.remove();
            } else {
                flight.insert(Flight {
                    recorded: true,
                    cancelled: false,
                    line,
                    _call: call,
                });
            }
        }
    }

    /// Notes that nobody wants the answer of a request. Its id is free once its record is written:
    /// until then another request of the same id could be taken for it.
    pub(crate) fn cancel(&self, id: &RequestId) {
        if let Entry::Occupied(mut flight) = self.lock().entry(id.clone()) {
            if flight.get().recorded {
                flight.remove();
            } else {
                flight.get_mut().cancelled = true;
            }
        }
    }

    /// Takes a request off the list: its answer is about to leave.
    pub(crate) fn land(&self, id: &RequestId) -> Option<Flight> {
        self.lock().remove(id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Whether the record of this request is written.
    pub(crate) const fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// The line to be sent instead of what the protocol layer says.
    pub(crate) const fn take_line(&mut self) -> Option<Vec<u8>> {
        self.line.take()
    }
}
