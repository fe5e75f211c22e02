//! Sends each finding to the receivers that `[watch] alerts` names.
//!
//! A finding is a record of the trail, so this is `forward` for those records alone: with a position
//! of its own for each receiver, in a thread of its own, so that detection waits for nobody and a
//! restart loses nothing.

#[cfg(feature = "forward")]
pub(super) use with::Alerts;
#[cfg(not(feature = "forward"))]
pub(super) use without::Alerts;

#[cfg(feature = "forward")]
mod with {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use guard::audit::Audit;
    use guard::program::Start;
    use guard::program::StartError;

    use crate::effects::Trail;
    use crate::forward::settings::Kind;
    use crate::forward::settings::Receiver;
    use crate::forward::settings::twice;
    use crate::program::AuditReviewProgram;
    use crate::program::forward::drive::End;
    use crate::program::forward::fleet::Fleet;
    use crate::program::forward::fleet::Orders;
    use crate::program::found;

    /// What sends findings.
    #[derive(Debug)]
    pub(in crate::program::watch) struct Alerts {
        receivers: Vec<Receiver>,
        orders: Orders,
        fleet: Option<Fleet>,
    }

    impl Alerts {
        /// Takes the receivers from the configuration, `None` if it names none; starts them, unless
        /// with `once` there is to be one look, before which there is nothing to send.
        pub(in crate::program::watch) fn open(
            start: &Start<'_, AuditReviewProgram>,
            trail: &Trail,
            audit: &Arc<Audit>,
            once: bool,
        ) -> Result<Option<Self>, StartError> {
            let names = &start.config.watch.alerts;
            let all = &start.config.forward;
            if names.is_empty() {
                return Ok(None);
            }
            let wrong = |said: &str| Err(StartError::Arguments(format!("[watch] alerts: {said}")));
            if twice(all).is_some() {
                return wrong("two receivers in `[[forward]]` have one name");
            }
            let mut receivers: Vec<Receiver> = Vec::new();
            for name in names {
                match all.iter().find(|receiver| receiver.name == *name) {
                    None => return wrong("there is no such receiver in `[[forward]]`"),
                    Some(receiver) if matches!(receiver.kind, Kind::Stdout) => {
                        return wrong("findings are on standard output already");
                    }
                    Some(receiver) if receivers.iter().any(|own| own.name == receiver.name) => {
                        return wrong("a receiver is named twice");
                    }
                    Some(receiver) => receivers.push(receiver.clone()),
                }
            }
            let orders = Orders {
                trail: trail.clone(),
                audit: Arc::clone(audit),
                once,
                findings: true,
                every: EVERY,
                patience: PATIENCE,
            };
            let mut alerts = Self {
                receivers,
                orders,
                fleet: None,
            };
            if !once {
                alerts.launch(start)?;
            }
            Ok(Some(alerts))
        }

        fn launch(&mut self, start: &Start<'_, AuditReviewProgram>) -> Result<(), StartError> {
            // none of them prints
            let (print, _) = mpsc::channel(1);
            let fleet = Fleet::launch(&self.receivers, &self.orders, start, &print)?;
            self.fleet = Some(fleet);
            Ok(())
        }

        /// Ends them; where they were not started yet, sends what is there first.
        pub(in crate::program::watch) fn finish(
            mut self,
            start: &Start<'_, AuditReviewProgram>,
        ) -> Result<(), StartError> {
            if self.fleet.is_none() {
                self.launch(start)?;
            } else if let Some(fleet) = &self.fleet {
                fleet.stop();
            }
            let ends = self.fleet.map(Fleet::join).unwrap_or_default();
            let behind = ends.iter().filter(|(_, end)| matches!(end, End::Behind));
            let behind: Vec<&str> = behind.map(|(name, _)| name.as_str()).collect();
            if behind.is_empty() {
                return Ok(());
            }
            Err(StartError::Found {
                code: found::BEHIND,
                said: format!("not all findings were taken by: {}", behind.join(", ")),
            })
        }
    }

    /// The time between two looks for findings.
    const EVERY: Duration = Duration::from_secs(1);
    /// For how long a look that ends waits for a receiver.
    const PATIENCE: Duration = Duration::from_secs(60);
}

#[cfg(not(feature = "forward"))]
mod without {
    use std::sync::Arc;

    use guard::audit::Audit;
    use guard::program::Start;
    use guard::program::StartError;

    use crate::effects::Trail;
    use crate::program::AuditReviewProgram;

    /// What this build does not have.
    #[derive(Debug)]
    pub(in crate::program::watch) enum Alerts {}

    impl Alerts {
        /// Refuses where the configuration names a receiver: a finding would be told to nobody there.
        pub(in crate::program::watch) fn open(
            start: &Start<'_, AuditReviewProgram>,
            _trail: &Trail,
            _audit: &Arc<Audit>,
            _once: bool,
        ) -> Result<Option<Self>, StartError> {
            if start.config.watch.alerts.is_empty() {
                return Ok(None);
            }
            let said =
                "[watch] alerts: this build sends nothing; build it with the feature `forward`";
            Err(StartError::Arguments(said.to_owned()))
        }

        /// There is none to end.
        pub(in crate::program::watch) fn finish(
            self,
            _start: &Start<'_, AuditReviewProgram>,
        ) -> Result<(), StartError> {
            match self {}
        }
    }
}
