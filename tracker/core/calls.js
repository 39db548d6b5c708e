// The calls that pages make: see docs/tracker.md.

let started;
const exposed = {};

// Seconds since 1970, as in the seed; milliseconds and dates are understood as well.
const moment = date => date > 0 ? Math.round(date < 1e11 ? date * SECOND : date) : undefined;

// Variants are names, or names with their weights.
const chosen = (variants, point) => {
  const names = Array.isArray(variants) ? variants : Object.keys(variants);
  const weight = name => variants[name] ?? 1;
  let left = point * names.reduce((sum, name) => sum + weight(name), 0);
  return names.find(name => (left -= weight(name)) < 0);
};

const ofUser = (name, data, date) =>
  record(name, {}, anonymous ? {} : { data: flat(data), signed_up: moment(date) });

const comes = name => (id, data, date) => {
  setUser(id);
  ofUser(name, data, date);
};

const calls = {
  trackPageStart() {
    started = Date.now();
  },
  trackPageEnd() {
    view(started && { load_ms: Date.now() - started });
    started = undefined;
  },
  signupUser: comes("signup"),
  loginUser: comes("login"),
  loginAndImportUser: comes("login"),
  updateUser(data) {
    ofUser("user_update", data);
  },
  logoutUser() {
    record("logout");
    setUser("");
  },
  trackInterest(topic, weight = 1) {
    record("interest", flat({ topic, weight }));
  },
  trackConversion(goal, value, currency) {
    record("conversion", flat({ goal, value, currency }));
  },
  trackEvent(name, attributes, value = attributes?.value) {
    const items = attributes?.items;
    record(name, flat({ ...attributes, value }), items && { items: items.slice(0, 200).map(flat) });
  },
  variant(experiment, variants = options.experiments?.[experiment] || []) {
    const visitor = allowed && !anonymous && virtualVisitor();
    const variant = chosen(variants, visitor ? fraction(experiment + ":" + visitor) : 0);
    if (visitor && !exposed[experiment]) record("exposure", flat({ experiment, variant }));
    exposed[experiment] = 1;
    return variant;
  },
  consent
};
