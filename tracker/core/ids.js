// Ids live in cookies, or for this page in memory where the browser refuses those.

const SESSION = 1800;
const THIRTEEN_MONTHS = 395 * 24 * 3600;
const UUID = /^[\da-f-]{36}$/i;

const memory = {};

// crypto.randomUUID is missing without HTTPS; every blob's address ends with one.
const uuid = () => URL.createObjectURL(new Blob()).slice(-36);

const cookie = guarded(name => ("; " + document.cookie).split("; " + name + "=")[1]?.split(";")[0]);

const remembered = name => cookie(name) || memory[name] || "";

// For so many seconds; 0 forgets.
const remember = guarded((name, value, seconds) => {
  memory[name] = value;
  document.cookie = name + "=" + value + "; path=/; max-age=" + seconds + "; SameSite=Lax" +
    (options.cookieDomain ? "; domain=" + options.cookieDomain : "") +
    (location.protocol === "https:" ? "; Secure" : "");
  if (cookie(name) === value) memory[name] = "";
});

const idIn = (name, seconds, slides) => {
  const known = remembered(name), isOne = UUID.test(known), id = isOne ? known : uuid();
  if (slides || !isOne) remember(name, id, seconds);
  return id;
};

const virtualVisitor = () => idIn(options.v_visitorCookieName, THIRTEEN_MONTHS);
// What it proposes; the server decides, by the times and campaigns of the events.
const session = () => idIn(options.sessionCookieName, SESSION, true);

const tab = () => {
  const random = uuid().slice(24), prefix = options.tabIdPrefix;
  // A name that the page gave its window stays.
  window.name = window.name || prefix + random;
  return window.name.startsWith(prefix) ? clean(window.name.slice(prefix.length), 64) : random;
};
