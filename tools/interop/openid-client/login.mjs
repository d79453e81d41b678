// Logs a user in with openid-client: prints the address to open, waits for the answer at REDIRECT_URI, and prints as JSON what
// it got. Every check is the library's own; a refused one ends the program with an error.
import http from "node:http";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, PUSHED } = process.env;
const authentication = CLIENT_SECRET ? client.ClientSecretBasic(CLIENT_SECRET) : client.None();
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication, {
	execute: [client.allowInsecureRequests], // http://localhost
});

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const parameters = {
	redirect_uri: REDIRECT_URI, scope: "openid email offline_access", state: expectedState, nonce: expectedNonce,
	code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256",
};
const build = PUSHED ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
const address = await build(config, parameters);

const redirect = new URL(REDIRECT_URI);
const answer = new Promise((resolve) => {
	const server = http.createServer((request, response) => {
		response.end("done");
		server.close();
		resolve(new URL(request.url, redirect));
	}).listen(redirect.port, redirect.hostname, () => console.log(address.href));
});

const tokens = await client.authorizationCodeGrant(config, await answer, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
const { sub } = tokens.claims();
const user = await client.fetchUserInfo(config, tokens.access_token, sub);
const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
await client.fetchUserInfo(config, renewed.access_token, sub);
await client.tokenRevocation(config, renewed.refresh_token);
const after = await client.refreshTokenGrant(config, renewed.refresh_token).then(() => "renewed", (error) => error.error);
console.log(JSON.stringify({ sub, email: user.email, sub_renewed: renewed.claims().sub, after_revocation: after }));
