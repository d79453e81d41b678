package auth

import "time"

// EventKind names what an audit record tells.
type EventKind string

// Every kind of event. Rotations write none (design §4): they are counted and logged.
const (
	EventUserSignedUp     EventKind = "user.signed_up"
	EventUserCreated      EventKind = "user.created"
	EventUserLoggedIn     EventKind = "user.logged_in"
	EventUserLoginFailed  EventKind = "user.login_failed"
	EventUserThrottled    EventKind = "user.login_throttled"
	EventSignUpRefused    EventKind = "user.sign_up_refused" // somebody tried to sign up with the address of a user
	EventUserDisabled     EventKind = "user.disabled"
	EventUserEnabled      EventKind = "user.enabled"
	EventUserUpdated      EventKind = "user.updated" // an operator wrote standard claims
	EventUserDeleted      EventKind = "user.deleted"
	EventPasswordChanged  EventKind = "user.password_changed"
	EventEmailAsked       EventKind = "user.email_change_asked" // a code was mailed to the new address
	EventEmailChanged     EventKind = "user.email_changed"
	EventReauthenticated  EventKind = "user.reauthenticated" // the password was asked again within a session
	EventSessionEnded     EventKind = "session.ended"
	EventConsentGiven     EventKind = "consent.given"
	EventConsentDenied    EventKind = "consent.denied"
	EventConsentTaken     EventKind = "consent.taken_back"
	EventCodeReplayed     EventKind = "code.replayed"
	EventGrantReuse       EventKind = "grant.reuse_detected"
	EventGrantRecovered   EventKind = "grant.recovered"
	EventGrantHealed      EventKind = "grant.healed"
	EventGrantReplayed    EventKind = "grant.replayed"
	EventGrantMisbound    EventKind = "grant.misbound"
	EventGrantForged      EventKind = "grant.forged"
	EventGrantRevoked     EventKind = "grant.revoked"
	EventTokenRevoked     EventKind = "token.revoked"
	EventClientCreated    EventKind = "client.created"
	EventClientUpdated    EventKind = "client.updated"
	EventClientSecret     EventKind = "client.secret_rotated"
	EventClientDisabled   EventKind = "client.disabled"
	EventClientEnabled    EventKind = "client.enabled"
	EventClientDeleted    EventKind = "client.deleted"
	EventResourceCreated  EventKind = "resource.created"
	EventResourceUpdated  EventKind = "resource.updated"
	EventResourceDisabled EventKind = "resource.disabled"
	EventResourceEnabled  EventKind = "resource.enabled"
	EventResourceDeleted  EventKind = "resource.deleted"
	EventKeyRotated       EventKind = "key.rotated"
	EventKeyRemoved       EventKind = "key.removed"
	EventKeyCreated       EventKind = "key.created"
)

// Event is one audit record, written in the same transaction as the change it tells. IDs that do not
// apply are zero. Detail is a sentence for a person and holds no secret.
type Event struct {
	ID        ID
	At        time.Time
	Kind      EventKind
	UserID    ID
	SessionID ID
	GrantID   ID
	ClientID  string
	Caller    Caller
	Detail    string
}
