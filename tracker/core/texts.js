// What goes on the wire must be what the server takes: a letter too much would cost the whole batch.

// \p{Cs} is half a character, \p{Cc} a control character.
const clean = (text, longest = 500) => String(text).slice(0, longest).replace(/[\0\p{Cs}]/gu, "");
const label = name => clean(name, 120).replace(/\p{Cc}/gu, "") || "-";

// Texts, numbers and yes or no, 30 at most; whatever else there is stays here.
const flat = data => {
  const found = {};
  Object.entries({ ...data }).slice(0, 30).forEach(([key, value]) => {
    if (value === "" + value) found[label(key)] = clean(value);
    else if (value === !!value || Math.abs(value) < 9e15 && value === +value) found[label(key)] = value;
  });
  return found;
};

// From 0 to 1, the same for the same text (bytes of UTF-16), whatever else there is.
const fraction = text => {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 2654435761);
    hash ^= hash >>> 15;
  }
  return (hash >>> 0) / 2 ** 32;
};
