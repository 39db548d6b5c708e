// Links that lead away, files that are fetched, forms that are sent, pages that are not there.

const FILE = /\.(pdf|docx?|xlsx?|pptx?|od[stp]|rtf|csv|txt|epub|zip|rar|7z|t?gz|tar|dmg|exe|msi|apk|deb|rpm|iso|mp[34]|m4[av]|wav|ogg|webm|mov|avi|mkv|psd)$/i;

// Query and fragment stay here: they may hold what is nobody else's business.
const trackLinks = () => {
  ["click", "auxclick"].forEach(name => on(document, name, event => {
    const link = event.target.closest?.("a[href], area[href]");
    if (!link || event.button > 1 || !/^https?:$/.test(link.protocol)) return;
    const isFile = FILE.test(link.pathname);
    if (isFile || link.hostname !== location.hostname) {
      record(isFile ? "file_download" : "outbound_click", { href: short(link.origin + link.pathname) });
    }
  }, true));
};

const trackForms = () => on(document, "submit", ({ target }) => {
  const path = (target.getAttribute("action") || location.pathname).split(/[?#]/)[0];
  record("form_submit", { form: short(target.getAttribute("id") || target.getAttribute("name") || path) });
}, true);

// The browser knows the status; where it does not tell, the page can.
const trackNotFound = () => {
  const [loaded] = performance.getEntriesByType("navigation");
  if (loaded?.responseStatus === 404 || meta("trackr-status") === "404") record("not_found");
};
