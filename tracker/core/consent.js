// What the visitor allows.

// Nothing is stored on the device then, and the server counts without knowing anybody again tomorrow.
const anonymous = options.cookieless || options.gpc !== false && navigator.globalPrivacyControl ||
  options.dnt && navigator.doNotTrack > 0;

// Until they may go out, events wait. A page that the browser only prepares has no visitor yet.
let allowed = !options.consent && !document.prerendering, refused;

// Yes: what waits goes out. No: nothing is kept, here or in cookies, and nothing more is taken.
const consent = yes => {
  allowed = yes;
  refused = !yes;
  if (yes) {
    if (user) keepUser();
    later();
  } else {
    ["session", "v_visitor", "visitor"].forEach(kind => remember(options[kind + "CookieName"], "", 0));
    waiting.length = 0;
    user = sender.visitor = "";
  }
};
