package oauth

// ResponseMode says how the answer of the authorization endpoint travels to the client.
type ResponseMode string

// The response modes. Query is the default for response_type=code.
const (
	// ModeQuery adds the parameters to the query of the redirect URI, RFC 6749 §4.1.2.
	ModeQuery ResponseMode = "query"
	// ModeFormPost has the browser post them, OAuth 2.0 Form Post Response Mode §2.
	ModeFormPost ResponseMode = "form_post"
)

// Prompt is one value of the prompt parameter, OpenID Connect Core 1.0 §3.1.2.1.
type Prompt string

// The prompts.
const (
	PromptNone          Prompt = "none"
	PromptLogin         Prompt = "login"
	PromptConsent       Prompt = "consent"
	PromptSelectAccount Prompt = "select_account"
)

// ResponseTypeCode is the one response_type Daypass knows, RFC 6749 §4.1.1.
const ResponseTypeCode = "code"

// The scopes OpenID Connect Core 1.0 §5.4 and §11 give a meaning.
const (
	ScopeOpenID        = "openid"
	ScopeProfile       = "profile"
	ScopeEmail         = "email"
	ScopeAddress       = "address"
	ScopePhone         = "phone"
	ScopeOfflineAccess = "offline_access"
)

// Parameters of authorization requests and answers beyond RFC 6749 (OpenID Connect Core 1.0 §3.1.2.1 and as noted).
const (
	ParamNonce        = "nonce"
	ParamPrompt       = "prompt"
	ParamMaxAge       = "max_age"
	ParamDisplay      = "display"
	ParamUILocales    = "ui_locales"
	ParamIDTokenHint  = "id_token_hint"
	ParamLoginHint    = "login_hint"
	ParamACRValues    = "acr_values"
	ParamClaims       = "claims"
	ParamResponseMode = "response_mode"
	ParamRequest      = "request"
	ParamRequestURI   = "request_uri"
	ParamRegistration = "registration"

	// ParamPostLogoutRedirectURI is of OpenID Connect RP-Initiated Logout 1.0 §2.
	ParamPostLogoutRedirectURI = "post_logout_redirect_uri"
)

// Errors of OpenID Connect Core 1.0 §3.1.2.6, and of the specification that is named.
const (
	LoginRequired            ErrorCode = "login_required"
	ConsentRequired          ErrorCode = "consent_required"
	InteractionRequired      ErrorCode = "interaction_required"
	AccountSelectionRequired ErrorCode = "account_selection_required"
	RequestNotSupported      ErrorCode = "request_not_supported"
	RequestURINotSupported   ErrorCode = "request_uri_not_supported"
	RegistrationNotSupported ErrorCode = "registration_not_supported"
	InvalidRequestURI        ErrorCode = "invalid_request_uri"
	InvalidRequestObject     ErrorCode = "invalid_request_object"
	// UnmetAuthenticationRequirements is of OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2.
	UnmetAuthenticationRequirements ErrorCode = "unmet_authentication_requirements"
)
