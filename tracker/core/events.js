// Events, with the page and the person that they are of.

let number = 0, user = "", shown, referrer = document.referrer;

const address = () => location.href.split("#")[0].slice(0, 2000);

const record = (name, attributes = {}, more) => {
  if (refused) return;
  waiting.push({
    n: number++,
    name: label(name),
    at: Date.now(),
    url: address(),
    referrer: referrer.slice(0, 2000),
    title: clean(document.title),
    user: anonymous ? "" : guarded(decodeURIComponent)(allowed ? remembered(options.visitorCookieName) : user),
    attributes,
    ...more
  });
  if (waiting.length > KEPT) waiting.shift();
  later();
};

// What is measured of a page is told when it is left, or another page of the application follows.
const telling = [];
const tell = leaves => telling.forEach(work => work(leaves));

const view = attributes => {
  tell();
  if (shown !== address()) referrer = shown ?? referrer;
  shown = address();
  record("pageview", attributes);
};

const keepUser = () => remember(options.visitorCookieName, user, user ? THIRTEEN_MONTHS : 0);

const setUser = id => {
  if (anonymous) return;
  user = encodeURIComponent(clean(id, 200));
  if (allowed) keepUser();
};
