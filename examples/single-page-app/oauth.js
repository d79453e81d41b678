// The authorization code flow with PKCE for a page without a server of its own. Tokens live in variables of this module:
// not in localStorage, where whatever script ever runs on this origin would find them, also tomorrow.

const pending = "notes-page.pending"; // in sessionStorage, from leaving for the log-in until coming back

// connect reads what the issuer can do and returns what the page can do.
export async function connect({ issuer, clientId, scope, page }) {
	const server = await json(await fetch(issuer + "/.well-known/openid-configuration"));
	if (server.issuer !== issuer) throw new Error("These are the metadata of another issuer.");
	let tokens = null;
	let refreshing = null;

	// logIn leaves the page for the issuer's.
	async function logIn() {
		const left = { state: random(), nonce: random(), verifier: random() };
		sessionStorage.setItem(pending, JSON.stringify(left));
		const challenge = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(left.verifier)));
		location.assign(server.authorization_endpoint + "?" + new URLSearchParams({
			response_type: "code", client_id: clientId, redirect_uri: page, scope,
			state: left.state, nonce: left.nonce, code_challenge: base64url(challenge), code_challenge_method: "S256",
		}));
	}

	// finish takes the answer that the page was opened with, if it was, and tells whether somebody is logged in now.
	async function finish() {
		const answer = new URLSearchParams(location.search);
		const left = JSON.parse(sessionStorage.getItem(pending));
		sessionStorage.removeItem(pending);
		if (!answer.has("state")) return false;
		history.replaceState(null, "", page); // the code does not stay in the address
		if (answer.get("state") !== left?.state) throw new Error("This is not the answer to what this page asked.");
		if (answer.get("iss") !== issuer) throw new Error("This is the answer of another issuer."); // RFC 9207
		if (answer.has("error")) throw new Error("You were not logged in: " + answer.get("error"));
		take(await post(server.token_endpoint, {
			grant_type: "authorization_code", code: answer.get("code"), redirect_uri: page, code_verifier: left.verifier,
		}), left.nonce);
		return true;
	}

	// take keeps a reply of the token endpoint. The ID token came straight from there, which stands for its signature
	// (OpenID Connect Core §3.1.3.7); what it says is checked all the same.
	function take(reply, nonce) {
		const id = claims(reply.id_token);
		const audience = [id.aud].flat();
		if (id.iss !== issuer || audience.length !== 1 || audience[0] !== clientId || id.exp * 1000 < Date.now()) {
			throw new Error("This ID token is not for this page.");
		}
		if (nonce !== undefined && id.nonce !== nonce || tokens !== null && id.sub !== tokens.sub) {
			throw new Error("This ID token was made for another log-in.");
		}
		tokens = {
			sub: id.sub, id: reply.id_token, access: reply.access_token, refresh: reply.refresh_token,
			until: Date.now() + reply.expires_in * 1000,
		};
	}

	// refresh buys the next tokens. Whoever asks meanwhile waits for the same ones.
	function refresh() {
		refreshing ??= post(server.token_endpoint, { grant_type: "refresh_token", refresh_token: tokens.refresh })
			.then((reply) => take(reply), (error) => {
				if (error.code === "invalid_grant") tokens = null; // it is over: log in again
				throw error; // else, as when the network is down, the refresh token is still good
			})
			.finally(() => refreshing = null);
		return refreshing;
	}

	async function userInfo() {
		if (tokens.until < Date.now() + 10_000) await refresh();
		return json(await fetch(server.userinfo_endpoint, { headers: { Authorization: "Bearer " + tokens.access } }));
	}

	// logOut takes the tokens back and ends the session at the issuer: else the next log-in would ask for no password.
	async function logOut() {
		await post(server.revocation_endpoint, { token: tokens.refresh });
		const hint = tokens.id;
		tokens = null;
		location.assign(server.end_session_endpoint + "?" +
			new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: page }));
	}

	async function post(address, form) {
		return json(await fetch(address, { method: "POST", body: new URLSearchParams({ ...form, client_id: clientId }) }));
	}

	return { logIn, finish, refresh, userInfo, logOut, loggedIn: () => tokens !== null };
}

// json reads a reply; a refusal is thrown with its OAuth error code.
async function json(response) {
	const text = await response.text();
	const body = text === "" ? {} : JSON.parse(text);
	if (response.ok) return body;
	throw Object.assign(new Error(body.error_description ?? "The issuer answered " + response.status + "."), { code: body.error });
}

function random() {
	return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
	return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// claims reads the middle part of a JWT.
function claims(jwt) {
	const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
	return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
}
