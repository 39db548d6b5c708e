// From events to requests.
//
//     record ──► waiting ──► sending ──► taken
//                   ▲            │ no answer, 5xx, 408, 429: again after 1, 2, 4 … 60 seconds
//                   └────────────┘
//     the page is left ──► beacon (and more/offline.js keeps them while the server fails)
//
// Each event has a number in the queue of its page, so what is sent twice counts once.

const SECOND = 1000;
const BATCH = 20;
const KEPT = 500;

const server = options.serverUrl.replace(/\/+$/, "");
// Whom a body is from that cannot be read.
const url = server + options.collectPath + "?account=" + options.account + "&property=" + (options.property || "");

const sender = {
  account: options.account,
  property: +options.property || undefined,
  queue: uuid().slice(24),
  language: clean(navigator.language),
  screen: screen.width + "x" + screen.height
};

const waiting = [];
let sending = [], timer, pause = 0, waitsForPage = true;

// The next request, as text: the oldest events, not so many that a beacon could not take them.
const take = () => {
  let size = 1;
  while (size < BATCH && waiting[size] && !waiting[size].items) size++;
  sending = waiting.splice(0, size);
  if (!anonymous) {
    sender.visitor = virtualVisitor();
    sender.session = session();
    if (options.trackTabs) sender.tab = sender.tab || tab();
  }
  return JSON.stringify({ ...sender, sent: Date.now(), events: sending });
};

// A text goes as text/plain, without a preflight. Returns the status; fails where there is no answer.
const post = async text => {
  if (!window.fetch) return navigator.sendBeacon(url, text) && 202;
  // Browsers refuse keepalive above 64 KB.
  const answer = await fetch(url, { method: "POST", body: text, keepalive: text.length < 2e4, credentials: "omit" });
  if (!answer.ok) say(answer.headers.get("x-aktivat-reason"));
  return answer.status;
};

const later = () => {
  if (!timer && !sending[0] && !waitsForPage && allowed && waiting[0]) timer = setTimeout(guarded(flush), pause || SECOND);
};

const flush = () => {
  timer = 0;
  const text = take(), sent = sending;
  post(text).catch(say).then(status => {
    const failed = !status || /5..|408|429/.test(status);
    if (failed) waiting.unshift(...sent);
    sending = [];
    pause = failed ? Math.min(pause * 2 || SECOND, 6e4) : 0;
    later();
  });
};

// The page may not come back. All that waits goes out now, and nobody hears the answer.
const beacon = () => {
  clearTimeout(timer);
  timer = waitsForPage = 0;
  while (allowed && waiting[0]) {
    const text = take();
    navigator.sendBeacon?.(url, text) || post(text).catch(say);
  }
  sending = [];
};
