// While the server or the network is away: what waits is kept in localStorage, for a page to come.
//
//     page is left, and requests fail ──► trackit_waiting: [[sender, [event, …]], …]
//     the next page                   ──► sends each of them, oldest first, and takes it out when the server has it
//
// Whether a beacon arrives nobody hears, so the same events may go out twice. They are numbered: they count once.

const WAITING = "trackit_waiting";
const MOST_LETTERS = 1000000; // of the five million that a site may keep; the oldest go first
const AGAIN_MS = 60000;

const keepOffline = () => {
  const kept = () => JSON.parse(localStorage.getItem(WAITING) || "[]");
  const keep = batches => {
    while (JSON.stringify(batches).length > MOST_LETTERS) batches.shift();
    if (batches.length) localStorage.setItem(WAITING, JSON.stringify(batches));
    else localStorage.removeItem(WAITING);
  };
  let stored = new Set();

  telling.push(leaves => {
    const fresh = waiting.filter(event => !stored.has(event.n));
    if (!leaves || !failing() || !sender.visitor || !fresh.length) return;
    keep([...kept(), [{ ...sender }, fresh]]);
    fresh.forEach(event => stored.add(event.n));
  });

  const send = guarded(() => {
    const [first] = sender.visitor ? kept() : [];
    if (!first) return;
    const [whose, events] = first;
    post(JSON.stringify({ ...whose, sent: Date.now(), events: events.slice(0, 20) })).then(guarded(status => {
      if (status > 499 || status === 429) return setTimeout(send, AGAIN_MS);
      // Another page may have kept more meanwhile; what was sent is still the first.
      const rest = kept();
      if (JSON.stringify(rest[0]) === JSON.stringify(first)) {
        rest[0][1].splice(0, 20);
        if (!rest[0][1].length) rest.shift();
        keep(rest);
      }
      send();
    })).catch(() => setTimeout(send, AGAIN_MS));
  });
  // The first request tells whether anything may be kept at all.
  setTimeout(send, 3000);
};
