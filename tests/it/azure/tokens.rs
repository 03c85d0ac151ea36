//! Where the Resource Manager of the tests gives out tokens: the metadata service, App Service,
//! Azure Arc and Microsoft Entra, each at its own path.

use serde_json::json;

use super::arm::{Answer, Request};

/// What each gives out.
pub(super) const METADATA_TOKEN: &str = "token-of-the-metadata-service";
pub(super) const PLATFORM_TOKEN: &str = "token-of-the-platform";
pub(super) const DIRECTORY_TOKEN: &str = "token-of-the-directory";

pub(super) fn answer(request: &Request) -> Option<Answer> {
    const AUDIENCE: &str = "resource=https%3A%2F%2Fmanagement.azure.com%2F";
    let token = |token: &str| {
        Answer::json(
            200,
            &json!({"access_token": token, "expires_in": "3599", "token_type": "Bearer"}),
        )
    };
    let is_asked_well = request.query.contains(AUDIENCE);
    match request.path.as_str() {
        "/metadata/identity/oauth2/token" => {
            Some(if request.header("metadata") != Some("true") || !is_asked_well {
                Answer::json(
                    400,
                    &json!({"error": "bad_request_102", "error_description": "Required metadata header not specified"}),
                )
            } else if request.query.contains("client_id=unknown") {
                Answer::json(
                    400,
                    &json!({"error": "invalid_request", "error_description": "Identity not found"}),
                )
            } else {
                token(METADATA_TOKEN)
            })
        }
        "/msi/token" => Some(
            if request.header("x-identity-header") == Some("platform-secret") && is_asked_well {
                token(PLATFORM_TOKEN)
            } else {
                Answer::empty(401)
            },
        ),
        "/tenant-1/oauth2/v2.0/token" => {
            let by_secret = request.body.contains("client_secret=client-secret%2B1");
            let by_assertion = request.body.contains("client_assertion=federated-token");
            let is_asked_well = request.body.contains("grant_type=client_credentials")
                && request.body.contains("scope=https%3A%2F%2Fmanagement.azure.com%2F.default");
            Some(if (by_secret || by_assertion) && is_asked_well {
                token(DIRECTORY_TOKEN)
            } else {
                Answer::json(
                    401,
                    &json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}),
                )
            })
        }
        _ => None,
    }
}
