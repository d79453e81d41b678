// The one place that makes elements. Text enters a page as text nodes alone, so nothing that a server,
// a user agent or a stored timeline says can become markup.

export const find = (id) => document.getElementById(id);

/** Makes an element: data-* go to dataset, the rest to attributes; children are nodes or text. */
export function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined).map((c) => (c instanceof Node ? c : String(c))));
  return node;
}

/** Writes text only when it changed, so that a screen reader is not told the same thing each second. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets or removes a data attribute. */
export function mark(node, name, value) {
  if (value === undefined || value === null || value === false) delete node.dataset[name];
  else if (node.dataset[name] !== String(value)) node.dataset[name] = String(value);
}

/** Sets how much is left, 0 to 100, for rings and bars. Style by script is not inline style: the CSP allows it. */
export function fill(node, percent) {
  node.style.setProperty('--left', String(Math.max(0, Math.min(100, percent))));
}
