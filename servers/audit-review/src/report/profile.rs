//! Which duty a report is evidence for, and what it does not show.
//!
//! A trail proves nothing about a whole organisation. Each profile says what its tables are
//! evidence for, by the text of the law or standard, and what has to be shown in other ways.

/// For whom the report is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Profile {
    /// Whoever looks over accesses and rights regularly.
    #[default]
    AccessReview,
    /// The General Data Protection Regulation of the European Union.
    Gdpr,
    /// The Security Rule of the United States' HIPAA.
    Hipaa,
}

/// A duty, and what of the report is evidence for it.
pub(super) struct Duty {
    /// Where it stands.
    pub(super) place: &'static str,
    /// What it asks for, in short.
    pub(super) asks: &'static str,
    /// What the report shows of it.
    pub(super) evidence: &'static str,
}

impl Profile {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::AccessReview => "Access review",
            Self::Gdpr => "Access to personal data (GDPR)",
            Self::Hipaa => "Information system activity (HIPAA Security Rule)",
        }
    }

    /// Whether only labels with the category `personal` count as sensitive here.
    pub(super) const fn is_about_people(self) -> bool {
        match self {
            Self::AccessReview => false,
            Self::Gdpr | Self::Hipaa => true,
        }
    }

    pub(super) const fn duties(self) -> &'static [Duty] {
        match self {
            Self::AccessReview => &REVIEW,
            Self::Gdpr => &GDPR,
            Self::Hipaa => &HIPAA,
        }
    }

    pub(super) const fn not_shown(self) -> &'static [&'static str] {
        match self {
            Self::AccessReview => &[
                "Access by other ways than these servers: a database console, a shell, a backup.",
                "Whether a right that is used is still needed: that is for whoever owns the data.",
                "What became of an answer after it left: it is in the context of a model.",
            ],
            Self::Gdpr => &[
                "The lawful basis of any access, and whether its purpose was the declared one.",
                "Whose data it was: resources and tables are named, the people in them are not.",
                "Erasure and retention in the sources; processors and transfers beyond these servers.",
            ],
            Self::Hipaa => &[
                "Whether an access was the minimum necessary for its purpose.",
                "Systems that hold health information and are not served by these servers.",
                "Physical and administrative safeguards, training, agreements with associates.",
            ],
        }
    }
}

const REVIEW: [Duty; 4] = [
    Duty {
        place: "ISO/IEC 27001:2022, A.5.18",
        asks: "access rights are reviewed, modified and removed",
        evidence: "Evidence for the review: rights that are used and rights that are not",
    },
    Duty {
        place: "ISO/IEC 27001:2022, A.8.15",
        asks: "activities, exceptions and faults are recorded, kept and analysed",
        evidence: "Evidence for recording and analysis: outcomes, refusals, findings",
    },
    Duty {
        place: "ISO/IEC 27001:2022, A.8.16",
        asks: "systems are monitored for anomalous behaviour",
        evidence: "Evidence for monitoring, where findings are recorded in the period",
    },
    Duty {
        place: "SOC 2, CC6.1 to CC6.3",
        asks: "logical access is restricted, granted and removed by role",
        evidence: "Evidence for access by role and for refusals",
    },
];
const GDPR: [Duty; 4] = [
    Duty {
        place: "Article 5(2)",
        asks: "compliance can be demonstrated",
        evidence: "Evidence for accountability: who was shown personal data, when, how much",
    },
    Duty {
        place: "Article 25(2)",
        asks: "by default only the data that is needed is accessible",
        evidence: "Evidence for default denial: refusals, and roles that limit access",
    },
    Duty {
        place: "Article 32(1)(b) and (d)",
        asks: "confidentiality and integrity, and their regular testing",
        evidence: "Evidence for confidentiality by label; for the integrity of the record itself",
    },
    Duty {
        place: "Article 33(3)(a)",
        asks: "the nature and extent of a breach can be described",
        evidence: "Evidence for the extent: which resources, how many items and bytes, by whom",
    },
];
const HIPAA: [Duty; 4] = [
    Duty {
        place: "45 CFR 164.312(b)",
        asks: "mechanisms record and examine activity",
        evidence: "Evidence for audit controls: every request has one outcome in the record",
    },
    Duty {
        place: "45 CFR 164.308(a)(1)(ii)(D)",
        asks: "records of activity are reviewed regularly",
        evidence: "Evidence for a review of this period, once somebody has signed it",
    },
    Duty {
        place: "45 CFR 164.312(a)(1)",
        asks: "access is allowed only to those who have been granted it",
        evidence: "Evidence for access control: roles and grants that were used, refusals",
    },
    Duty {
        place: "45 CFR 164.312(c)(1)",
        asks: "information is protected from improper alteration",
        evidence: "Evidence for the record alone: it is chained, and was verified",
    },
];
