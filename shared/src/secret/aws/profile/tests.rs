//! The files of AWS's tools, and what is refused in them.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests write the files that are read"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::secret::aws::testing::noon;
use crate::secret::aws::testing::providers;

struct Home(TempDir);

impl Home {
    fn new(files: &[(&str, &str, u32)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".aws")).unwrap();
        for (name, text, mode) in files {
            let path = dir.path().join(".aws").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
        }
        Self(dir)
    }

    fn read(&self, profile: Option<&str>) -> Result<Profile, Trouble> {
        let home = self.0.path().to_str().unwrap();
        let mut variables = vec![("HOME", home)];
        variables.extend(profile.map(|name| ("AWS_PROFILE", name)));
        Profile::read(&providers(&variables, noon))
    }
}

/// Id, key and token.
fn keys(profile: &Profile) -> Option<(String, String, Option<String>)> {
    let show = |secret: Arc<Secret>| secret.show_to(str::to_owned);
    match profile.who().unwrap()? {
        Who::Keys { id, key, token } => Some((id, show(key), token.map(show))),
        Who::WebIdentity(_) => panic!("no keys"),
    }
}

const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = AKIDDEFAULT\n\
    AWS_SECRET_ACCESS_KEY=abc/def+ghi=\n\n[prod]  ; a comment\naws_access_key_id=AKIDPROD\n\
    aws_secret_access_key = xyz # theirs\naws_session_token = ttt\n";

const CONFIG: &str = "[default]\nregion = eu-central-1\ns3 =\n  region = nested\n\
    [profile prod]\nregion = us-west-2\naws_access_key_id = AKIDOTHER\n\
    aws_secret_access_key = other\n[profile other]\nregion = us-east-2\n";

#[test]
fn a_profile_is_what_both_files_say_of_it() {
    let home = Home::new(&[
        ("credentials", CREDENTIALS, 0o600),
        ("config", CONFIG, 0o600),
    ]);
    let default = home.read(None).unwrap();
    let expected = ("AKIDDEFAULT".to_owned(), "abc/def+ghi=".to_owned(), None);
    assert_eq!(keys(&default), Some(expected));
    assert_eq!(default.setting("region"), Some("eu-central-1"));
    let prod = home.read(Some("prod")).unwrap();
    let token = Some("ttt".to_owned());
    let expected = ("AKIDPROD".to_owned(), "xyz".to_owned(), token);
    assert_eq!(keys(&prod), Some(expected), "credentials go before config");
    assert_eq!(prod.setting("region"), Some("us-west-2"));
    let other = home.read(Some("other")).unwrap();
    assert_eq!(
        (keys(&other), other.setting("region")),
        (None, Some("us-east-2"))
    );
    assert_eq!(home.read(Some("absent")).unwrap_err(), NO_PROFILE);
    let nothing = Home::new(&[]).read(None).unwrap();
    assert_eq!(keys(&nothing), None);
}

#[test]
fn files_that_others_can_change_or_keys_that_they_can_read_are_refused() {
    for mode in [0o644, 0o640, 0o660, 0o606] {
        let home = Home::new(&[("credentials", CREDENTIALS, mode)]);
        assert_eq!(home.read(None).unwrap_err(), Trouble::Exposed, "{mode:o}");
    }
    let plain = "[default]\nregion = eu-central-1\n";
    let shared = Home::new(&[("config", plain, 0o644)]);
    assert!(shared.read(None).is_ok(), "what is no secret may be read");
    let writable = Home::new(&[("config", plain, 0o664)]);
    assert_eq!(writable.read(None).unwrap_err(), Trouble::Exposed);
    let keys = Home::new(&[("config", CONFIG, 0o644)]);
    assert_eq!(keys.read(Some("prod")).unwrap_err(), Trouble::Exposed);
}

#[test]
fn what_would_start_a_program_or_log_somebody_in_is_refused() {
    for (line, expected) in [
        ("credential_process = /bin/true", PROCESS),
        ("sso_session = corp", LOGIN),
        ("sso_start_url = https://x", LOGIN),
        ("login_session = x", LOGIN),
        ("role_arn = arn:aws:iam::123456789012:role/a", ROLE),
        ("aws_access_key_id = AKID", HALF),
        ("aws_secret_access_key = x", HALF),
    ] {
        let text = format!("[default]\n{line}\n");
        let home = Home::new(&[("config", &text, 0o600)]);
        let said = home.read(None).unwrap().who().unwrap_err();
        assert_eq!(said, expected, "{line}");
    }
}

#[test]
fn a_profile_may_be_a_web_identity() {
    let text = "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\n\
        web_identity_token_file = /var/run/token\nrole_session_name = me\n";
    let home = Home::new(&[("config", text, 0o600)]);
    let who = home.read(None).unwrap().who().unwrap();
    assert!(matches!(who, Some(Who::WebIdentity(_))));
}

#[test]
fn l4_a_file_that_cannot_be_read_is_not_repeated() {
    let canary = "CANARY-hunter2";
    for text in [
        format!("[default]\n{canary}\n"),
        format!("[{canary}\n"),
        format!("[default]\nregion = a\nregion = {canary}\n"),
    ] {
        let home = Home::new(&[("credentials", &text, 0o600)]);
        let said = home.read(None).unwrap_err();
        assert!(!format!("{said} {said:?}").contains(canary));
    }
    let home = Home::new(&[(
        "credentials",
        "[default]\naws_access_key_id = A\naws_secret_access_key = CANARY\n",
        0o600,
    )]);
    assert!(!format!("{:?}", home.read(None).unwrap()).contains("CANARY"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "([\\[\\]a-z =#;\n\t]|profile|default){0,60}") {
        let mut profile = Profile::default();
        for kind in [Kind::Config, Kind::Credentials] {
            let read = profile.parse(kind, &text, "default", true);
            prop_assert!(read.is_ok() || matches!(read, Err(MALFORMED | TWICE | Trouble::Exposed)));
        }
        prop_assert!(profile.key.is_none(), "readable to others");
    }
}
