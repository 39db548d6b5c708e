// Mouse and focus on the elements of the class, also on those that are added later.

const trackElements = () => {
  const selector = options.trackrClass.split(/\s+/).map(name => `[class~="${name}"]`).join();
  let keys = 0;
  // Capturing, because focus and blur do not bubble.
  ["mouseover", "click", "focus", "blur", "keydown"].forEach(name => on(document, name, event => {
    const element = event.target.closest?.(selector), attributes = {};
    // Moving about inside an element is not entering it.
    if (!element || name !== "click" && element.contains(event.relatedTarget)) return;
    // Of keys only how many there were, and that when the element is left.
    if (name === "keydown") return keys++;
    if (name === "blur" && keys) attributes.keys = keys;
    if (/focus|blur/.test(name)) keys = 0;
    ["type", "label", "position"].forEach(key => {
      const value = element.getAttribute("data-trackr-" + key);
      if (value) attributes[key] = clean(value);
    });
    record(name, attributes);
  }, true));
};
