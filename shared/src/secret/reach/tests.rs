//! What the references of a configuration take, and what they leave alone.
#![expect(clippy::disallowed_methods, reason = "the tests make files")]

use std::ffi::OsString;

use super::*;

fn reference(text: &str) -> SecretRef {
    text.parse().unwrap()
}

/// Places whose environment is `variables`.
fn providers(variables: &[(&str, &str)]) -> Providers {
    let variables: Vec<(String, OsString)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
        .collect();
    Providers::new(move |name| {
        let known = variables.iter().find(|(known, _)| known == name);
        known.map(|(_, value)| value.clone())
    })
}

/// What `text` takes.
#[cfg(feature = "http")]
fn takes(text: &str, variables: &[(&str, &str)], config: &SecretsConfig) -> Reach {
    providers(variables).told(config).reach(&reference(text))
}

#[test]
fn the_environment_takes_nothing_and_reads_the_one_variable() {
    let env = reference("env:CRM_PASSWORD");
    assert_eq!(providers(&[]).reach(&env), Reach::default());
    let read = env.variables(&SecretsConfig::default());
    assert_eq!(read, BTreeSet::from(["CRM_PASSWORD".to_owned()]));
}

#[test]
fn a_file_takes_the_directories_where_it_is_named_and_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let [named, real] = ["named", "real"].map(|name| dir.path().join(name));
    std::fs::create_dir(&named).unwrap();
    std::fs::create_dir(&real).unwrap();
    std::fs::write(real.join("key"), "text").unwrap();
    std::os::unix::fs::symlink(real.join("key"), named.join("key")).unwrap();
    let file = reference(&format!("file:{}", named.join("key").display()));
    let reach = providers(&[]).reach(&file);
    let real = real.canonicalize().unwrap();
    assert_eq!(
        reach,
        Reach {
            directories: vec![named, real],
            ..Reach::default()
        }
    );
    let absent = reference("file:/nowhere/at/all");
    assert_eq!(providers(&[]).reach(&absent), Reach::default());
}

#[test]
fn a_credential_takes_the_directory_of_its_supervisor() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let reach = providers(&[("CREDENTIALS_DIRECTORY", path)]).reach(&reference("cred:key"));
    assert!(reach.directories.contains(&dir.path().to_owned()));
    assert!(reach.ports.is_empty() && !reach.names && !reach.roots && !reach.local_sockets);
    let read = reference("cred:key").variables(&SecretsConfig::default());
    assert_eq!(read, BTreeSet::from(["CREDENTIALS_DIRECTORY".to_owned()]));
}

#[cfg(feature = "vault")]
mod vault {
    use super::*;

    const HERE: (&str, &str) = ("VAULT_ADDR", "http://127.0.0.1:8200");

    fn config(text: &str) -> SecretsConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_vault_takes_its_port_and_a_name_and_certificates_only_where_it_has_them() {
        let usual = SecretsConfig::default();
        let here = takes("vault:a/b#c", &[HERE, ("VAULT_TOKEN", "t")], &usual);
        assert_eq!(here.ports, BTreeSet::from([8200]));
        assert!(!here.names && here.roots && here.directories.is_empty());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let named = config(&format!(
            "vault.address = 'https://vault.example.org'\nvault.ca-file = '{path}/ca.pem'\n\
             vault.token = 'file:{path}/token'"
        ));
        let there = takes("vault:a/b#c", &[HERE], &named);
        assert_eq!(there.ports, BTreeSet::from([443]));
        assert!(there.names && !there.roots);
        assert!(there.directories.iter().all(|one| one == dir.path()));
        assert_eq!(
            there.directories.len(),
            2,
            "of the certificates and of the token"
        );
    }

