// The page: three buttons and a line of text. How logging in works is in oauth.js.
import { connect } from "./oauth.js";

const element = (id) => document.getElementById(id);

function show(text, loggedIn) {
	element("status").textContent = text;
	element("login").hidden = loggedIn;
	element("refresh").hidden = element("logout").hidden = !loggedIn;
}

// Runs what a button does, and tells what went wrong.
async function run(action) {
	try {
		await action();
	} catch (error) {
		show(error.message, oauth?.loggedIn() ?? false);
	}
}

let oauth;
let renewed = 0;

async function greet() {
	const user = await oauth.userInfo();
	show(`You are ${user.email}. The tokens were renewed ${renewed} times.`, true);
}

await run(async () => {
	oauth = await connect({
		issuer: "http://localhost:8080",
		clientId: "notes-page",
		scope: "openid email offline_access",
		page: location.origin + "/",
	});
	element("login").onclick = () => run(oauth.logIn);
	element("logout").onclick = () => run(oauth.logOut);
	element("refresh").onclick = () => run(async () => {
		await oauth.refresh();
		renewed++;
		await greet();
	});
	if (await oauth.finish()) {
		await greet();
	} else {
		show("You are not logged in.", false);
	}
});
