// What things mean, in plain words.

/** The colour of each verdict. */
export const tones = {
  Current: 'ok',
  Allowed: 'ok',
  Replay: 'accent',
  Recover: 'odd',
  Ahead: 'odd',
  Expired: 'warn',
  Refused: 'warn',
  Misbound: 'warn',
  Unknown: 'warn',
  Malformed: 'warn',
  Reuse: 'bad',
  Revoked: 'bad',
  Forged: 'bad',
};

/** Verdicts after which a refresh gives tokens. */
export const grants = new Set(['Current', 'Replay', 'Recover', 'Ahead']);

const rare = {
  Ahead: 'Newer than what the database remembers: it lost a write, and our own signature proves that we issued this token. The row is healed.',
  Misbound: 'Presented by another client or with another key. Refused, but the grant lives on: a stranger must not be able to log the owner out.',
  Unknown: 'Well made, but no such grant is in the database.',
  Malformed: 'Not a token of this server. Refused before the database was asked.',
  Forged: 'Our signature on a secret that was never issued: a master key is out.',
};

/**
 * What a grant's standing means for a pass that it has handed out:
 * live: others can follow. last: it is good until its end, no other follows. expired: the same, since the grant has run out.
 * void: revoked with its grant; whoever asks the database refuses it, whoever checks the signature alone does not.
 */
export function standing({ access, refresh, grant }) {
  if (refresh && grants.has(refresh.verdict_now)) return 'live';
  const own = access && refresh && access.claims.gid === grant; // a pass of another grant did not die with this one
  if (own && isOver(refresh)) return refresh.verdict_now === 'Expired' ? 'expired' : 'void';
  return 'last';
}

/** Whether the grant itself has ended; a token that is refused may belong to one that lives on. */
export const isOver = (refresh) => Boolean(refresh?.revoked_at) || ['Revoked', 'Expired'].includes(refresh?.verdict_now);

/** The rule behind a verdict; the common ones are read from the list at the foot of the page. */
export function rule(verdict) {
  const listed = document.querySelector(`[data-rule="${CSS.escape(verdict)}"]`);
  return listed?.textContent ?? rare[verdict] ?? '';
}

const claimWords = {
  iss: 'issuer: who made this pass. The API trusts keys of this issuer alone.',
  sub: 'subject: who you are, as a number that never changes, unlike an email address.',
  aud: 'audience: which API the pass is for. Any other API must refuse it.',
  exp: 'expiry: from this moment on every API refuses the pass. It is near on purpose: a stolen pass is worth little.',
  iat: 'issued at: when it was made.',
  nbf: 'not before: earlier than this it is refused.',
  jti: 'token id: this one pass, so that it can be named in a log or revoked alone.',
  client_id: 'client: the application that asked for the pass. “daypass” is this server’s own.',
  scope: 'What the pass allows. Less is better.',
  auth_time: 'authentication time: when you last proved who you are. A refresh does not change it.',
  amr: 'methods: how you proved it. “pwd” is a password.',
  acr: 'assurance: how strong that proof was.',
  sid: 'session: the log-in it belongs to, under a name of its own for each client.',
  gid: 'grant: the family of tokens it comes from. When the grant dies, an API that follows the revocations refuses this pass.',
  roles: 'What you are today, looked up at each refresh.',
  cnf: 'confirmation: the key whose holder alone may use this pass.',
  cep: 'client epoch: a number that grows when everything this client was given is revoked at once. An API that follows the revocations refuses a pass with a smaller one.',
};

/** What a claim is for. */
export const meaningOf = (name) => claimWords[name] ?? 'a claim that this server adds.';

/** The order in which claims are shown: who, for whom, what, when, and the rest. */
export const claimOrder = ['iss', 'sub', 'aud', 'client_id', 'scope', 'roles', 'iat', 'exp', 'auth_time', 'amr', 'acr', 'jti', 'sid', 'gid', 'cep', 'cnf'];

const dead = {
  'refresh token reuse': 'A copied refresh token was used. The server cannot tell owner from thief, so it ended the grant for both. You have the password; the thief does not.',
  'log-out': 'You logged out here or in another tab.',
  'session ended': 'Its session was ended.',
  'password changed': 'The password was changed, which ends every log-in made with the old one.',
};

/** Why a grant is over, for the person in front of it. */
export function whyEnded(refresh) {
  if (!refresh) return 'This browser holds no refresh token that the server knows.';
  if (refresh.revoked_at) return dead[refresh.revoked_reason] ?? `The grant was revoked: ${refresh.revoked_reason || 'no reason was given'}.`;
  return 'The refresh token has run out. That is how every log-in ends in time: nothing buys the next pass, so the password is asked for.';
}