    #[test]
    fn a_login_takes_what_its_own_place_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        for login in [
            format!("vault.approle = {{ role-id = 'a', secret-id = 'file:{path}/id' }}"),
            format!("vault.kubernetes = {{ role = 'a', jwt-file = '{path}/token' }}"),
        ] {
            let reach = takes("vault:a/b#c", &[HERE], &config(&login));
            assert_eq!(reach.directories, [dir.path()], "{login}");
        }
    }

    #[test]
    fn what_is_set_up_wrongly_takes_nothing() {
        let two = "vault.token = 'env:A'\nvault.kubernetes = { role = 'a' }";
        for (variables, text) in [
            (&[][..], ""),
            (&[("VAULT_ADDR", "http://vault.example.org")], ""),
            (&[HERE], "vault.token = 'vault:a/b#c'"),
            (&[HERE, ("VAULT_SKIP_VERIFY", "1")], ""),
            (&[HERE], two),
        ] {
            let reach = takes("vault:a/b#c", variables, &config(text));
            assert_eq!(reach, Reach::default(), "{variables:?} {text}");
        }
    }

    #[test]
    fn a_login_by_a_variable_reads_it_and_only_where_the_vault_is_used() {
        let config = config("[vault.approle]\nrole-id = 'a'\nsecret-id = 'env:SECRET_ID'");
        let read = reference("vault:a/b#c").variables(&config);
        assert!(read.contains("SECRET_ID") && read.contains("VAULT_ADDR"));
        assert!(!read.contains("CREDENTIALS_DIRECTORY"));
        for other in ["file:/a", "cred:a", "env:A"] {
            let read = reference(other).variables(&config);
            let of_vault = |name: &String| name == "SECRET_ID" || name.starts_with("VAULT_");
            assert!(!read.iter().any(of_vault), "{other}: {read:?}");
        }
    }

    #[test]
    fn a_configuration_is_read_as_it_was_told() {
        let all = config(
            "[vault]\naddress = 'https://v'\nnamespace = 'n'\nca-file = '/c'\nkv-version = 2\n\
             deadline-seconds = 3\ntoken = 'file:/t'\n\
             [vault.approle]\nrole-id = 'a'\nsecret-id = 'env:S'\nwrapped = true\nmount = 'm'\n\
             [vault.kubernetes]\nrole = 'r'\njwt-file = '/j'\nmount = 'k'",
        );
        for one in [all, SecretsConfig::default()] {
            let told = serde_json::to_string(&one).unwrap();
            assert_eq!(
                serde_json::from_str::<SecretsConfig>(&told).unwrap(),
                one,
                "{told}"
            );
        }
    }
}

#[cfg(feature = "aws")]
mod aws {
    use super::*;

    const REGION: (&str, &str) = ("AWS_REGION", "eu-central-1");
    const KEYS: [(&str, &str); 2] = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "k"),
    ];

    fn of(variables: &[&[(&str, &str)]]) -> Reach {
        takes("aws-sm:a", &variables.concat(), &SecretsConfig::default())
    }

    #[test]
    fn aws_takes_its_endpoints_and_the_certificates_of_the_system() {
        let plain = of(&[&[REGION], &KEYS]);
        assert_eq!(plain.ports, BTreeSet::from([443]));
        assert!(plain.names && plain.roots && plain.directories.is_empty());
        let own = [
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://127.0.0.1:4566"),
            ("AWS_CA_BUNDLE", "/etc/ca.pem"),
        ];
        let own = of(&[&[REGION], &KEYS, &own]);
        assert_eq!(own.ports, BTreeSet::from([4566]));
        assert!(!own.names && !own.roots);
        assert!(own.directories.contains(&PathBuf::from("/etc")));
    }

    #[test]
    fn the_source_of_keys_takes_what_it_asks_and_no_other_does() {
        let dir = tempfile::tempdir().unwrap();
        let token = dir.path().join("token");
        let token = token.to_str().unwrap();
        let identity = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/a"),
            ("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:5000"),
        ];
        let agent = [
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "http://127.0.0.1:1338/a",
            ),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token),
        ];
        let instance = [("AWS_EC2_METADATA_DISABLED", "false")];
        let all = [&identity[..], &agent, &instance].concat();
        for (variables, port, file) in [
            (&identity[..], Some(5000), true),
            (&agent, Some(1338), true),
            (&instance, Some(80), false),
            (&[("AWS_EC2_METADATA_DISABLED", "true")], None, false),
            // the first decides
            (&all, Some(5000), true),
            (&[&KEYS[..], &all].concat(), None, false),
        ] {
            let reach = of(&[&[REGION], variables]);
            let expected = [Some(443), port].into_iter().flatten().collect();
            assert_eq!(reach.ports, expected, "{variables:?}");
            let found = reach.directories.contains(&dir.path().to_owned());
            assert_eq!(found, file, "{variables:?}");
        }
    }

    #[test]
    fn the_directories_of_the_profile_are_read_and_a_profile_of_no_use_opens_no_port() {
        let home = tempfile::tempdir().unwrap();
        let aws = home.path().join(".aws");
        std::fs::create_dir(&aws).unwrap();
        let home = [("HOME", home.path().to_str().unwrap())];
        assert!(of(&[&[REGION], &KEYS, &home]).directories.contains(&aws));
        std::fs::write(
            aws.join("config"),
            "[default]\nregion = eu-central-1\nsso_session = a\n",
        )
        .unwrap();
        let login = of(&[&home]);
        assert!(login.directories.contains(&aws) && login.ports.is_empty() && !login.names);
    }
}
