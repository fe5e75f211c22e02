//! `[guard.secrets.vault]`, and the variables that Vault's and OpenBao's own tools know.
//!
//! | key          | variable                                               |
//! |--------------|--------------------------------------------------------|
//! | `address`    | `BAO_ADDR`, `VAULT_ADDR`                               |
//! | `namespace`  | `BAO_NAMESPACE`, `VAULT_NAMESPACE`                     |
//! | `ca-file`    | `BAO_CACERT`, `VAULT_CACERT`                           |
//! | `token`      | `BAO_TOKEN`, `VAULT_TOKEN`, then `$HOME/.vault-token`  |
//!
//! A key wins over a variable, so that who writes the configuration decides.
//!
//! # Invariants
//!
//! - Verification is never switched off: the variable that does so elsewhere is an error.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::Providers;
use super::Trouble;
use super::login::Login;
use crate::config::Limit;
use crate::secret::Reach;
use crate::secret::SecretRef;
use crate::secret::http::Origin;
use crate::secret::http::Roots;

/// `[guard.secrets.vault]`: the one server, and how to log in.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct VaultConfig {
    /// `https://HOST[:PORT]`; `http` to this machine only.
    pub address: Option<String>,
    /// The namespace that all paths are in.
    pub namespace: Option<String>,
    /// A PEM file of the authorities that vouch for the server, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// 1 or 2: the version of the key-value store, where the token may not ask. The mount is then
    /// the first part of a path.
    pub kv_version: Option<u8>,
    /// How long a secret may take, with all that is needed for it.
    pub deadline_seconds: Limit<20>,
    /// Where the token is: best the file that an agent writes.
    pub token: Option<SecretRef>,
    /// `[guard.secrets.vault.approle]`: a role and its secret id.
    pub approle: Option<AppRole>,
    /// `[guard.secrets.vault.kubernetes]`: the token of a pod.
    pub kubernetes: Option<Kubernetes>,
}

/// `[guard.secrets.vault.approle]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AppRole {
    /// Which role. No secret.
    pub role_id: String,
    /// Where the secret id is, or the token that wraps it.
    pub secret_id: SecretRef,
    /// Whether it is wrapped: then it is unwrapped once, and whoever did so before is noticed.
    #[serde(default)]
    pub wrapped: bool,
    /// Where the login is mounted.
    #[serde(default)]
    pub mount: Option<String>,
}

/// `[guard.secrets.vault.kubernetes]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kubernetes {
    /// The role that the pod takes.
    pub role: String,
    /// Where its token is mounted.
    #[serde(default)]
    pub jwt_file: Option<PathBuf>,
    /// Where the login is mounted.
    #[serde(default)]
    pub mount: Option<String>,
}

impl Kubernetes {
    fn jwt_file(&self) -> &Path {
        self.jwt_file.as_deref().unwrap_or(Path::new(POD_TOKEN))
    }
}

/// What the table and the environment come to.
pub(super) struct Settings {
    pub(super) address: Origin,
    pub(super) namespace: Option<String>,
    pub(super) roots: Roots,
    pub(super) login: Login,
}

