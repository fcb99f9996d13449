// SPDX-License-Identifier: Apache-2.0
//! Azure with the credentials that its users know: OpenDAL itself offers keys and signatures, and
//! would ask the machine for more without being told to.

use std::collections::BTreeMap;

use opendal::services::AzblobConfig;
use opendal::{Configurator, Operator};
use reqsign_azure_storage::{
    ClientSecretCredentialProvider, Credential, DefaultCredentialProvider, StaticCredentialProvider,
};
use reqsign_core::ProvideCredentialChain;

use crate::call::Failure;

/// Of these options, OpenDAL knows nothing.
const OWN: [&str; 4] = ["client_id", "client_secret", "tenant_id", "disable_vm_metadata"];

fn chain(own: &BTreeMap<String, String>, config: &AzblobConfig) -> ProvideCredentialChain<Credential> {
    let mut defaults = DefaultCredentialProvider::builder().no_azure_cli();
    if own.get("disable_vm_metadata").is_none_or(|value| value != "false") {
        defaults = defaults.no_imds();
    }
    let mut providers = ProvideCredentialChain::new().push(defaults.build());
    if let [Some(id), Some(secret), Some(tenant)] = ["client_id", "client_secret", "tenant_id"].map(|name| own.get(name))
    {
        let login = ClientSecretCredentialProvider::new();
        providers = providers.push_front(login.with_client_id(id).with_client_secret(secret).with_tenant_id(tenant));
    }
    if let (Some(name), Some(key)) = (&config.account_name, &config.account_key) {
        providers = providers.push_front(StaticCredentialProvider::new_shared_key(name, key));
    }
    if let Some(token) = &config.sas_token {
        providers = providers.push_front(StaticCredentialProvider::new_sas_token(token));
    }
    providers
}

pub fn operator(options: impl IntoIterator<Item = (String, String)>) -> Result<Operator, Failure> {
    let (own, theirs): (Vec<_>, Vec<_>) = options.into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
    let config = AzblobConfig::from_iter(theirs)?;
    let providers = chain(&own.into_iter().collect(), &config);
    Ok(Operator::new(config.into_builder().credential_provider_chain(providers))?)
}
