// Every request that the page makes. The browser adds the cookies; no token passes through here.

/** Asks the server. Resolves to {status, verdict, body}; status 0 means that no answer came. */
async function ask(method, path) {
  try {
    const response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      headers: { Accept: 'application/json' },
    });
    const text = await response.text();
    let body = null;
    try {
      body = text === '' ? null : JSON.parse(text);
    } catch {
      body = null;
    }
    return { status: response.status, verdict: response.headers.get('Daypass-Verdict') ?? body?.verdict ?? '', body };
  } catch {
    return { status: 0, verdict: '', body: null };
  }
}

export const server = {
  state: () => ask('GET', '/v1/demo/state'),
  hello: () => ask('GET', '/demo/api/hello'),
  refresh: () => ask('POST', '/v1/refresh'),
  lapse: () => ask('POST', '/v1/demo/lapse'),
  lose: () => ask('POST', '/v1/demo/lose'),
  race: () => ask('POST', '/v1/demo/race'),
  wait: () => ask('POST', '/v1/demo/wait'),
  steal: () => ask('POST', '/v1/demo/steal'),
  thief: () => ask('POST', '/v1/demo/thief'),
  end: () => ask('POST', '/v1/demo/end'),
};