impl VaultConfig {
    pub(super) const fn patience(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds.get())
    }

    pub(super) fn settle(&self, providers: &Providers) -> Result<Settings, Trouble> {
        let variable = |name: &str| {
            let either = ["BAO", "VAULT"].map(|tool| format!("{tool}_{name}"));
            let found = either.iter().find_map(|name| providers.variable(name));
            found.and_then(|value| value.into_string().ok())
        };
        if variable("SKIP_VERIFY").is_some_and(|value| !matches!(value.as_str(), "0" | "false")) {
            return Err(SKIP_VERIFY);
        }
        if !matches!(self.kv_version, None | Some(1 | 2)) {
            return Err(VERSION);
        }
        let address = self.address.clone().or_else(|| variable("ADDR"));
        let roots = self
            .ca_file
            .clone()
            .or_else(|| variable("CACERT").map(PathBuf::from));
        Ok(Settings {
            address: address.ok_or(NO_ADDRESS)?.parse()?,
            namespace: self.namespace.clone().or_else(|| variable("NAMESPACE")),
            roots: roots.map_or(Roots::System, Roots::File),
            login: self.login(providers)?,
        })
    }

    /// What asking the server takes, with what logs in to it.
    pub(super) fn reach(&self, providers: &Providers) -> Reach {
        let Ok(settings) = self.settle(providers) else {
            return Reach::default();
        };
        let login = match &settings.login {
            Login::Given(place) => providers.reach(place),
            Login::AppRole { secret_id, .. } => providers.reach(secret_id),
            Login::Kubernetes { jwt, .. } => Reach::file(jwt),
        };
        settings
            .address
            .reach()
            .and(settings.roots.reach())
            .and(login)
    }

    /// Where what logs in is kept.
    pub(in crate::secret) fn logins(&self) -> impl Iterator<Item = &SecretRef> {
        let secret_id = self.approle.as_ref().map(|approle| &approle.secret_id);
        self.token.iter().chain(secret_id)
    }

    /// The file with the token of a pod, where that logs in.
    pub(in crate::secret) fn jwt_file(&self) -> Option<&Path> {
        let kubernetes = self.kubernetes.as_ref()?;
        Some(kubernetes.jwt_file())
    }

    fn login(&self, providers: &Providers) -> Result<Login, Trouble> {
        let mount = |configured: &Option<String>, usual: &str| {
            let mount = configured
                .as_deref()
                .unwrap_or(usual)
                .trim_matches('/')
                .to_owned();
            let fine = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
            let clean =
                mount.chars().all(fine) && !mount.split('/').any(|p| matches!(p, "" | "." | ".."));
            if clean { Ok(mount) } else { Err(MOUNT) }
        };
        match (&self.token, &self.approle, &self.kubernetes) {
            (Some(token), None, None) => given(token),
            (None, Some(approle), None) => {
                given(&approle.secret_id)?;
                Ok(Login::AppRole {
                    mount: mount(&approle.mount, "approle")?,
                    role: approle.role_id.clone(),
                    secret_id: approle.secret_id.clone(),
                    wrapped: approle.wrapped,
                    unwrapped: None,
                })
            }
            (None, None, Some(kubernetes)) => Ok(Login::Kubernetes {
                mount: mount(&kubernetes.mount, "kubernetes")?,
                role: kubernetes.role.clone(),
                jwt: kubernetes.jwt_file().to_owned(),
            }),
            (None, None, None) => usual_token(providers),
            _ => Err(TWO_LOGINS),
        }
    }
}

/// A place that can be read without this server.
fn given(place: &SecretRef) -> Result<Login, Trouble> {
    if place.provider.scheme == super::PROVIDER.scheme {
        return Err(CIRCLE);
    }
    Ok(Login::Given(place.clone()))
}

/// Where the tools of the servers look.
fn usual_token(providers: &Providers) -> Result<Login, Trouble> {
    for name in ["BAO_TOKEN", "VAULT_TOKEN"] {
        if providers.variable(name).is_some() {
            let place = format!("env:{name}").parse();
            return place.map(Login::Given).map_err(|_| NO_LOGIN);
        }
    }
    let home = providers
        .variable("HOME")
        .and_then(|home| home.into_string().ok());
    let file = home.map(|home| format!("file:{}/.vault-token", home.trim_end_matches('/')));
    let place = file.and_then(|file| file.parse().ok());
    place.map(Login::Given).ok_or(NO_LOGIN)
}

/// All that is read of the environment.
pub(super) const VARIABLES: &[&str] = &[
    "BAO_ADDR",
    "BAO_CACERT",
    "BAO_NAMESPACE",
    "BAO_SKIP_VERIFY",
    "BAO_TOKEN",
    "HOME",
    "VAULT_ADDR",
    "VAULT_CACERT",
    "VAULT_NAMESPACE",
    "VAULT_SKIP_VERIFY",
    "VAULT_TOKEN",
];

const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const SKIP_VERIFY: Trouble = Trouble::Unfit(
    "VAULT_SKIP_VERIFY is set, and a server is always verified here: unset it, and name its \
     authority in `ca-file` or VAULT_CACERT",
);
const NO_ADDRESS: Trouble =
    Trouble::Unfit("no server is named: set `address` in [guard.secrets.vault], or VAULT_ADDR");
const NO_LOGIN: Trouble = Trouble::Unfit(
    "no login is named: set `token`, `approle` or `kubernetes` in [guard.secrets.vault]",
);
const TWO_LOGINS: Trouble =
    Trouble::Unfit("more than one login: keep one of `token`, `approle` and `kubernetes`");
const CIRCLE: Trouble = Trouble::Unfit(
    "what logs in to the server cannot be kept by the server: use a file, or the keyring",
);
const MOUNT: Trouble = Trouble::Unfit("`mount` of the login is no path");
const VERSION: Trouble = Trouble::Unfit("`kv-version` is 1 or 2");
