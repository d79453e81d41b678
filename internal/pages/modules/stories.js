// The stories behind the buttons. Each one asks the server, reads the state again and tells the timeline
// what happened and why. The server decides everything; nothing here knows a rule of its own.

import { grants, rule, standing } from './words.js';
import { server } from './server.js';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const noAnswer = { action: 'No answer from the server', why: 'Is it still running? Nothing was changed in this browser; try again.' };

export class Stories {
  #page; // {state, reload(), tell(entry)}

  constructor(page) {
    this.#page = page;
  }

  /** Tells one entry, or that no answer came. */
  #tell(reply, entry) {
    this.#page.tell(reply.status === 0 ? { actor: entry.actor, ...noAnswer } : { status: reply.status, ...entry });
  }

  #held() {
    return this.#page.state?.refresh?.presented_generation;
  }

  /** Refreshes as the owner and tells it; `as` names what is being done. Resolves to whether tokens came. */
  async #refresh(as = 'Refreshed', actor = 'You') {
    const held = this.#held();
    const reply = await server.refresh();
    await this.#page.reload();
    this.#tellRefresh(reply, held, as, actor);
    return reply.status === 200;
  }

  #tellRefresh(reply, held, as, actor) {
    const verdict = reply.verdict || (reply.status === 200 ? 'Current' : 'Refused');
    const now = this.#page.state?.refresh;
    const moved = grants.has(verdict) && now ? `Generation\u00a0${held} in, ${now.current}\u00a0out. ` : '';
    this.#tell(reply, {
      actor,
      action: held === undefined ? as : `${as} with generation ${held}`,
      verdict,
      why: reply.status === 503 ? 'The server is busy; nothing was changed and the token is still good.' : moved + (rule(verdict) || 'No refresh token that is good for anything came with the request. Log in again.'),
    });
  }

  async call() {
    const reply = await server.hello();
    const allowed = reply.status === 200;
    const over = this.#page.state?.refresh && !grants.has(this.#page.state.refresh.verdict_now);
    let why = 'No valid access token came with the request, and the API takes nothing else. A refresh buys one.';
    if (allowed) {
      why = `The API checked the pass’s signature, audience and clock, and that nobody revoked it. It answered: “${reply.body?.message ?? 'Hello.'}”`;
      if (over) why += ' The grant is over, yet this pass was handed out before: it is worth something until its end, which is why that end is near.';
    } else if (over && standing(this.#page.state) === 'void') {
      why = 'The grant of this pass was revoked, and this API asks the database on each call. An API that checks signature and clock alone would accept it until exp.';
    } else if (over) why = 'No valid pass came with the request, and the grant that could buy one is over.';
    this.#tell(reply, { actor: 'You', action: 'Called the protected API', verdict: allowed ? 'Allowed' : 'Refused', why });
    return allowed;
  }

  async lapse() {
    const reply = await server.lapse();
    await this.#page.reload();
    this.#tell(reply, { actor: 'Server', status: '', action: 'The access token ends early', why: 'The demo takes the access cookie away instead of making you wait for its end. The refresh token is untouched.' });
    await pause(900);
    await this.call();
    await pause(900);
    if (!(await this.#refresh('Refreshed'))) return;
    await pause(700);
    await this.call();
  }

  async refresh() {
    await this.#refresh();
  }

  /**
   * Two requests at once. On a quick machine the browser may send the second after the answer to the first, with the
   * newer token; nothing was raced then, and the server is asked to let two requests meet.
   */
  async tabs() {
    await Promise.all([server.state(), server.state()]); // opens two connections, so that neither waits for one
    let held = this.#held();
    let replies = await Promise.all([server.refresh(), server.refresh()]);
    await this.#page.reload();
    if (replies.every((reply) => reply.verdict === 'Current')) {
      this.#tell(replies[1], { actor: 'Tab 2', action: 'Came too late for the race', verdict: 'Current', why: 'Its request left after the answer to tab 1, with the newer token already. So the server now lets two requests with one token meet.' });
      held = this.#held();
      const race = await server.race();
      await this.#page.reload();
      replies = Array.isArray(race.body) ? race.body : [race];
    }
    const told = replies.map((reply, i) => ({ reply, actor: `Tab ${i + 1}` }));
    told.sort((a, b) => Number(b.reply.verdict === 'Current') - Number(a.reply.verdict === 'Current'));
    for (const { reply, actor } of told) this.#tellRefresh(reply, held, 'Refreshed', actor);
  }

  async #loseReply() {
    const held = this.#held();
    const reply = await server.lose();
    await this.#page.reload();
    const now = this.#page.state?.refresh;
    const made = reply.status === 200;
    this.#tell(reply, {
      actor: 'You',
      status: made ? 'reply lost' : reply.status,
      action: held === undefined ? 'Refreshed' : `Refreshed with generation ${held}`,
      verdict: reply.body?.verdict ?? '',
      why: made ? `The server moved on to\u00a0${now?.current}, but its answer never arrived: your cookie still holds\u00a0${now?.presented_generation}. Elsewhere this is where people get logged out.` : rule(reply.body?.verdict ?? ''),
    });
    return made;
  }

  async lose() {
    if (!(await this.#loseReply())) return;
    await pause(1400);
    await this.#refresh('Retried');
  }

  async #wait() {
    const reply = await server.wait();
    await this.#page.reload();
    this.#tell(reply, { actor: 'Server', status: '', action: 'An hour goes by', why: 'The demo turns the clock of this grant back by an hour. The replay window is closed.' });
    return reply.status < 300 && reply.status > 0;
  }

  async ['lose-late']() {
    if (!(await this.#loseReply())) return;
    await pause(1200);
    if (!(await this.#wait())) return;
    await pause(1200);
    await this.#refresh('Retried');
  }

  async end() {
    const reply = await server.end();
    await this.#page.reload();
    this.#tell(reply, { actor: 'Server', status: '', action: 'The session comes to its end', why: 'Every log-in has an end that no refresh moves. The demo moves it to now.' });
    await pause(900);
    await this.#refresh();
  }

  /** The guided theft: each step resolves to {words, done} or to nothing when it cannot go on. */
  heist = [
    async () => {
      const held = this.#held();
      const reply = await server.steal();
      await this.#page.reload();
      this.#tell(reply, { actor: 'Thief', status: '', action: `Copies generation ${held}`, why: 'A copied file, a stolen laptop, a leaked backup. Copying leaves no trace: nobody can see it yet.' });
      return reply.status < 300 && 'Two hold the same token now, and the server cannot know. You simply go on working.';
    },
    async () => (await this.#refresh()) && 'You moved on by one. The copy is now one behind, but inside the window it would still pass for a retry.',
    async () => (await this.#wait()) && 'With the window closed, the copy is only good as the retry of a lost reply. Your next refresh proves that your reply was not lost.',
    async () => (await this.#refresh()) && 'That settled it: you held the successor, so no honest retry of the copied generation can come any more.',
    async () => {
      const stolen = this.#page.state?.thief?.generation;
      const reply = await server.thief();
      await this.#page.reload();
      const verdict = reply.body?.verdict ?? '';
      this.#tell(reply, { actor: 'Thief', status: reply.body?.status ?? reply.status, action: `Presents the copy, generation ${stolen}`, verdict, why: rule(verdict) });
      return reply.status < 300 && 'Caught. The server knows that a copy exists, and it kills the grant: the thief gets nothing.';
    },
    async () => {
      await this.#refresh();
      return 'You are out too, and that is right: from where the server stands either of you may be the thief. You can prove yourself with the password. The thief cannot.';
    },
  ];
}
